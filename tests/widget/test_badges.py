"""Badges tell what the ledger will book (acceptance 12)."""

from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.make import World, everything_kept, line
from tests.panels import Panel
from widget_server.loyalty.earning.rules import EarningRule, Terms
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs
from widget_server.web import rate_limits

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


@pytest.mark.parametrize(
    ("price", "tax", "points"), [("49.00", "7.82", 411), ("0.01", "0.00", 0), ("119.00", "19.00", 1000)]
)
def test_where_prices_hold_tax_a_badge_promises_what_the_order_gives(
    world: World, client: FlaskClient, price: str, tax: str, points: int
) -> None:
    world.order_rule(10)
    world.settings(prices_include_tax=True, tax_percent=Decimal(19))
    ann = world.member()
    told = Panel(client, world, ann).post("/widget/badges", {"items": [{"price": price}]}).json
    assert told["points"] == [points]
    ann.orders(lines=(line(price, tax=tax),), tax=Decimal(tax), total=Decimal(price))
    assert ann.balance == points


def test_a_badge_knows_its_own_tax_better_than_the_program(world: World, client: FlaskClient) -> None:
    world.order_rule(10)
    book = {"price": "10.70", "tax": "0.70"}
    panel = Panel(client, world)
    assert panel.post("/widget/badges", {"items": [book]}).json["points"] == [100]
    world.settings(prices_include_tax=True, tax_percent=Decimal(19))
    everything = [book, {"price": "10.70", "tax": "0"}, {"price": "10.70", "tax": None}, {"price": "1", "tax": "2"}]
    assert panel.post("/widget/badges", {"items": everything}).json["points"] == [100, 107, 89, 0]


def test_where_tax_counts_nothing_is_taken_off(world: World, client: FlaskClient) -> None:  # acceptance 19
    world.order_rule(10)
    world.settings(prices_include_tax=True, tax_percent=Decimal(19), base_tax=True)
    prices = [{"price": "49.00"}, {"price": "49.00", "tax": "7.82"}]
    assert Panel(client, world).post("/widget/badges", {"items": prices}).json["points"] == [490, 490]


@pytest.mark.parametrize(
    ("settings", "says_so"),
    [({}, False), ({"prices_include_tax": True}, True), ({"prices_include_tax": True, "base_tax": True}, False)],
)
def test_the_rule_line_says_before_tax_where_shown_prices_hold_it(
    world: World, client: FlaskClient, settings: dict[str, bool], says_so: bool
) -> None:
    world.order_rule(10)
    world.rule("join", points=5)
    world.settings(**settings)
    rules = Panel(client, world, world.member()).get("/widget/earn").json["rules"]
    assert {rule["kind"]: rule["before_tax"] for rule in rules} == {"order": says_so, "join": False}


def test_a_guest_sees_points_and_no_balance(world: World, client: FlaskClient) -> None:
    world.order_rule(10)
    guest = Panel(client, world)
    assert guest.post("/widget/badges", {"items": [{"price": "4.99"}]}).json == {"points": [49], "balance": None}
    assert guest.post("/widget/badges", {"items": [{"price": "cheap"}]}).json["error"]["field"] == "items.0.price"
    assert guest.post("/widget/badges", {"prices": []}).json["error"]["field"] == "prices"


def test_the_shops_token_shows_a_members_balance_and_makes_nobody_a_member(world: World, client: FlaskClient) -> None:
    guest, ann = Panel(client, world), world.vouched("ann-1", "ann@example.com")
    ann.is_given(120)
    kept = everything_kept()

    def balance(token: str) -> object:
        return guest.post("/widget/badges", {"token": token}).json["balance"]

    word = world.token(sub="ann-1")
    assert balance(word) == balance(word) == 120  # it is not used up
    assert balance(world.token(sub="nobody-1", email="ann@example.com", email_verified=True)) is None
    assert balance(word[:-2]) is balance("x") is None
    assert everything_kept() == kept
    customers.leave(ann.customer)
    assert balance(world.token(sub="ann-1")) is None


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
    rate_limits.forget_all()
    told = Panel(client, world).post("/widget/badges", {"items": [{"price": str(price)}]})
    assert told.json["points"] == [int(price * 10)]
