"""What fuzzed requests are lent, so that they get past the first check: sessions, captchas, codes, ID numbers.

`FUZZ_FIXTURE` tells who lives at the gateway; see `fixture.make_fixture`. Everything is drawn from one seed.
"""

import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Protocol
from urllib.parse import urlencode
from urllib.request import Request, urlopen

FIXTURE: dict[str, Any] = json.loads(os.environ["FUZZ_FIXTURE"])
OUTBOX = Path(FIXTURE["outbox"])
PICTURE = bytes.fromhex(FIXTURE["picture"])

rng = Random(FIXTURE["seed"])
id_numbers = itertools.cycle(FIXTURE["id_numbers"])


class Case(Protocol):
    """What is used here of a request that Schemathesis has made up."""

    path: str
    method: str
    headers: Any
    cookies: Any
    body: Any
    operation: Any


def new_address() -> str:
    """An address that no limit has counted yet."""
    return f"198.18.{rng.randrange(256)}.{rng.randrange(256)}"


def new_mobile() -> str:
    return f"13{rng.randrange(10**9):09d}"


def ask(path: str, fields: dict[str, str] | None = None) -> tuple[bytes, str | None]:
    """A plain request of our own; the answer, and the session that it began."""
    body = None if fields is None else json.dumps(fields).encode()
    headers = {"X-Forwarded-For": new_address()}
    with urlopen(Request(FIXTURE["base"] + path, body, headers), timeout=10) as answer:
        cookie: str = answer.headers.get("Set-Cookie", "")
        return answer.read(), cookie.partition("session=")[2].partition(";")[0] or None


def last_in_outbox(**wanted: str) -> dict[str, str]:
    for line in reversed(OUTBOX.read_text("utf-8").splitlines()):
        entry: dict[str, str] = json.loads(line)
        if wanted.items() <= entry.items():
            return entry
    raise LookupError(wanted)


def captcha() -> dict[str, str]:
    captcha_id = f"fuzz-{rng.randrange(10**12)}"
    ask("/api/imagecode?" + urlencode({"codeid": captcha_id}))
    return {"captcha_id": captcha_id, "captcha_text": last_in_outbox(kind="captcha", id=captcha_id)["text"]}


def sms_code() -> dict[str, str]:
    mobile, solved = new_mobile(), captcha()
    captcha_id, text = solved["captcha_id"], solved["captcha_text"]
    ask("/api/smscode", {"mobile": mobile, "image_code_id": captcha_id, "image_code_text": text})
    code = last_in_outbox(kind="sms", mobile=f"+86{mobile}")["code"]
    return {"mobile": mobile, "captcha_text": text, "sms_code": code}


def real_values(action: str) -> dict[str, str]:
    """What somebody who does everything right would send; with one time in two, something else for one of them."""
    person = rng.choice(FIXTURE["people"])
    makers: dict[str, Callable[[], dict[str, str]]] = {
        "send": lambda: {"mobile": new_mobile(), **captcha()},
        "register": lambda: {**sms_code(), "password": "correct horse 42"},
        "login": lambda: {"mobile": person["mobile"], "password": person["password"]},
        "name": lambda: {"name": f"fuzz {rng.randrange(10**9)}"},
        "auth": lambda: {"real_name": "张三", "id_number": next(id_numbers)},
    }
    values = makers[action]()
    # A wrong password for one of the people would pause their sign-in.
    if action != "login" and rng.random() < 0.5:
        del values[rng.choice(list(values))]
    return values


class Sessions:
    """Sessions of the people, fresh enough: some requests sign out, and signing in ends the session before."""

    def __init__(self) -> None:
        self.tokens: list[str] = FIXTURE["tokens"]

    def renew(self) -> None:
        """Sign everybody in again."""
        for person in FIXTURE["people"]:
            _, token = ask("/api/login", {"mobile": person["mobile"], "password": person["password"]})
            self.tokens += [token] if token else []
        self.tokens = self.tokens[-len(FIXTURE["people"]) :]

    def lend(self, case: Case) -> None:
        """Let the request come from nobody, from a browser, or from a native client."""
        means = rng.randrange(3)
        if means == 1:
            case.cookies = {**(case.cookies or {}), "session": rng.choice(self.tokens)}
        elif means == 2:
            case.headers["Authorization"] = f"Bearer {rng.choice(self.tokens)}"
