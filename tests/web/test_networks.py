"""Whoever has more addresses than others has no more tries (contracts §19)."""

import ast
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

import widget_server
from tests.make import World, proof
from widget_server.errors import RateLimited
from widget_server.web import networks, rate_limits
from widget_server.web.networks import address_bucket, buckets

SITE = int(IPv6Address("2001:db8:7::"))
RATE = "5 per hour"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("[2001:db8::1]", "2001:db8::2", True),
        ("[2001:db8::1]:4711", "2001:DB8:0:0::2", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1:4711", "192.0.2.1:4712", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("64:ff9b::192.0.2.1", "192.0.2.1", True),
        ("64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", False),
        ("2002:c000:0201::1", "192.0.2.1", True),
        ("unknown", "unknown", True),
        ("unknown", "192.0.2.1", False),
    ],
)
def test_one_sender_is_an_ipv4_address_or_a_network_of_ipv6(one: str, other: str, same: bool) -> None:
    assert (address_bucket(one) == address_bucket(other)) is same


def test_a_site_of_ipv6_is_counted_too_at_ten_times_the_rate() -> None:
    assert buckets("192.0.2.7") == [("192.0.2.7", 1)]
    assert buckets("2001:db8:7:1::9") == [("2001:db8:7:1::/64", 1), ("2001:db8:7::/48", 10)]


hosts = st.builds(
    lambda net, host: str(IPv6Address(SITE + (net << 64) + host)), st.integers(0, 3), st.integers(0, 2**64 - 1)
)


def tries_from(client: FlaskClient, addresses: list[str]) -> dict[str, int]:
    """How many tries each /64 was allowed."""
    rate_limits.forget_all()
    allowed: dict[str, int] = {}
    for address in addresses:
        with client.application.test_request_context(environ_base={"REMOTE_ADDR": address}):
            try:
                rate_limits.limit_address_flood(RATE, "try")
            except RateLimited:
                continue
        net = str(IPv6Address(int(IPv6Address(address)) >> 64 << 64))
        allowed[net] = allowed.get(net, 0) + 1
    return allowed


def no_net_has_more(client: FlaskClient, addresses: list[str]) -> None:
    assert max(tries_from(client, addresses).values()) <= 5


@pytest.mark.parametrize("limit", [rate_limits.limit_address, rate_limits.limit_address_flood])
def test_a_net_has_five_tries_and_its_site_fifty(client: FlaskClient, limit: object) -> None:
    assert callable(limit)
    allowed = 0
    for number in range(200):
        address = str(IPv6Address(SITE + (number % 40 << 64) + number))
        with client.application.test_request_context(environ_base={"REMOTE_ADDR": address}):
            try:
                limit(RATE, "try")
            except RateLimited:
                continue
            allowed += 1
    assert allowed == 50


def test_no_choice_of_addresses_gives_a_net_more(world: World, client: FlaskClient) -> None:
    @proof(30, 300)
    @given(st.lists(hosts, min_size=1, max_size=40))
    def story(addresses: list[str]) -> None:
        no_net_has_more(client, addresses)

    story()


def test_twin_limits_that_count_addresses_as_they_are(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [str(IPv6Address(SITE + host)) for host in range(6)]
    no_net_has_more(client, addresses)
    monkeypatch.setattr(networks, "address_bucket", lambda address, bits=64: address)
    with pytest.raises(AssertionError):
        no_net_has_more(client, addresses)


def test_no_limit_is_given_a_bare_address() -> None:
    """Whoever limits addresses calls what counts them by networks."""
    for path in Path(widget_server.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
                "limit",
                "limit_flood",
                "failures",
                "count",
            ):
                assert "address" not in " ".join(map(ast.unparse, node.args)), f"{path}:{node.lineno}"
