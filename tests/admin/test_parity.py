"""What the dashboard's pages do, done over the wire: views, exports, the shop, its origins, deliveries."""

from tests.integrator import Integrator
from tests.make import World
from widget_server.delivery import endpoints
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Origin

CUSTOMERS = "/loyalty-customers/v1"
SETTINGS = "/loyalty-settings/v1"


def test_a_view_is_saved_with_its_filter_and_order(owner: Integrator, reader: Integrator, world: World) -> None:
    sent = {"name": "Big spenders", "filter": {"balanceMin": 1000, "joinedFrom": "2026-01-31"}, "sort": "BALANCE"}
    view = owner.post(f"{CUSTOMERS}/saved-views", sent)["view"]
    assert view == {"id": view["id"], **sent, "way": "DOWN"}
    assert reader.get(f"{CUSTOMERS}/saved-views")["views"] == [view]
    owner.post(f"{CUSTOMERS}/saved-views", {"name": " "}, status=400)
    reader.delete(f"{CUSTOMERS}/saved-views/{view['id']}", status=403)
    owner.delete(f"{CUSTOMERS}/saved-views/{view['id']}")
    assert owner.get(f"{CUSTOMERS}/saved-views")["views"] == []


def test_those_who_match_are_downloaded(owner: Integrator, world: World) -> None:
    for name, points in (("Ann", 100), ("Bo", 300)):
        world.member(f"{name}@example.com", name=name).is_given(points)
    path = f"{CUSTOMERS}/directory.csv?balanceMin=200&excluded=NO&sort=NAME"
    file = owner.client.get(path, headers={"Authorization": owner.secret or ""})
    header, *rows = file.text.splitlines()
    assert header.startswith("id,name,email") or "email" in header
    assert len(rows) == 1 and "Bo" in rows[0]
    assert 'filename="directory.csv"' in file.headers["Content-Disposition"]
    wrong = owner.get(f"{CUSTOMERS}/directory.csv?sort=SIZE", status=400)
    assert "sort" in str(wrong)


def test_the_shop_is_renamed(owner: Integrator, reader: Integrator, world: World) -> None:
    told = owner.patch(f"{SETTINGS}/shop", {"shop": {"locale": "de-AT"}})["shop"]
    assert (told["locale"], told["name"]) == ("de-AT", world.shop.name)
    assert owner.patch(f"{SETTINGS}/shop", {"shop": {"name": "Farn"}})["shop"]["name"] == "Farn"
    reader.patch(f"{SETTINGS}/shop", {"shop": {"name": "Mine"}}, status=403)
    refused = owner.patch(f"{SETTINGS}/shop", {"shop": {"locale": "german!"}}, status=400)
    assert refused["details"]["validationError"]["fieldViolations"][0]["field"] == "shop.locale"
    assert shops.by_id(world.shop.id).name == "Farn"


def test_the_widget_gets_and_loses_an_address(owner: Integrator, world: World) -> None:
    before = owner.get(f"{SETTINGS}/origins")["origins"]
    added = owner.post(f"{SETTINGS}/origins", {"origin": "https://Other.example/"})["origins"]
    assert added == [*before, "https://other.example"]
    owner.post(f"{SETTINGS}/origins", {"origin": "https://other.example/path"}, status=400)
    assert owner.delete(f"{SETTINGS}/origins?origin=https://other.example")["origins"] == before
    for origin in before[1:]:
        owner.delete(f"{SETTINGS}/origins?origin={origin}")
    owner.delete(f"{SETTINGS}/origins?origin={before[0]}", status=409)
    assert Origin.of(world.shop).count() == 1


def test_the_installation_says_what_was_seen(owner: Integrator, world: World) -> None:
    told = owner.get(f"{SETTINGS}/installation")
    assert world.shop.embed_key in told["scriptTag"] and told["webhookUrls"] and "widgetSeenDate" not in told


def test_a_receiver_is_tested_and_its_messages_are_listed(owner: Integrator, world: World) -> None:
    row = endpoints.create(world.shop.id, url="https://hooks.example/in", format="standard")
    at = f"/loyalty-webhooks/v1/endpoints/{row.id}"
    sent = owner.post(f"{at}/test")["delivery"]
    assert (sent["eventType"], sent["status"]) == ("endpoint.test", "NEW")
    assert owner.get(f"{at}/deliveries")["deliveries"] == [sent]
    assert owner.get(f"{at}/deliveries?below={sent['id']}")["deliveries"] == []
    endpoints.change(world.shop.id, row.id, status="disabled")
    refused = owner.post(f"{at}/test", status=400)
    assert refused["details"]["validationError"]["fieldViolations"][0]["field"] == "endpoint.status"
