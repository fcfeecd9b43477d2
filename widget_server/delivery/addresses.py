"""Addresses: which receivers may be called. A name is resolved first and each of its addresses is checked; the call
then goes to a checked address, so that a DNS record that changes in between has no effect.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from widget_server import config
from widget_server.errors import BadRequest

URL_LENGTH_MAX = 2000
HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_.])?|[0-9a-f:.]*:[0-9a-f:.]+")
PORTS = {"https": 443, "http": 80}
NAT64 = ip_network("64:ff9b::/96")
# ranges that `is_global` accepts: a cloud's own services, tunnels into IPv4, retired site-local and others
NEVER = [
    ip_network(one)
    for one in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
]


class NotCallable(Exception):
    """The receiver's name resolves to an address that this server does not call."""


@dataclass(frozen=True)
class Target:
    """A receiver's address in its parts; `path` includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def named(self) -> str:
        """Returns the Host header of a request to it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Returns the parts of a receiver's `url`; raises BadRequest when this server may not call it.

    It must be https. Operators can allow plain http and private addresses (WIDGET_ALLOW_PRIVATE_WEBHOOKS).
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("That is not an address.") from None
    if len(url) > URL_LENGTH_MAX or not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        raise _wrong(f"An address has up to {URL_LENGTH_MAX} ASCII characters, and no blank.")
    if parts.scheme not in PORTS or not HOST.fullmatch(host) or "@" in parts.netloc or parts.fragment or port == 0:
        raise _wrong("A receiver's address looks like https://shop.example/hooks.")
    if parts.scheme == "http" and not config.current().allow_private_webhooks:
        raise _wrong("A receiver's address begins with https://.")
    literal = _literal(host)
    if literal is not None and not may_call(literal):
        raise _wrong("This address is private: the receiver has to be on the internet.")
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, port or PORTS[parts.scheme], (parts.path or "/") + query)


def resolve(target: Target) -> list[str]:
    """Returns the IP addresses of the host, each one checked; raises NotCallable, and OSError when there are none."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        if not may_call(ip_address(address)):
            raise NotCallable(f"{target.host} leads to {address}, which is private")
    return addresses


def may_call(address: IPv4Address | IPv6Address) -> bool:
    """True for a public address; for every address when the operator allows private ones."""
    return config.current().allow_private_webhooks or _is_public(address)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address in NAT64:
            return _is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in NEVER)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """Returns the IP address if `host` is one, also in notations that resolvers accept: 127.1, 0x7f000001."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


def _wrong(why: str) -> BadRequest:
    return BadRequest(why, field="url")
