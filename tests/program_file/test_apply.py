"""The program as a file: plan says it, apply does it, whole, once, and without touching what was given."""

import copy
import os
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.make import NOON, World, cart
from tests.program_file.demo_file import DEMO, TEXT, edited, overheard, whats, written
from widget_server import clock, db, events, reactions
from widget_server.events import Event
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import shops
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.rewards import codes, rewards
from widget_server.program_file.apply import apply, plan
from widget_server.program_file.changes import Change
from widget_server.program_file.current import of as file_of
from widget_server.program_file.schema import parse

# A shop's first file


def test_the_demo_comes_to_life_by_its_file(database: str) -> None:
    with clock.at(NOON):
        world = World.create(active=False)
        apply(world.shop, DEMO)
        program = world.program
        assert (program.name, program.status, program.rules.point_value) == ("Fern Club", "active", Decimal("0.01"))
        listed = rules.listed(world.shop, None, None)
        assert [rule.kind for rule in listed] == list(KINDS)
        ann = world.member()
        assert ann.balance == 100
        ann.orders("20.00")
        assert ann.balance == 100 + 240 + 180  # the first order; both take part in the running campaign's 1.2
        ann.is_given(3000)
        standing = tiers.standing(world.shop.id, ann.account)
        assert standing and standing.name == "Gold" and standing.multiplier == Decimal("1.5")
        gold = rewards.Reward.need(world.shop, rewards.Reward.handle == "gold")
        assert ann.redeems(gold).amount == Decimal(20)
        slider = rewards.Reward.need(world.shop, rewards.Reward.handle == "as-you-like")
        assert ann.redeems(slider, points=150).amount == Decimal("1.50")
        friend = world.member("bob@example.com", code=ann.customer.referral_code)
        before = ann.balance
        friend.orders("20.00")
        assert ann.balance == before + 200
        assert shops.by_id(world.shop.id).look.apply_url == "/cart/apply?code={code}"
        world.books_must_balance()


def test_the_same_file_again_changes_nothing_and_tells_nobody(world: World) -> None:
    apply(world.shop, DEMO)
    before = written(world)
    with overheard() as heard:
        assert plan(world.shop, DEMO) == []
        assert apply(world.shop, DEMO) == []
    assert written(world) == before
    assert not heard


def test_two_at_once_take_turns(world: World) -> None:
    done: list[list[Change]] = []

    def run() -> None:
        db.connect()
        done.append(apply(shops.by_id(world.shop.id), DEMO))
        db.disconnect()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(changes) > 0 for changes in done) == [False, True]


# What a file leaves out


def test_a_section_that_is_left_out_is_left_alone(world: World) -> None:
    apply(world.shop, DEMO)
    before = file_of(world.shop)
    apply(world.shop, parse("rewards: [{handle: mug, kind: free_product, product_id: p4, cost_points: 2000}]"))
    after = file_of(world.shop)
    assert after.rewards is not None and list(after.rewards) == ["mug"]
    assert after.single == before.single
    assert {**after.listed, "rewards": None} == {**before.listed, "rewards": None}


def test_the_status_stays_unless_the_file_tells_it(world: World) -> None:
    apply(world.shop, parse("program: {name: Fern Club, wait_days: 3}"))
    assert world.program.is_active
    assert world.program.rules.wait_days == 3
    apply(world.shop, parse("program: {name: Fern Club, status: paused, points_name: Leaves}"))
    assert (world.program.status, world.program.points_name) == ("paused", "Leaves")
    assert world.program.rules.wait_days == 0  # left out: its default
    apply(world.shop, parse("program: {name: Fern Club, status: active}"))
    assert (world.program.is_active, world.program.points_name) == (True, None)
    assert world.program.resumed_at is not None


