"""What the state store holds names nobody: whoever reads it finds no mobile and no address."""

import pytest
from sqlalchemy import select

from db.tables import state_entries
from tests.backends import read_redis_values
from tests.doors.flows import MOBILE, OTHER_MOBILE, ask_for_code, receive_code, sign_up, wrong
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio

ADDRESSES = ("198.51.100.77", "2001:db8:77:1234::1")


async def state_of(harness: Harness) -> str:
    """Every key and value of the state store, as one text."""
    if harness.redis_url:
        values = await read_redis_values(harness.redis_url, harness.redis_prefix)
        return "\n".join(value.decode() for value in values)
    async with harness.services.database.reading() as connection:
        rows = await connection.execute(select(state_entries))
        return "\n".join(str(tuple(row)) for row in rows)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_neither_mobile_nor_address_is_in_any_key_or_value(
    harness: Harness, kind: str, address: str
) -> None:
    door = harness.open_door(kind, address=address)
    await sign_up(harness, door)
    await door.logout()
    for _ in range(7):
        await door.login(MOBILE, "a wrong password")
    code, text = await receive_code(harness, door, OTHER_MOBILE)
    for _ in range(6):
        await door.register(OTHER_MOBILE, wrong(code), "correct horse 42", captcha_text=text)
    await ask_for_code(harness, door, OTHER_MOBILE)
    harness.clock.advance(60)
    code, _ = await receive_code(harness, door, "+8613912345670")

    kept = await state_of(harness)

    for kind_of_entry in ("limit:sms:", "limit:sign-in-failure:", "sign-in-pause:", "sms-code:", "audited:"):
        assert kind_of_entry in kept
    for mobile in (MOBILE, OTHER_MOBILE, "+8613912345670"):
        assert mobile.removeprefix("+86") not in kept
    for part in ("198.51.100", "2001:db8"):
        assert part not in kept
    assert f'"{code}"' not in kept
