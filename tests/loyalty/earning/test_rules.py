"""Which action gives how many points, to whom and when."""

from datetime import timedelta
from decimal import Decimal

import peewee
import pytest

from tests.make import NOON, Shopper, World, at_once, line, refund, state
from widget_server import clock, events, jobs, ledger, reactions
from widget_server.errors import BadRequest, NotFound, StaleRevision
from widget_server.events import Event, RuleChanged
from widget_server.loyalty.earning import order_points, rules
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import Figure, Terms, Trigger
from widget_server.loyalty.points import tiers
from widget_server.widget import views


def test_the_list_holds_what_is_valid_for_her_now(world: World) -> None:  # acceptance 17
    tier = world.tier("Gold", 1000)
    soon, over = clock.now() + timedelta(days=1), clock.now() - timedelta(days=1)
    world.rule("review", points=5, position=3, handle="third")
    world.rule("visit", points=5, position=1, handle="first")
    world.rule("join", points=5, position=2, handle="second")
    for handle, facts in {
        "off": {"active": False},
        "archived": {"archived_at": clock.now()},
        "later": {"terms": Terms(starts_at=soon)},
        "over": {"terms": Terms(ends_at=over)},
        "gold": {"terms": Terms(tier_ids=(tier.id,))},
    }.items():
        world.rule("review", points=5, handle=handle, **facts)
    world.rule("custom", points=5, handle="members", terms=Terms(guests=False, name="x"))
    ann, guest = world.member(), world.visitor()

    def reads(shopper: Shopper | None) -> list[str]:
        account = ledger.account_of(world.shop.id, shopper.id) if shopper else None
        return [rule.handle for rule in rules.listed(world.shop, shopper.customer if shopper else None, account)]

    assert reads(ann) == ["first", "second", "third", "members"]
    assert reads(guest) == ["first", "second", "third"]
    ann.is_given(1000)
    assert "gold" in reads(ann)
    assert reads(None)[:3] == ["first", "second", "third"]


def test_a_rule_is_kept_by_its_handle(world: World) -> None:
    rule = world.rule("review", points=5, handle="reviews")
    again = world.rule("review", points=7, handle="reviews")
    assert (again.id, again.points, again.revision) == (rule.id, 7, 2)
    with pytest.raises(peewee.IntegrityError):
        world.rule("review", points=5, rate_points=5, rate_per=Decimal(1))


def test_terms_survive_being_stored() -> None:
    terms = Terms(
        minimum_subtotal=Decimal("9.90"),
        include_products=("p1",),
        product_multipliers={"p1": "2"},
        guests=False,
        times_ever=3,
        starts_at=NOON,
        ends_at=NOON + timedelta(days=1),
        name="quiz",
    )
    assert Terms.from_json(terms.as_json()) == terms
    assert Terms().as_json() == {}


# Figures by tier (contracts §2)


@pytest.fixture
def levels(world: World) -> tuple[str, str]:
    """Silver from 100 points doubles, Gold from 1000 triples."""
    return world.tier("Silver", 100, "2").id, world.tier("Gold", 1000, "3").id


def in_tier(world: World, points: int) -> Shopper:
    """A member who was given so many points."""
    shopper = world.member(f"m{points}@example.com")
    if points:
        shopper.is_given(points)
    return shopper


def test_a_tiers_own_figure_stands_for_the_base_figure_and_the_multiplier(
    world: World, levels: tuple[str, str]
) -> None:  # contracts §2
    """10 for 1.00, in Gold 15: Silver has no figure of its own and doubles, Gold's 15 are 15."""
    figures = {None: Figure(10, Decimal(1)), levels[1]: Figure(15, Decimal(1))}
    rules.create(world.shop, Trigger("store", "order"), figures, title="Buy")
    rules.create(world.shop, Trigger("store", "review"), {None: Figure(5), levels[1]: Figure(8)}, title="Say")
    for points, by_order, by_review in ((0, 100, 5), (100, 200, 5), (1000, 150, 8)):
        shopper = in_tier(world, points)
        shown = {
            one["kind"]: one
            for one in views.earn.page(world.shop, world.program, shopper.customer, shopper.account)["rules"]
        }
        rate = shown["order"]["rate"]
        assert rate["points"] / rate["per"] * (shown["order"]["multiplier"] or 1) * 10 == by_order
        assert shown["review"]["points"] == by_review
        assert order_points.quote(world.shop, shopper.customer, state(lines=(line("10.00"),))) == by_order
        shopper.orders("10.00")
        shopper.does("review")
        assert shopper.balance == points + by_order + by_review


def test_an_order_keeps_the_figure_of_the_tier_in_which_it_first_earned(
    world: World, levels: tuple[str, str]
) -> None:  # acceptance 59
    figures = {None: Figure(10, Decimal(1)), levels[0]: Figure(30, Decimal(1))}
    rules.create(world.shop, Trigger("store", "order"), figures, title="Buy")
    ann = in_tier(world, 0)
    ann.orders("20.00", id="o1")
    assert (ann.balance, ann.account.tier_id) == (200, levels[0])
    ann.orders("20.00", id="o1", status="fulfilled", refunds=(refund("5.00"),))
    assert ann.balance == 150
    ann.orders("20.00", id="o2")
    assert ann.balance == 750


