"""The ways in which endpoints say no: each an errno of the table, and when it is given."""

from dataclasses import dataclass

from resolvers.errors import ErrorCode
from rest_shim.dialects import Dialect
from rest_shim.errno import ERRNOS, Errno


@dataclass(frozen=True, slots=True)
class Refusal:
    """`cause` is the product's code, whose errno the dialect decides, or an errno that no code stands for."""

    cause: ErrorCode | Errno
    when: str

    def errno(self, dialect: Dialect) -> Errno:
        """The number on the wire."""
        if isinstance(self.cause, Errno):
            return self.cause
        return dialect.errnos.get(self.cause) or ERRNOS[self.cause]


MALFORMED = Refusal(ErrorCode.INVALID_INPUT, "a field is missing, malformed or not allowed")
CROSS_SITE = Refusal(Errno.REQERR, "another site's page sent the request; no `retry_after`")
ADDRESS_LIMIT = Refusal(Errno.IPERR, "a limit for the client's address was reached, with `retry_after`")
DOWN = Refusal(ErrorCode.SERVICE_UNAVAILABLE, "the database or the state store does not answer")
FAULT = Refusal(ErrorCode.INTERNAL, "an unexpected fault; report the `X-Request-ID`")
ALWAYS = (DOWN, FAULT)

SIGNED_OUT = Refusal(
    ErrorCode.UNAUTHENTICATED, "no session, and not both `mobile` and `password` in the request"
)
SIGN_IN = (
    Refusal(ErrorCode.WRONG_CREDENTIALS, "the mobile or the password is wrong; it is not told which"),
    Refusal(ErrorCode.ACCOUNT_LOCKED, "an operator has locked the account"),
    Refusal(
        ErrorCode.RATE_LIMITED, "too many failed sign-ins for this mobile, or too busy, with `retry_after`"
    ),
    ADDRESS_LIMIT,
)
BY_PASSWORD = (
    SIGNED_OUT,
    Refusal(ErrorCode.INVALID_INPUT, "`mobile` or `password` can be none"),
    *SIGN_IN,
)
