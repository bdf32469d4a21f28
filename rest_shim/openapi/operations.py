"""The ten endpoints as data: what each reads, what it gives, and how it says no."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from resolvers.errors import ErrorCode
from rest_shim.errno import Errno
from rest_shim.openapi import fields, refusals, schemas
from rest_shim.openapi.fields import INSTEAD_OF_SESSION, Field
from rest_shim.openapi.refusals import ADDRESS_LIMIT, BY_PASSWORD, CROSS_SITE, MALFORMED, Refusal
from rest_shim.openapi.schemas import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. `as_object` is `data` in dialects that want an object everywhere.

    `session_effect` tells what becomes of the session cookie, where something does.
    """

    path: str
    method: str
    operation_id: str
    summary: str
    description: str
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()
    upload: str | None = None
    data: Schema | None = None
    as_object: Schema
    beside_data: Mapping[str, Schema] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    takes_session: bool = False
    is_picture: bool = False
    session_effect: str | None = None


_BEGINS_SESSION = (
    "A fresh session's cookie, unless `token_delivery` is `body`. The one that the client was in ends."
)

OPERATIONS = (
    Operation(
        path="/api/imagecode",
        method="get",
        operation_id="getImageCode",
        summary="Captcha picture",
        description="Draws four characters under an id that the page chose. The captcha lives 180 seconds and is "
        "spent by the first check, right or wrong.",
        query=(fields.CODE_ID, fields.PREVIOUS_CODE_ID),
        as_object=schemas.EMPTY,
        refusals=(
            MALFORMED,
            Refusal(ErrorCode.RATE_LIMITED, "too busy just now, with `retry_after`"),
            ADDRESS_LIMIT,
        ),
        is_picture=True,
    ),
    Operation(
        path="/api/smscode",
        method="post",
        operation_id="sendSmsCode",
        summary="Send an SMS code",
        description="Sends six digits to the mobile, after a right captcha. The code lives 300 seconds.",
        body=(fields.MOBILE, fields.IMAGE_CODE_ID, fields.IMAGE_CODE_TEXT),
        as_object=schemas.EMPTY,
        refusals=(
            MALFORMED,
            Refusal(ErrorCode.CAPTCHA_EXPIRED, "the captcha is unknown, used or too old: fetch another"),
            Refusal(ErrorCode.CAPTCHA_WRONG, "the captcha text is wrong, and the captcha is spent"),
            Refusal(ErrorCode.RATE_LIMITED, "a limit for this mobile was reached, with `retry_after`"),
            Refusal(ErrorCode.SMS_NOT_SENT, "the SMS provider did not take the message: try again"),
            ADDRESS_LIMIT,
            CROSS_SITE,
        ),
    ),
    Operation(
        path="/api/register",
        method="post",
        operation_id="register",
        summary="Register",
        description="Makes an account for the mobile and signs it in. The first name is the mobile itself.",
        body=(
            fields.MOBILE,
            fields.SENT_IMAGE_CODE_TEXT,
            fields.PHONE_CODE,
            fields.NEW_PASSWORD,
            fields.TOKEN_DELIVERY,
        ),
        data=schemas.SIGNED_IN,
        as_object=schemas.SIGNED_IN,
        refusals=(
            MALFORMED,
            Refusal(ErrorCode.WEAK_PASSWORD, "the password is too common, where the operator refuses those"),
            Refusal(ErrorCode.SMS_CODE_EXPIRED, "there is no live SMS code for this mobile"),
            Refusal(ErrorCode.MOBILE_TAKEN, "the mobile has an account"),
            Refusal(ErrorCode.SMS_CODE_WRONG, "the SMS code is wrong"),
            Refusal(ErrorCode.CAPTCHA_WRONG, "`image_code_text` is not the text that the code was sent for"),
            Refusal(
                ErrorCode.RATE_LIMITED,
                "too many wrong codes for this mobile, or too busy, with `retry_after`",
            ),
            CROSS_SITE,
        ),
        session_effect=_BEGINS_SESSION,
    ),
    Operation(
        path="/api/login",
        method="post",
        operation_id="login",
        summary="Sign in",
        description="Begins a session: 7 days after its last use it ends, 30 days after sign-in at the latest.",
        body=(fields.MOBILE, fields.PASSWORD, fields.TOKEN_DELIVERY),
        data=schemas.SIGNED_IN,
        as_object=schemas.SIGNED_IN,
        refusals=(MALFORMED, *refusals.SIGN_IN, CROSS_SITE),
        session_effect=_BEGINS_SESSION,
    ),
    Operation(
        path="/api/check_login",
        method="get",
        operation_id="checkLogin",
        summary="Who is signed in",
        description="The name of the signed-in account.",
        data=schemas.USER_NAME,
        as_object=schemas.USER_NAME_OBJECT,
        refusals=(Refusal(ErrorCode.UNAUTHENTICATED, "no session"),),
        takes_session=True,
    ),
    Operation(
        path="/api/logout",
        method="get",
        operation_id="logout",
        summary="Sign out",
        description="Ends the session, at the server and at once; it completes although the page is left. Without a "
        "session it succeeds too.",
        as_object=schemas.EMPTY,
        refusals=(CROSS_SITE,),
        takes_session=True,
        session_effect="Takes the cookie away.",
    ),
    Operation(
        path="/api/profile",
        method="get",
        operation_id="getProfile",
        summary="Profile",
        description="The account with its picture.",
        query=INSTEAD_OF_SESSION,
        data=schemas.PROFILE,
        as_object=schemas.PROFILE,
        refusals=BY_PASSWORD,
        takes_session=True,
    ),
    Operation(
        path="/api/profile/avatar",
        method="post",
        operation_id="uploadAvatar",
        summary="New picture",
        description="Takes a JPEG, PNG, WebP or GIF of at most 5 MiB and 25 megapixels, judged by its bytes, and "
        "keeps a square WebP of 512 pixels without metadata. The previous picture is deleted.",
        body=INSTEAD_OF_SESSION,
        upload="avatar",
        data=schemas.URL,
        as_object=schemas.URL,
        beside_data=schemas.BESIDE_AVATAR,
        refusals=(
            Refusal(ErrorCode.INVALID_INPUT, "the part `avatar` is missing, or the body is no multipart"),
            *BY_PASSWORD,
            CROSS_SITE,
            Refusal(ErrorCode.STORAGE_FAILED, "the picture could not be stored: try again"),
            Refusal(ErrorCode.INVALID_IMAGE, "not a usable picture; nothing of it is kept"),
        ),
        takes_session=True,
    ),
    Operation(
        path="/api/profile/name",
        method="post",
        operation_id="updateName",
        summary="New name",
        description="Changes the name that others see.",
        body=(fields.NAME, *INSTEAD_OF_SESSION),
        data=schemas.NAME,
        as_object=schemas.NAME,
        refusals=(
            MALFORMED,
            *BY_PASSWORD,
            Refusal(ErrorCode.NAME_TAKEN, "another account has this name"),
            CROSS_SITE,
        ),
        takes_session=True,
    ),
    Operation(
        path="/api/profile/auth",
        method="get",
        operation_id="getAuth",
        summary="Real-name record",
        description="The account's real-name record, masked.",
        query=INSTEAD_OF_SESSION,
        data=schemas.AUTH,
        as_object=schemas.AUTH,
        refusals=BY_PASSWORD,
        takes_session=True,
    ),
    Operation(
        path="/api/profile/auth",
        method="post",
        operation_id="submitAuth",
        summary="Submit the real-name record",
        description="Keeps the record: once, for ever. It is encrypted at rest and shown masked. One identity number "
        "belongs to one account.",
        body=(fields.REAL_NAME, fields.ID_CARD, *INSTEAD_OF_SESSION),
        data=schemas.AUTH,
        as_object=schemas.AUTH,
        refusals=(
            MALFORMED,
            *BY_PASSWORD,
            Refusal(ErrorCode.AUTH_ALREADY_SUBMITTED, "this account has its record already"),
            Refusal(ErrorCode.ID_NUMBER_REFUSED, "another account has this identity number"),
            CROSS_SITE,
        ),
        takes_session=True,
    ),
)

OUTSIDE = {
    "UnknownPath": (Errno.REQERR, "404", "There is no such path.", "接口不存在"),
    "WrongMethod": (
        Errno.REQERR,
        "405",
        "The path has no such method; `Allow` names those it has.",
        "请求方法错误",
    ),
    "BodyTooLarge": (Errno.PARAMERR, "413", "The body is over its limit.", "请求体过大"),
}
"""Answers whose status is not 200: number, status, when, and text."""
