"""Network addresses, as limits count them: one host can have 2^64 IPv6 addresses at no cost."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from flask import request

HOST_BITS = 64  # the network that one line or one machine gets
SITE_BITS = 48  # the network that one customer of a provider may get: 65,536 of the former
SITE_FACTOR = 10
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address behind a translator


def client_address() -> str:
    """Returns the network address of the browser, as reported by the trusted proxies."""
    return request.remote_addr or "unknown"


def address_bucket(address: str, bits: int = HOST_BITS) -> str:
    """Returns the key by which a limit counts `address`: IPv4 whole, IPv6 by its first `bits` (contracts §19).

    An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4, Teredo) is that IPv4 address. A port after an address,
    which some proxies add, and a zone are ignored. Text that is not an address is counted unchanged.
    """
    found = _parsed(address)
    if found is None:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(IPv6Network((int(found), bits), strict=False))


def buckets(address: str) -> list[tuple[str, int]]:
    """Returns each bucket in which a limit counts `address`, and the factor on its rate (10 for an IPv6 site)."""
    host, site = address_bucket(address), address_bucket(address, SITE_BITS)
    return [(host, 1)] if host == site else [(host, 1), (site, SITE_FACTOR)]


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    for text in (address, _without_port(address)):
        try:
            found = ip_address(text.strip().strip("[]"))
        except ValueError:
            continue
        return _embedded(found) or found if isinstance(found, IPv6Address) else found
    return None


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Returns the IPv4 address inside an IPv6 one, None without one."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _without_port(address: str) -> str:
    """Returns 192.0.2.7:4711 or [2001:db8::1]:4711 without the port."""
    host, _, port = address.strip().rpartition(":")
    return host if port.isdecimal() else address
