"""A shop keeps its secrets sealed, and its origins as browsers write them."""

import base64

import pytest

from tests.make import World, everything_kept
from widget_server import db
from widget_server.errors import BadRequest, NotFound
from widget_server.loyalty.program import shop_of_request, shops

GOOD = {
    "name": "Fjord & Fern",
    "origins": ["https://shop.example"],
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "locale": "de-AT",
}


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://Shop.Example/ ", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("https://shop.example:80", "https://shop.example:80"),
        ("http://shop.localhost:8001", "http://shop.localhost:8001"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://müller.example", "https://xn--mller-kva.example"),
        ("https://weiß.example", "https://xn--wei-7ka.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(typed: str, written: str) -> None:
    assert shops.clean_origin(typed) == written


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "shop.example",
        "//shop.example",
        "ftp://shop.example",
        "javascript://shop.example",
        "null",
        "*",
        "https://",
        "https://*.example",
        "https://shop.example/path",
        "https://shop.example?x=1",
        "https://shop.example#x",
        "https://user:word@shop.example",
        "https://shop.example:99999",
        "https://shop.example:http",
        "https://[::1",
        "https://evil.example;script-src *",
        "https://a.example https://b.example",
        "https://shop.example'",
    ],
)
def test_nothing_else_is_an_origin_above_all_no_second_word_of_a_policy(typed: str) -> None:
    with pytest.raises(BadRequest) as refused:
        shops.clean_origin(typed)
    assert refused.value.field == "origin"


def test_a_shop_has_secrets_of_its_own_sealed_at_rest(world: World) -> None:
    one, other = shops.create(**GOOD), shops.create(**GOOD)
    for secret in ("identity_secret", "webhook_secret", "embed_key", "id"):
        assert getattr(one, secret) != getattr(other, secret)
    assert base64.b64decode(one.webhook_secret.removeprefix("whsec_"), validate=True)
    raw = db.database.execute_sql("SELECT * FROM shop").fetchall()
    kept = " ".join(str(value) for row in raw for value in row)
    assert one.id in kept
    assert one.identity_secret not in kept
    assert one.webhook_secret not in kept


def test_a_platform_s_own_webhook_secret_is_taken_over(world: World) -> None:
    shop = shops.create(**GOOD, platform="shopify", webhook_secret="theirs-of-the-platform")
    assert shops.by_id(shop.id).webhook_secret == "theirs-of-the-platform"


def test_an_origin_named_twice_stands_once_and_the_first_is_home(world: World) -> None:
    shop = shops.create(**{**GOOD, "origins": ["https://b.example", "https://B.example/", "https://a.example"]})
    shops.add_origin(shop, "https://a.example:443")
    assert shop.origins == ["https://b.example", "https://a.example"]


WRONG = [
    ("name", "  "),
    ("currency", "eur"),
    ("currency", "EUR\n"),
    ("currency", "EURO"),
    ("timezone", "Europe/Atlantis"),
    ("timezone", "../../etc/passwd"),
    ("timezone", ""),
    ("locale", "english please"),
    ("locale", ""),
    ("origins", []),
    ("origins", ["https://a.example", "nonsense"]),
]


def test_a_wrong_field_is_named_and_no_shop_is_made(world: World) -> None:
    for field, wrong in WRONG:
        with pytest.raises(BadRequest) as refused:
            shops.create(**{**GOOD, field: wrong})
        assert refused.value.field == field.removesuffix("s"), wrong
    assert shops.Shop.select().count() == 1


def test_a_shop_is_found_by_id_or_embed_key_and_by_nothing_else(world: World) -> None:
    assert shops.by_id(world.shop.id) == world.shop
    assert shop_of_request.by_embed_key(world.shop.embed_key) == world.shop
    for find in (shops.by_id, shop_of_request.by_embed_key):
        with pytest.raises(NotFound):
            find("pk_of_nobody")
    with pytest.raises(NotFound):
        shops.by_id(world.shop.embed_key)


def test_the_look_fills_in_what_is_not_set(world: World) -> None:
    shop = world.shop
    shop.widget = {"side": "start"}
    shop.save()
    look = shops.by_id(shop.id).look
    assert (look.side, look.colour, look.when_paused) == ("start", "#1b6b4a", "soon")


# The shop's own API


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://fern.myshopify.com", "https://fern.myshopify.com"),
        (" https://shop.example/de/ ", "https://shop.example/de"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://shop.localhost/", "http://shop.localhost"),
    ],
)
def test_an_api_is_reached_where_keys_are_safe(typed: str, kept: str) -> None:
    assert shops.clean_api_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "fern.myshopify.com",
        "http://fern.myshopify.com",
        "http://localhost.evil.example",
        "ftp://shop.example",
        "https://",
        "https://ck:cs@shop.example",
        "https://shop.example?key=1",
        "https://shop.example#x",
        "https://shop.example:99999",
        "https://[::1",
        "https://shop.example\r\nX: y",
    ],
)
def test_an_address_that_would_give_keys_away_is_refused(typed: str) -> None:
    with pytest.raises(BadRequest) as no:
        shops.clean_api_url(typed)
    assert no.value.field == "api_url"


def test_keys_to_a_shop_are_sealed_and_forgotten(database: str) -> None:
    shop = World.create(platform="shopify").shop
    assert (shop.is_connected, shop.api_keys) == (False, {})
    for key in ("", "a b", "a\nb", "ä", "x" * 501):
        with pytest.raises(BadRequest) as no:
            shops.connect(shop, "https://fern.myshopify.com", {"token": key})
        assert no.value.field == "token"
    assert not shops.by_id(shop.id).is_connected
    shops.connect(shop, "https://fern.myshopify.com/", {"token": "shpat_hush"})
    kept = shops.by_id(shop.id)
    assert (kept.is_connected, kept.api_keys) == (True, {"token": "shpat_hush"})
    assert "shpat_hush" not in everything_kept()
    shops.disconnect(shop)
    assert not shops.by_id(shop.id).is_connected
