"""The mutation fields by which people prove who they are by other means than `login`, and get another password."""

from typing import Annotated

import strawberry

from resolvers.password_changes import change_password, reset_password
from resolvers.reauthentication import reauthenticate
from resolvers.signing_in import SignedIn
from resolvers.sms_sign_in import login_with_sms_code
from schema.consents import documents_of
from schema.context import Info
from schema.credentials import (
    ChangePasswordInput,
    ChangePasswordPayload,
    LoginWithSmsCodeInput,
    LoginWithSmsCodePayload,
    ReauthenticateInput,
    ReauthenticatePayload,
    ResetPasswordInput,
    ResetPasswordPayload,
)
from schema.delivery import check_delivery, delivery_of, pack_sign_in
from schema.errors import settle
from schema.types import account_of, seconds_until


@strawberry.type
class CredentialMutations:
    """Every field calls one resolver."""

    @strawberry.mutation(
        description="Sign in with a code that was sent for `LOGIN`. Where the mobile number has no account, one "
        "is made, unless this installation says otherwise (`ACCOUNT_NOT_FOUND`). The session that the client was in "
        "ends."
    )
    async def login_with_sms_code(
        self,
        info: Info,
        input: Annotated[
            LoginWithSmsCodeInput, strawberry.argument(description="The mobile number and its code.")
        ],
    ) -> LoginWithSmsCodePayload:
        """See `resolvers.sms_sign_in.login_with_sms_code`."""

        async def make() -> LoginWithSmsCodePayload:
            ctx = info.context.ctx
            check_delivery(ctx, input.token_delivery)
            done = await login_with_sms_code(
                ctx, mobile=input.mobile, sms_code=input.sms_code, consents=documents_of(input.consents)
            )
            payload = pack_sign_in(LoginWithSmsCodePayload, done.signed_in, ctx, input.token_delivery)
            payload.is_new_account = done.is_new_account
            return payload

        return await settle(LoginWithSmsCodePayload, make(), info.context)

    @strawberry.mutation(
        description="Choose another password, with a code that was sent for `RESET_PASSWORD`. All sessions of "
        "the account end, and none begins: sign in with the new password."
    )
    async def reset_password(
        self,
        info: Info,
        input: Annotated[
            ResetPasswordInput,
            strawberry.argument(description="The mobile number, its code and the new password."),
        ],
    ) -> ResetPasswordPayload:
        """See `resolvers.password_changes.reset_password`."""

        async def make() -> ResetPasswordPayload:
            ctx = info.context.ctx
            viewer = await reset_password(
                ctx, mobile=input.mobile, sms_code=input.sms_code, new_password=input.new_password
            )
            return ResetPasswordPayload(me=account_of(viewer, ctx.services.links) if viewer else None)

        return await settle(ResetPasswordPayload, make(), info.context)

    @strawberry.mutation(
        description="Change the signed-in account's password. Its other sessions end. An account without a password "
        "gets one, which needs a fresh proof (`REAUTHENTICATION_REQUIRED`)."
    )
    async def change_password(
        self,
        info: Info,
        input: Annotated[
            ChangePasswordInput, strawberry.argument(description="The present password and the new one.")
        ],
    ) -> ChangePasswordPayload:
        """See `resolvers.password_changes.change_password`."""

        async def make() -> ChangePasswordPayload:
            ctx = info.context.ctx
            changed = await change_password(
                ctx, current_password=input.current_password or None, new_password=input.new_password
            )
            return pack_sign_in(ChangePasswordPayload, changed, ctx, delivery_of(ctx))

        return await settle(ChangePasswordPayload, make(), info.context)

    @strawberry.mutation(
        description="Prove once more who is signed in, which opens what a session alone does not "
        "(`REAUTHENTICATION_REQUIRED`)."
    )
    async def reauthenticate(
        self,
        info: Info,
        input: Annotated[ReauthenticateInput, strawberry.argument(description="The proof.")],
    ) -> ReauthenticatePayload:
        """See `resolvers.reauthentication.reauthenticate`."""

        async def make() -> ReauthenticatePayload:
            ctx = info.context.ctx
            done = await reauthenticate(ctx, password=input.password or None, sms_code=input.sms_code or None)
            proved = SignedIn(done.account, done.session)
            payload = pack_sign_in(ReauthenticatePayload, proved, ctx, delivery_of(ctx))
            payload.authenticated_until = done.authenticated_until
            payload.authenticated_for_seconds = seconds_until(done.authenticated_until, ctx.now)
            return payload

        return await settle(ReauthenticatePayload, make(), info.context)
