"""Every way in which the product says no, in one enum and one small tree.

A resolver raises the most exact of these; each door translates them once (`schema/errors.py`,
`rest_shim/errno.py`). Nothing here knows a status, an errno or a payload.
"""

from enum import StrEnum

from resolvers.auth_methods import AuthMethod
from resolvers.messages import Language, Reason, message_of


class ErrorCode(StrEnum):
    """What went wrong, for programs. The list only grows: clients compare against it."""

    INVALID_INPUT = "INVALID_INPUT"
    WEAK_PASSWORD = "WEAK_PASSWORD"
    INVALID_IMAGE = "INVALID_IMAGE"
    CAPTCHA_EXPIRED = "CAPTCHA_EXPIRED"
    CAPTCHA_WRONG = "CAPTCHA_WRONG"
    SMS_CODE_EXPIRED = "SMS_CODE_EXPIRED"
    SMS_CODE_WRONG = "SMS_CODE_WRONG"
    MOBILE_TAKEN = "MOBILE_TAKEN"
    NAME_TAKEN = "NAME_TAKEN"
    ID_NUMBER_REFUSED = "ID_NUMBER_REFUSED"
    AUTH_ALREADY_SUBMITTED = "AUTH_ALREADY_SUBMITTED"
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    REAUTHENTICATION_REQUIRED = "REAUTHENTICATION_REQUIRED"
    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED"
    RATE_LIMITED = "RATE_LIMITED"
    SMS_NOT_SENT = "SMS_NOT_SENT"
    STORAGE_FAILED = "STORAGE_FAILED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"


class AccountError(Exception):
    """A refusal that a person can be told about.

    `field` is the path of the argument at fault in the resolver's own spelling (`("sms_code",)`), or None.
    `values` fill the placeholders of the reason's text; they are shown to the caller, so no secrets.
    """

    def __init__(
        self, code: ErrorCode, reason: Reason, *, field: tuple[str, ...] | None = None, **values: object
    ) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.field = field
        self.values = values

    def message(self, language: Language) -> str:
        """The sentence for a person, in `language`."""
        return message_of(self.reason, language, self.values)


class InputError(AccountError):
    """An argument was missing, malformed, refused or taken; `field` names it."""


class CodeError(AccountError):
    """A captcha or SMS code was wrong or is no longer there."""

    def __init__(self, code: ErrorCode, reason: Reason, *, field: str, attempts_remaining: int) -> None:
        super().__init__(code, reason, field=(field,), attempts_remaining=attempts_remaining)
        self.attempts_remaining = attempts_remaining


class RateLimitedError(AccountError):
    """A limit was reached; the same request may be tried again after `retry_after_seconds` (at least 1).

    `is_address_limit` tells that the limit counts the client's address, not the account or the mobile.
    """

    def __init__(
        self,
        retry_after_seconds: int,
        reason: Reason = Reason.TOO_OFTEN,
        *,
        field: tuple[str, ...] | None = None,
        is_address_limit: bool = False,
    ) -> None:
        super().__init__(ErrorCode.RATE_LIMITED, reason, field=field, seconds=max(1, retry_after_seconds))
        self.retry_after_seconds = max(1, retry_after_seconds)
        self.is_address_limit = is_address_limit


class RefusedError(AccountError):
    """Refused for who is asking or for what another system said, not for an argument."""


class ReauthenticationRequiredError(AccountError):
    """Who is signed in has not proved it lately; `methods` are the ways that the account has."""

    def __init__(self, methods: tuple[AuthMethod, ...]) -> None:
        super().__init__(ErrorCode.REAUTHENTICATION_REQUIRED, Reason.REAUTHENTICATION_REQUIRED)
        self.methods = methods


class ServiceUnavailableError(AccountError):
    """The database or the state store does not answer. Nothing was changed; try again later."""

    def __init__(self, dependency: str, cause: str = "") -> None:
        super().__init__(ErrorCode.SERVICE_UNAVAILABLE, Reason.SERVICE_UNAVAILABLE)
        self.dependency = dependency
        self.cause = cause


def unauthenticated() -> RefusedError:
    """Nobody is signed in, and this needs somebody."""
    return RefusedError(ErrorCode.UNAUTHENTICATED, Reason.UNAUTHENTICATED)


def invalid_input(reason: Reason, field: str, **values: object) -> InputError:
    """`field` cannot be accepted, for `reason`."""
    return InputError(ErrorCode.INVALID_INPUT, reason, field=(field,), **values)
