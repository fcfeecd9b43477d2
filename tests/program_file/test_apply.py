"""The program as a file: plan says it, apply does it, whole, once, and without touching what was given."""

import copy
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.make import NOON, World, cart
from widget_server import clock, db, events, job_queue, reactions
from widget_server.errors import BadRequest, BadTransition
from widget_server.events import Event, ProgramChanged
from widget_server.loyalty import referrals
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import Figure, Trigger
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.rewards import codes, rewards
from widget_server.loyalty.rewards.rewards import Price
from widget_server.program_file.apply import Change, ProgramFile, apply, plan
from widget_server.program_file.apply import of as file_of
from widget_server.program_file.schema import parse

TEXT = (Path(__file__).parents[2] / "demo_shop/program.yaml").read_text()
DEMO = parse(TEXT)
TABLES: tuple[Any, ...] = (
    *(programs.Program, rules.EarningRule, rules.Campaign, rewards.Reward),
    *(tiers.Tier, tiers.TierProgram, referrals.ReferralProgram),
)


def written(world: World) -> list[Any]:
    """Every row that makes up the shop's program, as it stands in the database."""
    rows = [list(table.of(world.shop).order_by(table.id).dicts()) for table in TABLES]
    return [*rows, shops.by_id(world.shop.id).widget]


def edited(edit: Callable[[Any], None]) -> ProgramFile:
    """The demo's file with one edit."""
    file = yaml.safe_load(TEXT)
    edit(file)
    return parse(yaml.safe_dump(file, sort_keys=False))


def whats(changes: list[Change]) -> set[str]:
    return {str(change) for change in changes}


@contextmanager
def overheard() -> Iterator[list[Event]]:
    """The events that are told meanwhile."""
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        reactions.react(event)

    events.wire(hear)
    yield heard
    events.wire(reactions.react)


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


def test_plan_changes_nothing_and_says_what_apply_does(world: World) -> None:
    before = written(world)
    with overheard() as heard:
        planned = plan(world.shop, DEMO)
        assert written(world) == before
        assert not heard
        assert apply(world.shop, DEMO) == planned
        assert ProgramChanged(world.shop.id) in heard
    assert "+ earning_rules.join" in whats(planned)
    assert "~ program point_value: null -> 0.01" in whats(planned)


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


def test_another_order_is_one_change(world: World) -> None:
    apply(world.shop, DEMO)
    changes = apply(world.shop, edited(lambda file: file["earning_rules"].reverse()))
    assert [(change.what, change.field) for change in changes] == [("earning_rules", "order")]
    handles = [rule.handle for rule in rules.listed(world.shop, None, None)]
    assert handles == changes[0].after == changes[0].before[::-1]
    assert {rule.revision for rule in rules.EarningRule.of(world.shop)} == {1}


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


def test_rules_and_rewards_are_for_tiers_by_name(world: World) -> None:
    apply(world.shop, DEMO)
    gold = tiers.Tier.need(world.shop, tiers.Tier.name == "Gold")

    def edit(file: Any) -> None:
        file["earning_rules"][0]["terms"]["tiers"] = ["Silver", "Gold"]

    changes = apply(world.shop, edited(edit))
    assert whats(changes) == {'~ earning_rules.order terms.tiers: [] -> ["Silver", "Gold"]'}
    rule = rules.EarningRule.need(world.shop, rules.EarningRule.handle == "order")
    assert rule.terms.tier_ids[1] == gold.id
    assert rewards.Reward.need(world.shop, rewards.Reward.handle == "gold").tier_id == gold.id


