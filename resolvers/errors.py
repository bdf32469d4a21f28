"""Every way in which the product says no, in one enum and one small tree.

A resolver raises the most exact of these; each door translates them once (`schema/errors.py`,
`rest_shim/errno.py`). Nothing here knows a status, an errno or a payload.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

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
    SAME_PASSWORD = "SAME_PASSWORD"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    REAUTHENTICATION_REQUIRED = "REAUTHENTICATION_REQUIRED"
    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED"
    RATE_LIMITED = "RATE_LIMITED"
    SMS_NOT_SENT = "SMS_NOT_SENT"
    STORAGE_FAILED = "STORAGE_FAILED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"


MEANINGS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.INVALID_INPUT: "A field is missing, malformed or not allowed.",
    ErrorCode.WEAK_PASSWORD: "The password is among the ten thousand commonest, or is the mobile number itself.",
    ErrorCode.INVALID_IMAGE: "The upload is empty, too large, or no readable JPEG, PNG, WebP or GIF picture; "
    "nothing of it is kept.",
    ErrorCode.CAPTCHA_EXPIRED: "The captcha is unknown, used, or over three minutes old. Fetch another.",
    ErrorCode.CAPTCHA_WRONG: "The captcha's text was wrong. Where a code was asked for, the captcha is spent.",
    ErrorCode.SMS_CODE_EXPIRED: "There is no live SMS code for this mobile. Ask for another.",
    ErrorCode.SMS_CODE_WRONG: "The SMS code is wrong; only a few guesses are judged.",
    ErrorCode.MOBILE_TAKEN: "The mobile number has an account; told only to whoever proved it with its code.",
    ErrorCode.NAME_TAKEN: "Another account has this name; upper and lower case are the same.",
    ErrorCode.ID_NUMBER_REFUSED: "The real-name record cannot be accepted.",
    ErrorCode.AUTH_ALREADY_SUBMITTED: "The account has its real-name record, which is submitted once and stays.",
    ErrorCode.WRONG_CREDENTIALS: "The mobile number or the password is wrong; it is not told which.",
    ErrorCode.SAME_PASSWORD: "The new password is the present one.",
    ErrorCode.ACCOUNT_NOT_FOUND: "The mobile number has no account; told only to whoever proved it with its code.",
    ErrorCode.UNAUTHENTICATED: "This needs a signed-in account, and nobody is signed in.",
    ErrorCode.REAUTHENTICATION_REQUIRED: "The last proof of who is signed in is too old; `methods` are the proofs "
    "that the account has.",
    ErrorCode.SESSION_NOT_FOUND: "The viewer has no live session of this id.",
    ErrorCode.CONSENT_REQUIRED: "What this installation asks people to agree to is not among `consents`.",
    ErrorCode.ACCOUNT_LOCKED: "An operator has locked the account; told only to whoever knows its password.",
    ErrorCode.RATE_LIMITED: "A limit was reached; the answer tells how many seconds to wait.",
    ErrorCode.SMS_NOT_SENT: "The SMS provider did not take the message. No code is live; try again.",
    ErrorCode.STORAGE_FAILED: "The picture could not be stored. Nothing was changed; try again.",
    ErrorCode.SERVICE_UNAVAILABLE: "The database or the state store is down. Nothing was changed; try again soon.",
}
"""What each code means and what to do about it, for the developers of clients; both doors' documents say it."""


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
    """Refused because of who is asking or of what another system answered, not for an argument."""


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
