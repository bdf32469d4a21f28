"""How a resolver's refusals are shown at the GraphQL door."""

import pytest

from resolvers import errors
from resolvers.errors import AccountError, ErrorCode, unauthenticated
from resolvers.messages import Reason
from schema.errors import CodeError, RateLimitedError, RefusedError, describe_error, user_error


def test_refusal_has_the_fields_of_its_kind() -> None:
    wrong = errors.CodeError(
        ErrorCode.SMS_CODE_WRONG, Reason.SMS_CODE_WRONG, field="sms_code", attempts_remaining=3
    )

    shown = user_error(wrong, "en")

    assert isinstance(shown, CodeError)
    assert (shown.code.value, shown.field, shown.attempts_remaining) == ("SMS_CODE_WRONG", ["smsCode"], 3)


def test_limit_says_how_long_to_wait() -> None:
    shown = user_error(errors.RateLimitedError(17), "zh")

    assert isinstance(shown, RateLimitedError)
    assert (shown.code.value, shown.field, shown.retry_after_seconds) == ("RATE_LIMITED", None, 17)


def test_refusal_without_more_to_say_is_shown() -> None:
    shown = user_error(unauthenticated(), "en")

    assert isinstance(shown, RefusedError)
    assert (shown.code.value, shown.message) == ("UNAUTHENTICATED", "Sign in first.")


@pytest.mark.parametrize("error", [unauthenticated(), errors.ServiceUnavailableError("database")])
def test_request_is_told_what_it_was_refused_for(error: AccountError) -> None:
    description = describe_error(error, None)

    assert description is not None
    assert description.code == error.code.value


@pytest.mark.parametrize(
    "error",
    [
        errors.invalid_input(Reason.NAME_LENGTH, "name"),
        errors.RefusedError(ErrorCode.SMS_NOT_SENT, Reason.SMS_NOT_SENT),
    ],
)
def test_what_only_a_payload_tells_is_masked_outside_one(error: AccountError) -> None:
    """So that what stands at the top level is always one of `RequestErrorCode`."""
    assert describe_error(error, None) is None
