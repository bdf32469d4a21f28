"""People at the legacy door, each with a browser, an address and a mobile number of their own."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import httpx
from PIL import Image

from resolvers.actors import Operator
from resolvers.context import Context
from tests.doors.harness import Harness
from tests.id_numbers import id_number

PASSWORD = "123456789"


class Visitors:
    """Makes visitors, so that no limit that one has reached holds for the next."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self._numbers = count(1)

    def come(self) -> "Visitor":
        """Somebody new, signed out."""
        return Visitor(self.harness, next(self._numbers))

    async def registered(self) -> "Visitor":
        """Somebody new, registered and signed in."""
        visitor = self.come()
        await visitor.register()
        return visitor

    def context(self) -> Context:
        """An operator at the command line."""
        return Context(self.harness.services, actor=Operator("test"))

    @contextmanager
    def broken(self, error: Exception, *services: str) -> Iterator[None]:
        """While this lasts, every call of these services fails with `error`."""
        held = {name: getattr(self.harness.services, name) for name in services}
        for name, service in held.items():
            object.__setattr__(self.harness.services, name, _Broken(service, error))
        try:
            yield
        finally:
            for name, service in held.items():
                object.__setattr__(self.harness.services, name, service)


class Visitor:
    """One person at the legacy door."""

    def __init__(self, harness: Harness, number: int) -> None:
        self.harness = harness
        self.number = number
        self.mobile = f"1390000{number:04}"
        self.client = harness.client(address=f"198.51.{number // 250}.{number % 250 + 1}")
        self.captcha_text = ""

    @property
    def id_number(self) -> str:
        """A valid identity number that nobody else has."""
        body = f"11010519491231{self.number:03}"
        return id_number(body)

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.client.get(path, params=query)

    async def post(self, path: str, **fields: object) -> httpx.Response:
        return await self.client.post(path, json=fields)

    async def upload(self, image: bytes, **fields: str) -> httpx.Response:
        return await self.client.post("/api/profile/avatar", data=fields, files={"avatar": ("a.png", image)})

    async def fetch_captcha(self) -> str:
        """A fresh captcha's id; what is on it is remembered."""
        captcha_id = f"page-{self.number}"
        await self.get("/api/imagecode", codeid=captcha_id, pcodeid="")
        self.captcha_text = self.harness.captcha_text(captcha_id)
        return captcha_id

    async def send_code(self, mobile: str | None = None) -> httpx.Response:
        captcha_id = await self.fetch_captcha()
        return await self.post(
            "/api/smscode",
            mobile=mobile or self.mobile,
            image_code_id=captcha_id,
            image_code_text=self.captcha_text,
        )

    async def send_registration(self, **other: str) -> httpx.Response:
        """The registration form, right but for the fields in `other`."""
        fields = {
            "mobile": self.mobile,
            "image_code_text": self.captcha_text,
            "phonecode": self.harness.sms.last_code,
            "password": PASSWORD,
        }
        return await self.post("/api/register", **{**fields, **other})

    async def register(self) -> None:
        await self.send_code()
        response = await self.send_registration()
        assert response.json()["errno"] == 0, response.text


class _Broken:
    def __init__(self, service: object, error: Exception) -> None:
        self._service = service
        self._error = error

    def __getattr__(self, name: str) -> object:
        if not callable(getattr(self._service, name)):
            return getattr(self._service, name)

        def fail(*_: object, **__: object) -> None:
            raise self._error

        return fail


def picture() -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "PNG")
    return out.getvalue()
