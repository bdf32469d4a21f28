"""Dialects: what the pages in the wild expect otherwise than the document says, as a table and not as code paths."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from resolvers.errors import ErrorCode
from rest_shim.errno import Errno

DialectName = Literal["documented", "ihome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way of speaking the same endpoints.

    `aliases` are further spellings of a field, in the order in which they count after the field's own name. `paths`
    are further paths, each with the one that it means. `errnos` replace entries of the table. `copies` are further
    names in the envelope, each with the one that it repeats as a string. `optional_fields` may be absent at their path,
    and `bare_fields` alone are `data` there. With `has_empty_data` a success that has nothing to tell says `{}`.
    """

    name: DialectName
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    errnos: Mapping[ErrorCode, Errno] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    optional_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    bare_fields: Mapping[str, str] = field(default_factory=dict)
    has_empty_data: bool = False

    def translate(self, fields: dict[str, object]) -> dict[str, object]:
        """`fields` under their documented names; that name counts first, then the aliases in order, if not empty."""
        found = {}
        for name, aliases in self.aliases.items():
            values = (fields.get(spelling) for spelling in (name, *aliases))
            value = next((value for value in values if value not in (None, "")), None)
            if value is not None:
                found[name] = value
        return fields | found


DOCUMENTED = Dialect(name="documented", bare_fields={"/api/check_login": "name"})

IHOME = Dialect(
    name="ihome",
    aliases={
        "codeid": ("cur", "c"),
        "pcodeid": ("pre", "p"),
        "image_code_id": ("piccode_id", "codeId"),
        "image_code_text": ("imagecode", "piccode", "code"),
        "phonecode": ("phoneCode", "smscode"),
        "password": ("passwd",),
        "name": ("user_name",),
    },
    paths={
        "/api/piccode": "/api/imagecode",
        "/api/getImageCode": "/api/imagecode",
        "/api/phonecode": "/api/smscode",
        "/api/smsCode": "/api/smscode",
        "/api/signup": "/api/register",
        "/api/checkLogin": "/api/check_login",
    },
    errnos={ErrorCode.NAME_TAKEN: Errno.DBERR, ErrorCode.AUTH_ALREADY_SUBMITTED: Errno.DATAEXIST},
    copies={"errcode": "errno", "errorcode": "errno", "errormsg": "errmsg"},
    optional_fields={"/api/register": frozenset({"image_code_text"})},
    has_empty_data=True,
)

DIALECTS: Mapping[DialectName, Dialect] = {dialect.name: dialect for dialect in (DOCUMENTED, IHOME)}
