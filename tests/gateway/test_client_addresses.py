"""Whom limits count: the peer, unless a proxy that we trust says otherwise."""

import ipaddress

import pytest

from gateway.addresses import ClientAddresses

PROXIES = ("10.0.0.0/8", "192.0.2.7/32", "2001:db8:1::/48")


def find(peer: str, forwarded_for: str | None = None, proxies: tuple[str, ...] = PROXIES) -> str:
    return ClientAddresses(ipaddress.ip_network(proxy) for proxy in proxies).find(peer, forwarded_for)


def test_client_of_nobody_trusted_is_the_peer() -> None:
    assert find("203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize("peer", ["203.0.113.9", "127.0.0.1", "::1", "11.0.0.1", "192.0.2.8"])
def test_forwarded_header_of_a_stranger_is_ignored(peer: str) -> None:
    assert find(peer, "198.51.100.1") == find(peer)


def test_loopback_is_trusted_only_when_it_is_listed() -> None:
    assert find("127.0.0.1", "198.51.100.1", proxies=()) == "127.0.0.1"
    assert find("127.0.0.1", "198.51.100.1", proxies=("127.0.0.1/32",)) == "198.51.100.1"


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        ("198.51.100.1", "198.51.100.1"),
        (" 198.51.100.1 ", "198.51.100.1"),
        ("198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("198.51.100.1,10.0.0.2,192.0.2.7", "198.51.100.1"),
        # Whatever stands left of the last hop that is not ours was written by the client.
        ("1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.9.9.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        # Nothing but proxies: the farthest of them.
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # What is no address ends the search at the last hop that is known.
        ("198.51.100.1, unknown", "10.0.0.1"),
        ("198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("198.51.100.1,", "10.0.0.1"),
        ("", "10.0.0.1"),
        (",,,", "10.0.0.1"),
        ("'; DROP TABLE", "10.0.0.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8:2::1]:4711", "2001:db8:2::/64"),
        ("[2001:db8:2::1]", "2001:db8:2::/64"),
        ("2001:db8:2::1", "2001:db8:2::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_trusted_proxy_tells_the_client(forwarded_for: str, client: str) -> None:
    assert find("10.0.0.1", forwarded_for) == client


def test_trusted_proxy_may_speak_mapped_ipv4_and_ipv6() -> None:
    assert find("::ffff:10.0.0.1", "198.51.100.1") == "198.51.100.1"
    assert find("2001:db8:1::5", "198.51.100.1") == "198.51.100.1"


@pytest.mark.parametrize(
    ("peer", "subject"),
    [
        ("2001:db8:2:3:4:5:6:7", "2001:db8:2:3::/64"),
        ("2001:DB8:2:3::", "2001:db8:2:3::/64"),
        ("2001:db8:2:3::1%eth0", "2001:db8:2:3::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("198.51.100.1", "198.51.100.1"),
        ("unix", "unknown"),
        ("", "unknown"),
    ],
)
def test_subject_is_the_address_or_the_network_of_one_customer(peer: str, subject: str) -> None:
    assert find(peer) == subject


def test_neighbours_in_one_ipv6_network_are_one_subject_and_those_in_two_are_two() -> None:
    assert find("2001:db8:2:3::1") == find("2001:db8:2:3:ffff::2")
    assert find("2001:db8:2:3::1") != find("2001:db8:2:4::1")


def test_endless_forwarded_header_is_read_from_its_end() -> None:
    assert find("10.0.0.1", "1.2.3.4," * 10_000 + "198.51.100.1") == "198.51.100.1"
