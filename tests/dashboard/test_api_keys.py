"""API keys in the dashboard: made, limited, replaced and ended; the secret is shown once."""

import re

from tests.dashboard.conftest import Desk
from tests.dashboard.test_settings import acts
from tests.integrator import Integrator
from tests.make import World
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.people import api_keys

SECRET = re.compile(r"sk_[\w-]{30,}")


def made(desk: Desk, **fields: object) -> str:
    """Create a key; returns the secret that the page shows."""
    response = desk.post("/api-keys/new", **{"name": "till", "scope": "manage", **fields})
    found = SECRET.search(response.text)
    assert response.status_code == 200 and found, response.text
    assert response.headers["Cache-Control"] == "no-store"
    return found[0]


def test_a_key_is_shown_once_and_works(desk: Desk, world: World) -> None:
    secret = made(desk)
    assert Integrator(desk.client.application.test_client(), secret).get("/loyalty-programs/v1/program")
    assert not SECRET.search(desk.get("/api-keys").text)
    assert acts(world, "api_key") == [("create", "Olga Owner")]
    assert secret not in str([vars(row) for row in AuditEntry.select()])


def test_a_key_is_limited_to_services_addresses_and_days(desk: Desk, world: World) -> None:
    made(
        desk,
        scope="read",
        services=["coupons", "orders"],
        addresses="192.0.2.7\r\n198.51.100.0/24\r\n",
        last_day="2099-12-31",
    )
    (key,) = api_keys.keys(world.shop.id)
    assert key.services == {"coupons": "read", "orders": "read"}
    assert key.addresses == ["192.0.2.7/32", "198.51.100.0/24"]
    assert key.expires_at.isoformat() == "2099-12-31T23:00:00+00:00"  # the end of the day in Berlin
    page = desk.get("/api-keys").text
    assert "coupons, orders" in page and "198.51.100.0/24" in page


def test_what_cannot_be_is_refused_beside_its_field(desk: Desk, world: World) -> None:
    for fields in ({"name": ""}, {"addresses": "the till"}, {"last_day": "2001-01-01"}, {"services": ["everything"]}):
        refused = desk.post("/api-keys/new", **{"name": "till", "scope": "read", **fields})
        assert refused.status_code == 422 and 'class="error"' in refused.text, fields
    assert api_keys.keys(world.shop.id) == []


def test_a_replaced_secret_may_overlap_and_an_ended_key_works_no_more(desk: Desk, world: World) -> None:
    old = made(desk)
    (key,) = api_keys.keys(world.shop.id)
    shown = desk.post(f"/api-keys/{key.id}/rotate", keep="24")
    new = SECRET.search(shown.text)
    assert new and new[0] != old
    assert api_keys.key_by_secret(old).id == api_keys.key_by_secret(new[0]).id == key.id
    assert desk.post(f"/api-keys/{key.id}/end").status_code == 303
    caller = Integrator(desk.client.application.test_client(), new[0])
    caller.get("/loyalty-programs/v1/program", status=401)
    assert "Ended keys (1)" in desk.get("/api-keys").text
    assert desk.post(f"/api-keys/{key.id}/rotate", keep="0").status_code == 404
    assert [verb for verb, _ in acts(world, "api_key")] == ["create", "update", "update"]


def test_keys_of_another_shop_are_not_there(desk: Desk, world: World) -> None:
    other = World.create(name="Another")
    key, _ = api_keys.create_key(other.shop.id, "theirs")
    assert "theirs" not in desk.get("/api-keys").text
    assert desk.post(f"/api-keys/{key.id}/end").status_code == 404
