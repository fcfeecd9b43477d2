"""The Shopify app's configuration and its theme app extension agree with the server and with each other."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.shopify_schema import record
from widget_server.app import WidgetServer
from widget_server.stores.shopify import TOPICS, subscriptions
from widget_server.stores.shopify.api import API_VERSION
from widget_server.widget.panel import TABS

DATABASES = ("sqlite",)
ROOT = Path(__file__).parents[2]
APP = ROOT / "integrations" / "shopify"
EXTENSION = APP / "extensions" / "loyalty"
HOST = "https://loyalty.example"
SHOP = f"{HOST}/stores/shopify/SHOP_ID/"
BLOCKS = sorted((EXTENSION / "blocks").glob("*.liquid"))
SCHEMA = re.compile(r"{% schema %}(.*){% endschema %}", re.DOTALL)
SETTING_TYPES = {"text", "select", "product"}
NAME_LENGTH_MAX = 25  # Shopify's


@pytest.fixture(scope="module")
def app() -> dict[str, Any]:
    return tomllib.loads((APP / "shopify.app.toml").read_text())


def schema_of(block: Path) -> dict[str, Any]:
    found = SCHEMA.search(block.read_text())
    assert found is not None
    known: dict[str, Any] = json.loads(found[1])
    return known


def texts(name: str) -> dict[str, str]:
    """The texts of a locale file by their path, as widget.server.label."""

    def flat(path: str, value: Any) -> dict[str, str]:
        if isinstance(value, str):
            return {path: value}
        return {key: text for name, one in value.items() for key, text in flat(f"{path}.{name}", one).items()}

    return {path.removeprefix("."): text for path, text in flat("", json.loads(locale(name))).items()}


def locale(name: str) -> str:
    return (EXTENSION / "locales" / f"{name}.json").read_text()


# -- the app's configuration ----------------------------------------------------------------------


def test_it_has_the_version_and_the_scopes_that_the_requests_need(app: dict[str, Any]) -> None:
    assert app["webhooks"]["api_version"] == API_VERSION
    scopes = set(app["access_scopes"]["scopes"].split(","))
    needed = set(re.findall(r"`((?:read|write)_\w+)`", " ".join(record.SCOPES.values())))
    granted = scopes | {scope.replace("write_", "read_") for scope in scopes}  # who may write may read
    assert needed <= granted and scopes <= needed


def test_each_privacy_topic_leads_to_its_address_and_all_others_are_the_servers_own(app: dict[str, Any]) -> None:
    rows = app["webhooks"]["subscriptions"]
    assert {topic: row["uri"] for row in rows for topic in row["compliance_topics"]} == {
        topic: SHOP + topic for topic in ("customers/data_request", "customers/redact", "shop/redact")
    }
    private = {topic for row in rows for topic in row["compliance_topics"]}
    assert set(TOPICS) - private - {"orders/edited"} == set(subscriptions.TOPICS)


def test_the_app_proxy_leads_to_the_servers_address_and_the_theme_knows_its_path(
    app: dict[str, Any], application: WidgetServer
) -> None:
    proxy = app["app_proxy"]
    door = f"{proxy['url']}/identity".removeprefix(HOST).replace("SHOP_ID", "<shop_id>")
    assert [rule.methods for rule in application.url_map.iter_rules() if rule.rule == door] == [
        {"GET", "HEAD", "OPTIONS"}
    ]
    (path,) = [
        one["default"] for one in schema_of(EXTENSION / "blocks" / "widget.liquid")["settings"] if "default" in one
    ]
    assert path == f"/{proxy['prefix']}/{proxy['subpath']}/identity"


def test_all_that_is_to_be_replaced_is_said_at_the_top(app: dict[str, Any]) -> None:
    text = (APP / "shopify.app.toml").read_text()
    head, _, rest = text.partition("\n\n")
    for word in ("loyalty.example", "SHOP_ID", "CLIENT_ID"):
        assert word in head and word in rest


# -- the theme app extension ----------------------------------------------------------------------


def test_the_extension_is_a_theme_app_extension() -> None:
    assert tomllib.loads((EXTENSION / "shopify.extension.toml").read_text())["type"] == "theme"
    assert [one.stem for one in BLOCKS] == ["balance", "cart-points", "product-points", "widget"]
    assert {one.stem: schema_of(one)["target"] for one in BLOCKS} == {
        "balance": "section",
        "cart-points": "section",
        "product-points": "section",
        "widget": "body",
    }


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.stem)
def test_each_setting_is_used_and_each_used_setting_is_there(block: Path) -> None:
    settings = schema_of(block)["settings"]
    known = {one["id"] for one in settings}
    markup = SCHEMA.sub("", block.read_text())
    assert set(re.findall(r"block\.settings\.(\w+)", markup)) == known
    assert {one["type"] for one in settings} <= SETTING_TYPES
    for one in settings:
        assert "options" not in one or one["default"] in [option["value"] for option in one["options"]]


@pytest.mark.parametrize("language", ["en.default", "de"])
def test_each_text_of_the_theme_editor_is_there_in_each_language(language: str) -> None:
    known = texts(f"{language}.schema")
    named = {name for block in BLOCKS for name in re.findall(r'"t:([\w.]+)"', block.read_text())}
    assert named == set(known)
    assert not [
        name for name in known if name.count(".") == 1 and name.endswith("name") and len(known[name]) > NAME_LENGTH_MAX
    ]
    shown = {name for block in BLOCKS for name in re.findall(r'{{ "([\w.]+)" \| t }}', block.read_text())}
    assert shown == set(texts(language))


def test_the_blocks_use_what_the_widget_reads() -> None:
    sources = ROOT / "widget_static" / "src"
    read = (sources / "loader.ts").read_text() + "".join(one.read_text() for one in sources.glob("embed/*.ts"))
    read += (sources / "embed.ts").read_text() + (sources / "config.ts").read_text()
    markup = "".join(block.read_text() for block in BLOCKS)
    badges = set(re.findall(r"data-loyalty-[\w-]+", markup))
    assert badges and not [name for name in badges if name not in read]
    for name in set(re.findall(r"data-(?!loyalty)([\w-]+)=", markup)):
        camel = re.sub(r"-(\w)", lambda found: found[1].upper(), name)
        assert f"data.{camel}" in read or f"dataset.{camel}" in read, name


def test_the_tabs_to_choose_are_tabs_of_the_panel() -> None:
    (tab,) = [one for one in schema_of(EXTENSION / "blocks" / "balance.liquid")["settings"] if one["id"] == "tab"]
    assert {option["value"] for option in tab["options"]} <= set(TABS)


def test_the_guide_names_all_that_the_owner_enters(app: dict[str, Any]) -> None:
    guide = (ROOT / "docs" / "shopify.md").read_text()
    rows = app["webhooks"]["subscriptions"]
    entered = [
        *app["access_scopes"]["scopes"].split(","),
        *(row["uri"] for row in rows),
        app["app_proxy"]["url"],
        app["application_url"],
        API_VERSION,
        *subscriptions.TOPICS,
    ]
    assert [one for one in entered if one not in guide] == []