def test_without_a_base_figure_only_tiers_with_their_own_earn(world: World, levels: tuple[str, str]) -> None:
    rule = rules.create(world.shop, Trigger("store", "order"), {levels[1]: Figure(1, Decimal("0.5"))}, title="For Gold")
    assert rule.figures == {levels[1]: Figure(1, Decimal("0.5"))}
    guest = world.visitor()
    guest.orders("10.00")
    assert ledger.account_of(world.shop.id, guest.id) is None
    for points, expected in ((0, 0), (100, 0), (1000, 20)):
        shopper = in_tier(world, points)
        listed = rules.listed(world.shop, shopper.customer, shopper.account)
        assert bool(listed) == bool(expected)
        shopper.orders("10.00")
        assert shopper.balance == points + expected
    assert rules.listed(world.shop, None, None) == []


def test_a_tier_that_goes_takes_its_figures_along(world: World, levels: tuple[str, str]) -> None:
    both = rules.create(world.shop, Trigger("store", "review"), {None: Figure(5), levels[1]: Figure(8)}, title="Say")
    only = rules.create(world.shop, Trigger("store", "review"), {levels[1]: Figure(8)}, title="Gold says")
    ann = in_tier(world, 1000)
    tiers.remove(world.shop, levels[1], 1)
    both, only = (rules.need(world.shop, one.id) for one in (both, only))
    assert (both.figures, both.revision, only.figures, only.revision) == ({None: Figure(5)}, 2, {}, 2)
    assert (ann.account.tier_id, ann.does("review")) == (None, 5)


def test_while_tiers_are_off_everybody_has_the_base_figure(world: World, levels: tuple[str, str]) -> None:
    rules.create(world.shop, Trigger("store", "review"), {None: Figure(5), levels[0]: Figure(8)}, title="Say")
    ann = in_tier(world, 100)
    assert ann.does("review") == 8
    tiers.save_program(world.shop, status="paused")
    assert ann.does("review") == 5
    tiers.save_program(world.shop, status="active")
    jobs.run_all()
    assert ann.does("review") == 8


# What the admin API does with rules (wix-api §2, contracts §7)


@pytest.fixture
def heard() -> list[RuleChanged]:
    """What happened to rules."""
    told: list[RuleChanged] = []

    def hear(event: Event) -> None:
        reactions.react(event)
        if isinstance(event, RuleChanged):
            told.append(event)

    events.wire(hear)
    return told


TRIGGERS = [
    ("order", "order", {}),
    ("first-order", "first_order", {}),
    ("join", "join", {}),
    ("birthday", "birthday", {}),
    ("newsletter", "newsletter", {}),
    ("review", "review", {}),
    ("visit", "visit", {}),
    ("social:instagram", "social", {"channel": "instagram"}),
    ("custom:quiz: of the day", "custom", {"name": "quiz: of the day"}),
]


@pytest.mark.parametrize(("activity", "kind", "terms"), TRIGGERS)
def test_our_own_triggers(world: World, activity: str, kind: str, terms: dict[str, str]) -> None:  # contracts §7
    rule = rules.create(world.shop, Trigger("store", activity), {None: Figure(5)}, title="Do it")
    assert (rule.kind, rule.settings, rule.trigger) == (kind, terms, Trigger("store", activity))
    made_by_file = world.rule(kind, points=5, terms=Terms(**terms))
    assert made_by_file.trigger == rule.trigger
    assert {activity for activity, _, _ in TRIGGERS if ":" not in activity} | {"social", "custom"} == {
        one.replace("_", "-") for one in KINDS
    }


