"""What the endpoints read: every field once, with its rule and the example of the legacy API's own document."""

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_CAPTCHA_ID_FORM = "^[A-Za-z0-9_-]{1,64}$"
# What a page may send as a JSON number as well; the digits are what counts.
_TEXT_OR_NUMBER = ["string", "integer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One parameter or body field."""

    name: str
    schema: Schema
    description: str
    example: str
    is_required: bool = True


CODE_ID = Field(
    name="codeid",
    schema={"type": "string", "pattern": _CAPTCHA_ID_FORM},
    description="The new picture's id. The page makes it up: an integer, a UUID, or 1 to 64 of `A-Z a-z 0-9 _ -`.",
    example="11",
)
PREVIOUS_CODE_ID = Field(
    name="pcodeid",
    schema={"type": "string", "pattern": "^[A-Za-z0-9_-]{0,64}$"},
    description="The id of the picture that the new one replaces; that one is void from then on. May be empty.",
    example="10",
    is_required=False,
)
MOBILE = Field(
    name="mobile",
    schema={"type": _TEXT_OR_NUMBER},
    description="A mobile number in any spelling; without a country it is Chinese.",
    example="18736008450",
)
IMAGE_CODE_ID = Field(
    name="image_code_id",
    schema={"type": _TEXT_OR_NUMBER},
    description="The `codeid` under which the picture was fetched.",
    example="11",
)
IMAGE_CODE_TEXT = Field(
    name="image_code_text",
    schema={"type": "string"},
    description="The four characters of the picture; case does not matter.",
    example="XYPK",
)
SENT_IMAGE_CODE_TEXT = Field(
    name="image_code_text",
    schema={"type": "string"},
    description="The captcha text that was right when this mobile's SMS code was sent.",
    example="XYPK",
)
PHONE_CODE = Field(
    name="phonecode",
    schema={"type": "string"},
    description="The six digits of the SMS. A string: a number would lose leading zeros.",
    example="123456",
)
NEW_PASSWORD = Field(
    name="password",
    schema={"type": "string"},
    description="8 to 128 characters, any characters.",
    example="123456789",
)
PASSWORD = Field(
    name="password",
    schema={"type": "string"},
    description="The account's password.",
    example="123456789",
)
NAME = Field(
    name="name",
    schema={"type": "string"},
    description="1 to 32 characters after NFKC and trimming; no control characters and none of `< > &`; unique "
    "without case; not the mobile number of somebody else.",
    example="小明",
)
TOKEN_DELIVERY = Field(
    name="token_delivery",
    schema={"type": "string", "enum": ["cookie", "body"], "default": "cookie"},
    description="How the session reaches the client: by the cookie, or, for clients that keep none, as `data.token`.",
    example="cookie",
    is_required=False,
)
REAL_NAME = Field(
    name="real_name",
    schema={"type": "string"},
    description="2 to 50 characters.",
    example="张三",
)
ID_CARD = Field(
    name="id_card",
    schema={"type": "string"},
    description="A resident identity number of 18 characters (GB 11643), its check digit right.",
    example="11010519491231002X",
)
MOBILE_INSTEAD = Field(
    name="mobile",
    schema={"type": _TEXT_OR_NUMBER},
    description="Instead of a session: the account's mobile number. Read only when no session comes with the request.",
    example="18736008450",
    is_required=False,
)
PASSWORD_INSTEAD = Field(
    name="password",
    schema={"type": "string"},
    description="Instead of a session: the account's password, together with `mobile`.",
    example="123456789",
    is_required=False,
)
INSTEAD_OF_SESSION = (MOBILE_INSTEAD, PASSWORD_INSTEAD)
