"""IP addresses: whose they are, and which of them outgoing requests may reach."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
_NAT64_LOCAL = ip_network("64:ff9b:1::/48")
_RELAY_6TO4 = ip_network("192.88.99.0/24")


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """An address as proxies write it: `1.2.3.4`, `1.2.3.4:567`, `[2001:db8::1]:567`, or None.

    An IPv4 address written as IPv6 (`::ffff:1.2.3.4`) comes back as IPv4; zone ids are dropped.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def client_address(
    peer: str | None, forwarded_for: str | None, trusted: Sequence[str]
) -> Address | None:
    """Who sent a request: the last hop in `X-Forwarded-For` that no trusted proxy added itself.

    The header is read from right to left, because only its end was written by our own proxies;
    junk in it ends the walk at the last address that can be believed.
    """
    address = parse_address(peer or "")
    if not forwarded_for or (address and not in_networks(address, tuple(trusted))):
        return address
    for hop in reversed(forwarded_for.split(",")):
        previous = parse_address(hop)
        if previous is None:
            return address
        address = previous
        if not in_networks(address, tuple(trusted)):
            return address
    return address


@lru_cache(maxsize=16)
def _parsed(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(n) for n in networks)


@lru_cache(maxsize=4096)
def in_networks(address: Address, networks: tuple[str, ...]) -> bool:
    return any(address in n for n in _parsed(networks) if n.version == address.version)


def is_public(text: str) -> bool:
    """Whether an address is globally routable unicast.

    Addresses that stand for an IPv4 address (mapped, NAT64, 6to4) are judged by that one.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if inner := _inner_ipv4(address):
            return is_public(str(inner))
        if address in _NAT64_LOCAL:
            return False
    elif address in _RELAY_6TO4:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def bucket_of(address: Address | None) -> str:
    """What a rate limit per client counts: an IPv4 address, or an IPv6 network of 64 bits."""
    if address is None:
        return "unknown"
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address) >> 64 << 64, 64)))
