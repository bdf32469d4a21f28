"""Whatever fails in the middle of a deed that needs a proof: it is done or it is not, and a failure costs nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from tests.doors.credential_flows import NEW_PASSWORD, ask_for, receive, registered
from tests.doors.door import Outcome
from tests.doors.faults import Breakable
from tests.doors.flows import MOBILE, PASSWORD, wrong
from tests.doors.harness import Harness
from tests.doors.test_unjudged import TRIES

pytestmark = pytest.mark.anyio

Try = Callable[[], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does with a right proof, and with a wrong one; and what shows that it was done."""

    right: Try
    wrong: Try
    event: str


async def sign_in_by_code(harness: Harness) -> Deed:
    door = harness.graphql()
    code = await receive(harness, door, "LOGIN")
    return Deed(
        lambda: door.login_with_sms_code(MOBILE, code),
        lambda: door.login_with_sms_code(MOBILE, wrong(code)),
        "register",
    )


async def reset(harness: Harness) -> Deed:
    await registered(harness)
    door = harness.graphql()
    code = await receive(harness, door, "RESET_PASSWORD")
    return Deed(
        lambda: door.reset_password(MOBILE, code, NEW_PASSWORD),
        lambda: door.reset_password(MOBILE, wrong(code), NEW_PASSWORD),
        "password-reset",
    )


async def change(harness: Harness) -> Deed:
    door = await registered(harness)
    return Deed(
        lambda: door.change_password(PASSWORD, NEW_PASSWORD),
        lambda: door.change_password("a wrong password", NEW_PASSWORD),
        "password-change",
    )


async def reauthenticate_by_password(harness: Harness) -> Deed:
    door = await registered(harness)
    return Deed(
        lambda: door.reauthenticate(password=PASSWORD),
        lambda: door.reauthenticate(password="a wrong password"),
        "reauthenticate",
    )


async def reauthenticate_by_code(harness: Harness) -> Deed:
    door = await registered(harness)
    code = await receive(harness, door, "REAUTHENTICATE", None)
    return Deed(
        lambda: door.reauthenticate(smsCode=code),
        lambda: door.reauthenticate(smsCode=wrong(code)),
        "reauthenticate",
    )


PREPARATIONS = (sign_in_by_code, reset, change, reauthenticate_by_password, reauthenticate_by_code)
each_deed = pytest.mark.parametrize("prepare", PREPARATIONS, ids=lambda prepare: prepare.__name__)

Prepare = Callable[[Harness], Awaitable[Deed]]


@each_deed
async def test_database_that_is_down_costs_neither_proof_nor_budget(
    breakable: Breakable, prepare: Prepare
) -> None:
    harness, deed = breakable.harness, await prepare(breakable.harness)
    before = await harness.records()
    breakable.database.is_down = True
    for _ in range(TRIES):
        assert (await deed.right()).is_refused_as("SERVICE_UNAVAILABLE")
    breakable.database.is_down = False

    assert await harness.records() == before
    assert await deed.right()


@each_deed
@pytest.mark.parametrize("connections", range(8))
async def test_deed_is_done_or_not_at_whichever_connection_the_database_goes(
    breakable: Breakable, prepare: Prepare, connections: int
) -> None:
    harness, deed = breakable.harness, await prepare(breakable.harness)
    before, left = await harness.records(), [connections]

    def go_down() -> None:
        left[0] -= 1
        breakable.database.is_down = left[0] < 0

    breakable.database.on_connect = go_down
    outcome = await deed.right()
    breakable.database.on_connect, breakable.database.is_down = lambda: None, False

    if outcome.is_ok:
        assert (await harness.events()).count(deed.event) >= 1
    else:
        assert outcome.is_refused_as("SERVICE_UNAVAILABLE"), outcome
        assert await harness.records() == before
        assert await deed.right()


@each_deed
async def test_commit_that_fails_leaves_everything_as_it_was(breakable: Breakable, prepare: Prepare) -> None:
    harness, deed = breakable.harness, await prepare(breakable.harness)
    before, events = await harness.records(), await harness.events()
    breakable.database.fails_to_commit = True
    for _ in range(TRIES):
        assert (await deed.right()).is_refused_as("SERVICE_UNAVAILABLE")
    breakable.database.fails_to_commit = False

    assert await harness.records() == before
    assert await harness.events() == events
    assert await deed.right()


@each_deed
@pytest.mark.parametrize("operations", range(16))
async def test_deed_is_done_or_not_wherever_the_state_store_breaks(
    breakable: Breakable, prepare: Prepare, operations: int
) -> None:
    harness, deed = breakable.harness, await prepare(breakable.harness)
    before = await harness.records()
    breakable.store.breaks_after = operations
    outcome = await deed.right()
    breakable.store.is_down, breakable.store.breaks_after = False, None

    if outcome.is_ok:
        assert (await harness.events()).count(deed.event) >= 1
    else:
        assert outcome.is_refused_as("SERVICE_UNAVAILABLE"), outcome
        assert await harness.records() == before
        assert await deed.right()


@each_deed
async def test_what_fails_is_no_wrong_proof(breakable: Breakable, prepare: Prepare) -> None:
    deed = await prepare(breakable.harness)
    for _ in range(4):
        assert not await deed.wrong()
    breakable.database.is_down = True
    for _ in range(TRIES):
        await deed.right()
    breakable.database.is_down = False

    assert await deed.right()


@pytest.mark.parametrize("purpose", ["LOGIN", "RESET_PASSWORD", "REAUTHENTICATE"])
async def test_code_that_the_vendor_does_not_take_costs_nothing(breakable: Breakable, purpose: str) -> None:
    harness = breakable.harness
    door = await registered(harness)
    mobile = None if purpose == "REAUTHENTICATE" else MOBILE
    harness.clock.advance(60)
    harness.sms.is_failing = True
    for _ in range(12):
        assert (await ask_for(harness, door, purpose, mobile)).is_refused_as("SMS_NOT_SENT")
    harness.sms.is_failing = False

    assert await ask_for(harness, door, purpose, mobile)


async def test_what_a_reset_makes_void_is_void_when_the_state_store_is_back(breakable: Breakable) -> None:
    """The password is another by then, so that it may not look undone."""
    harness = breakable.harness
    await registered(harness)
    door = harness.graphql()
    to_sign_in = await receive(harness, door, "LOGIN")
    code = await receive(harness, door, "RESET_PASSWORD")
    commits = iter([False, True])

    def break_store() -> None:
        # The first commit notes that the code was used.
        breakable.store.is_down = next(commits, True)

    breakable.database.on_commit = break_store
    done = await door.reset_password(MOBILE, code, NEW_PASSWORD)
    breakable.database.on_commit, breakable.store.is_down = lambda: None, False
    payer = harness.services.refunds._worker
    if payer is not None:
        await payer

    assert done.is_ok, done
    assert (await door.login_with_sms_code(MOBILE, to_sign_in)).is_refused_as("SMS_CODE_EXPIRED")
    assert await door.login(MOBILE, NEW_PASSWORD)


async def test_wrong_password_is_a_guess_also_when_it_cannot_be_written_down(breakable: Breakable) -> None:
    door = await registered(breakable.harness)
    breakable.database.fails_to_commit = True
    for _ in range(5):
        await door.change_password("a wrong horse 1", "a wrong horse 1")
    breakable.database.fails_to_commit = False

    assert (await door.change_password(PASSWORD, PASSWORD)).is_refused_as("RATE_LIMITED")
