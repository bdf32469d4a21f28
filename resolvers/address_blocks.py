"""What of a client's address is counted, which for IPv6 are also the blocks of one home or company."""

import ipaddress
from functools import lru_cache

# Prefix lengths of IPv6 and how many times the budget of a /64 each has: a home gets a /64 to a /56, which is 256
# of them, a company a /48.
BLOCK_FACTORS = {64: 1, 56: 4, 48: 16}


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address without its zone, IPv4 written as IPv6 as what it is; None for anything else."""
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if parsed.version == 6 else parsed


def address_subject(text: str) -> str | None:
    """Whom limits count for an address: itself, or the /64 of an IPv6 one; None where it is none."""
    parsed = parse_address(text)
    if parsed is None:
        return None
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


@lru_cache(maxsize=4096)
def blocks_of(address: str) -> tuple[tuple[str, int], ...]:
    """The subjects to count for a client, each with the factor of its budget.

    `address` is as `Context.address` has it: an IPv4 address, an IPv6 /64, or a word for a client without one.
    """
    try:
        network = ipaddress.ip_network(address)
    except ValueError:
        return ((address, 1),)
    if network.version == 4:
        return ((address, 1),)
    base = network.network_address
    return tuple(
        (str(ipaddress.ip_network((base, bits), strict=False)), factor)
        for bits, factor in BLOCK_FACTORS.items()
    )
