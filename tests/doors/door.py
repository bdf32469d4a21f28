"""The driver: one way to say what a person does, whichever door they come through."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it, in the words of both doors.

    `refusals` are the error codes that the answer can mean: one at the GraphQL door; at the legacy door all that share
    the number. Empty on success. `field` and `attempts_remaining` are told by the GraphQL door only.
    """

    response: httpx.Response
    values: dict[str, Any] = field(default_factory=dict)
    refusals: frozenset[str] = frozenset()
    message: str = ""
    field: tuple[str, ...] | None = None
    attempts_remaining: int | None = None
    retry_after_seconds: int | None = None
    is_address_limit: bool | None = None

    @property
    def is_ok(self) -> bool:
        return not self.refusals

    def __bool__(self) -> bool:
        return self.is_ok

    def is_refused_as(self, code: str) -> bool:
        """Whether it was refused, and so that a client takes it for `code`."""
        return code in self.refusals


class Door(Protocol):
    """One person's client: it keeps its cookies as a browser does."""

    name: str
    client: httpx.AsyncClient

    async def create_captcha(self, *, previous_id: str | None = None) -> Outcome:
        """values: id."""

    async def send_sms_code(self, mobile: str, captcha_id: str, captcha_text: str) -> Outcome: ...

    async def register(self, mobile: str, code: str, password: str, *, captcha_text: str = "") -> Outcome:
        """The captcha text that was right when the code was sent; the legacy door asks for it again."""

    async def login(self, mobile: str, password: str) -> Outcome: ...

    async def logout(self) -> Outcome: ...

    async def me(self) -> Outcome:
        """values: id, name, mobile (E.164), avatar_url; UNAUTHENTICATED when signed out."""

    async def update_name(self, name: str) -> Outcome: ...

    async def upload_avatar(
        self, image: bytes, *, filename: str = "a.png", declared: str = "image/png"
    ) -> Outcome:
        """values: avatar_url."""

    async def submit_auth(self, real_name: str, id_number: str) -> Outcome:
        """values: real_name, id_number; masked."""

    async def auth_info(self) -> Outcome:
        """values: real_name, id_number; both None while there is no record."""
