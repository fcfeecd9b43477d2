"""Secrets in the dashboard: two of a kind may overlap, a fresh one is shown once, the last one stays."""

import re

from tests.dashboard.conftest import Desk
from tests.dashboard.test_settings import acts
from tests.make import World
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.program import shops

OWN = "the-secret-of-the-platform"
SHOWN = re.compile(r'<code id="secret">([^<]+)</code>')


def test_a_secret_is_replaced_without_an_interruption(desk: Desk, world: World) -> None:
    old = world.shop.webhook_secret
    response = desk.post("/secrets/add", kind="webhook")
    found = SHOWN.search(response.text)
    assert found and response.headers["Cache-Control"] == "no-store"
    assert [one.secret for one in shops.secrets_of(world.shop.id, "webhook")] == [found[1], old]
    page = desk.get("/secrets").text
    assert found[1] not in page and old not in page
    former = shops.secrets_of(world.shop.id, "webhook")[1]
    assert desk.post(f"/secrets/{former.id}/remove").status_code == 303
    assert world.shop.webhook_secret == found[1]
    assert [verb for verb, _ in acts(world, "shop_secret")] == ["create", "delete"]
    assert found[1] not in str([vars(row) for row in AuditEntry.select()])


def test_the_last_one_stays_and_a_third_is_refused(desk: Desk, world: World) -> None:
    (only,) = shops.secrets_of(world.shop.id, "identity")
    refused = desk.post(f"/secrets/{only.id}/remove")
    assert refused.status_code == 422 and "only secret" in refused.text
    assert desk.post("/secrets/add", kind="identity").status_code == 200
    third = desk.post("/secrets/add", kind="identity")
    assert third.status_code == 422 and "two secrets" in third.text


def test_the_shops_own_secret_is_taken_and_not_shown(desk: Desk, world: World) -> None:
    short = desk.post("/secrets/add", kind="webhook", secret="short")
    assert short.status_code == 422 and 'value="short"' not in short.text
    assert desk.post("/secrets/add", kind="webhook", secret=OWN).status_code == 303
    assert world.shop.webhook_secret == OWN and OWN not in desk.get("/secrets").text
