"""The WordPress plugin is downloaded where a WooCommerce shop is connected."""

import io
import tomllib
import zipfile
from pathlib import Path

from tests.dashboard.conftest import Desk
from tests.make import World
from widget_server import db
from widget_server.loyalty.program.shops import Shop
from widget_server.stores.woocommerce import plugin_zip

DATABASES = ("sqlite",)
ROOT = Path(__file__).parents[2]


def test_the_page_of_a_woocommerce_shop_gives_the_zip_that_wordpress_installs(desk: Desk, world: World) -> None:
    db.connect()
    Shop.update(platform="woocommerce").execute()
    assert 'href="/dashboard/settings/plugin"' in desk.get("/shop-connection").text
    sent = desk.get("/settings/plugin")
    assert (sent.status_code, sent.mimetype) == (200, "application/zip")
    assert sent.headers["Content-Disposition"] == 'attachment; filename="loyalty-widget-woocommerce.zip"'
    with zipfile.ZipFile(io.BytesIO(sent.data)) as packed:
        source = packed.read("loyalty-widget/loyalty-widget.php")
    assert source == (plugin_zip.SOURCE / "loyalty-widget.php").read_bytes()


def test_a_shopify_shop_is_not_led_to_it(desk: Desk, world: World) -> None:
    db.connect()
    Shop.update(platform="shopify").execute()
    assert "/settings/plugin" not in desk.get("/shop-connection").text


def test_an_installed_server_has_the_source_of_the_plugin_too() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert plugin_zip.SOURCE.relative_to(ROOT).as_posix() in built["only-include"]
