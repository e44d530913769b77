"""Which addresses may be called: public ones, and hosts that the configuration names."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

# What getaddrinfo returns: family, type, protocol, name, and the address itself, whose first part is the host.
Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]

# https://www.rfc-editor.org/rfc/rfc6052#section-2.1 (read 2026-09): IPv4 addresses as seen through NAT64
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddressError(OSError):
    """A name leads into a private network, and the configuration does not name it."""


class NamedHosts:
    """The hosts of the configured base URLs: only these may be, or lead to, private addresses."""

    def __init__(self) -> None:
        self._hosts: set[str] = set()

    def add(self, host: str) -> None:
        self._hosts.add(_plain(host))

    def allow(self, host: str) -> bool:
        """Whether this host may be called before its name is looked up: only literal addresses are judged."""
        return _plain(host) in self._hosts or _is_name(host) or is_public(host)

    def among(self, host: str, addresses: Iterable[Address]) -> list[Address]:
        """Return the addresses that may be called under this name; raises PrivateAddressError when none may."""
        found = list(addresses)
        if _plain(host) in self._hosts:
            return found
        public = [each for each in found if is_public(str(each[4][0]))]
        if found and not public:
            raise PrivateAddressError(f"{host} is in a private network")
        return public


def is_public(host: str) -> bool:
    """Whether a literal address is reachable for everybody, also where it hides an IPv4 address."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour
        if hidden is None and address in NAT64:
            hidden = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if hidden is not None:
            address = hidden
    return address.is_global and not address.is_multicast


def _is_name(host: str) -> bool:
    return ":" not in host and not host.replace(".", "").isdigit()


def _plain(host: str) -> str:
    return host.lower().strip("[]").rstrip(".")
