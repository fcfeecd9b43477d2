"""Rewards: each kind with its own fields, and what each costs the shop."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import World, day
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.rewards import Price, Reward

DATABASES = ("sqlite",)


def only(world: World) -> Reward:
    """The shop's one reward."""
    (reward,) = rewards.live(world.shop)
    return reward


@pytest.mark.parametrize(
    ("kind", "sent", "stored"),
    [
        ("amount", {"amount": "5"}, {"amount": Decimal(5)}),
        ("percent", {"percent": "10"}, {"percent": Decimal(10)}),
        ("sliding", {"point_value": "0.01", "max_points": "900", "step_points": "100"}, {"max_points": 900}),
        ("free_shipping", {}, {"amount": None}),
        ("free_product", {"product_id": "p1", "product_name": "Mug"}, {"product_name": "Mug"}),
    ],
)
def test_every_kind_is_made_by_its_own_fields(
    world: World, desk: Desk, kind: str, sent: dict[str, str], stored: dict[str, Any]
) -> None:
    page = desk.get(f"/rewards/new/{kind}").text
    for name in ("amount", "percent", "point_value", "product_id"):
        assert (f'name="{name}"' in page) == (name in sent), name
    made = desk.post(f"/rewards/new/{kind}", cost_points="500", limit_period="ever", active="y", **sent)
    assert made.status_code == 303, made.text
    reward = only(world)
    assert (reward.kind, reward.cost_points, reward.active) == (kind, 500, True)
    assert {name: getattr(reward, name) for name in stored} == stored
    assert AuditEntry.of(world.shop).where(AuditEntry.noun == "reward").get().actor == "staff"
    assert desk.get("/rewards").status_code == 200


def test_a_reward_says_what_it_costs_the_shop(world: World, desk: Desk) -> None:
    world.reward(cost=500)
    assert "500 points = €5.00." in desk.get("/rewards").text
    world.order_rule(10)
    whole = "500 points = €5.00; at the present order rule a customer spends €50.00 for it: 10 % of sales."
    assert whole in desk.get("/rewards").text
    page = desk.post("/rewards/new/amount", cost_points="1000", amount="5", limit_period="ever", again="1").text
    assert "€100.00 for it: 5 % of sales." in page and 'value="1000"' in page
    assert only(world).cost_points == 500


def test_every_field_is_stored_and_shown_again(world: World, desk: Desk) -> None:
    gold = world.tier("Gold", 500)
    sent = {
        "title": "A fiver",
        "cost_points": "500",
        "amount": "5",
        "own_cost_0": "400",
        "own_worth_0": "6.5",
        "limit_per_customer": "2",
        "limit_period": "month",
        "limit_total": "99",
        "tier": "Gold",
        "starts_at": "2026-03-01T00:00",
        "minimum_subtotal": "30",
        "collections": "42 = Summer\n43",
        "expires_after_days": "60",
        "combines": "y",
    }
    assert desk.post("/rewards/new/amount", **sent).status_code == 303
    reward = only(world)
    assert reward.prices == {None: Price(500, Decimal(5)), gold.id: Price(400, Decimal("6.5"))}
    assert (reward.limit_per_customer, reward.limit_period, reward.limit_total) == (2, "month", 99)
    assert reward.collections == [{"id": "42", "name": "Summer"}, {"id": "43", "name": "43"}]
    assert (reward.tier_id, reward.starts_at, reward.active) == (gold.id, day("02-28", 23), False)
    page = desk.get(f"/rewards/{reward.id}").text
    for text in ('value="6.5"', "42 = Summer\n43 = 43", 'value="2026-03-01T00:00"', '<option selected value="month">'):
        assert text in page, text
    again = desk.post(f"/rewards/{reward.id}", **sent, revision="1")
    assert again.status_code == 303 and only(world).revision == 1, "the same form again changes nothing"