def test_levels_have_figures_of_their_own_by_name(world: World) -> None:  # contracts §2
    def edit(file: Any) -> None:
        file["earning_rules"][0]["by_tier"] = {"Gold": {"points": 15, "money": "1.00"}}
        file["earning_rules"][2]["by_tier"] = {"Silver": {"points": 150}}
        file["rewards"][0]["by_tier"] = {"Gold": {"cost_points": 400, "amount": "7.50"}}

    file = edited(edit)
    apply(world.shop, file)
    levels = {tier.name: tier.id for tier in tiers.listed(world.shop.id)}
    of = {rule.handle: rule for rule in rules.listed_all(world.shop)}
    assert of["order"].figure_for(levels["Gold"]) == Figure(15, Decimal(1))
    assert of["order"].figure_for(levels["Silver"]) == Figure(10, Decimal(1))
    assert of["join"].figure_for(levels["Silver"]) == Figure(150)
    reward = rewards.listed(world.shop)[0]
    assert rewards.price_for(reward, levels["Gold"]) == Price(400, Decimal("7.5"))
    assert apply(world.shop, file) == []
    with pytest.raises(BadRequest) as refusal:
        apply(world.shop, parse("tiers: {levels: [{name: Silver, required_points: 1000}]}"))
    assert refusal.value.field == "tiers.levels"
    assert {change.what for change in apply(world.shop, DEMO)} == {
        "earning_rules.order",
        "earning_rules.join",
        f"rewards.{reward.handle}",
    }
    assert all(not one.by_tier for one in (*rules.listed_all(world.shop), *rewards.listed(world.shop)))


def test_a_base_figure_that_was_missing_is_told_by_a_file(world: World) -> None:
    """Only Gold earns and buys, as the admin API said; the file speaks for everybody."""
    gold = world.tier("Gold", 100)
    rule = rules.create(world.shop, Trigger("store", "review"), {gold.id: Figure(5)}, title="Say")
    reward = rewards.create(world.shop, "free_shipping", {gold.id: Price(300)}, title="Ship")
    file = parse(
        "earning_rules: [{handle: review, kind: review, title: Say, points: 5, by_tier: {Gold: {points: 5}}}]\n"
        "rewards: [{handle: free-shipping, kind: free_shipping, title: Ship, cost_points: 300}]"
    )
    assert whats(apply(world.shop, file)) == {
        "~ earning_rules.review points: null -> 5",
        "~ rewards.free-shipping cost_points: null -> 300",
        '~ rewards.free-shipping by_tier: {"Gold": {"cost_points": 300}} -> {}',
    }
    assert rules.need(world.shop, rule.id).figure_for(None) == Figure(5)
    assert rewards.need(world.shop, reward.id).prices == {None: Price(300)}
    assert apply(world.shop, file) == []


def test_discounts_at_a_checkout_are_in_no_file(world: World) -> None:
    discount = rewards.create(world.shop, "sliding", {None: Price(10, Decimal(1))}, at_checkout=True, title="Pay")
    assert apply(world.shop, parse("rewards: []")) == []
    assert rewards.need(world.shop, discount.id).active


# Tiers and the people in them


def test_people_are_put_into_new_levels_by_the_job(world: World) -> None:
    ann, bob = world.member(), world.member("bob@example.com")
    bob.is_given(5)
    ann.is_given(1500)
    apply(world.shop, DEMO)
    assert ann.account.tier_id is None
    job = job_queue.claim()
    while job is not None and job.name != tiers.RECHECK_JOB:
        job = job_queue.claim()
    assert job is not None and job.payload == {"shop_id": world.shop.id}
    assert tiers.recheck_everybody(world.shop) == 2
    standing = tiers.standing(world.shop.id, ann.account)
    assert standing and (standing.name, standing.points) == ("Silver", 1500)
    below = tiers.standing(world.shop.id, bob.account)
    assert below and (below.name, bob.balance) == ("Seedling", 5)


def test_nobody_stays_in_a_level_that_is_gone(world: World) -> None:
    apply(world.shop, DEMO)
    ann = world.member()
    ann.is_given(1500)
    assert ann.account.tier_id is not None

    def edit(file: Any) -> None:
        del file["tiers"]["levels"][0]

    assert whats(apply(world.shop, edited(edit))) == {"- tiers.levels.Silver"}
    assert (ann.account.tier_id, ann.account.tier_until) == (None, None)
    apply(world.shop, DEMO)
    tiers.recheck_everybody(world.shop)
    assert ann.account.tier_id is not None
    apply(world.shop, edited(lambda file: file["tiers"].update(active=False)))
    assert ann.account.tier_id is None
    assert tiers.standing(world.shop.id, ann.account) is None


def test_new_words_for_a_level_move_nobody(world: World) -> None:
    apply(world.shop, DEMO)
    world.member().is_given(1500)
    waiting = job_queue.Job.everywhere().count()
    apply(world.shop, edited(lambda file: file["tiers"]["levels"][0].update(benefits="A cutting a year.")))
    assert job_queue.Job.everywhere().count() == waiting


