"""Who asks without proof learns nothing of who has an account: not by the answer, nor by what it costs to give."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.doors.conftest import BuildHouse
from tests.doors.door import Door, Outcome
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, ask_for_code, receive_code, wrong
from tests.doors.harness import Harness
from tests.doors.test_sms_guard import send_to_neighbours
from tests.doors.watching import WatchedStore, watching_statements

pytestmark = pytest.mark.anyio

KNOWN, UNKNOWN = MOBILE, "+8618736108450"

Probe = Callable[[Harness, Door, str], Awaitable[Outcome]]


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


PROBES: tuple[Probe, ...] = (
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


@pytest.fixture
async def watched(build_house: BuildHouse) -> AsyncIterator[tuple[Harness, WatchedStore]]:
    """A gateway whose state store tells what it was asked."""
    stores: list[WatchedStore] = []

    def wrap(store: object) -> WatchedStore:
        stores.append(WatchedStore(store))  # type: ignore[arg-type]
        return stores[-1]

    async with build_house(wrap_state=wrap) as harness:
        yield harness, stores[-1]


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
async def test_known_and_unknown_mobiles_get_one_answer_by_the_same_statements(
    watched: tuple[Harness, WatchedStore], kind: str, probe: Probe
) -> None:
    harness, store = watched
    await harness.make_account(KNOWN)
    seen = []
    for number, mobile in enumerate((KNOWN, UNKNOWN)):
        door = harness.open_door(kind, address=f"198.51.100.{number}")
        # What this process has learned by its first request is not in question.
        await door.login(OTHER_MOBILE, "a wrong password")
        store.operations.clear()
        hashes = harness.hasher.computations
        with watching_statements(harness.services.database) as statements:
            outcome = await probe(harness, door, mobile)
        seen.append(
            (
                outcome.refusals,
                outcome.message,
                outcome.retry_after_seconds,
                outcome.response.status_code,
                sorted(outcome.response.headers),
                list(statements),
                list(store.operations),
                harness.hasher.computations - hashes,
            )
        )

    assert seen[0] == seen[1]
