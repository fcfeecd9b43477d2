"""The page for developers can be typed as printed, and each client takes a shop to its first points."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integrations.clients import CLIENTS, RUNTIMES, run
from tests.liquid import render
from tests.make import World
from widget_server import clock
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import shops
from widget_server.web.auth import SHOP_HEADER

DATABASES = ("sqlite",)
DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "any-shop.md").read_text("utf-8")


def test_each_command_of_the_page_works_as_printed(world: World, address: str) -> None:
    world.order_rule(10, handle="goods")
    script = "set -eu\n" + "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).replace(
        "\nsend ", "\necho; send "
    )
    script = re.sub(r"^read_order (\d+)$", r"echo; read_order \1", script, flags=re.M)
    known = {**os.environ, "HOST": address, "SHOP_ID": world.shop.id, "WEBHOOK_SECRET": world.shop.webhook_secret}
    shown = subprocess.run(["bash", "-c", script], check=False, capture_output=True, text=True, env=known)
    assert shown.returncode == 0, shown.stderr
    trial, booked, held, refunded, left, code = (json.loads(line) for line in shown.stdout.splitlines() if line)
    assert (trial["status"], trial["order"]["points"], trial["points_now"]) == ("booked", 180, 0)
    assert booked == refunded == {"status": "booked", "reason": None}
    assert (held["points"], left["points"], left["kept"]) == (180, 90, "9.00")
    assert (code["valid"], code["reason"]) == (False, "unknown")


def test_the_clients_that_the_page_names_are_there() -> None:
    named = set(re.findall(r"`integrations/clients/([\w/.-]+)`", PAGE))
    assert named == {str(path.relative_to(CLIENTS)) for path in CLIENTS.glob("*/*.*") if path.suffix != ".pyc"}


@pytest.mark.parametrize("language", RUNTIMES)
def test_a_client_takes_a_shop_to_its_first_points(
    world: World, client: FlaskClient, address: str, language: str
) -> None:
    world.order_rule(10)
    line = {"id": "1", "product_id": "p1", "name": "Ünder / 李", "quantity": 2, "subtotal": 1980, "discount": 180}
    source = {"id": "10/02 ä", "status": "paid", "currency": "EUR", "placed_at": clock.iso(clock.now()), "revision": 1}
    source |= {"customer": {"id": "c-9", "email": "ann@example.com"}, "lines": [line], "shipping": 500}
    shop = [address, world.shop.id, world.shop.webhook_secret]
    (text,) = run(language, [("order", [source])])
    body: Any = json.loads(text)
    trial, booked, held, unknown, refused = run(
        language,
        [
            ("request", [*shop, "order?dry_run=1", body]),
            ("request", [*shop, "order", body]),
            ("request", [*shop, "orders/10/02 ä"]),
            ("request", [*shop, "orders/10"]),
            ("request", [*shop[:2], "whsec_b3RoZXJvdGhlcm90aGVyb3RoZXI=", "order", body]),
        ],
    )
    assert (trial[0], trial[1]["status"], trial[1]["order"]["points"]) == (200, "booked", 180)
    assert (booked[0], booked[1]["status"], held[0], held[1]["points"]) == (200, "booked", 200, 180)
    assert (unknown[0], refused[0], refused[1]["error"]["code"]) == (404, 401, "bad_signature")
    (token,) = run(language, [("token", [world.shop.id, world.shop.identity_secret, {"id": "c-9"}])])
    headers = {SHOP_HEADER: world.shop.embed_key}
    signed_in = client.post("/widget/session/identity", json={"token": token}, headers=headers)
    assert signed_in.status_code == 200
    member = {**headers, "Authorization": f"Bearer {signed_in.json['token']}"}
    assert client.get("/widget/panel", headers=member).json["balance"]["available"] == 180


@pytest.mark.parametrize("page", ["any-shop.md", "shopify.md"])
@pytest.mark.parametrize(
    "customer",
    [{"id": 7000000000000000001, "email": "ann@example.com"}, {"id": "c/9.ä", "email": "jürgen+x@bücher.example"}],
)
def test_what_a_template_prints_signs_its_customer_in(
    world: World, client: FlaskClient, page: str, customer: dict[str, Any]
) -> None:
    """The Liquid of the documents as it is printed there, with Shopify's filters."""
    (snippet,) = re.findall(r"```liquid\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    for placeholder, fact in (("SHOP_ID", world.shop.id), ("IDENTITY_SECRET", world.shop.identity_secret)):
        assert placeholder in snippet
        snippet = snippet.replace(placeholder, fact)
    printed = render(snippet, clock.now().timestamp(), customer=customer)
    (digest,) = re.findall(r'"(d1\.[^"]+)"', printed)
    headers = {SHOP_HEADER: world.shop.embed_key}

    def signs_in() -> int:
        return client.post("/widget/session/identity", json={"token": digest}, headers=headers).status_code

    assert signs_in() == 401  # the owner has not turned it on
    shops.Shop.update(widget={**world.shop.widget, "identity_digest": True}).where(
        shops.Shop.id == world.shop.id
    ).execute()
    assert signs_in() == 200
    known = customers.by_external_id(world.shop.id, str(customer["id"]))
    assert known is not None and not known.email_verified
    assert render(snippet, clock.now().timestamp(), customer=None).count("d1.") == 0
    changed = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    forged = client.post("/widget/session/identity", json={"token": changed}, headers=headers)
    assert (forged.status_code, forged.json["error"]["code"]) == (401, "bad_signature")
