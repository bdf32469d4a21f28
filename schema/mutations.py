"""The mutation fields: unpack, call the resolver, pack."""

from typing import Annotated, Final, cast

import strawberry
from starlette.datastructures import UploadFile

from resolvers import sms_purposes
from resolvers.avatars import upload_avatar
from resolvers.captchas import create_captcha
from resolvers.identities import submit_auth
from resolvers.profiles import update_name
from resolvers.registration import register
from resolvers.sign_in import login
from resolvers.sign_out import logout
from resolvers.sms_codes import send_sms_code
from resolvers.text_rules import require_text
from schema.consents import documents_of
from schema.context import Info
from schema.credential_mutations import CredentialMutations
from schema.delivery import check_delivery, pack_sign_in
from schema.errors import settle
from schema.session_mutations import SessionMutations
from schema.types import (
    CreateCaptchaInput,
    CreateCaptchaPayload,
    LoginInput,
    LoginPayload,
    LogoutPayload,
    RegisterInput,
    RegisterPayload,
    SendSmsCodeInput,
    SendSmsCodePayload,
    SmsPurpose,
    SubmitAuthInput,
    SubmitAuthPayload,
    UpdateNameInput,
    UpdateNamePayload,
    UploadAvatarInput,
    UploadAvatarPayload,
    account_of,
    auth_info_of,
    captcha_of,
    seconds_until,
)

SINGLE_USE: Final = frozenset(
    {
        "changePassword",
        "login",
        "loginWithSmsCode",
        "reauthenticate",
        "register",
        "resetPassword",
        "sendSmsCode",
    }
)
"""Mutations that check a secret: each may stand once in a request, so that one request is one guess."""


@strawberry.type(description="What can be done. Refusals are entries of the payload's `errors`.")
class Mutation(SessionMutations, CredentialMutations):
    """Every field calls one resolver."""

    @strawberry.mutation(description="Draw a captcha, which `sendSmsCode` asks for.")
    async def create_captcha(
        self,
        info: Info,
        input: Annotated[
            CreateCaptchaInput | None,
            strawberry.argument(description="The captcha to replace; may be left out."),
        ] = strawberry.UNSET,
    ) -> CreateCaptchaPayload:
        """See `resolvers.captchas.create_captcha`."""

        async def make() -> CreateCaptchaPayload:
            ctx = info.context.ctx
            captcha = await create_captcha(ctx, previous_id=(input.previous_id or None) if input else None)
            return CreateCaptchaPayload(captcha=captcha_of(captcha, ctx))

        return await settle(CreateCaptchaPayload, make(), info.context)

    @strawberry.mutation(description="Send an SMS code to a mobile number, after a right captcha.")
    async def send_sms_code(
        self,
        info: Info,
        input: Annotated[
            SendSmsCodeInput, strawberry.argument(description="Where to send it, and the captcha.")
        ],
    ) -> SendSmsCodePayload:
        """See `resolvers.sms_codes.send_sms_code`."""

        async def make() -> SendSmsCodePayload:
            ctx = info.context.ctx
            sent = await send_sms_code(
                ctx,
                purpose=sms_purposes.SmsPurpose[(input.purpose or SmsPurpose.REGISTER).name],
                mobile=input.mobile or None,
                captcha_id=input.captcha_id,
                captcha_text=require_text(input.captcha_text, field="captcha_text"),
            )
            return SendSmsCodePayload(
                resend_available_at=sent.resend_available_at,
                resend_after_seconds=seconds_until(sent.resend_available_at, ctx.now),
                expires_at=sent.expires_at,
                expires_after_seconds=seconds_until(sent.expires_at, ctx.now),
            )

        return await settle(SendSmsCodePayload, make(), info.context)

    @strawberry.mutation(
        description="Make an account for a mobile number whose SMS code is known, and sign it in."
    )
    async def register(
        self,
        info: Info,
        input: Annotated[
            RegisterInput, strawberry.argument(description="The mobile number, its code and a password.")
        ],
    ) -> RegisterPayload:
        """See `resolvers.registration.register`."""

        async def make() -> RegisterPayload:
            ctx = info.context.ctx
            check_delivery(ctx, input.token_delivery)
            signed_in = await register(
                ctx,
                mobile=input.mobile,
                sms_code=input.sms_code,
                password=input.password,
                consents=documents_of(input.consents),
            )
            return pack_sign_in(RegisterPayload, signed_in, ctx, input.token_delivery)

        return await settle(RegisterPayload, make(), info.context)

    @strawberry.mutation(description="Begin a session. The session that the client was in ends.")
    async def login(
        self,
        info: Info,
        input: Annotated[LoginInput, strawberry.argument(description="The mobile number and its password.")],
    ) -> LoginPayload:
        """See `resolvers.sign_in.login`."""

        async def make() -> LoginPayload:
            ctx = info.context.ctx
            check_delivery(ctx, input.token_delivery)
            signed_in = await login(ctx, mobile=input.mobile, password=input.password)
            return pack_sign_in(LoginPayload, signed_in, ctx, input.token_delivery)

        return await settle(LoginPayload, make(), info.context)

    @strawberry.mutation(
        description="End the session, at the server and at once. Without one nothing happens."
    )
    async def logout(self, info: Info) -> LogoutPayload:
        """See `resolvers.sign_out.logout`."""

        async def make() -> LogoutPayload:
            await logout(info.context.ctx)
            return LogoutPayload()

        return await settle(LogoutPayload, make(), info.context)

    @strawberry.mutation(description="Change the signed-in account's name.")
    async def update_name(
        self, info: Info, input: Annotated[UpdateNameInput, strawberry.argument(description="The new name.")]
    ) -> UpdateNamePayload:
        """See `resolvers.profiles.update_name`."""

        async def make() -> UpdateNamePayload:
            ctx = info.context.ctx
            account = await update_name(ctx, name=input.name)
            return UpdateNamePayload(account=account_of(account, ctx.services.links))

        return await settle(UpdateNamePayload, make(), info.context)

    @strawberry.mutation(description="Give the signed-in account a new picture; the previous one is deleted.")
    async def upload_avatar(
        self, info: Info, input: Annotated[UploadAvatarInput, strawberry.argument(description="The picture.")]
    ) -> UploadAvatarPayload:
        """See `resolvers.avatars.upload_avatar`."""

        async def make() -> UploadAvatarPayload:
            ctx = info.context.ctx
            # Strawberry calls the scalar bytes; the endpoint has put an open file there.
            file = cast("UploadFile", input.image)
            account = await upload_avatar(ctx, image=file)
            return UploadAvatarPayload(account=account_of(account, ctx.services.links))

        return await settle(UploadAvatarPayload, make(), info.context)

    @strawberry.mutation(
        description="Submit the signed-in account's real-name record, which can be done once."
    )
    async def submit_auth(
        self,
        info: Info,
        input: Annotated[
            SubmitAuthInput, strawberry.argument(description="The real name and the ID number.")
        ],
    ) -> SubmitAuthPayload:
        """See `resolvers.identities.submit_auth`."""

        async def make() -> SubmitAuthPayload:
            ctx = info.context.ctx
            record = await submit_auth(ctx, real_name=input.real_name, id_number=input.id_number)
            viewer = await ctx.require_seen_viewer()
            return SubmitAuthPayload(
                auth_info=auth_info_of(record), account=account_of(viewer, ctx.services.links)
            )

        return await settle(SubmitAuthPayload, make(), info.context)
