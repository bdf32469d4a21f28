"""Accounts, sessions, captchas and codes that a drill begins with, made by the resolvers themselves.

The limits on captchas and SMS are lifted for what is made here, and for nothing else: the gateway under drill keeps
its own.
"""

import itertools
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import BytesIO

from PIL import Image

from db import accounts
from db.engine import Connection
from drills.servers import Gateway
from gateway.parts import Parts
from gateway.settings import Settings
from gateway.wiring import open_services
from resolvers.auth_methods import AuthMethod
from resolvers.captchas import create_captcha
from resolvers.context import Context, Services
from resolvers.id_numbers import check_character
from resolvers.limits import Limits
from resolvers.names import name_key
from resolvers.ports import SmsMessage
from resolvers.sessions import Authentication, begin_session
from resolvers.sms_codes import send_sms_code
from resolvers.sms_purposes import SmsPurpose

PASSWORD = "correct horse 42"

_BATCH = 25
_serials = itertools.count(random.randrange(1, 900_000))
_FIRST_BIRTH = date(1950, 1, 1)


@dataclass(frozen=True, slots=True)
class Person:
    """An account that is signed in. `mobile` is E.164."""

    id: int
    mobile: str
    token: str

    @property
    def national(self) -> str:
        """The mobile as legacy pages write it."""
        return self.mobile.removeprefix("+86")


@dataclass(frozen=True, slots=True)
class LiveCode:
    """A mobile without an account, and the code that was sent to it."""

    mobile: str
    code: str
    captcha_text: str

    @property
    def fields(self) -> dict[str, str]:
        """What `POST /api/register` reads."""
        return {
            "mobile": self.mobile.removeprefix("+86"),
            "phonecode": self.code,
            "image_code_text": self.captcha_text,
            "password": PASSWORD,
        }


@dataclass(frozen=True, slots=True)
class LiveCaptcha:
    """A captcha that waits for its answer."""

    id: str
    text: str


class _Pocket:
    """An inbox and an SMS sender that keep what they get."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.codes: dict[str, str] = {}

    def record_captcha(self, captcha_id: str, text: str) -> None:
        self.texts[captcha_id] = text

    def forget(self, mobile: str) -> None:
        self.codes.pop(mobile, None)

    async def send(self, message: SmsMessage) -> None:
        self.codes[message.mobile] = message.code

    async def aclose(self) -> None:
        return


class Maker:
    """Makes what a drill begins with."""

    def __init__(self, services: Services, pocket: _Pocket) -> None:
        self.services = services
        self._pocket = pocket

    async def people(self, count: int) -> list[Person]:
        """Accounts, each with a session."""
        people: list[Person] = []
        password_hash = await self.services.passwords.hash(PASSWORD)
        for first in range(0, count, _BATCH):
            async with self.services.database.writing() as connection:
                people += [
                    await self._make(connection, password_hash) for _ in range(min(_BATCH, count - first))
                ]
        return people

    async def captchas(self, count: int) -> list[LiveCaptcha]:
        """Captchas with their answers."""
        made = [await create_captcha(self._context()) for _ in range(count)]
        return [LiveCaptcha(captcha.id, self._pocket.texts[captcha.id]) for captcha in made]

    async def codes(self, count: int) -> list[LiveCode]:
        """Codes for mobiles that have no account."""
        codes = []
        for captcha in await self.captchas(count):
            mobile = new_mobile()
            await send_sms_code(
                self._context(),
                purpose=SmsPurpose.REGISTER,
                mobile=mobile,
                captcha_id=captcha.id,
                captcha_text=captcha.text,
            )
            codes.append(LiveCode(mobile, self._pocket.codes[mobile], captcha.text))
        return codes

    async def _make(self, connection: Connection, password_hash: str) -> Person:
        mobile, now = new_mobile(), self.services.clock()
        name = mobile.removeprefix("+86")
        account = await accounts.insert_account(
            connection,
            mobile=mobile,
            name=name,
            name_key=name_key(name),
            password_hash=password_hash,
            created_at=now,
        )
        session = await begin_session(
            connection, account_id=account.id, authentication=Authentication(AuthMethod.PASSWORD, now)
        )
        return Person(account.id, mobile, session.token)

    def _context(self) -> Context:
        return Context(self.services, address="drill")


@asynccontextmanager
async def making(gateway: Gateway) -> AsyncIterator[Maker]:
    """A maker on the gateway's own database and state store."""
    pocket = _Pocket()
    settings = Settings.load(
        _env_file=None, **{name.lower(): value for name, value in gateway.settings.items()}
    )
    async with open_services(settings, Parts(sms_sender=pocket, inbox=pocket)) as services:
        policy = replace(services.policy, limits=Limits(captcha=(), sms=()), sms_daily_ceiling=10**9)
        yield Maker(replace(services, policy=policy), pocket)


def new_mobile() -> str:
    """A mobile that nobody else in this run has; neighbours differ in the block that the SMS breaker judges."""
    serial = next(_serials)
    return f"+86139{serial % 10_000:04d}{serial // 10_000:04d}"


def new_id_number() -> str:
    """A valid ID number that nobody else in this run has."""
    serial = next(_serials)
    born = _FIRST_BIRTH + timedelta(days=serial % 18_000)
    first = f"110105{born:%Y%m%d}{serial // 18_000 % 1000:03d}"
    return first + check_character(first)


def new_address() -> str:
    """An address that hardly anybody else in this run has."""
    return f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"


def new_picture(side_pixels: int = 64) -> bytes:
    """A PNG of a colour and a size that nobody else in this run has."""
    serial = next(_serials)
    colour = (serial % 251, serial // 251 % 251, serial // 63001 % 251)
    file = BytesIO()
    image = Image.new("RGB", (side_pixels, side_pixels), colour)
    # Noise in a corner: pictures that differ stay different when they are made smaller.
    image.paste(Image.frombytes("RGB", (16, 16), secrets.token_bytes(16 * 16 * 3)), (0, 0))
    image.save(file, "PNG")
    return file.getvalue()
