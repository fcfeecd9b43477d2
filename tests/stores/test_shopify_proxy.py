"""Who is logged in to a Shopify shop is believed only with Shopify's signature (contracts §31)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, World
from tests.stores import bodies
from tests.stores.shopify_shop import ShopifyShop
from widget_server import clock, config
from widget_server.loyalty.people import customers, sign_in
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shops
from widget_server.stores import connecting, inbox
from widget_server.stores.shopify import proxy

ANN = "7000000000000000001"
ACCOUNT = {
    "firstName": "Ann",
    "lastName": "Mug",
    "locale": "de",
    "verifiedEmail": True,
    "defaultEmailAddress": {"emailAddress": "ann@example.com"},
}
Pairs = list[tuple[str, str]]
Door = Callable[[str], tuple[int, Any]]


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with ShopifyShop(customers={ANN: ACCOUNT}) as running:
        yield running
    assert running.violations == []


@pytest.fixture
def world(database: str, shop: ShopifyShop) -> Iterator[World]:
    config.use(replace(config.current(), base_url="https://loyalty.example"))
    with clock.at(NOON):
        made = World.create(platform="shopify")
        connecting.connect(made.shop, shop.url, shop.keys)
        made.shop = shops.by_id(made.shop.id)
        yield made


@pytest.fixture
def door(world: World, client: FlaskClient) -> Door:
    """The app proxy's way to us, with a query: the status and the token."""

    def go(query: str) -> tuple[int, Any]:
        response = client.get(f"/stores/shopify/{world.shop.id}/proxy/identity?{query}")
        assert response.headers["Cache-Control"] == "no-store"
        return response.status_code, (response.get_json() or {}).get("token") if response.data else None

    return go


def test_a_customer_who_is_logged_in_is_signed_in_with_what_shopify_says(
    door: Door, world: World, shop: ShopifyShop
) -> None:
    status, token = door(shop.proxied(ANN))
    assert status == 200
    signed = sign_in.with_identity(world.shop, token)
    ann = signed.customer
    assert (ann.external_id, ann.email, ann.name, ann.locale) == (ANN, "ann@example.com", "Ann Mug", "de")
    assert ann.email_verified


def test_the_account_is_read_once(door: Door, world: World, shop: ShopifyShop) -> None:
    for _ in range(3):
        sign_in.with_identity(world.shop, door(shop.proxied(ANN))[1])
    assert [name for name, _ in shop.calls].count("customer") == 1
    assert Customer.of(world.shop).count() == 1


def test_a_customer_whom_a_webhook_told_of_is_not_read_at_all(door: Door, world: World, shop: ShopifyShop) -> None:
    inbox.deliver(world.shop, "shopify", "customers/create", bodies.encoded(bodies.shopify_customer()))
    signed = sign_in.with_identity(world.shop, door(shop.proxied(ANN))[1])
    assert signed.customer.email == "ann@example.com"
    assert [name for name, _ in shop.calls].count("customer") == 0


@pytest.mark.parametrize("trouble", [{"is_approved": False}, {"mood": "breaks"}, {"customers": {}}])
def test_without_their_account_customers_are_signed_in_by_their_id(
    door: Door, world: World, shop: ShopifyShop, trouble: dict[str, Any]
) -> None:
    for name, value in trouble.items():
        setattr(shop, name, value)
    signed = sign_in.with_identity(world.shop, door(shop.proxied(ANN))[1])
    assert (signed.customer.external_id, signed.customer.email) == (ANN, None)


def test_a_guest_gets_nothing(door: Door, shop: ShopifyShop) -> None:
    assert door(shop.proxied()) == (204, None)


def test_order_and_further_parameters_do_not_matter_as_long_as_they_are_signed(door: Door, shop: ShopifyShop) -> None:
    query = shop.proxied(ANN, view="cart & more", a="é")
    assert door(query)[0] == 200
    assert door(urlencode(parse_qsl(query)[::-1]))[0] == 200


