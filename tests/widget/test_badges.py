"""Badges tell what the ledger will book (acceptance 12)."""

from decimal import Decimal

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.make import World, line
from tests.panels import Panel
from widget_server.loyalty import programs
from widget_server.loyalty.earning_rules import EarningRule, Terms
from widget_server.web.rate_limits import Hit

PRICES = st.decimals(min_value=0, max_value=500, places=2)


def test_a_price_shows_the_points_that_an_order_of_it_books(world: World, client: FlaskClient) -> None:
    world.order_rule(10, terms=Terms(collection_multipliers={"mugs": "2"}, exclude_collections=("gifts",)))
    world.tier("Silver", 100, "1.25")
    ann = world.member()
    ann.is_given(150)
    panel = Panel(client, world, ann)
    for price, collections in (("19.80", ["mugs"]), ("19.80", []), ("4.99", ["plants"]), ("30.00", ["gifts"])):
        item = {"product_id": "p1", "collection_ids": collections, "price": price}
        told = panel.post("/widget/badges", {"items": [item]}).json
        before = ann.balance
        assert told["balance"] == before
        ann.orders(lines=(line(price, collection_ids=tuple(collections)),))
        assert ann.balance - before == told["points"][0], (price, collections)


def test_a_guest_sees_points_and_no_balance(world: World, client: FlaskClient) -> None:
    world.order_rule(10)
    guest = Panel(client, world)
    assert guest.post("/widget/badges", {"items": [{"price": "4.99"}]}).json == {"points": [49], "balance": None}
    assert guest.post("/widget/badges", {"items": [{"price": "cheap"}]}).json["error"]["field"] == "items.0.price"
    assert guest.post("/widget/badges", {"prices": []}).json["error"]["field"] == "prices"


def test_a_paused_program_promises_nothing(world: World, client: FlaskClient) -> None:
    # acceptance 16

    world.order_rule(10)
    programs.pause(world.shop.id)
    assert Panel(client, world).post("/widget/badges", {"items": [{"price": "10"}]}).json["points"] == [0]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(price=PRICES)
def test_any_price_a_guest_asks_for_is_what_the_rule_says(world: World, client: FlaskClient, price: Decimal) -> None:

    if EarningRule.one(world.shop) is None:
        world.order_rule(10)
    Hit.delete().execute()
    told = Panel(client, world).post("/widget/badges", {"items": [{"price": str(price)}]})
    assert told.json["points"] == [int(price * 10)]
