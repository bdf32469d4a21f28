"""Limits by address count an IPv6 home and company too, with larger budgets of their own."""

import pytest

from resolvers.address_blocks import blocks_of
from tests.doors.door import Door
from tests.doors.flows import ask_for_code
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("address", "blocks"),
    [
        ("198.51.100.1", (("198.51.100.1", 1),)),
        ("unknown", (("unknown", 1),)),
        (
            "2001:db8:77:12ab::/64",
            (("2001:db8:77:12ab::/64", 1), ("2001:db8:77:1200::/56", 4), ("2001:db8:77::/48", 16)),
        ),
    ],
)
def test_blocks_of_an_address(address: str, blocks: tuple[tuple[str, int], ...]) -> None:
    assert blocks_of(address) == blocks


async def test_a_home_with_many_networks_has_four_times_the_budget_of_one(
    harness: Harness, kind: str
) -> None:
    def door_at(network: int) -> Door:
        return harness.open_door(kind, address=f"2001:db8:77:12{network:02x}::1")

    for network in range(4):
        for _ in range(60):
            assert await door_at(network).create_captcha()
    refused = await door_at(5).create_captcha()
    next_home = await harness.open_door(kind, address="2001:db8:77:1300::1").create_captcha()

    assert refused.is_refused_as("RATE_LIMITED")
    assert refused.is_address_limit in {True, None}
    assert next_home


async def test_ipv4_in_ipv6_is_the_ipv4_address(harness: Harness, kind: str) -> None:
    for turn in range(20):
        sent = await ask_for_code(
            harness, harness.open_door(kind, address="::ffff:198.51.100.9"), f"+86139000000{turn:02}"
        )
        assert sent.is_ok
    door = harness.open_door(kind, address="198.51.100.9")

    assert (await ask_for_code(harness, door, "+8613900000099")).is_refused_as("RATE_LIMITED")
