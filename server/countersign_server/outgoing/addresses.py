"""Which addresses may be called when somebody else named them."""

from collections.abc import Iterable
from dataclasses import dataclass
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

# All that is given out to the internet; what translates or carries IPv4 addresses is beside it.
_GLOBAL_UNICAST = ip_network("2000::/3")
_SPECIAL = (
    # Behind these a gateway reaches any IPv4 address, ours included.
    ip_network("2002::/16"),
    ip_network("2001::/32"),
    # For examples, and between a provider and its customers; not every Python knows all of them.
    ip_network("3fff::/20"),
    ip_network("192.0.0.0/24"),
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Public addresses, and the networks that the operator adds to them.

    To those networks alone plain HTTP is spoken too.
    """

    networks: tuple[Network, ...] = ()

    def allows(self, address: Address, *, encrypted: bool) -> bool:
        """Tell whether an address may be connected to."""
        if any(address.version == one.version and address in one for one in self.networks):
            return True
        return encrypted and is_public(address)


# For addresses that the operator names in the settings: whatever they are, they are meant.
ANYWHERE = Reach((ip_network("0.0.0.0/0"), ip_network("::/0")))


def reach_of(networks: Iterable[str]) -> Reach:
    """Return the reach with these networks, such as "10.0.0.0/8". Raises ValueError."""
    return Reach(tuple(ip_network(one) for one in sorted(networks)))


def is_public(address: Address) -> bool:
    """Tell whether an address is one that the whole internet knows, whichever way it is written."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _GLOBAL_UNICAST:
            return False
    if any(address in one for one in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast


def as_address(host: str) -> Address | None:
    """Return the address that a host is written as; None: it is a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None