def test_two_levels_may_swap_their_points(world: World) -> None:
    apply(world.shop, DEMO)
    ids = {tier.name: tier.id for tier in tiers.listed(world.shop.id)}

    def edit(file: Any) -> None:
        silver, gold = file["tiers"]["levels"]
        silver["required_points"], gold["required_points"] = gold["required_points"], silver["required_points"]

    apply(world.shop, edited(edit))
    assert [(tier.name, tier.required_points, tier.revision) for tier in tiers.listed(world.shop.id)] == [
        ("Gold", 1000, 2),
        ("Silver", 3000, 2),
    ]
    assert {tier.name: tier.id for tier in tiers.listed(world.shop.id)} == ids


# A file that does not fit changes nothing


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("program: {name: Other, status: draft}", "program.status"),
        ("earning_rules: [{handle: join, kind: review, points: 5}]", "earning_rules.0.kind"),
        (
            "earning_rules: [{handle: x, kind: join, points: 5}, {handle: order, kind: visit, points: 5}]",
            "earning_rules.1.kind",
        ),
        ("rewards: [{handle: x, kind: free_shipping, cost_points: 5, tier: Platinum}]", "rewards.0.tier"),
        (
            "earning_rules: [{handle: x, kind: join, points: 5, terms: {tiers: [Gold, Iron]}}]",
            "earning_rules.0.terms.tiers.1",
        ),
        ("tiers: {levels: [{name: Silver, required_points: 5}]}", "tiers.levels"),  # the gold reward needs Gold
        (
            "tiers: {levels: []}\nrewards: [{handle: x, kind: free_shipping, cost_points: 5, tier: Gold}]",
            "rewards.0.tier",
        ),
        (
            "rewards: [{handle: x, kind: free_shipping, cost_points: 5, by_tier: {Iron: {cost_points: 4}}}]",
            "rewards.0.by_tier.Iron",
        ),
        (
            "earning_rules: [{handle: x, kind: join, points: 5, by_tier: {Iron: {points: 4}}}]",
            "earning_rules.0.by_tier.Iron",
        ),
        (
            "campaigns: [{name: A, multiplier: 2, starts_at: 2026-03-10, ends_at: '2026-03-09T23:00:00Z'}]",
            "campaigns.0.ends_at",
        ),
        (
            "rewards: [{handle: x, kind: free_shipping, cost_points: 5, starts_at: 2026-03-10, ends_at: 2026-03-10}]",
            "rewards.0.ends_at",
        ),
        (
            "earning_rules: [{handle: x, kind: join, points: 5, terms: {starts_at: 2026-03-10, ends_at: 2026-03-01}}]",
            "earning_rules.0.terms.ends_at",
        ),
    ],
)
def test_what_does_not_fit_the_shop_is_named_and_changes_nothing(world: World, text: str, field: str) -> None:
    apply(world.shop, DEMO)
    before = written(world)
    for act in (plan, apply):
        with pytest.raises((BadRequest, BadTransition)) as refused:
            act(world.shop, parse(text))
        assert refused.value.field == field
    assert written(world) == before


def test_a_level_that_is_asked_for_says_by_whom(world: World) -> None:
    apply(world.shop, DEMO)
    with pytest.raises(BadRequest, match=r"'Gold' cannot be removed: rewards\.gold refers to it"):
        plan(world.shop, parse("tiers: {levels: []}"))


def test_a_draft_cannot_be_paused_by_a_file(database: str) -> None:
    world = World.create(active=False)
    with pytest.raises(BadTransition) as refused:
        apply(world.shop, parse("program: {name: Club, status: paused}"))
    assert refused.value.field == "program.status"
    assert (world.program.status, world.program.name) == ("draft", "Fern Club")


def test_an_archived_rule_keeps_its_kind_too(world: World) -> None:
    apply(world.shop, DEMO)
    apply(world.shop, parse("earning_rules: []"))
    with pytest.raises(BadRequest) as refused:
        apply(world.shop, parse("earning_rules: [{handle: join, kind: review, points: 5}]"))
    assert refused.value.field == "earning_rules.0.kind"


def test_when_the_last_step_fails_nothing_is_done(world: World) -> None:
    before = written(world)

    def break_down(event: Event) -> None:
        if [*tiers.listed(world.shop.id)] and referrals.program_of(world.shop) is not None:
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