def test_what_is_no_longer_listed_is_archived_and_comes_back_as_itself(world: World) -> None:
    apply(world.shop, DEMO)
    ann = world.member()
    order = ann.orders("20.00")
    ann.is_given(500)
    coupon = ann.redeems(rewards.Reward.need(world.shop, rewards.Reward.handle == "five-euro"))
    had = ann.balance
    changes = apply(world.shop, parse("earning_rules: []\nrewards: []"))
    assert {change.kind for change in changes} == {"remove"}
    assert rules.listed(world.shop, None, None) == []
    assert rewards.listed(world.shop) == []
    rule = rules.EarningRule.need(world.shop, rules.EarningRule.handle == "order")
    assert (rule.active, rule.archived_at is not None) == (False, True)
    ann.orders("20.00")
    assert ann.balance == had
    assert codes.check(world.shop, coupon.code or "", cart(subtotal=Decimal(9))).valid
    world.order(ann.person, id=order.external_id, status="cancelled")  # an archived rule takes back what it gave
    assert ann.balance < had
    assert apply(world.shop, parse("earning_rules: []\nrewards: []")) == []
    back = apply(world.shop, DEMO)
    assert {change.kind for change in back} == {"add"}
    again = rules.EarningRule.need(world.shop, rules.EarningRule.handle == "order")
    assert (again.id, again.active, again.archived_at) == (rule.id, True, None)


def test_campaigns_that_are_gone_give_no_more(world: World) -> None:
    with clock.at(NOON):
        apply(world.shop, DEMO)
        assert rules.campaign_multiplier(world.shop, clock.now()) == Decimal("1.2")
        assert rules.campaign_multiplier(world.shop, NOON - timedelta(days=28)) == 2
        apply(world.shop, parse("campaigns: []"))
        assert rules.campaign_multiplier(world.shop, clock.now()) == 1


# Changes


def test_only_what_differs_gets_a_new_revision(world: World) -> None:
    apply(world.shop, DEMO)

    def revisions() -> dict[str, int]:
        rows = (*rules.EarningRule.of(world.shop), *rewards.Reward.of(world.shop))
        return {f"{type(row).__name__} {row.handle}": row.revision for row in rows}

    before = revisions()

    def edit(file: Any) -> None:
        file["earning_rules"][2]["points"] = 120
        file["rewards"].insert(0, {"handle": "new", "kind": "free_shipping", "cost_points": 5})

    changes = apply(world.shop, edited(edit))
    assert whats(changes) == {"~ earning_rules.join points: 100 -> 120", "+ rewards.new"}
    changed = {name for name, revision in revisions().items() if revision != before.get(name)}
    assert changed == {"EarningRule join", "Reward new"}
    assert [reward.handle for reward in rewards.listed(world.shop)][:2] == ["new", "five-euro"]


def test_an_edit_never_changes_what_was_given(world: World) -> None:  # acceptance 59
    apply(world.shop, parse("earning_rules: [{handle: order, kind: order, per: {points: 10, money: 1}}]"))
    ann = world.member()
    order = ann.orders("20.00")
    apply(world.shop, parse("earning_rules: [{handle: order, kind: order, per: {points: 50, money: 1}}]"))
    world.order(ann.person, id=order.external_id, status="fulfilled")
    assert ann.balance == 200


def test_a_day_is_the_first_moment_of_it_in_the_shops_zone(world: World) -> None:
    apply(
        world.shop,
        parse("campaigns: [{name: Week, multiplier: 2, starts_at: 2026-03-28, ends_at: 2026-03-30}]"),
    )
    week = rules.Campaign.need(world.shop)
    assert (clock.iso(week.starts_at), clock.iso(week.ends_at)) == (
        "2026-03-27T23:00:00.000Z",
        "2026-03-29T22:00:00.000Z",  # Berlin's summer begins on the 29th
    )


# Whole, and this shop's alone


def test_when_the_last_step_fails_nothing_is_done(world: World) -> None:
    before = written(world)

    def break_down(event: Event) -> None:
        if [*tiers.listed(world.shop.id)] and referral_programs.program_of(world.shop) is not None:
            raise RuntimeError("the power is out")

    events.wire(break_down)
    with pytest.raises(RuntimeError):
        apply(world.shop, DEMO)
    events.wire(reactions.react)
    assert written(world) == before