def test_refused_fields_have_their_errors_beside_them(world: World, desk: Desk) -> None:
    for field, sent in {
        "amount": {"amount": "5.005"},
        "cost_points": {"cost_points": "0", "amount": "5"},
        "ends_at": {"amount": "5", "starts_at": "2026-04-01T00:00", "ends_at": "2026-03-01T00:00"},
    }.items():
        page = desk.post(
            "/rewards/new/amount", **{"cost_points": "500", "limit_period": "ever", "title": "Mine"} | sent
        )
        assert page.status_code == 422 and f'id="{field}-error"' in page.text and 'value="Mine"' in page.text, field
    page = desk.post(
        "/rewards/new/sliding",
        cost_points="500",
        point_value="0.01",
        max_points="950",
        step_points="100",
        limit_period="ever",
    )
    assert page.status_code == 422 and 'id="step_points-error"' in page.text
    assert list(Reward.of(world.shop)) == []


def test_an_edit_meanwhile_is_not_overwritten(world: World, desk: Desk) -> None:
    reward = world.reward()
    rewards.save_reward(world.shop, reward.handle, cost_points=600)
    sent = {"cost_points": "700", "amount": "5", "limit_period": "ever"}
    page = desk.post(f"/rewards/{reward.id}", revision="1", **sent)
    assert page.status_code == 422 and "Somebody changed this meanwhile" in page.text and 'value="700"' in page.text
    assert only(world).cost_points == 600


def test_a_discount_at_the_checkout_keeps_being_one(world: World, desk: Desk) -> None:
    prices = {None: Price(100, Decimal(1))}
    reward = rewards.create(world.shop, "sliding", prices, at_checkout=True, title="Pay with points")
    page = desk.get(f"/rewards/{reward.id}").text
    assert 'name="point_value"' not in page and 'name="limit_total"' not in page
    desk.post(f"/rewards/{reward.id}", revision="1", title="Pay with points", cost_points="200", amount="1", active="y")
    after = only(world)
    assert (after.at_checkout, after.price) == (True, Price(200, Decimal(1)))


def test_turning_off_moving_and_archiving(world: World, desk: Desk) -> None:
    one, two = world.reward(title="One"), world.reward(title="Two")
    desk.post(f"/rewards/{one.id}/turn", active="0")
    assert not rewards.need(world.shop, one.id).active
    desk.post(f"/rewards/{one.id}/move", way="down")
    assert [reward.id for reward in rewards.live(world.shop)] == [two.id, one.id]
    assert rewards.need(world.shop, two.id).revision == 1
    desk.post(f"/rewards/{one.id}/archive")
    assert only(world).id == two.id


def test_a_reader_sees_the_rewards_and_changes_none(world: World, desk_of: Callable[..., Desk]) -> None:
    reward, reader = world.reward(title="One"), desk_of("reader")
    assert "One" in reader.get("/rewards").text
    for path in ("/new/amount", f"/{reward.id}", f"/{reward.id}/turn", f"/{reward.id}/move", f"/{reward.id}/archive"):
        assert reader.post(f"/rewards{path}", cost_points="1").status_code == 403
    other = World.create(name="Other").reward()
    assert desk_of("owner").post(f"/rewards/{other.id}/turn", active="0").status_code == 404


def test_a_marketer_adds_a_reward_without_javascript(world: World, office: Callable[..., Clerk]) -> None:
    world.order_rule(10)
    mara = office("marketer", viewport=PHONE, java_script_enabled=False).goes("/rewards")
    mara.presses("Add the first reward").presses("Money off")
    mara.page.get_by_label("Points", exact=True).fill("500")
    mara.page.get_by_label("Money off", exact=True).fill("5")
    mara.presses("What does it cost me?").sees("10 % of sales").presses("Save").sees("It is saved.")
    assert only(world).amount == 5


def test_the_pages_have_no_faults_that_axe_knows(world: World, office: Callable[..., Clerk]) -> None:
    world.tier("Gold", 500)
    olga = office()
    assert olga.goes("/rewards").inspects() == []
    reward = world.reward(limit_total=5, collections=[{"id": "1", "name": "Sale"}], ends_at=day("01-01"))
    for path in ("", "/new", "/new/sliding", f"/{reward.id}", f"/{reward.id}/archive"):
        assert olga.goes(f"/rewards{path}").inspects() == [], path
