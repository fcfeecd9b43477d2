"""The settings in a real browser: what an owner does there, on a phone, without scripts, and what axe finds."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dashboard.conftest import PHONE, WIDE, Clerk
from tests.make import World
from widget_server.db import atomic
from widget_server.delivery import endpoints, outbox
from widget_server.delivery.outbox import Message
from widget_server.events import PointsMoved
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import Rights
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop

DATABASES = ("sqlite",)
Office = Callable[..., Clerk]
# axe takes a field that the bar of phones covers now, before the page is scrolled, for too small
BAR_AT_THE_END = "document.querySelector('.bar').style.position = 'static'"
PICTURES = os.environ.get("PICTURES")


def seen(clerk: Clerk, name: str) -> list[str]:
    """What axe finds on the page; with PICTURES set, pictures of it at both widths."""
    clerk.page.evaluate(BAR_AT_THE_END)
    found = clerk.inspects()
    for size in (PHONE, WIDE) if PICTURES else ():
        clerk.page.set_viewport_size(size)
        clerk.page.emulate_media(color_scheme="light")
        clerk.page.screenshot(path=Path(PICTURES or "") / f"{name}-{size['width']}.png", full_page=True)
    return found


@pytest.fixture
def busy(world: World) -> World:
    """A shop with keys, receivers, deliveries and a long log."""
    api_keys.create_key(world.shop.id, "till", rights=Rights("read", {"coupons": "read"}, ("192.0.2.0/24",)))
    ended, _ = api_keys.create_key(world.shop.id, "former")
    api_keys.revoke_key(world.shop.id, ended.id)
    shops.add_origin(world.shop, "https://a-second-shop.with-a-long-name.example")
    shops.add_secret(world.shop.id, "webhook")
    endpoints.create(world.shop.id, url="https://fern.example/a/rather/long/path/of/a/receiver", description="The till")
    with atomic():
        for number in range(3):
            outbox.publish(PointsMoved(world.shop.id, "a", f"c{number}", f"t{number}", "earn", number))
    Message.update(status="dead", tries=12, answer_status=500, answer="The database is down").execute()
    Shop.update(platform="woocommerce").execute()
    world.order_rule()
    return world


def test_every_settings_page_is_sound(office: Office, busy: World) -> None:
    (receiver,) = endpoints.listed(busy.shop.id)
    clerk, found = office(), []
    for name, path in {
        "shop": "/settings",
        "retention": "/settings/retention",
        "connect": "/settings/connection",
        "keys": "/api-keys",
        "key": "/api-keys/new",
        "secrets": "/secrets",
        "receivers": "/webhooks",
        "receiver": f"/webhooks/{receiver.id}?show=failed",
        "new-receiver": "/webhooks/new",
        "mails": "/mails",
        "letter": "/mails/points_moved?language=ar",
        "file": "/program-file",
        "audit-log": "/audit-log",
    }.items():
        clerk.goes(path)
        for one in clerk.page.locator("details.more").all():
            one.evaluate("(details) => { details.open = true; }")
        found += [f"{name}: {text}" for text in seen(clerk, name)]
    assert found == []


def test_an_owner_makes_a_key_on_a_phone_and_sees_it_once(office: Office, world: World) -> None:
    clerk = office(viewport=PHONE, permissions=["clipboard-read", "clipboard-write"])
    clerk.goes("/api-keys").presses("Create a key").types(Name="till").presses("Create")
    clerk.sees("it is shown only once").presses("Copy").sees("Copied")
    secret = clerk.page.evaluate("navigator.clipboard.readText()")
    assert secret.startswith("sk_") and secret not in clerk.page.url
    assert seen(clerk, "key-shown") == []
    clerk.presses("I have it").sees("till")
    assert secret not in clerk.page.content()


def test_a_program_file_is_applied_without_a_script(office: Office, world: World) -> None:
    clerk = office(java_script_enabled=False).goes("/program-file")
    text = clerk.page.get_by_label("The file", exact=True).input_value()
    broken = text + "rewards:\n  - handle: mug\n"
    clerk.types(The_file=broken).presses("Show what would change").sees("Nothing was changed").sees("Line")
    clerk.types(The_file=text.replace("Fern Club", "Fern Friends")).presses("Show what would change")
    clerk.sees("Fern Friends").presses("Apply").sees("1 change is made")


def test_the_plan_and_its_faults_are_sound(office: Office, world: World) -> None:
    clerk = office().goes("/program-file")
    text = "program:\n  name: Fern Friends\nrewards:\n  - {handle: mug, kind: free_shipping, cost_points: 5}\n"
    clerk.types(The_file=text).presses("Show what would change").sees("rewards.mug")
    assert seen(clerk, "plan") == []
    clerk.goes("/program-file").types(The_file="program: {name: 5}\n").presses("Show what would change").sees("fault")
    assert seen(clerk, "faults") == []
