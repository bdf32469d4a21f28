"""The client's address: the peer's, unless the peer is a proxy that we trust."""

from collections.abc import Iterable
from functools import lru_cache

from gateway.settings import IPNetwork
from resolvers.address_blocks import address_subject, parse_address


class ClientAddresses:
    """Finds whom limits count: an IPv4 address, or the /64 of an IPv6 one."""

    def __init__(self, trusted_networks: Iterable[IPNetwork]) -> None:
        self._trusted = tuple(trusted_networks)
        self.subject_of = lru_cache(maxsize=4096)(_subject_of)
        self.is_trusted = lru_cache(maxsize=4096)(self._is_trusted)

    def find(self, peer: str, forwarded_for: str | None) -> str:
        """The subject for a request of `peer`; from a trusted proxy, the last hop that is not one.

        A hop that is no address ends the search: what stands left of it was written by nobody we trust.
        """
        if not (forwarded_for and self._trusted and self.is_trusted(peer)):
            return self.subject_of(peer)
        client = peer
        for hop in reversed(forwarded_for.split(",")):
            address = _without_port(hop.strip())
            if parse_address(address) is None:
                break
            client = address
            if not self.is_trusted(address):
                break
        return self.subject_of(client)

    def _is_trusted(self, address: str) -> bool:
        parsed = parse_address(address)
        return parsed is not None and any(
            parsed.version == network.version and parsed in network for network in self._trusted
        )


def _without_port(hop: str) -> str:
    """An address of the forms `1.2.3.4:80` and `[::1]:80`, which some proxies write."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _subject_of(address: str) -> str:
    return address_subject(address) or "unknown"
