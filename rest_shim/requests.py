"""One request at the legacy door: its fields, under their documented names."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from starlette.datastructures import UploadFile

from request_bodies import BodyMalformedError
from resolvers.accounts import Account
from resolvers.context import Context
from resolvers.errors import invalid_input
from resolvers.messages import Reason
from resolvers.sign_in import authenticate
from resolvers.text_rules import require_text
from rest_shim.types import Credentials

Scope = MutableMapping[str, Any]

_MAXIMUM_INTEGER = 2**63
_NEVER_STORED = frozenset({"password"})

Fields = TypeVar("Fields", bound=msgspec.Struct)
# Looking into a type takes longer than serving a request by it.
_fields_of = lru_cache(msgspec.structs.fields)


@dataclass(frozen=True, slots=True)
class RestRequest:
    """What an endpoint is given."""

    ctx: Context
    fields: dict[str, object]
    files: dict[str, UploadFile] = field(default_factory=dict)

    def read(self, kind: type[Fields], optional: frozenset[str] = frozenset()) -> Fields:
        """The fields of `kind`; those in `optional` are empty where they are absent.

        Raises:
            InputError: INVALID_INPUT when one is missing or no text.
        """
        values = {}
        for wanted in _fields_of(kind):
            value = self._find(wanted.name)
            if value:
                values[wanted.name] = value
            elif wanted.required and wanted.name in optional:
                values[wanted.name] = ""
            elif wanted.required:
                raise invalid_input(Reason.FIELD_MISSING, wanted.name, name=wanted.name)
        return kind(**values)

    async def find_account(self) -> Account | None:
        """The signed-in account or, without a session, the one whose mobile and password the request carries.

        Raises:
            AccountError: as `login`.
        """
        viewer = await self.ctx.viewer()
        if viewer:
            return viewer
        credentials = self.read(Credentials)
        if not (credentials.mobile and credentials.password):
            return None
        return await authenticate(self.ctx, mobile=credentials.mobile, password=credentials.password)

    def _find(self, name: str) -> str | None:
        """A field, None or empty when it is absent; what is not stored as it comes may hold any characters."""
        try:
            value = text_field(self.fields, name)
        except BodyMalformedError:
            raise invalid_input(Reason.FIELD_NOT_TEXT, name, name=name) from None
        return require_text(value, field=name) if value and name not in _NEVER_STORED else value


def text_field(fields: Mapping[str, object], name: str) -> str | None:
    """A field as text: a string, or a number as a page may send it; None when it is absent or null.

    Raises:
        BodyMalformedError: for any other type.
    """
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAXIMUM_INTEGER:
        return str(value)
    raise BodyMalformedError
