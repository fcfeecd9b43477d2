"""What the panel shows for the till, and of a referral that was not counted."""

from decimal import Decimal

from flask.testing import FlaskClient

from tests.make import World
from tests.panels import Panel, misfits
from widget_server import clock
from widget_server.loyalty.program import shops
from widget_server.loyalty.referrals import decisions
from widget_server.loyalty.till import finding, sales
from widget_server.widget.shapes.referral import Referral
from widget_server.widget.shapes.till import TillCode


def test_a_code_for_the_till_is_offered_once_the_shop_has_one(world: World, client: FlaskClient) -> None:
    ann = world.member()
    panel = Panel(client, world, ann)
    assert panel.get("/widget/my-balance").json["history"]["till"] is False
    sales.book(world.shop, ann.id, Decimal(5), key="k1")
    assert panel.get("/widget/my-balance").json["history"]["till"] is True
    shown = panel.post("/widget/till-code").json
    assert misfits(TillCode, shown) == {}
    assert clock.parse(shown["expires_at"]) > clock.now()
    (found,) = finding.find(world.shop, shown["code"])
    assert (found.customer.id, found.by) == (ann.id, "till_code")


def test_a_shop_whose_till_reports_elsewhere_offers_the_code_by_setting(world: World, client: FlaskClient) -> None:
    panel = Panel(client, world, world.member())
    shops.Shop.update(widget={**world.shop.widget, "till_code": True}).where(shops.Shop.id == world.shop.id).execute()
    assert panel.get("/widget/my-balance").json["history"]["till"] is True
    assert panel.post("/widget/till-code").json["barcode"]["width"] == 123  # start, eight symbols, check and stop


def test_a_member_says_one_thing_and_learns_nothing_of_the_other(world: World, client: FlaskClient) -> None:
    world.refer()
    ann = world.member()
    bob = world.member("bob@example.com", code=ann.customer.referral_code)
    panel = Panel(client, world, bob)
    assert panel.get("/widget/referral").json["uncounted"] is None
    referral = decisions.attach(world.shop, bob.id, world.visitor("cid@example.com").id, source="staff")
    decisions.block(world.shop, referral.id, source="staff")
    told = panel.get("/widget/referral")
    assert told.json["uncounted"] == {"referral_id": referral.id, "replied": False}
    assert misfits(Referral, told.json) == {}
    assert not any(word in told.text for word in ("by_shop", "cid@example.com", str(referral.friend_id)))
    body = {"referral_id": referral.id, "text": "It is my neighbour"}
    assert panel.post("/widget/referral/reply", body).json["uncounted"]["replied"] is True
    assert panel.post("/widget/referral/reply", body).json["error"]["code"] == "already_replied"
    assert panel.post("/widget/referral/reply", {**body, "text": "x" * 301}).status_code == 400
    stranger = Panel(client, world, world.member("eve@example.com"))
    assert stranger.post("/widget/referral/reply", body).status_code == 404


def test_five_texts_a_day_are_enough(world: World, client: FlaskClient) -> None:
    panel = Panel(client, world, world.member())
    body = {"referral_id": "nobody", "text": "Hello"}
    assert [panel.post("/widget/referral/reply", body).status_code for _ in range(6)] == [*[404] * 5, 429]
