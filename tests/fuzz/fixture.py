"""Who lives at the gateway that is fuzzed: people with accounts, and ID numbers that nobody has used yet."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.fuzz.attempts import PNG
from tests.gateway.actors import Person
from tests.gateway.processes import Server
from tests.id_numbers import id_number

_PEOPLE = 3


def make_fixture(server: Server, report: Path, seed: int) -> dict[str, Any]:
    """Register the people; everything that Schemathesis' hooks have to know."""
    people = [Person(server).register() for _ in range(_PEOPLE)]
    return {
        "base": server.url,
        "outbox": str(server.data_dir / "outbox.jsonl"),
        "report": str(report),
        "seed": seed,
        "picture": PNG.hex(),
        "people": [{"mobile": person.mobile, "password": person.password} for person in people],
        "id_numbers": [_id_number(number) for number in range(900)],
        "tokens": [person.client.cookies["session"] for person in people],
    }


def sign_in_again(fixture: dict[str, Any]) -> list[str]:
    """A fresh session's token for each of the people."""
    answers = [
        httpx.post(f"{fixture['base']}/api/login", json=person, timeout=10) for person in fixture["people"]
    ]
    return [answer.cookies["session"] for answer in answers]


def describe(fixture: dict[str, Any]) -> str:
    return json.dumps(fixture)


def _id_number(number: int) -> str:
    first = f"11010519491231{number:03d}"
    return id_number(first)
