"""Where a request comes from: whose word counts, and how addresses are written."""

from ipaddress import ip_address, ip_network

import pytest

from sale_adapters.wire.addresses import origin

TRUSTED = (ip_network("10.2.0.0/16"), ip_network("fd00:2::/32"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["10.9.9.9"], "203.0.113.9"),
        ("10.2.0.7", [], "10.2.0.7"),
        ("10.2.0.7", ["203.0.113.9"], "203.0.113.9"),
        ("10.2.0.7", ["10.9.9.9, 203.0.113.9"], "203.0.113.9"),
        ("10.2.0.7", ["10.9.9.9", "203.0.113.9, 10.2.0.8"], "203.0.113.9"),
        ("10.2.0.7", ["10.2.0.9,10.2.0.8"], "10.2.0.9"),
        ("::ffff:10.2.0.7", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("fd00:2::7", ["[2001:db8::9]:4711"], "2001:db8::9"),
        ("10.2.0.7", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.2.0.7", ["unknown"], None),
        ("10.2.0.7", ["203.0.113.9, "], None),
        (None, ["203.0.113.9"], None),
    ],
)
def test_the_rightmost_hop_that_is_not_trusted_is_the_origin(
    peer: str | None, forwarded: list[str], found: str | None
) -> None:
    expected = None if found is None else ip_address(found)
    assert origin(peer, forwarded=forwarded, trusted=TRUSTED) == expected


def test_nobody_is_believed_when_nobody_is_trusted() -> None:
    assert origin("10.2.0.7", forwarded=["203.0.113.9"], trusted=()) == ip_address("10.2.0.7")
