from __future__ import annotations

import pytest

from hc.lib.addresses import bucket_of, client_address, is_public, parse_address

PROXIES = ["127.0.0.0/8", "10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.3.4", "1.2.3.4"),
        (" 1.2.3.4:567 ", "1.2.3.4"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:567", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("unknown", "None"),
        ("", "None"),
        ("1.2.3.4.5", "None"),
        ("x" * 500, "None"),
    ],
)
def test_addresses_as_proxies_write_them(text: str, expected: str) -> None:
    assert str(parse_address(text)) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "1.2.3.4, junk, 10.0.0.2", "10.0.0.2"),
        ("::1", "[2001:db8::1]:80", "2001:db8::1"),
        (None, "1.2.3.4", "1.2.3.4"),
        (None, None, "None"),
    ],
)
def test_the_last_hop_that_is_not_ours_is_the_client(
    peer: str | None, forwarded: str | None, expected: str
) -> None:
    assert str(client_address(peer, forwarded, PROXIES)) == expected


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.88.99.1",
        "198.18.0.1",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:db8::1",
        "nonsense",
    ],
)
def test_addresses_that_may_not_be_called(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_addresses_that_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("address", "bucket"),
    [("1.2.3.4", "1.2.3.4"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("", "unknown")],
)
def test_limits_count_networks_of_ipv6(address: str, bucket: str) -> None:
    assert bucket_of(parse_address(address)) == bucket
