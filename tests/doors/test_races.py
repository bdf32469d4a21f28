"""Races: of fifty at once exactly one wins, on every backend."""

import asyncio
import collections
from collections.abc import Awaitable, Callable, Sequence

import pytest

from resolvers.ports import Counter, not_asked
from tests.doors.conftest import BuildHarness
from tests.doors.door import Door, Outcome
from tests.doors.flows import ID_NUMBER, MOBILE, PASSWORD, receive_code, sign_up, solve_captcha, wrong
from tests.doors.harness import Harness
from tests.doors.pictures import picture
from tests.doors.watching import WatchedStore
from tests.id_numbers import id_number

pytestmark = pytest.mark.anyio

CALLERS = 50
KINDS = ("graphql", "rest")


def crowd(harness: Harness, *, token: str | None = None, size: int = CALLERS) -> list[Door]:
    """So many clients at both doors, each at an address of its own."""
    return [
        harness.open_door(KINDS[turn % 2], address=f"10.0.{turn // 250}.{turn % 250 + 1}", token=token)
        for turn in range(size)
    ]


async def make_accounts(harness: Harness, count: int) -> list[Door]:
    return [
        harness.open_door(KINDS[turn % 2], token=await harness.make_account(f"+861390000{turn:04}"))
        for turn in range(count)
    ]


async def all_at_once(calls: Sequence[Awaitable[Outcome]]) -> tuple[int, list[Outcome]]:
    """How many won, and what the others were told."""
    outcomes = await asyncio.gather(*calls)
    assert all(outcome.response.status_code == 200 for outcome in outcomes)
    return sum(outcome.is_ok for outcome in outcomes), [one for one in outcomes if not one.is_ok]


class EndlessCodes(WatchedStore):
    """Codes are never spent, and guesses never used up."""

    async def take(self, key: str) -> str | None:
        return await self.get(key)

    async def increment(
        self, key: str, ttl_seconds: float, by: int = 1, *, on_sent: Callable[[], None] = not_asked
    ) -> Counter:
        counter = await super().increment(key, ttl_seconds, by, on_sent=on_sent)
        return Counter(1, ttl_seconds) if key.startswith("limit:sms-guess") else counter


def strays(others: list[Outcome], *expected: str) -> list[str]:
    """What was told to those who were told something else."""
    return [one.response.text for one in others if not any(one.is_refused_as(code) for code in expected)]


async def test_one_of_fifty_registers_with_one_code(harness: Harness) -> None:
    code, text = await receive_code(harness, harness.open_door("rest"))
    winners, others = await all_at_once(
        [door.register(MOBILE, code, PASSWORD, captcha_text=text) for door in crowd(harness)]
    )

    assert winners == 1
    assert strays(others, "SMS_CODE_EXPIRED", "RATE_LIMITED") == []
    records = await harness.records()
    assert (len(records["accounts"]), len(records["sessions"])) == (1, 1)


async def test_one_of_fifty_registers_one_mobile_though_every_code_is_right(
    build_harness: BuildHarness,
) -> None:
    """The database alone must decide, where codes would not."""
    async with build_harness(wrap_state=EndlessCodes) as harness:
        code, text = await receive_code(harness, harness.open_door("rest"))
        winners, others = await all_at_once(
            [door.register(MOBILE, code, PASSWORD, captcha_text=text) for door in crowd(harness)]
        )
        records = await harness.records()

    assert winners == 1
    assert strays(others, "MOBILE_TAKEN", "RATE_LIMITED") == []
    assert len(records["accounts"]) == 1


async def test_sixty_guesses_at_once_get_five_judged(harness: Harness) -> None:
    code, text = await receive_code(harness, harness.open_door("rest"))
    winners, others = await all_at_once(
        [door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text) for door in crowd(harness, size=60)]
    )

    assert winners == 0
    assert sum(one.is_refused_as("SMS_CODE_WRONG") for one in others) == 5
    assert not await harness.open_door("rest").register(MOBILE, code, PASSWORD, captcha_text=text)


async def test_one_of_fifty_uses_one_captcha(harness: Harness) -> None:
    captcha_id, text = await solve_captcha(harness, harness.open_door("rest"))
    mobiles = [f"+861390000{turn:04}" for turn in range(CALLERS)]
    winners, others = await all_at_once(
        [
            door.send_sms_code(mobile, captcha_id, text)
            for door, mobile in zip(crowd(harness), mobiles, strict=True)
        ]
    )

    assert winners == len(harness.sms.messages) == 1
    assert strays(others, "CAPTCHA_EXPIRED") == []


async def test_one_of_fifty_gets_an_sms_in_one_minute(harness: Harness) -> None:
    doors = crowd(harness)
    captchas = [await solve_captcha(harness, door) for door in doors]
    winners, others = await all_at_once(
        [
            door.send_sms_code(MOBILE, captcha_id, text)
            for door, (captcha_id, text) in zip(doors, captchas, strict=True)
        ]
    )

    assert winners == len(harness.sms.messages) == 1
    assert strays(others, "RATE_LIMITED") == []


