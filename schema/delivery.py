"""How a session's token reaches the client: by a cookie, which the gateway makes, or in the body."""

from typing import TypeVar

from resolvers.context import Context
from resolvers.signing_in import SignedIn
from schema.types import SignInPayload, TokenDelivery, account_of, session_of

S = TypeVar("S", bound=SignInPayload)


def check_delivery(ctx: Context, delivery: TokenDelivery | None) -> None:
    """Before anything is judged: where no cookie is taken, the token must go into the body."""
    if delivery is not TokenDelivery.BODY:
        ctx.require_cookies()


def delivery_of(ctx: Context) -> TokenDelivery:
    """A session's fresh token goes the way by which the old one came; asked before the session is exchanged."""
    return TokenDelivery.BODY if ctx.is_bearer else TokenDelivery.COOKIE


def pack_sign_in(payload: type[S], signed_in: SignedIn, ctx: Context, delivery: TokenDelivery | None) -> S:
    """The ending of every sign-in; where the token goes into the body, the gateway must not make a cookie of it."""
    if delivery is TokenDelivery.BODY:
        ctx.deliver_in_body()
    account = account_of(signed_in.account, ctx.services.links)
    session = session_of(signed_in.session, delivery, device_token=signed_in.device_token)
    return payload(account=account, me=account, session=session)
