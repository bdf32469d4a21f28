"""One request at the legacy door: its fields, read by the rules of the dialect."""

from dataclasses import dataclass, field

from starlette.datastructures import UploadFile

from resolvers.accounts import Account
from resolvers.context import Context
from resolvers.errors import InputError, invalid_input, unauthenticated
from resolvers.sign_in import authenticate
from resolvers.text_rules import require_text
from resolvers.texts import Reason
from rest_shim.bodies import text_field
from rest_shim.dialects import Dialect
from rest_shim.fields import BodyMalformedError

_COOKIE, _BODY = "cookie", "body"


@dataclass(frozen=True, slots=True)
class RestRequest:
    """What an endpoint is given."""

    ctx: Context
    dialect: Dialect
    fields: dict[str, object]
    files: dict[str, UploadFile] = field(default_factory=dict)

    def find(self, name: str, *, is_stored: bool = True) -> str | None:
        """A field, None when it is absent or empty.

        What is not stored as it comes, such as a password, may hold any characters.

        Raises:
            InputError: INVALID_INPUT when it is no text, or text that cannot be stored.
        """
        value = self._text(name)
        if not value:
            return None
        return require_text(value, field=name) if is_stored else value

    def get(self, name: str, *, is_stored: bool = True) -> str:
        """A field that must be there.

        Raises:
            InputError: INVALID_INPUT.
        """
        value = self.find(name, is_stored=is_stored)
        if value is None:
            raise _missing(name)
        return value

    def get_unless_optional(self, name: str) -> str | None:
        """A field that must be there unless the dialect lets it be absent.

        Raises:
            InputError: INVALID_INPUT.
        """
        return self.find(name) if name in self.dialect.optional_fields else self.get(name)

    def is_token_wanted(self) -> bool:
        """Whether a sign-in shall tell its token instead of setting a cookie, for clients that keep none.

        Raises:
            InputError: INVALID_INPUT for anything but the two ways there are, or for a cookie that would not arrive.
        """
        delivery = (self.find("token_delivery") or _COOKIE).lower()
        if delivery not in {_COOKIE, _BODY}:
            raise invalid_input(Reason.TOKEN_DELIVERY_UNKNOWN, "token_delivery")
        if delivery == _COOKIE:
            self.ctx.require_cookies()
        return delivery == _BODY

    async def find_account(self) -> Account | None:
        """The signed-in account or, without a session, the one whose mobile and password the request carries.

        Raises:
            AccountError: as `login`.
        """
        viewer = await self.ctx.viewer()
        if viewer:
            return viewer
        mobile, password = self.find("mobile"), self.find("password", is_stored=False)
        if not (mobile and password):
            return None
        return await authenticate(self.ctx, mobile=mobile, password=password)

    async def require_account(self) -> Account:
        """The account that `find_account` finds.

        Raises:
            RefusedError: UNAUTHENTICATED when there is none; else as `login`.
        """
        account = await self.find_account()
        if account is None:
            raise unauthenticated()
        return account

    def _text(self, name: str) -> str | None:
        try:
            return text_field(self.fields, name)
        except BodyMalformedError:
            raise invalid_input(Reason.TEXT_MALFORMED, name, name=name) from None


def _missing(name: str) -> InputError:
    return invalid_input(Reason.FIELD_MISSING, name, name=name)