async def test_fifty_wrong_passwords_at_once_get_five_judged(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    before = harness.hasher.computations
    winners, others = await all_at_once([door.login(MOBILE, "wrong password") for door in crowd(harness)])

    assert winners == 0
    told = collections.Counter(
        "judged" if one.is_refused_as("WRONG_CREDENTIALS") else "paused" for one in others
    )
    assert told == {"judged": 5, "paused": CALLERS - 5}
    assert harness.hasher.computations - before == 5
    assert (await harness.open_door("graphql").login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")


async def test_one_attempt_of_fifty_is_judged_after_a_pause(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    for door in crowd(harness, size=5):
        await door.login(MOBILE, "wrong password")
    harness.clock.advance(60)
    _, others = await all_at_once([door.login(MOBILE, "wrong password") for door in crowd(harness)])

    assert sum(one.is_refused_as("WRONG_CREDENTIALS") for one in others) == 1


async def test_twenty_failures_of_one_address_are_judged_however_many_come(harness: Harness) -> None:
    doors = [harness.open_door(KINDS[turn % 2]) for turn in range(CALLERS)]
    _, others = await all_at_once(
        [door.login(f"+861390000{turn:04}", "wrong password") for turn, door in enumerate(doors)]
    )

    assert sum(one.is_refused_as("WRONG_CREDENTIALS") for one in others) == 20


async def test_one_of_fifty_gets_a_name(harness: Harness) -> None:
    doors = await make_accounts(harness, CALLERS)
    winners, others = await all_at_once(
        [door.update_name("Alice" if turn % 3 else "ALICE") for turn, door in enumerate(doors)]
    )

    assert winners == 1
    assert strays(others, "NAME_TAKEN") == []
    names = [row[2].lower() for row in (await harness.records())["accounts"]]
    assert names.count("alice") == 1


async def test_two_accounts_swapping_names_never_share_one(harness: Harness) -> None:
    doors = await make_accounts(harness, 2)
    for turn, door in enumerate(doors):
        await door.update_name("ab"[turn])
    await asyncio.gather(
        *(door.update_name(name) for _ in range(10) for door, name in zip(doors, "ba", strict=True)),
        *(door.update_name(f"free{turn}") for turn, door in enumerate(doors)),
    )

    names = [row[2] for row in (await harness.records())["accounts"]]
    assert len(set(names)) == 2


async def test_one_of_fifty_submissions_of_one_account_stands(harness: Harness) -> None:
    doors = crowd(harness, token=await harness.make_account(MOBILE))
    numbers = valid_id_numbers(CALLERS)
    winners, others = await all_at_once(
        [
            door.submit_auth(f"张三{turn}", number)
            for (turn, number), door in zip(enumerate(numbers), doors, strict=True)
        ]
    )

    assert winners == 1
    assert strays(others, "AUTH_ALREADY_SUBMITTED") == []
    assert len((await harness.records())["identities"]) == 1


async def test_one_of_fifty_accounts_gets_one_id_number(harness: Harness) -> None:
    doors = await make_accounts(harness, CALLERS)
    winners, others = await all_at_once([door.submit_auth("张三", ID_NUMBER) for door in doors])

    assert winners == 1
    assert strays(others, "ID_NUMBER_REFUSED") == []
    assert len((await harness.records())["identities"]) == 1


async def test_crossing_uploads_leave_one_picture_for_each_account(harness: Harness) -> None:
    """Two accounts change between the same two pictures: nobody's picture may be deleted for the other's sake."""
    doors = await make_accounts(harness, 2)
    pictures = [picture(colour="red"), picture(colour="blue")]
    await all_at_once([door.upload_avatar(pictures[turn % 2]) for turn in range(4) for door in doors])

    shown = [row[5] for row in (await harness.records())["accounts"]]
    for door in doors:
        url = (await door.me()).values["avatar_url"]
        assert (await harness.client().get(url)).status_code == 200
    assert set((await harness.records())["pictures"]) == set(shown)


async def test_fifty_sign_ins_at_once_all_get_sessions_of_their_own(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    # More at once than the five failures that an account may have, so in turns of five.
    tokens = set()
    for _ in range(10):
        doors = crowd(harness, size=5)
        winners, _ = await all_at_once([door.login(MOBILE, PASSWORD) for door in doors])
        assert winners == 5
        tokens |= {door.client.cookies["session"] for door in doors}

    assert len(tokens) == CALLERS


async def test_sign_out_beats_every_use_that_comes_after_it(harness: Harness) -> None:
    token = await harness.make_account(MOBILE)
    doors = crowd(harness, token=token)
    await asyncio.gather(doors[0].logout(), *(door.me() for door in doors[1:25]))

    winners, _ = await all_at_once([door.me() for door in doors])

    assert winners == 0


def valid_id_numbers(count: int) -> list[str]:
    """Made-up numbers with right check digits."""
    return [id_number(f"11010519491231{turn:03}") for turn in range(1, count + 1)]
