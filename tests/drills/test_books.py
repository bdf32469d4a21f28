"""The drills' own judgement: what they would take for a fault."""

import json

import pytest

from drills.actors import Person, new_id_number, new_mobile
from drills.findings import MISSING, Findings
from drills.last_byte import Shot
from drills.load import Renaming
from drills.visitors import Answer, read_answer

PERSON = Person(7, "+8613900000007", "token")


def renaming(*answers: tuple[str, int | str]) -> Renaming:
    books = Renaming(PERSON)
    for name, outcome in answers:
        books.note(name, Answer(outcome, 0.1))
    return books


def test_confirmed_name_must_be_there() -> None:
    books = renaming(("a", 0), ("b", 0))

    assert books.fits("b")
    assert not books.fits("a")
    assert not books.fits(PERSON.national)


def test_name_without_an_answer_may_be_there_or_not() -> None:
    books = renaming(("a", 0), ("b", f"{MISSING}: ReadError"))

    assert books.fits("a")
    assert books.fits("b")


def test_success_settles_what_had_no_answer() -> None:
    assert not renaming(("a", f"{MISSING}: ReadError"), ("b", 0)).fits("a")


def test_nobody_who_was_renamed_without_a_request_fits() -> None:
    assert not renaming().fits("a")


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"errno": 0}, 0),
        (200, {"errno": 4001}, 4001),
        (200, {"data": {"me": {"name": "a"}}}, 0),
        (200, {"data": {"login": {"errors": [{"code": "RATE_LIMITED"}]}}}, "RATE_LIMITED"),
        (200, {"data": None, "errors": [{"extensions": {"code": "INTERNAL"}}]}, "INTERNAL"),
        (200, {"errors": [{"message": "?"}]}, "GraphQL error without a code"),
        (500, {"error": "internal"}, "status 500"),
    ],
)
def test_answer_is_told_by_errno_or_code(status: int, body: object, outcome: int | str) -> None:
    content = json.dumps(body).encode()

    assert read_answer(status, {"content-type": "application/json"}, content, 0.1).outcome == outcome


def test_json_that_is_none_is_no_success() -> None:
    assert not read_answer(200, {"content-type": "application/json"}, b"<html>", 0.1).is_success


def test_cookie_that_begins_a_session_is_a_token() -> None:
    headers = {"content-type": "application/json", "set-cookie": "session=abc; Path=/; HttpOnly"}

    assert read_answer(200, headers, b'{"errno": 0}', 0.1).token == "abc"


def test_check_that_does_not_hold_fails_the_drill() -> None:
    findings = Findings("drill")

    findings.check_within("slow", 2.1, 2.0)
    findings.check("right", holds=True)

    assert (findings.passed, findings.failed) == (1, 1)
    assert findings.failures == ["drill: slow  [2.10 s of 2 s]"]


def test_last_byte_of_a_shot_is_the_last_of_its_body() -> None:
    encoded = Shot(1, "/api/login", {"mobile": "1"}, token="t").encode()
    head, _, body = encoded.partition(b"\r\n\r\n")

    assert b"content-length: %d" % len(body) in head
    assert json.loads(body) == {"mobile": "1"}


def test_people_of_a_run_differ() -> None:
    assert len({new_mobile() for _ in range(2000)}) == 2000
    assert len({new_id_number() for _ in range(2000)}) == 2000
