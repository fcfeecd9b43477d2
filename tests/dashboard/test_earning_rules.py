"""Ways to earn: each kind with its own fields, and an edit that loses nothing and tramples on nobody's."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import World, day
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import EarningRule, Figure, Terms, Trigger

DATABASES = ("sqlite",)


def only(world: World) -> EarningRule:
    """The shop's one rule."""
    (rule,) = rules.listed_all(world.shop)
    return rule


def test_an_order_rule_is_made_and_listed_in_plain_words(world: World, desk: Desk) -> None:
    made = desk.post("/ways-to-earn/new/order", kind="order", points="10", money="1", active="y", guests="y")
    assert made.status_code == 303, made.text
    rule = only(world)
    assert (rule.rate_points, rule.rate_per, rule.active, rule.terms) == (10, Decimal(1), True, Terms())
    page = desk.get("/ways-to-earn").text
    assert "10 points for each €1.00 spent" in page and "Active" in page
    entry = AuditEntry.of(world.shop).where(AuditEntry.noun == "earning_rule").get()
    assert (entry.actor, entry.verb) == ("staff", "create")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_form_of_its_own_fields_which_makes_it(world: World, desk: Desk, kind: str) -> None:
    page = desk.get(f"/ways-to-earn/new/{kind}").text
    of_order = KINDS[kind].per == "order"
    assert ('name="minimum_subtotal"' in page) == of_order
    assert ('name="money"' in page) == KINDS[kind].rated
    assert ('name="times_per_day"' in page) == (KINDS[kind].limit is None)
    needs = {"channel": "instagram", "name": "quiz", "url": "https://shop.example/us"}
    sent = {name: value for name, value in needs.items() if f'name="{name}"' in page}
    made = desk.post(f"/ways-to-earn/new/{kind}", points="50", active="y", **sent)
    assert made.status_code == 303, made.text
    rule = only(world)
    assert (rule.kind, rule.points, rule.terms.guests) == (kind, 50, False)


def test_every_field_is_stored_and_shown_again(world: World, desk: Desk) -> None:
    gold = world.tier("Gold", 500)
    sent: dict[str, Any] = {
        "title": "Shop with us",
        "description": "On everything",
        "points": "3",
        "money": "2,50",
        "own_0": "5",
        "minimum_subtotal": "30",
        "include_products": "p1\np2\n",
        "exclude_collections": "sale",
        "product_multipliers": "p1 = 2\np2=1,5",
        "tier_names": "Gold",
        "starts_at": "2026-03-01T00:00",
        "ends_at": "2026-04-01T12:30",
        "points_per_day": "100",
        "times_ever": "9",
        "url": "/club",
    }
    desk.post("/ways-to-earn/new/order", **sent)
    rule = only(world)
    assert rule.figures == {None: Figure(3, Decimal("2.5")), gold.id: Figure(5, Decimal("2.5"))}
    assert rule.terms == Terms(
        minimum_subtotal=Decimal(30),
        include_products=("p1", "p2"),
        exclude_collections=("sale",),
        product_multipliers={"p1": "2", "p2": "1.5"},
        guests=False,
        tier_ids=(gold.id,),
        points_per_day=100,
        times_ever=9,
        starts_at=day("02-28", 23),
        ends_at=day("04-01", 10).replace(minute=30),
        url="/club",
    )
    page = desk.get(f"/ways-to-earn/{rule.id}").text
    for text in ('value="2.5"', "p1 = 2\np2 = 1.5", 'value="2026-04-01T12:30"', 'value="/club"', "p1\np2"):
        assert text in page, text
    listed = desk.get("/ways-to-earn").text
    assert "3 points for each €2.50 spent" in listed and "only in Gold" in listed and "orders from €30.00" in listed


def test_a_refused_form_keeps_what_was_typed_with_the_error_beside_its_field(world: World, desk: Desk) -> None:
    page = desk.post(
        "/ways-to-earn/new/order",
        points="10",
        money="one",
        starts_at="2026-04-01T00:00",
        ends_at="2026-03-01T00:00",
        include_products="p1\np2",
    )
    assert page.status_code == 422
    assert 'id="money-error"' in page.text and 'value="one"' in page.text and "p1\np2" in page.text
    page = desk.post(
        "/ways-to-earn/new/order", points="10", money="1", starts_at="2026-04-01T00:00", ends_at="2026-03-01T00:00"
    )
    assert page.status_code == 422 and 'id="ends_at-error"' in page.text and 'value="2026-03-01T00:00"' in page.text
    page = desk.post("/ways-to-earn/new/order", points="0", times_per_day="-3", title="T" * 201)
    assert all(f'id="{name}-error"' in page.text for name in ("title", "points", "times_per_day"))
    assert list(EarningRule.of(world.shop)) == []


