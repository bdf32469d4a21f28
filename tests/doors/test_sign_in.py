"""Sign-in: one answer for an unknown mobile and a wrong password, and pauses that grow."""

from typing import Literal
from unicodedata import normalize

import pytest

from db.accounts import set_locked_at
from db.credentials import set_password
from resolvers.context import Context
from resolvers.errors import RateLimitedError
from resolvers.sign_in_guard import _count_for_mobile
from tests.doors.conftest import BuildHarness
from tests.doors.door import Door, Outcome
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, sign_up
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio

Spelling = Literal["NFC", "NFD"]


def answer_of(outcome: Outcome) -> tuple[int, bytes, list[str]]:
    """All that a client can see of it, but what differs in every answer."""
    headers = sorted(name for name in outcome.response.headers)
    return outcome.response.status_code, outcome.response.content, headers


async def fail(door: Door, times: int, mobile: str = MOBILE) -> Outcome:
    """So many wrong passwords; the last answer."""
    outcome = await door.login(mobile, "wrong password")
    for _ in range(times - 1):
        outcome = await door.login(mobile, "wrong password")
    return outcome


async def test_right_password_signs_in(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    door = harness.open_door(kind)

    assert (await door.login(MOBILE, PASSWORD)).values["mobile"] == MOBILE
    assert (await door.me()).is_ok


async def test_account_made_at_one_door_signs_in_at_the_other(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    other = harness.open_door({"rest": "graphql", "graphql": "rest"}[kind])

    assert await other.login(MOBILE, PASSWORD)


async def test_unknown_mobile_and_wrong_password_get_one_answer(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))

    known = await fail(harness.open_door(kind), 1)
    unknown = await fail(harness.open_door(kind), 1, OTHER_MOBILE)

    assert known.is_refused_as("WRONG_CREDENTIALS")
    assert answer_of(known) == answer_of(unknown)


async def test_known_and_unknown_mobile_cost_equally_many_hashes(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    costs = []
    for mobile in (MOBILE, OTHER_MOBILE):
        before = harness.hasher.computations
        await fail(harness.open_door(kind), 1, mobile)
        costs.append(harness.hasher.computations - before)

    assert costs == [1, 1]


async def test_refused_unjudged_costs_no_hash(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind)
    await fail(door, 5)
    before = harness.hasher.computations

    await door.login(MOBILE, PASSWORD)
    await door.login(MOBILE, "x" * 129)

    assert harness.hasher.computations == before


@pytest.mark.parametrize("is_registered", [True, False])
async def test_fifth_failure_begins_a_pause_that_holds_for_the_right_password(
    harness: Harness, kind: str, is_registered: bool
) -> None:
    if is_registered:
        await sign_up(harness, harness.open_door(kind))
    door = harness.open_door(kind)
    fifth = await fail(door, 5)
    sixth = await fail(door, 1)
    right = await door.login(MOBILE, PASSWORD)

    assert fifth.is_refused_as("WRONG_CREDENTIALS")
    for refused in (sixth, right):
        assert refused.is_refused_as("RATE_LIMITED")
        assert refused.retry_after_seconds == 60
    assert right.is_address_limit in {False, None}


async def test_pause_is_one_for_both_doors_and_all_addresses(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    doors = [
        harness.open_door(kind, address=f"198.51.100.{i}") for i in range(3) for kind in ("rest", "graphql")
    ]
    answers = [await door.login(MOBILE, "wrong password") for door in doors]

    assert [answer.is_refused_as("WRONG_CREDENTIALS") for answer in answers] == [True] * 5 + [False]
    assert answers[5].is_refused_as("RATE_LIMITED")


@pytest.mark.parametrize("mobile", [MOBILE, OTHER_MOBILE])
async def test_pauses_grow_from_1_to_15_minutes(harness: Harness, kind: str, mobile: str) -> None:
    await sign_up(harness, harness.open_door(kind), MOBILE)
    door = harness.open_door(kind)
    await fail(door, 5, mobile)
    pauses: list[int] = []
    for _ in range(7):
        refused = await fail(harness.open_door(kind, address=f"203.0.113.{len(pauses)}"), 1, mobile)
        seconds = refused.retry_after_seconds
        assert seconds is not None
        pauses.append(seconds)
        harness.clock.advance(seconds)
        # One attempt is judged; after 15 quiet minutes the window is over and there are five again.
        await fail(harness.open_door(kind, address="203.0.113.99"), 5, mobile)

    assert pauses == [60, 120, 240, 480, 900, 900, 900]


async def test_one_attempt_after_a_pause_then_the_next_pause(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    door = harness.open_door(kind)
    await fail(door, 5)
    harness.clock.advance(59)
    early = await door.login(MOBILE, PASSWORD)
    harness.clock.advance(1)
    judged = await fail(door, 1)
    again = await fail(door, 1)

    assert early.retry_after_seconds == 1
    assert judged.is_refused_as("WRONG_CREDENTIALS")
    assert again.retry_after_seconds == 120


async def test_attempt_that_looked_before_a_pause_began_does_not_slip_through(
    harness: Harness, kind: str
) -> None:
    door = harness.open_door(kind)
    await fail(door, 5)
    harness.clock.advance(60)
    await fail(door, 1)

    # It found the first pause ended, and counts itself only now that the second one has begun.
    ctx = Context(harness.services)
    with pytest.raises(RateLimitedError) as refused:
        async with ctx.consuming() as consumption:
            await _count_for_mobile(ctx, consumption, MOBILE)

    assert refused.value.retry_after_seconds == 120
    assert (await fail(door, 1)).retry_after_seconds == 120


async def test_right_password_after_a_pause_signs_in_and_clears(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    door = harness.open_door(kind)
    await fail(door, 5)
    harness.clock.advance(60)

    assert await door.login(MOBILE, PASSWORD)
    stranger = harness.open_door(kind)
    assert (await fail(stranger, 5)).is_refused_as("WRONG_CREDENTIALS")
    assert (await fail(stranger, 1)).retry_after_seconds == 60


async def test_success_clears_the_mobiles_failures(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    door = harness.open_door(kind)
    for _ in range(3):
        assert (await fail(door, 4)).is_refused_as("WRONG_CREDENTIALS")
        assert await door.login(MOBILE, PASSWORD)


async def test_failures_are_forgotten_after_15_minutes(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind)
    await fail(door, 4)
    harness.clock.advance(15 * 60)

    assert (await fail(door, 5)).is_refused_as("WRONG_CREDENTIALS")


async def test_20_failures_for_each_address_over_all_mobiles_and_both_doors(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    doors = [harness.open_door("rest"), harness.open_door("graphql")]
    for turn in range(20):
        failed = await fail(doors[turn % 2], 1, f"+86139000000{turn:02}")
        assert failed.is_refused_as("WRONG_CREDENTIALS")
    refused = [await door.login(MOBILE, PASSWORD) for door in doors]

    assert all(outcome.is_refused_as("RATE_LIMITED") for outcome in refused)
    assert {outcome.retry_after_seconds for outcome in refused} == {15 * 60}
    assert refused[0].is_address_limit
    assert await harness.open_door("rest", address="198.51.100.2").login(MOBILE, PASSWORD)


async def test_successes_do_not_use_up_the_addresss_budget(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    door = harness.open_door(kind)

    assert all([await door.login(MOBILE, PASSWORD) for _ in range(25)])


async def read_passwords(harness: Harness) -> list[str]:
    """Both places where a password is kept: the second is for an older version that still runs."""
    records = await harness.records()
    return [str(records[name][0]) for name in ("credentials", "accounts")]


async def test_password_is_rehashed_at_sign_in_when_the_parameters_change(
    build_harness: BuildHarness, kind: str
) -> None:
    async with build_harness(argon2_passes=1) as harness:
        await sign_up(harness, harness.open_door(kind))
        old = await read_passwords(harness)
    async with build_harness(argon2_passes=2) as harness:
        door = harness.open_door(kind)
        await fail(door, 1)
        untouched = await read_passwords(harness)
        await door.login(MOBILE, PASSWORD)
        new = await read_passwords(harness)
        before = harness.hasher.computations
        assert await harness.open_door(kind).login(MOBILE, PASSWORD)

        assert harness.hasher.computations - before == 1
    assert untouched == old
    assert [text.count("t=1,") for text in old] == [1, 1]
    assert [text.count("t=2,") for text in new] == [1, 1]


async def set_hash(harness: Harness, password: str) -> None:
    """As it was made before passwords were normalised."""
    account = await harness.account(MOBILE)
    async with harness.services.database.writing() as connection:
        await set_password(connection, account.id, harness.hasher.hash(password), harness.clock())


@pytest.mark.parametrize("password", ["pässwört über älles", "Mật khẩu của tôi", "비밀번호입니다요"])
@pytest.mark.parametrize(("chosen", "typed"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
async def test_one_password_typed_on_two_systems_is_one(
    harness: Harness, kind: str, password: str, chosen: Spelling, typed: Spelling
) -> None:
    await sign_up(harness, harness.open_door(kind), password=normalize(chosen, password))

    assert await harness.open_door(kind).login(MOBILE, normalize(typed, password))


async def test_a_password_that_was_kept_as_typed_signs_in_and_is_kept_normal_from_then_on(
    harness: Harness, kind: str
) -> None:
    password = normalize("NFD", "pässwört über älles")
    await sign_up(harness, harness.open_door(kind))
    await set_hash(harness, password)

    assert not await harness.open_door(kind).login(MOBILE, normalize("NFC", password))
    assert await harness.open_door(kind).login(MOBILE, password)
    assert await harness.open_door(kind).login(MOBILE, normalize("NFC", password))
    before = harness.hasher.computations
    assert await harness.open_door(kind).login(MOBILE, password)
    assert harness.hasher.computations - before == 1


async def test_unknown_mobile_costs_as_many_hashes_for_a_password_of_two_spellings(
    harness: Harness, kind: str
) -> None:
    await sign_up(harness, harness.open_door(kind))
    costs = []
    for mobile in (MOBILE, OTHER_MOBILE):
        before = harness.hasher.computations
        await harness.open_door(kind).login(mobile, normalize("NFD", "pässwört über älles"))
        costs.append(harness.hasher.computations - before)

    assert costs == [2, 2]


async def test_one_megabyte_password_never_reaches_the_hasher(harness: Harness, door: Door) -> None:
    await door.login(MOBILE, "x" * 90_000)

    assert harness.hasher.computations == 0


async def test_locked_account_is_told_only_to_who_knows_the_password(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind)
    await sign_up(harness, door)
    account = await harness.account(MOBILE)
    async with harness.services.database.writing() as connection:
        await set_locked_at(connection, account.id, harness.clock())

    assert (await door.me()).is_refused_as("UNAUTHENTICATED")
    assert (await fail(door, 1)).is_refused_as("WRONG_CREDENTIALS")
    assert (await door.login(MOBILE, PASSWORD)).is_refused_as("ACCOUNT_LOCKED")
