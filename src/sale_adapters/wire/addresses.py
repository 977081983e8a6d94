"""Where a request comes from: the peer of its socket, or whom a trusted proxy names."""

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")


def origin(peer: str | None, *, forwarded: Iterable[str], trusted: Collection[Network]) -> Address | None:
    """Return the address that a request comes from; None when it cannot be told.

    X-Forwarded-For is read from its right end, where the nearest proxy wrote, for as long as whoever wrote is trusted:
    what stands further left is the word of a stranger. When all are trusted, the first of them has begun it.

    >>> origin("10.2.0.7", forwarded=["203.0.113.9, 10.2.0.8"], trusted=[IPv4Network("10.2.0.0/16")])
    IPv4Address('203.0.113.9')

    Args:
        peer: The other end of the socket.
        forwarded: Every X-Forwarded-For of the request, in their order.
        trusted: The proxies whose word counts.
    """
    address = _address(peer or "")
    hops = [hop for line in forwarded for hop in line.split(",")]
    while hops and address is not None and within(address, trusted):
        address = _address(hops.pop())
    return address


def within(address: Address, networks: Collection[Network]) -> bool:
    """Tell whether an address is in one of the networks.

    >>> within(IPv4Address("10.2.0.7"), [IPv4Network("10.2.0.0/16")])
    True
    """
    return any(address in network for network in networks)


def unmapped(network: Network) -> Network:
    """Return the IPv4 network that is written as IPv6; any other one as it is.

    >>> unmapped(IPv6Network("::ffff:10.2.0.0/112"))
    IPv4Network('10.2.0.0/16')
    """
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - _MAPPED.prefixlen))
    return network


def _address(text: str) -> Address | None:
    """Read an address as proxies write it: perhaps in brackets, perhaps with a port behind it."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket that listens for both kinds shows IPv4 as IPv6.
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