def changed(name: str, value: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: [(one, value if one == name else old) for one, old in pairs]


def without(name: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: [pair for pair in pairs if pair[0] != name]


ATTACKS: dict[str, Callable[[Pairs], Pairs]] = {
    "another customer": changed("logged_in_customer_id", "8"),
    "nobody": changed("logged_in_customer_id", ""),
    "another path": changed("path_prefix", "/apps/other"),
    "another time": changed("timestamp", str(int(NOON.timestamp()) + 1)),
    "no signature": without("signature"),
    "an empty signature": changed("signature", ""),
    "a signature of letters": changed("signature", "é" * 64),
    "no customer": without("logged_in_customer_id"),
    "no shop": without("shop"),
    "no time": without("timestamp"),
    "one more parameter": lambda pairs: [*pairs, ("extra", "1")],
    "the customer twice": lambda pairs: [*pairs, ("logged_in_customer_id", "8")],
    "the customer twice, before": lambda pairs: [("logged_in_customer_id", "8"), *pairs],
    "the signature twice": lambda pairs: [*pairs, ("signature", "0" * 64)],
    "a name that swallows the id": lambda pairs: [
        (f"logged_in_customer_id={value}path_prefix", old) if one == "path_prefix" else (one, old)
        for one, old in pairs
        for value in [dict(pairs)["logged_in_customer_id"]]
        if one != "logged_in_customer_id"
    ],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_shopify_did_not_sign_so_signs_nobody_in(door: Door, shop: ShopifyShop, attack: str) -> None:
    pairs = ATTACKS[attack](parse_qsl(shop.proxied(ANN), keep_blank_values=True))
    assert door(urlencode(pairs)) == (401, None)


def signed(at: ShopifyShop, **facts: str) -> str:
    """Signed by Shopify's rule, whatever it says; a value with | stands for the same name more than once."""
    told = dict(parse_qsl(at.proxied(ANN))) | facts
    told.pop("signature")
    pairs = [(name, one) for name, value in told.items() for one in value.split("|")]
    return urlencode([*pairs, ("signature", proxy.signature_of(at.secret, pairs))])


@pytest.mark.parametrize(
    "facts",
    [
        {"shop": "another.myshopify.com"},
        {"timestamp": str(int((NOON - timedelta(seconds=91)).timestamp()))},
        {"timestamp": str(int((NOON + timedelta(seconds=91)).timestamp()))},
        {"timestamp": "now"},
        {"timestamp": "9" * 12},
        {"logged_in_customer_id": f"{ANN}|8"},
        {"logged_in_customer_id": f"{ANN},8"},
        {"logged_in_customer_id": "٣"},
        {"logged_in_customer_id": "-1"},
    ],
)
def test_what_shopify_signed_but_did_not_mean_for_us_now_signs_nobody_in(
    door: Door, shop: ShopifyShop, facts: dict[str, str]
) -> None:
    assert door(signed(shop))[0] == 200
    assert door(signed(shop, **facts)) == (401, None)


def test_another_secret_and_another_shop_sign_nobody_in(
    door: Door, client: FlaskClient, world: World, shop: ShopifyShop
) -> None:
    generic = World.create(name="Generic").shop
    assert client.get(f"/stores/shopify/{generic.id}/proxy/identity?{shop.proxied(ANN)}").status_code == 404
    other = World.create(name="Other", platform="shopify").shop
    assert client.get(f"/stores/shopify/{other.id}/proxy/identity?{shop.proxied(ANN)}").status_code == 401
    shop.secret = "shpss_guessed-by-nobody"
    assert door(shop.proxied(ANN)) == (401, None)
    shop.secret = shop.keys["client_secret"]
    shops.disconnect(world.shop)
    assert door(shop.proxied(ANN)) == (401, None)


def test_a_token_signs_in_once(door: Door, world: World, shop: ShopifyShop) -> None:
    query = shop.proxied(ANN)
    first, second = door(query)[1], door(query)[1]
    assert first != second  # a repeated request within its time gets a token of its own
    assert sign_in.with_identity(world.shop, first).customer.id == sign_in.with_identity(world.shop, second).customer.id
    assert customers.by_external_id(world.shop.id, ANN) is not None


def test_the_signature_is_that_of_the_documentation() -> None:
    """The example of Shopify's page on app proxies: secret hush."""
    pairs = [
        ("extra", "1"),
        ("extra", "2"),
        ("shop", "shop-name.myshopify.com"),
        ("logged_in_customer_id", "1"),
        ("path_prefix", "/apps/awesome_reviews"),
        ("timestamp", "1317327555"),
    ]
    expected = "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
    assert proxy.signature_of("hush", pairs) == expected


@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=2), st.text(max_size=3)), max_size=6), st.randoms())
def test_the_order_of_names_does_not_matter_to_the_signature(pairs: Pairs, random: Any) -> None:
    names = list(dict.fromkeys(name for name, _ in pairs))
    random.shuffle(names)
    other = [pair for name in names for pair in pairs if pair[0] == name]
    assert proxy.signature_of("hush", pairs) == proxy.signature_of("hush", other)
