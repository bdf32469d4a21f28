"""What the endpoints read and give, as types; the OpenAPI document is made of them.

Every value that is read is a text by the time it is here, since a page may send a number for it as well.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType


def _text(example: str, description: str, pattern: str | None = None) -> Meta:
    return Meta(examples=[example], description=description, pattern=pattern)


_ID_RULE = "The page makes it up: an integer, a UUID, or 1 to 64 of `A-Z a-z 0-9 _ -`."
_NAME_RULE = (
    "1 to 32 characters after NFKC and trimming, none of them `<`, `>`, `&` or invisible; unique without case; not "
    "somebody else's mobile number. At first one's own."
)
_TEXT_RULE = (
    "The picture's characters, in any case; on register those that were right when the code was sent."
)
_DELIVERY_RULE = "`cookie`, or `body` for clients that keep none: they get `data.token`."
_URL_FORM = r"^(https?://[^/]+)?/avatars/[0-9a-f]{64}\.webp$"
_URL = f"/avatars/{'8f14e45fceea167a' * 4}.webp"
_TIME_FORM = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"

CaptchaId = Annotated[str, _text("11", _ID_RULE, "^[A-Za-z0-9_-]{1,64}$")]
PreviousCaptchaId = Annotated[
    str, _text("10", "The picture that is void from then on. May be empty.", "^[A-Za-z0-9_-]{0,64}$")
]
Mobile = Annotated[str, _text("18736008450", "In any spelling; without a country it is Chinese.")]
SolvedCaptchaId = Annotated[str, _text("11", "The `codeid` under which the picture was fetched.")]
CaptchaText = Annotated[str, _text("XYPK", _TEXT_RULE)]
SmsCode = Annotated[
    str, _text("123456", "The digits of the SMS. A string: a number would lose leading zeros.")
]
Password = Annotated[str, _text("123456789", "8 to 128 characters, any characters.")]
TokenDelivery = Annotated[str, _text("cookie", _DELIVERY_RULE)]
UserName = Annotated[str, _text("小明", _NAME_RULE)]
RealName = Annotated[str, _text("张三", "2 to 50 characters.")]
IdNumber = Annotated[
    str, _text("11010519491231002X", "Of 18 characters, for a real date, its check digit right.")
]
AccountId = Annotated[int, Meta(ge=1, examples=[1], description="Never changes, never reused.")]
NationalMobile = Annotated[str, _text("18736008450", "National for +86, E.164 for other countries.")]
Token = Annotated[str, _text("t" * 43, "For `Authorization: Bearer`.", "^[A-Za-z0-9_-]{43}$")]
DeviceToken = Annotated[
    str,
    _text(
        "d" * 22, "For `X-Device` at the next sign-in; its owner is not kept out then.", "^[A-Za-z0-9_-]{22}$"
    ),
]
Url = Annotated[str, _text(_URL, "A WebP; absolute where the operator set a public URL.", _URL_FORM)]
CreateTime = Annotated[
    str, _text("2026-03-01 20:00:00", "Of the registration, China Standard Time.", _TIME_FORM)
]
MaskedName = Annotated[str, _text("*三", "Masked, all but the last character.")]
MaskedIdNumber = Annotated[
    str, _text("1101**********002X", "Masked in the middle.", r"^\d{4}\*{10}\d{3}[\dX]$")
]


class NoFields(Struct, kw_only=True):
    """Nothing is read, not even the body."""


class ImageCodeFields(Struct, kw_only=True):
    """Of a new captcha."""

    codeid: CaptchaId
    pcodeid: PreviousCaptchaId = ""


class SmsCodeFields(Struct, kw_only=True):
    """Who gets a code, and the captcha that was read."""

    mobile: Mobile
    image_code_id: SolvedCaptchaId
    image_code_text: CaptchaText


class LoginFields(Struct, kw_only=True):
    """Of a sign-in."""

    mobile: Mobile
    password: Password
    token_delivery: TokenDelivery = "cookie"


class RegisterFields(LoginFields, kw_only=True):
    """Of a registration."""

    phonecode: SmsCode
    image_code_text: CaptchaText


class Credentials(Struct, kw_only=True):
    """Read instead of a session, where there is none."""

    mobile: Mobile = ""
    password: Password = ""


class NameFields(Credentials, kw_only=True):
    """Of a new name."""

    name: UserName


class AuthFields(Credentials, kw_only=True):
    """Of the real-name record."""

    real_name: RealName
    id_card: IdNumber


class Account(Struct):
    """An account."""

    user_id: AccountId
    name: UserName
    mobile: NationalMobile


class SignedIn(Account):
    """Who is signed in from now on."""

    token: Token | UnsetType = UNSET
    device_token: DeviceToken | UnsetType = UNSET


class Profile(Account):
    """An account with its picture."""

    avatar: Url | None
    avatar_url: Url | None
    create_time: CreateTime


class Name(Struct):
    """A name as it is kept."""

    name: UserName


class Avatar(Struct):
    """The new picture, under both names that pages read."""

    url: Url
    avatar: Url


class Auth(Struct):
    """The real-name record, masked; null while none has been submitted."""

    real_name: MaskedName | None
    id_card: MaskedIdNumber | None
