"""Who asks without proof learns nothing of who has an account: not by the answer, nor by what it costs to give."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias, TypeVar

import pytest

from tests.doors.conftest import BuildHarness
from tests.doors.credential_flows import NEW_PASSWORD, ask_for, receive
from tests.doors.door import Door, Outcome
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, ask_for_code, receive_code, wrong
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import Harness
from tests.doors.test_sms_guard import send_to_neighbours
from tests.doors.watching import WatchedStore, watching_statements

pytestmark = pytest.mark.anyio

KNOWN, UNKNOWN = MOBILE, "+8618736108450"

D = TypeVar("D", bound=Door)
Probe: TypeAlias = Callable[[Harness, D, str], Awaitable[Outcome]]


async def send(harness: Harness, door: Door, mobile: str) -> Outcome:
    return await ask_for_code(harness, door, mobile)


async def send_again(harness: Harness, door: Door, mobile: str) -> Outcome:
    await ask_for_code(harness, door, mobile)
    return await ask_for_code(harness, door, mobile)


async def send_while_paused(harness: Harness, door: Door, mobile: str) -> Outcome:
    await send_to_neighbours(harness, sent=200, used=0, mobile=mobile)
    return await ask_for_code(harness, door, mobile)


async def send_while_the_vendor_fails(harness: Harness, door: Door, mobile: str) -> Outcome:
    harness.sms.is_failing = True
    try:
        return await ask_for_code(harness, door, mobile)
    finally:
        harness.sms.is_failing = False


async def sign_in(harness: Harness, door: Door, mobile: str) -> Outcome:
    return await door.login(mobile, "a wrong password")


async def sign_in_too_often(harness: Harness, door: Door, mobile: str) -> Outcome:
    for _ in range(5):
        await door.login(mobile, "a wrong password")
    return await door.login(mobile, "a wrong password")


async def register_without_a_code(harness: Harness, door: Door, mobile: str) -> Outcome:
    return await door.register(mobile, "123456", PASSWORD, captcha_text="ACEF")


async def register_with_a_wrong_code(harness: Harness, door: Door, mobile: str) -> Outcome:
    code, text = await receive_code(harness, door, mobile)
    return await door.register(mobile, wrong(code), PASSWORD, captcha_text=text)


async def register_too_often(harness: Harness, door: Door, mobile: str) -> Outcome:
    code, text = await receive_code(harness, door, mobile)
    for _ in range(5):
        await door.register(mobile, wrong(code), PASSWORD, captcha_text=text)
    return await door.register(mobile, wrong(code), PASSWORD, captcha_text=text)


PROBES: tuple[Probe[Door], ...] = (
    send,
    send_again,
    send_while_paused,
    send_while_the_vendor_fails,
    sign_in,
    sign_in_too_often,
    register_without_a_code,
    register_with_a_wrong_code,
    register_too_often,
)


async def ask_for_a_code(harness: Harness, door: GraphQLDoor, mobile: str, *, purpose: str) -> Outcome:
    return await ask_for(harness, door, purpose, mobile)


async def ask_for_two_codes(harness: Harness, door: GraphQLDoor, mobile: str, *, purpose: str) -> Outcome:
    await ask_for(harness, door, purpose, mobile)
    return await ask_for(harness, door, purpose, mobile)


async def bring_no_code(harness: Harness, door: GraphQLDoor, mobile: str, *, purpose: str) -> Outcome:
    del harness
    return await DEEDS[purpose](door, mobile, "123456")


async def bring_a_wrong_code(harness: Harness, door: GraphQLDoor, mobile: str, *, purpose: str) -> Outcome:
    return await DEEDS[purpose](door, mobile, wrong(await receive(harness, door, purpose, mobile)))


async def bring_six_wrong_codes(harness: Harness, door: GraphQLDoor, mobile: str, *, purpose: str) -> Outcome:
    code = wrong(await receive(harness, door, purpose, mobile))
    for _ in range(5):
        await DEEDS[purpose](door, mobile, code)
    return await DEEDS[purpose](door, mobile, code)


DEEDS: dict[str, Callable[[GraphQLDoor, str, str], Awaitable[Outcome]]] = {
    "LOGIN": lambda door, mobile, code: door.login_with_sms_code(mobile, code),
    "RESET_PASSWORD": lambda door, mobile, code: door.reset_password(mobile, code, NEW_PASSWORD),
}
GRAPHQL_PROBES = (
    ask_for_a_code,
    ask_for_two_codes,
    bring_no_code,
    bring_a_wrong_code,
    bring_six_wrong_codes,
)


@pytest.fixture
async def watched(build_harness: BuildHarness) -> AsyncIterator[tuple[Harness, WatchedStore]]:
    """A gateway whose state store tells what it was asked."""
    stores: list[WatchedStore] = []

    def wrap(store: object) -> WatchedStore:
        stores.append(WatchedStore(store))  # type: ignore[arg-type]
        return stores[-1]

    async with build_harness(wrap_state=wrap) as harness:
        yield harness, stores[-1]


async def watch(watched: tuple[Harness, WatchedStore], door: D, probe: Probe[D], mobile: str) -> list[Any]:
    """All that a client can see of an answer, and all that was done for it."""
    harness, store = watched
    # What this process has learned by its first request is not in question.
    await door.login(OTHER_MOBILE, "a wrong password")
    store.operations.clear()
    hashes = harness.hasher.computations
    with watching_statements(harness.services.database) as statements:
        outcome = await probe(harness, door, mobile)
    return [
        outcome.refusals,
        outcome.message,
        outcome.retry_after_seconds,
        outcome.response.status_code,
        sorted(outcome.response.headers),
        list(statements),
        list(store.operations),
        harness.hasher.computations - hashes,
    ]


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
async def test_known_and_unknown_mobiles_get_one_answer_by_the_same_statements(
    watched: tuple[Harness, WatchedStore], kind: str, probe: Probe[Door]
) -> None:
    harness, _ = watched
    await harness.make_account(KNOWN)
    seen = [
        await watch(watched, harness.open_door(kind, address=f"198.51.100.{number}"), probe, mobile)
        for number, mobile in enumerate((KNOWN, UNKNOWN))
    ]

    assert seen[0] == seen[1]


@pytest.mark.parametrize("probe", GRAPHQL_PROBES, ids=lambda probe: probe.__name__)
@pytest.mark.parametrize("purpose", DEEDS)
async def test_no_code_tells_who_has_an_account_but_the_right_one(
    watched: tuple[Harness, WatchedStore], purpose: str, probe: Callable[..., Awaitable[Outcome]]
) -> None:
    harness, _ = watched
    await harness.make_account(KNOWN)
    seen = [
        await watch(
            watched,
            harness.graphql(address=f"198.51.100.{number}"),
            partial(probe, purpose=purpose),
            mobile,
        )
        for number, mobile in enumerate((KNOWN, UNKNOWN))
    ]

    assert seen[0] == seen[1]


async def test_sign_in_takes_an_account_without_a_password_for_none(
    watched: tuple[Harness, WatchedStore],
) -> None:
    harness, _ = watched
    door = harness.graphql()
    assert await door.login_with_sms_code(KNOWN, await receive(harness, door, "LOGIN", KNOWN))
    seen = [
        await watch(watched, harness.graphql(address=f"198.51.100.{number}"), sign_in, mobile)
        for number, mobile in enumerate((KNOWN, UNKNOWN))
    ]

    assert seen[0] == seen[1]
