"""The inputs and payloads of proving who one is by other means than `login`, and of another password."""

from datetime import datetime

import strawberry

from schema.consents import CONSENTS, ConsentInput
from schema.errors import UserError
from schema.types import Account, SignInPayload, TokenDelivery, errors_field

_CODE = "The digits of the SMS; blanks, dashes and full-width digits are read as they are meant."
_NEW_PASSWORD = "8 to 128 characters, any characters, none of the commonest passwords."


@strawberry.input(description="What `loginWithSmsCode` takes.")
class LoginWithSmsCodeInput:
    """Input."""

    mobile: str = strawberry.field(description="The mobile number that the SMS code was sent to.")
    sms_code: str = strawberry.field(description=_CODE)
    token_delivery: TokenDelivery | None = strawberry.field(
        default=TokenDelivery.COOKIE,
        description="How the session token reaches the client; null is the default.",
    )
    consents: list[ConsentInput] | None = strawberry.field(default=strawberry.UNSET, description=CONSENTS)


@strawberry.input(description="What `resetPassword` takes.")
class ResetPasswordInput:
    """Input."""

    mobile: str = strawberry.field(description="The mobile number that the SMS code was sent to.")
    sms_code: str = strawberry.field(description=_CODE)
    new_password: str = strawberry.field(description=_NEW_PASSWORD)


@strawberry.input(description="What `changePassword` takes.")
class ChangePasswordInput:
    """Input."""

    current_password: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The account's password; not looked at where the account has none.",
    )
    new_password: str = strawberry.field(description=_NEW_PASSWORD)


@strawberry.input(description="What `reauthenticate` takes: one of the two.")
class ReauthenticateInput:
    """Input."""

    password: str | None = strawberry.field(default=strawberry.UNSET, description="The account's password.")
    sms_code: str | None = strawberry.field(
        default=strawberry.UNSET, description="The digits of an SMS that was sent for `REAUTHENTICATE`."
    )


@strawberry.type(description="What `loginWithSmsCode` answers.")
class LoginWithSmsCodePayload(SignInPayload):
    """Payload."""

    is_new_account: bool | None = strawberry.field(
        default=None, description="Whether the account was made by this sign-in."
    )


@strawberry.type(description="What `resetPassword` answers.")
class ResetPasswordPayload:
    """Payload."""

    me: Account | None = strawberry.field(
        default=None,
        description="For caches: what the query `me` gives from now on. Null where this client was signed in to the "
        "account.",
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What `changePassword` answers: the session goes on under a fresh token.")
class ChangePasswordPayload(SignInPayload):
    """Payload."""


@strawberry.type(description="What `reauthenticate` answers: the session goes on under a fresh token.")
class ReauthenticatePayload(SignInPayload):
    """Payload."""

    authenticated_until: datetime | None = strawberry.field(
        default=None, description="Until when this proof counts as fresh, UTC."
    )
    authenticated_for_seconds: int | None = strawberry.field(
        default=None, description="The same as a countdown, for clients whose clock is not to be trusted."
    )
