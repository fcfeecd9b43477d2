"""Which receivers may be called: what is public, whatever notation or name it hides behind (acceptance 63)."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest

from tests.make import SECRET
from widget_server import config
from widget_server.config import Settings
from widget_server.delivery import addresses
from widget_server.delivery.addresses import NotCallable
from widget_server.errors import BadRequest

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001:0:53aa:64c:0:fbff:80ff:fffe",
    "2001:db8::1",
    "100::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.fixture(autouse=True)
def strict() -> Iterator[Settings]:
    """An operator who did not allow private addresses."""
    settings = Settings(secret_key=SECRET)
    config.use(settings)
    yield settings


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    assert addresses.may_call(ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_may_not_unless_the_operator_says_so(address: str, strict: Settings) -> None:
    assert not addresses.may_call(ip_address(address))
    config.use(replace(strict, allow_private_webhooks=True))
    assert addresses.may_call(ip_address(address))


@pytest.mark.parametrize("address", [one for one in PRIVATE if ":" not in one])
def test_an_address_is_known_in_every_notation(address: str) -> None:
    first, second, third, fourth = map(int, address.split("."))
    number = int(ip_address(address))
    for spelled in (
        address,
        f"{address}.",
        str(number),
        hex(number),
        f"{first:#x}.{second}.{third:04o}.{fourth}",
        f"{first}.{(second << 16) + (third << 8) + fourth}",
        f"[::ffff:{address}]",
    ):
        with pytest.raises(BadRequest) as refused:
            addresses.parse(f"https://{spelled}/hooks")
        assert refused.value.field == "url", spelled


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hooks",
        "ftp://shop.example/hooks",
        "file:///etc/passwd",
        "//shop.example/hooks",
        "shop.example",
        "",
        "https://",
        "https:///hooks",
        "https://user:password@shop.example/",
        "https://shop.example@127.0.0.1/",
        "https://shop.example\\@127.0.0.1/",
        "https://shop.example/a b",
        "https://shop.example/\r\nHost: other",
        "https://shop.example/\t",
        "https://shop.example/#part",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://shop.example:port/",
        "https://straße.example/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://-shop.example/",
        "https://shop example/",
        "https://shop.example/" + "x" * 2000,
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadRequest) as refused:
        addresses.parse(url)
    assert refused.value.field == "url"


@pytest.mark.parametrize(
    ("url", "named", "port", "path"),
    [
        ("https://shop.example", "shop.example", 443, "/"),
        ("https://Shop.Example:8443/hooks?a=1&b=2", "shop.example:8443", 8443, "/hooks?a=1&b=2"),
        ("https://[2606:4700::1111]:8443/x", "[2606:4700::1111]:8443", 8443, "/x"),
        ("https://xn--strae-oqa.example:443/", "xn--strae-oqa.example", 443, "/"),
    ],
)
def test_an_address_comes_apart(url: str, named: str, port: int, path: str) -> None:
    target = addresses.parse(url)
    assert (target.scheme, target.named, target.port, target.path) == ("https", named, port, path)


def test_plain_http_is_for_operators_who_allow_private_addresses(strict: Settings) -> None:
    config.use(replace(strict, allow_private_webhooks=True))
    assert addresses.parse("http://127.0.0.1:8001/hooks").named == "127.0.0.1:8001"
    assert addresses.parse("http://localhost/").port == 80


def test_a_name_that_leads_home_is_not_called(strict: Settings) -> None:
    target = addresses.parse("https://localhost/hooks")
    with pytest.raises(NotCallable, match="localhost"):
        addresses.resolve(target)
    config.use(replace(strict, allow_private_webhooks=True))
    assert set(addresses.resolve(target)) <= {"127.0.0.1", "::1"}


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def replies(*found: str) -> None:
        entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *words, **names: entries)

    target = addresses.parse("https://shop.example/")
    replies("93.184.215.14", "8.8.8.8", "93.184.215.14")
    assert addresses.resolve(target) == ["93.184.215.14", "8.8.8.8"]
    replies("93.184.215.14", "10.0.0.1")
    with pytest.raises(NotCallable, match=r"10\.0\.0\.1"):
        addresses.resolve(target)
