"""Captchas: spent by the first check, right or wrong."""

from io import BytesIO

import pytest
from PIL import Image

from tests.doors.conftest import BuildHarness
from tests.doors.door import Door
from tests.doors.flows import MOBILE, ask_for_code, solve_captcha
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio


async def test_right_captcha_sends_one_code(harness: Harness, door: Door) -> None:
    captcha_id, text = await solve_captcha(harness, door)

    assert await door.send_sms_code(MOBILE, captcha_id, text)
    assert [message.mobile for message in harness.sms.messages] == [MOBILE]


async def test_captcha_is_spent_by_a_right_check(harness: Harness, door: Door) -> None:
    captcha_id, text = await solve_captcha(harness, door)
    await door.send_sms_code(MOBILE, captcha_id, text)
    harness.clock.advance(61)

    again = await door.send_sms_code(MOBILE, captcha_id, text)

    assert again.is_refused_as("CAPTCHA_EXPIRED")
    assert len(harness.sms.messages) == 1


async def test_captcha_is_spent_by_a_wrong_check(harness: Harness, door: Door) -> None:
    captcha_id, text = await solve_captcha(harness, door)

    wrong = await door.send_sms_code(MOBILE, captcha_id, "0000")
    right = await door.send_sms_code(MOBILE, captcha_id, text)

    assert wrong.is_refused_as("CAPTCHA_WRONG")
    assert wrong.attempts_remaining in {0, None}
    assert right.is_refused_as("CAPTCHA_EXPIRED")
    assert not harness.sms.messages


async def test_captcha_is_spent_at_both_doors_at_once(harness: Harness) -> None:
    rest, graphql = harness.open_door("rest"), harness.open_door("graphql")
    captcha_id, text = await solve_captcha(harness, rest)
    await graphql.send_sms_code(MOBILE, captcha_id, "0000")

    assert (await rest.send_sms_code(MOBILE, captcha_id, text)).is_refused_as("CAPTCHA_EXPIRED")


async def test_captcha_drawn_at_one_door_is_right_at_the_other(harness: Harness) -> None:
    captcha_id, text = await solve_captcha(harness, harness.open_door("graphql"))

    assert await harness.open_door("rest").send_sms_code(MOBILE, captcha_id, text)


async def test_captcha_is_compared_without_case_and_outer_spaces(harness: Harness, door: Door) -> None:
    captcha_id, text = await solve_captcha(harness, door)

    assert await door.send_sms_code(MOBILE, captcha_id, f" {text.lower()} ")


async def test_fetching_another_voids_the_previous_one(harness: Harness, door: Door) -> None:
    previous_id, text = await solve_captcha(harness, door)
    await door.create_captcha(previous_id=previous_id)

    assert (await door.send_sms_code(MOBILE, previous_id, text)).is_refused_as("CAPTCHA_EXPIRED")


@pytest.mark.parametrize(("age_seconds", "is_alive"), [(179, True), (180, False)])
async def test_captcha_lives_180_seconds(
    harness: Harness, door: Door, age_seconds: int, is_alive: bool
) -> None:
    captcha_id, text = await solve_captcha(harness, door)
    harness.clock.advance(age_seconds)

    assert (await door.send_sms_code(MOBILE, captcha_id, text)).is_ok is is_alive


async def test_unknown_captcha_reads_as_expired(door: Door) -> None:
    assert (await door.send_sms_code(MOBILE, "never-drawn", "ABCD")).is_refused_as("CAPTCHA_EXPIRED")


async def test_malformed_mobile_costs_no_captcha(harness: Harness, door: Door) -> None:
    captcha_id, text = await solve_captcha(harness, door)
    refused = await door.send_sms_code("12345", captcha_id, text)

    assert refused.is_refused_as("INVALID_INPUT")
    assert await door.send_sms_code(MOBILE, captcha_id, text)


async def test_captcha_has_four_characters_without_look_alikes(harness: Harness, door: Door) -> None:
    texts = {(await solve_captcha(harness, door))[1] for _ in range(20)}

    assert {len(text) for text in texts} == {4}
    assert not set("".join(texts)) & set("0OQD1ILJ2Z5S8B9G7UV")
    assert len(texts) > 15


async def test_captcha_is_a_png(harness: Harness) -> None:
    response = await harness.client().get("/api/imagecode", params={"codeid": "42"})

    assert response.headers["content-type"] == "image/png"
    assert response.headers["cache-control"] == "no-store"
    assert Image.open(BytesIO(response.content)).format == "PNG"


async def test_60_captchas_an_address_and_minute_over_both_doors(harness: Harness) -> None:
    doors = [harness.open_door("rest"), harness.open_door("graphql")]
    made = [await doors[turn % 2].create_captcha() for turn in range(62)]

    assert [outcome.is_ok for outcome in made] == [True] * 60 + [False] * 2
    assert all(outcome.is_refused_as("RATE_LIMITED") for outcome in made[60:])
    assert made[60].retry_after_seconds == made[61].retry_after_seconds == 60
    assert made[60].is_address_limit
    assert await harness.open_door("rest", address="198.51.100.2").create_captcha()


async def test_captcha_can_be_heard_without_being_spent(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(captcha_audio=True) as harness:
        door = harness.open_door(kind)
        captcha_id, text = await solve_captcha(harness, door)
        sound = await harness.client().get(f"/captchas/{captcha_id}.wav")

        assert sound.headers["content-type"] == "audio/wav"
        assert sound.content[:4] == b"RIFF"
        assert await door.send_sms_code(MOBILE, captcha_id, text)
        assert (await harness.client().get(f"/captchas/{captcha_id}.wav")).status_code == 404


async def test_refused_send_leaves_no_captcha_to_reuse(harness: Harness, door: Door) -> None:
    await ask_for_code(harness, door)
    captcha_id, text = await solve_captcha(harness, door)

    refused = await door.send_sms_code(MOBILE, captcha_id, text)
    harness.clock.advance(61)

    assert refused.is_refused_as("RATE_LIMITED")
    assert (await door.send_sms_code(MOBILE, captcha_id, text)).is_refused_as("CAPTCHA_EXPIRED")