@pytest.mark.parametrize("activity", ["", "dance", "first_order", "social", "custom:", "order:x", ":quiz"])
def test_an_activity_that_the_shop_has_not(world: World, activity: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        rules.create(world.shop, Trigger("store", activity), {None: Figure(5)}, title="Do it")
    assert refusal.value.field == "trigger_activity_type"
    assert not rules.EarningRule.of(world.shop).exists()


def test_a_foreign_trigger_is_kept_and_fires_on_the_custom_action_of_its_name(world: World) -> None:  # contracts §7
    trigger = Trigger("0f6a2b4e-quiz-app", "quiz/finished:order")
    rule = rules.create(world.shop, trigger, {None: Figure(5)}, title="Quiz", source_app_id="app")
    again = rules.need(world.shop, rule.id)
    assert (again.trigger, again.source_app_id, again.kind) == (trigger, "app", "custom")
    ann = world.member()
    assert ann.does("custom", name="quiz/finished:order") == 5
    assert ann.does("custom", name="quiz") == 0
    moved = rules.change(world.shop, rule.id, 1, trigger=Trigger("store", "custom:quiz"))
    assert (moved.trigger, moved.trigger_app_id) == (Trigger("store", "custom:quiz"), None)
    assert ann.does("custom", name="quiz") == 5


def test_a_rule_is_made_edited_and_archived(world: World, heard: list[RuleChanged]) -> None:
    shop = world.shop
    first = world.rule("review", points=1, position=7, handle="review")
    rule = rules.create(shop, Trigger("store", "review"), {None: Figure(5)}, title="Say")
    assert (rule.handle, rule.position, rule.active, rule.revision) == ("review-2", 8, True, 1)
    ann = world.member()
    assert ann.does("review") == 6
    edited = rules.change(shop, rule.id, 1, title="Tell", figures={None: Figure(7)})
    assert (edited.title, edited.points, edited.revision) == ("Tell", 7, 2)
    assert rules.change(shop, rule.id, 2, title="Tell").revision == 2
    rules.change(shop, rule.id, None, active=False)
    assert ann.does("review") == 1
    rules.remove(shop, rule.id, 3)
    for act in (rules.need, lambda shop, id: rules.remove(shop, id, None)):
        with pytest.raises(NotFound):
            act(shop, rule.id)
    assert [one.id for one in rules.listed_all(shop)] == [first.id]
    assert [(event.change, event.fields) for event in heard if event.rule_id == rule.id] == [
        ("created", ()),
        ("updated", ("title", "points")),
        ("updated", ("active",)),
        ("deleted", ("archived_at",)),
    ]
    back = rules.save_rule(shop, rule.handle, archived_at=None, active=True)
    assert (back.id, heard[-1].change) == (rule.id, "created")


def test_somebody_else_was_quicker(world: World) -> None:  # wix-api §3
    rule = rules.create(world.shop, Trigger("store", "review"), {None: Figure(5)}, title="Say")
    edits = [lambda n=n: rules.change(world.shop, rule.id, 1, title=f"Say {n}").revision for n in range(4)]
    results = at_once(*edits)
    assert [answer for answer in results if not isinstance(answer, StaleRevision)] == [2]
    with pytest.raises(StaleRevision):
        rules.remove(world.shop, rule.id, 1)
    with pytest.raises(NotFound):
        rules.change(World.create().shop, rule.id, 2, title="Mine")
    assert rules.need(world.shop, rule.id).revision == 2


def test_rules_made_at_once_have_places_of_their_own(world: World) -> None:
    make = [lambda: rules.create(world.shop, Trigger("store", "review"), {None: Figure(5)}, title="Say").handle] * 4
    assert sorted(at_once(*make)) == ["review", "review-2", "review-3", "review-4"]
    assert [rule.position for rule in rules.listed_all(world.shop)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("activity", "figures", "field"),
    [
        ("review", {}, "figures"),
        ("review", {None: Figure(5, Decimal(1))}, "figures"),
        ("order", {None: Figure(5, Decimal(1)), "silver": Figure(5)}, "figures"),
        ("order", {None: Figure(0)}, "figures"),
        ("order", {None: Figure(5, Decimal(0))}, "figures"),
        ("order", {None: Figure(5), "nothing": Figure(6)}, "tier_id"),
        ("order", {None: Figure(5), "": Figure(6)}, "tier_id"),
    ],
)
def test_figures_that_make_no_rule(world: World, activity: str, figures: dict[str | None, Figure], field: str) -> None:
    rule = rules.create(world.shop, Trigger("store", activity), {None: Figure(5)}, title="Do it")
    for act in (
        lambda: rules.create(world.shop, Trigger("store", activity), figures, title="Do it"),
        lambda: rules.change(world.shop, rule.id, 1, figures=figures),
    ):
        with pytest.raises(BadRequest) as refusal:
            act()
        assert refusal.value.field == field
    assert [one.revision for one in rules.listed_all(world.shop)] == [1]


def test_a_rule_stays_of_its_kind(world: World) -> None:
    """Old orders are still scored by it."""
    rule = rules.create(world.shop, Trigger("store", "order"), {None: Figure(5)}, title="Buy")
    with pytest.raises(BadRequest) as refusal:
        rules.change(world.shop, rule.id, 1, trigger=Trigger("store", "review"))
    assert refusal.value.field == "trigger_activity_type"


def test_rules_are_found_by_app_and_activity(world: World) -> None:
    shop, figures = world.shop, {None: Figure(5)}
    for app, activity in (("store", "review"), ("store", "order"), ("quiz", "done"), ("quiz", "order")):
        rules.create(shop, Trigger(app, activity), figures, title=f"{app} {activity}")
    world.rule("custom", points=5, handle="off", active=False, terms=Terms(name="done"))

    def found(app: str | None = None, activity: str | None = None) -> list[str]:
        return [rule.title or rule.handle for rule in rules.listed_all(shop, app, activity)]

    assert len(found()) == 5
    assert found("quiz") == ["quiz done", "quiz order"]
    assert found(activity="order") == ["store order", "quiz order"]
    assert found("store", "order") == ["store order"]
    assert found("store", "custom:done") == ["off"]
