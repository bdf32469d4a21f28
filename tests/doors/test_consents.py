"""What people agree to is asked for at the GraphQL door, where the installation names it, and kept."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db.tables import audit_events, consents
from gateway.settings import Settings, SettingsError
from resolvers.actors import Operator
from resolvers.context import Context
from resolvers.erasure import erase_account, export_account
from tests.doors.conftest import BuildHarness
from tests.doors.credential_flows import receive
from tests.doors.door import Outcome
from tests.doors.flows import MOBILE, PASSWORD, receive_code, sign_up
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import Harness
from tests.doors.own_sessions import ask, browser

pytestmark = pytest.mark.anyio

ASKED = "terms=2026-01,privacy=3"
AGREED = [{"document": "terms", "version": "2026-01"}, {"document": "privacy", "version": "3"}]


async def register(door: GraphQLDoor, code: str, given: Any) -> Outcome:  # noqa: ANN401 - JSON
    fields = {"mobile": MOBILE, "smsCode": code, "password": PASSWORD, "consents": given}
    return await door._mutate("register", fields)


async def sign_in(door: GraphQLDoor, code: str, given: Any) -> Outcome:  # noqa: ANN401 - JSON
    return await door._mutate("loginWithSmsCode", {"mobile": MOBILE, "smsCode": code, "consents": given})


async def list_own(door: GraphQLDoor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(door, "{ me { consents { document version givenAt } } }"))["me"][
        "consents"
    ]
    return found


async def list_rows(harness: Harness) -> list[tuple[Any, ...]]:
    async with harness.services.database.reading() as connection:
        return [tuple(row) for row in await connection.execute(select(consents))]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (None, "terms 2026-01, privacy 3"),
        ([], "terms 2026-01, privacy 3"),
        (AGREED[:1], "privacy 3"),
        ([AGREED[0], {"document": "privacy", "version": "2"}], "privacy 3"),
        ([AGREED[0], {"document": "Privacy", "version": "3"}], "privacy 3"),
        ([AGREED[0], {"document": "\x00", "version": "\ud800"}], "privacy 3"),
        ([AGREED[0], {"document": "３", "version": "x" * 10_000}], "privacy 3"),
    ],
)
async def test_registration_without_a_consent_is_refused_and_costs_no_code(
    build_harness: BuildHarness,
    given: Any,  # noqa: ANN401 - JSON
    missing: str,
) -> None:
    async with build_harness(consents=ASKED) as harness:
        door = browser(harness)
        code, _ = await receive_code(harness, door)
        refused = await register(door, code, given)

        if refused.refusals != {"BAD_REQUEST"}:
            assert refused.refusals == {"CONSENT_REQUIRED"}
            assert (refused.field, refused.message) == (("consents",), f"Agree first to: {missing}.")
        assert await list_rows(harness) == []
        assert await register(door, code, AGREED)


async def test_consents_are_kept_with_time_and_address_and_shown(build_harness: BuildHarness) -> None:
    async with build_harness(consents=ASKED) as harness:
        door = browser(harness)
        code, _ = await receive_code(harness, door)
        assert await register(door, code, [*AGREED, {"document": "cookies", "version": "9"}])

        at = "2026-03-01T12:00:00+00:00"
        assert await list_own(door) == [
            {"document": "privacy", "version": "3", "givenAt": at},
            {"document": "terms", "version": "2026-01", "givenAt": at},
        ]
        assert {row[-1] for row in await list_rows(harness)} == {"198.51.100.1"}
        assert "consent" in await harness.events()


async def test_sign_in_by_code_asks_whether_or_not_there_is_an_account(build_harness: BuildHarness) -> None:
    async with build_harness(consents=ASKED) as harness:
        told = []
        for _ in range(2):
            door = browser(harness)
            code = await receive(harness, door, "LOGIN")
            refused = await sign_in(door, code, None)
            told.append((refused.refusals, refused.message, refused.field))
            assert await sign_in(door, code, AGREED)

        assert told[0] == told[1]
        assert told[0][0] == {"CONSENT_REQUIRED"}
        assert len(await list_rows(harness)) == 2


async def test_newer_version_is_kept_beside_the_older(build_harness: BuildHarness) -> None:
    async with build_harness(consents=ASKED) as harness:
        door = browser(harness)
        assert await sign_in(door, await receive(harness, door, "LOGIN"), AGREED)
    async with build_harness(consents="terms=2027-01") as harness:
        harness.clock.advance(86_400)
        door = browser(harness)
        code = await receive(harness, door, "LOGIN")
        assert (await sign_in(door, code, AGREED)).is_refused_as("CONSENT_REQUIRED")
        assert await sign_in(door, code, [{"document": "terms", "version": "2027-01"}])
        kept = [(consent["document"], consent["version"]) for consent in await list_own(door)]

        assert kept == [("privacy", "3"), ("terms", "2026-01"), ("terms", "2027-01")]


async def test_consent_is_kept_once_also_by_many_at_once(build_harness: BuildHarness) -> None:
    async with build_harness(consents=ASKED) as harness:
        await sign_up(harness, harness.open_door("rest"))
        assert await list_rows(harness) == []
        doors = [browser(harness) for _ in range(5)]
        code = await receive(harness, doors[0], "LOGIN")
        outcomes = await asyncio.gather(*(sign_in(door, code, AGREED) for door in doors))
        assert any(outcomes)

        assert len(await list_rows(harness)) == 2
        async with harness.services.database.reading() as connection:
            kept = (await connection.scalars(select(audit_events.c.action))).all()
        assert list(kept).count("consent") == 1


async def test_rest_neither_asks_nor_records(build_harness: BuildHarness) -> None:
    async with build_harness(consents=ASKED) as harness:
        door = harness.open_door("rest")
        await sign_up(harness, door)
        assert await door.login(MOBILE, PASSWORD)

        assert await list_rows(harness) == []


async def test_nothing_is_asked_for_or_kept_where_nothing_is_named(harness: Harness) -> None:
    door = browser(harness)
    code, _ = await receive_code(harness, door)
    assert await register(door, code, AGREED)

    assert await list_own(door) == []


async def test_failed_registration_keeps_no_consent(build_harness: BuildHarness) -> None:
    async with build_harness(consents=ASKED) as harness:
        await sign_up(harness, harness.open_door("rest"))
        harness.clock.advance(60)
        door = browser(harness)
        code, _ = await receive_code(harness, door)
        assert (await register(door, code, AGREED)).is_refused_as("MOBILE_TAKEN")

        assert await list_rows(harness) == []


async def test_consents_are_exported_and_erased(build_harness: BuildHarness) -> None:
    async with build_harness(consents="terms=1") as harness:
        door = browser(harness)
        code, _ = await receive_code(harness, door)
        assert await register(door, code, [{"document": "terms", "version": "1"}])
        operator = Context(harness.services, address="console", actor=Operator("test"))
        exported = await export_account(operator, mobile=MOBILE)
        row = {"document": "terms", "version": "1", "given_at": harness.clock(), "address": "198.51.100.1"}
        assert exported.data["consents"] == [row]
        await erase_account(operator, mobile=MOBILE)

        assert await list_rows(harness) == []


@pytest.mark.parametrize(
    "value", ["terms", "terms=", "=1", "a=1,a=2", "条款=1", f"{'x' * 65}=1", f"x={'1' * 33}"]
)
def test_documents_that_cannot_be_kept_are_refused_at_the_start(value: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_CONSENTS"):
        Settings.load(_env_file=None, consents=value)
