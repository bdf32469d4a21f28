"""Dialects: what the pages in the wild expect otherwise than the document says, as a table and not as code paths."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from resolvers.errors import ErrorCode
from rest_shim.errno import Errno

DialectName = Literal["documented", "ihome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way of speaking the same ten endpoints.

    `aliases` are further spellings of a field, looked at when the field itself is absent. `errnos` replace entries of
    the table. With `has_object_data` every success carries an object as `data`, also where the document has a string
    or nothing. With `has_errcode` the number is there a second time, as a string under the name `errcode`.
    """

    name: DialectName
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    errnos: Mapping[ErrorCode, Errno] = field(default_factory=dict)
    optional_fields: frozenset[str] = frozenset()
    has_object_data: bool = False
    has_errcode: bool = False


DOCUMENTED = Dialect(name="documented")

IHOME = Dialect(
    name="ihome",
    aliases={
        "image_code_text": ("imagecode",),
        "phonecode": ("phoneCode", "smscode"),
        "password": ("passwd",),
        "name": ("user_name",),
    },
    errnos={ErrorCode.NAME_TAKEN: Errno.DBERR, ErrorCode.AUTH_ALREADY_SUBMITTED: Errno.DATAEXIST},
    optional_fields=frozenset({"image_code_text"}),
    has_object_data=True,
    has_errcode=True,
)

DIALECTS: Mapping[DialectName, Dialect] = {dialect.name: dialect for dialect in (DOCUMENTED, IHOME)}