def test_an_edit_meanwhile_is_not_overwritten(world: World, desk: Desk) -> None:
    rule = world.order_rule(10)
    rules.save_rule(world.shop, rule.handle, rate_points=12)
    page = desk.post(f"/ways-to-earn/{rule.id}", revision="1", points="20", money="1", title="Mine")
    assert page.status_code == 422 and "Somebody changed this meanwhile" in page.text and 'value="Mine"' in page.text
    assert only(world).rate_points == 12
    assert desk.post(f"/ways-to-earn/{rule.id}", revision="2", points="20", money="1", guests="y").status_code == 303
    assert (only(world).rate_points, only(world).revision) == (20, 3)


def test_what_the_form_does_not_show_stays(world: World, desk: Desk) -> None:
    rule = rules.create(world.shop, Trigger("blog-app", "comment"), {None: Figure(5)}, title="Comment")
    assert 'name="name"' not in desk.get(f"/ways-to-earn/{rule.id}").text
    assert desk.post(f"/ways-to-earn/{rule.id}", revision="1", points="7", title="Comment").status_code == 303
    after = only(world)
    assert (after.points, after.trigger, after.terms.name) == (7, Trigger("blog-app", "comment"), "comment")


def test_turning_off_moving_and_archiving(world: World, desk: Desk) -> None:
    one, two = world.rule("review", points=5), world.rule("join", points=50)
    desk.post(f"/ways-to-earn/{one.id}/turn", active="0")
    assert not rules.need(world.shop, one.id).active
    desk.post(f"/ways-to-earn/{one.id}/turn", active="0")
    desk.post(f"/ways-to-earn/{one.id}/turn", active="1")
    assert rules.need(world.shop, one.id).active
    for way, order in (("down", [two, one]), ("down", [two, one]), ("up", [one, two]), ("up", [one, two])):
        desk.post(f"/ways-to-earn/{one.id}/move", way=way)
        assert [rule.id for rule in rules.listed_all(world.shop)] == [rule.id for rule in order]
    assert "Archive Writing a review?" in desk.get(f"/ways-to-earn/{one.id}/archive").text
    desk.post(f"/ways-to-earn/{one.id}/archive")
    assert only(world).id == two.id
    assert desk.get(f"/ways-to-earn/{one.id}").status_code == 404


def test_a_reader_sees_the_rules_and_no_button(world: World, desk_of: Callable[..., Desk]) -> None:
    rule, reader = world.order_rule(10), desk_of("reader")
    page = reader.get("/ways-to-earn")
    assert page.status_code == 200 and "10 points" in page.text and "Add a way" not in page.text
    assert f"/ways-to-earn/{rule.id}" not in page.text
    for path in ("/new/order", f"/{rule.id}", f"/{rule.id}/turn", f"/{rule.id}/move", f"/{rule.id}/archive"):
        assert reader.post(f"/ways-to-earn{path}", points="1").status_code == 403
    assert desk_of("marketer").get(f"/ways-to-earn/{rule.id}").status_code == 200


def test_the_rule_of_another_shop_is_not_there(world: World, desk: Desk) -> None:
    other = World.create(name="Other").order_rule(10)
    for path in ("", "/turn", "/move", "/archive"):
        assert desk.post(f"/ways-to-earn/{other.id}{path}", points="1").status_code == 404


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "java_script_enabled": False}])
def test_a_marketer_adds_a_rule_and_turns_it_off(
    world: World, office: Callable[..., Clerk], options: dict[str, Any]
) -> None:
    mara = office("marketer", **options).goes("/ways-to-earn")
    mara.presses("Add the first way to earn").presses("Every order")
    mara.page.get_by_label("Points", exact=True).fill("5")
    mara.types(For_each_amount="1").presses("Save").sees("5 points for each €1.00 spent")
    mara.page.get_by_text("More for Every order").locator("..").click()
    mara.presses("Turn off").sees("Every order is off.")
    assert not only(world).active


def test_the_pages_have_no_faults_that_axe_knows(world: World, office: Callable[..., Clerk]) -> None:
    world.tier("Gold", 500)
    olga = office()
    assert olga.goes("/ways-to-earn").inspects() == []
    rule = world.order_rule(10, terms=Terms(include_products=("p1",), points_per_day=5, ends_at=day("01-01")))
    world.rule("review", points=5, active=False)
    for path in ("", "/new", "/new/social", f"/{rule.id}", f"/{rule.id}/archive"):
        assert olga.goes(f"/ways-to-earn{path}").inspects() == [], path
