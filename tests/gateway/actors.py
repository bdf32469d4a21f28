"""What people do at a server process, through the legacy door."""

import itertools
import secrets
from dataclasses import dataclass, field

import httpx

from tests.gateway.processes import Server
from tests.id_numbers import id_number

PASSWORD = "correct horse 42"

_numbers = itertools.count(secrets.randbelow(900_000))


def new_mobile() -> str:
    """A mobile that nobody else in this run has."""
    return f"139{next(_numbers) % 1_000_000:08d}"


def new_id_number() -> str:
    """A valid ID number that nobody else in this run has."""
    first = f"11010519491231{next(_numbers) % 1000:03d}"
    return id_number(first)


@dataclass(slots=True)
class Person:
    """Somebody with a browser, a phone and a password."""

    server: Server
    mobile: str = field(default_factory=new_mobile)
    password: str = PASSWORD
    client: httpx.Client = field(init=False)
    captcha_text: str = ""

    def __post_init__(self) -> None:
        self.client = self.server.client()

    def ask_for_code(self) -> str:
        """Solve a captcha and wait for the SMS; the code in it."""
        captcha_id = secrets.token_hex(8)
        self.client.get("/api/imagecode", params={"codeid": captcha_id}).raise_for_status()
        self.captcha_text = next(
            entry["text"] for entry in self.server.outbox("captcha") if entry["id"] == captcha_id
        )
        self.post(
            "/api/smscode", mobile=self.mobile, image_code_id=captcha_id, image_code_text=self.captcha_text
        )
        sent = [entry for entry in self.server.outbox("sms") if entry["mobile"].endswith(self.mobile)]
        code: str = sent[-1]["code"]
        return code

    def register(self) -> "Person":
        code = self.ask_for_code()
        self.post(
            "/api/register",
            mobile=self.mobile,
            phonecode=code,
            image_code_text=self.captcha_text,
            password=self.password,
        )
        return self

    def post(self, path: str, **fields: str) -> dict[str, object]:
        """The envelope of what must be a success."""
        envelope: dict[str, object] = self.client.post(path, json=fields).json()
        assert envelope["errno"] == 0, (path, envelope)
        return envelope

    def find_name(self) -> object:
        """The name of who is signed in; None when nobody is."""
        envelope = self.client.get("/api/check_login").json()
        return envelope["data"] if envelope["errno"] == 0 else None
