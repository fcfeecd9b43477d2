"""The script tag: one small file, made for its shop, kept by browsers for a while (contracts §6)."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.make import World
from widget_server.loyalty.program import colours, programs, shops
from widget_server.loyalty.program.shops import Shop, WidgetSettings
from widget_server.web import built_files
from widget_server.widget import assets, script


def look(world: World, **settings: Any) -> None:
    """The owner changes how the widget looks."""
    Shop.update(widget=WidgetSettings(**settings).as_json()).where(Shop.id == world.shop.id).execute()
    world.shop = shops.by_id(world.shop.id)


def load(client: FlaskClient, world: World, **headers: str) -> TestResponse:
    return client.get(f"/widget.js?shop={world.shop.embed_key}", headers=headers)


def told(client: FlaskClient, world: World) -> Any:
    """The settings that are inlined: what stands in the place of the placeholder."""
    before, after = built_files.text("loader.js").split(script.PLACEHOLDER)
    text = load(client, world).text
    assert text.startswith(before) and text.endswith(after)
    return json.loads(text[len(before) : len(text) - len(after)])


def hidden(settings: Any, path: str) -> bool:
    """What the loader makes of `h` (config.ts)."""
    return re.search(settings["h"], path) is not None


def test_it_is_kept_for_minutes_and_asked_for_anew_by_its_etag(world: World, client: FlaskClient) -> None:
    answer = load(client, world)
    assert answer.status_code == 200
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=300, stale-while-revalidate=86400"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert "Accept-Encoding" in answer.headers["Vary"]
    again = load(client, world, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"]
    look(world, colour="#ffd400")
    changed = load(client, world, **{"If-None-Match": answer.headers["ETag"]})
    assert changed.status_code == 200 and changed.headers["ETag"] != answer.headers["ETag"]


def test_a_browser_that_takes_brotli_gets_the_same_in_a_kilobyte(world: World, client: FlaskClient) -> None:
    import brotli

    packed = load(client, world, **{"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "br"
    assert len(packed.data) <= 1024
    assert brotli.decompress(packed.data).decode() == load(client, world).text
    assert "Content-Encoding" not in load(client, world, **{"Accept-Encoding": "gzip, br;q=0"}).headers


def test_an_unknown_key_is_not_found(client: FlaskClient) -> None:
    for query in ("", "?shop=", "?shop=pk_nobody", "?shop=%00"):
        assert client.get(f"/widget.js{query}").status_code in (400, 404)
    assert client.get("/widget.js?shop=pk_nobody").status_code == 404


def test_each_shop_gets_its_own(world: World, client: FlaskClient) -> None:  # acceptance 9
    other = World.create(name="Another")
    look(other, label="Other's points")
    assert told(client, other)["w"] == {"": "Other's points"}
    assert told(client, world)["w"][""] != "Other's points"


def test_the_word_is_the_shops_own_or_one_in_every_language(
    world: World, client: FlaskClient
) -> None:  # acceptance 6, 11
    words = told(client, world)["w"]
    shown = [words.get(locale, words[""]) for locale in assets.LOCALES]
    assert shown == [assets.strings(locale, {})["launcher.label"] for locale in assets.LOCALES]
    look(world, strings={"de": {"launcher.label": "Farnpunkte"}})
    assert told(client, world)["w"]["de"] == "Farnpunkte"
    for label in ('</script><b>"\\', "\u2028 ü 🌿", ""):
        look(world, label=label)
        assert told(client, world)["w"] == {"": label}


@pytest.mark.parametrize(("locale", "first"), [("de", "de"), ("de-AT", "de"), ("fr", "fr"), ("pt", "en")])
def test_a_language_that_we_have_not_falls_back_to_the_shops(client: FlaskClient, locale: str, first: str) -> None:
    words = told(client, World.create(locale=locale))["w"]
    assert words[""] == assets.strings(first, {})["launcher.label"]


def test_place_and_colours(world: World, client: FlaskClient) -> None:  # acceptance 6, 7
    light, dark = colours.accents("#ff0000")
    look(world, colour="#ff0000", side="start", offset_x=8, offset_y=90, z_index=7, mode="dark", hide_on_mobile=True)
    declarations = told(client, world)["s"]
    assert declarations.startswith("inset-inline-start:8px;bottom:90px;z-index:7;")
    assert f"--i:{dark['ink']};background:{dark['accent']};color:{dark['on_accent']};color-scheme:dark" in declarations
    assert declarations.endswith("@media(max-width:480px){display:none}")
    look(world, colour="#ff0000", mode="auto", icon=False)
    declarations = told(client, world)["s"]
    for name, place in (("ink", "--i"), ("accent", "background"), ("on_accent", "color")):
        assert f"{place}:light-dark({light[name]},{dark[name]})" in declarations
    assert "color-scheme" not in declarations and "@media" not in declarations
    assert "&:before{display:none}" in declarations


def test_where_the_launcher_hides(world: World, client: FlaskClient) -> None:  # acceptance 6
    assert not hidden(told(client, world), "/") and not hidden(told(client, world), "/cart")
    look(world, hide_paths=("/checkout*", "/a.b", "*/quiet/*"))
    settings = told(client, world)
    for path, hides in {
        "/checkout": True,
        "/checkout/pay": True,
        "/my/checkout": False,
        "/a.b": True,
        "/axb": False,
        "/a.b/c": False,
        "/de/quiet/corner": True,
        "/": False,
    }.items():
        assert hidden(settings, path) is hides, path
    look(world, show_paths=("/", "/shop/*"), hide_paths=("/shop/gifts",))
    settings = told(client, world)
    for path, hides in {"/": False, "/shop/a": False, "/shop": True, "/cart": True, "/shop/gifts": True}.items():
        assert hidden(settings, path) is hides, path
    look(world, hide_on_desktop=True)
    assert "@media(min-width:481px){display:none}" in told(client, world)["s"]
    look(world, hidden=True)
    assert hidden(told(client, world), "/")


def test_while_the_program_sleeps(client: FlaskClient) -> None:  # acceptance 16
    world = World.create(active=False)
    assert hidden(told(client, world), "/")
    programs.activate(world.shop.id)
    assert not hidden(told(client, world), "/")
    programs.pause(world.shop.id)
    assert not hidden(told(client, world), "/")  # "coming soon"
    look(world, when_paused="hide")
    assert hidden(told(client, world), "/")


def test_it_carries_the_launchers_settings_and_nothing_else(world: World, client: FlaskClient) -> None:
    world.refer(window_days=14)
    look(world, needs_consent=True)
    assert told(client, world).keys() == {"e", "w", "s", "h"}


def test_a_page_may_load_it_as_a_module(world: World, client: FlaskClient) -> None:
    assert load(client, world).headers["Access-Control-Allow-Origin"] == "*"


def test_what_it_names_is_there_for_ever(world: World, client: FlaskClient) -> None:
    address = told(client, world)["e"]
    assert re.fullmatch(r"/assets/embed-[0-9a-f]+\.js\?", address)
    file = client.get(address)
    assert file.status_code == 200
    assert "immutable" in file.headers["Cache-Control"] and "max-age=31536000" in file.headers["Cache-Control"]
    assert file.headers["Access-Control-Allow-Origin"] == "*"
    file.close()