def test_another_shop_is_not_touched(world: World) -> None:
    other = World.create(name="Other")
    apply(other.shop, DEMO)
    before = written(other)
    apply(world.shop, DEMO)
    apply(world.shop, parse("earning_rules: []\nrewards: []\ncampaigns: []\ntiers: {active: false}"))
    assert written(other) == before


# Any edit of the demo's file

POINTS = st.integers(1, 10**9)
MONEY = st.decimals("0.01", "9999", places=2).map(str)
DAYS = st.integers(1, 300)


@st.composite
def edits(draw: st.DrawFn) -> str:
    """The demo's file after some edits that leave it in order."""
    file = copy.deepcopy(yaml.safe_load(TEXT))
    for section in ("earning_rules", "rewards"):
        file[section] = draw(st.permutations(file[section]))[: draw(st.integers(0, len(file[section])))]
    for rule in file["earning_rules"]:
        if "points" in rule and draw(st.booleans()):
            rule["points"] = draw(POINTS)
        elif "per" in rule:
            rule["per"] = {"points": draw(POINTS), "money": draw(MONEY)}
        rule["active"] = draw(st.booleans())
        told = rule.setdefault("terms", {})
        told.update(draw(st.fixed_dictionaries({}, optional={"times_ever": POINTS, "points_per_day": POINTS})))
        if rule["kind"] == "order":
            told["product_multipliers"] = draw(
                st.dictionaries(st.sampled_from(["p1", "7"]), st.sampled_from([2, "1.50"]))
            )
        told["tiers"] = draw(st.lists(st.sampled_from(["Silver", "Gold"]), unique=True))
        rule["title"] = draw(st.none() | st.text("aé%'# ", min_size=1, max_size=9).map(lambda text: f"x{text}"))
    for reward in file["rewards"]:
        if reward["kind"] != "sliding":
            reward["cost_points"] = draw(POINTS)
        reward.update(draw(st.fixed_dictionaries({}, optional={"minimum_subtotal": MONEY, "limit_total": POINTS})))
        reward["collections"] = draw(st.just([]) | st.just([{"id": 7, "name": "Mugs"}]))
    for level, required in zip(
        file["tiers"]["levels"], draw(st.lists(POINTS, min_size=2, max_size=2, unique=True)), strict=True
    ):
        level["required_points"] = required
        level["multiplier"] = draw(st.none() | st.sampled_from([1, "1.5000", 2.25]))
    file["tiers"]["window_days"] = draw(DAYS)
    for campaign in file["campaigns"]:
        campaign["multiplier"] = draw(st.sampled_from([1, "1.10", 3]))
    file["campaigns"] = file["campaigns"][: draw(st.integers(0, 2))]
    file["program"].update(
        point_value=draw(st.none() | MONEY),
        wait_days=draw(DAYS),
        after_fallback=draw(st.sampled_from(["keep", "wait"])),
        cash_on_delivery=draw(st.sampled_from(["counts", "waits"])),
        expiry={
            "kind": draw(st.sampled_from(["off", "age"])),
            "reminder_days": draw(st.lists(DAYS, unique=True, max_size=3)),
        },
        status=draw(st.sampled_from(["active", "paused"])),
        points_name=draw(st.none() | st.just("Leaves")),
    )
    file["referral"]["friend"] = draw(st.none() | st.just({"kind": "percent", "percent": "10.0"}))
    file["widget"]["strings"] = draw(st.just({}) | st.just({"de": {"launcher.label": "Treue"}}))
    for section in draw(st.sets(st.sampled_from(list(file)))):
        if section not in ("tiers", "earning_rules", "rewards"):
            del file[section]
    return yaml.safe_dump(file, sort_keys=False, allow_unicode=True)


@settings(
    max_examples=300 if os.environ.get("PROOFS") else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=edits())
def test_after_any_edit_is_applied_nothing_is_left_to_plan(database: str, text: str) -> None:
    world = World.create()
    apply(world.shop, DEMO)
    file = parse(text)
    planned = plan(world.shop, file)
    assert apply(world.shop, file) == planned
    assert plan(world.shop, file) == []
    apply(world.shop, DEMO)
    assert plan(world.shop, DEMO) == []
