"""Tiers: levels reached by points earned in a rolling window (contracts §2, acceptance 51)."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.make import Shopper, World, at_once, refund, tries
from widget_server import clock, events, job_queue, jobs, reactions
from widget_server.errors import NotFound, StaleRevision, TierProgramExists, TierTaken
from widget_server.events import Event, TierChanged
from widget_server.loyalty.points import adjustments, tier_rechecks, tiers
from widget_server.loyalty.points.tiers import Tier, TierProgram


def day(text: str) -> datetime:
    """Noon of that day, by UTC."""
    return clock.parse(f"{text}T12:00:00Z")


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member of a shop with Silver from 100 and Gold from 300 points in 30 days."""
    world.tier("Gold", 300, "1.5")
    world.tier("Silver", 100, "1.25")
    tiers.save_program(world.shop, window_days=30, base_name="Fern", base_multiplier="1.1")
    world.rule("custom", rate_points=1, rate_per=1, terms=None)
    return world.member()


def level(ann: Shopper) -> tuple[str | None, int]:
    """What she reads: her level, and the points that count."""
    standing = tiers.standing(ann.world.shop.id, ann.account)
    assert standing is not None
    return standing.name, standing.points


def until(ann: Shopper) -> date | None:
    """The first local day on which her level is gone."""
    ends_at = ann.account.tier_until
    return clock.local_date(ends_at, "Europe/Berlin") if ends_at else None


def gets(ann: Shopper, points: int, on: str) -> None:
    """She earns points that day."""
    with clock.at(day(on)):
        ann.is_given(points)


def rechecked(ann: Shopper, on: str) -> tuple[str | None, int]:
    """Her level after the daily recheck of that day."""
    with clock.at(day(on)):
        tier_rechecks.recheck_all(ann.world.shop)
    return level(ann)


def test_a_shop_may_have_no_tiers(world: World) -> None:
    shopper = world.member()
    assert tiers.standing(world.shop.id, shopper.account) is None
    assert tier_rechecks.recheck_all(world.shop) == 0


def test_levels_are_reached_on_the_booking(world: World, ann: Shopper) -> None:  # acceptance 51
    standing = tiers.standing(world.shop.id, ann.account)
    assert standing is not None
    assert standing.next is not None
    assert (standing.name, standing.tier, standing.next.name) == ("Fern", None, "Silver")
    gets(ann, 99, "2026-03-10")
    assert level(ann) == ("Fern", 99)
    gets(ann, 1, "2026-03-10")
    assert level(ann) == ("Silver", 100)
    gets(ann, 500, "2026-03-10")
    assert level(ann) == ("Gold", 600)
    standing = tiers.standing(world.shop.id, ann.account)
    assert standing is not None
    assert standing.next is None


def test_a_level_without_its_own_multiplier_uses_the_base(world: World, ann: Shopper) -> None:  # contracts §2
    def multiplier() -> str:
        standing = tiers.standing(world.shop.id, ann.account)
        assert standing is not None
        return str(standing.multiplier.normalize())

    assert multiplier() == "1.1"
    ann.is_given(100)
    assert multiplier() == "1.25"
    Tier.change(world.shop, {Tier.multiplier: None}, Tier.name == "Silver")
    assert multiplier() == "1.1"


def test_only_earned_points_count(world: World, ann: Shopper) -> None:  # contracts §2
    ann.is_given(150)
    adjustments.adjust(world.shop, ann.account.id, by=1000, source="staff", key="a")
    ann.redeems(world.reward(cost=500))
    assert level(ann) == ("Silver", 150)


def test_points_leave_the_window_by_whole_days_of_the_shop(world: World, ann: Shopper) -> None:  # acceptance 51
    gets(ann, 100, "2026-03-01")
    gets(ann, 250, "2026-03-11")
    assert level(ann) == ("Gold", 350)
    assert until(ann) == date(2026, 3, 31)
    assert rechecked(ann, "2026-03-30") == ("Gold", 350)
    assert rechecked(ann, "2026-03-31") == ("Silver", 250)
    assert until(ann) == date(2026, 4, 10)
    assert rechecked(ann, "2026-04-09") == ("Silver", 250)
    assert rechecked(ann, "2026-04-10") == ("Fern", 0)
    assert until(ann) is None


def test_the_end_date_is_that_of_the_points_which_hold_the_level(ann: Shopper) -> None:  # acceptance 51
    gets(ann, 100, "2026-03-01")
    gets(ann, 100, "2026-03-05")
    assert until(ann) == date(2026, 4, 4)
    gets(ann, 50, "2026-03-06")
    assert until(ann) == date(2026, 4, 4)
    gets(ann, 50, "2026-03-07")
    assert (level(ann), until(ann)) == (("Gold", 300), date(2026, 3, 31))


def test_a_refund_re_evaluates(world: World, ann: Shopper) -> None:  # acceptance 51
    world.order_rule(10)
    with clock.at(day("2026-03-01")):
        ann.orders("40.00", id="o1")
        assert level(ann) == ("Gold", 440)
        ann.orders("40.00", id="o1", refunds=(refund("25.00"),))
        assert level(ann) == ("Silver", 165)
        ann.orders("40.00", id="o1", status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
        assert level(ann) == ("Fern", 0)


def test_a_refund_of_spent_points_re_evaluates_too(world: World, ann: Shopper) -> None:  # acceptance 51, 57
    """What she owes was taken back as well, though no row could be booked; earning repays it."""
    world.order_rule(10)
    with clock.at(day("2026-03-01")):
        ann.orders("10.00", id="o1")
        assert level(ann) == ("Silver", 110)
        ann.redeems(world.reward(cost=110))
        ann.orders("10.00", id="o1", status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
        assert (ann.balance, ann.debt) == (0, 110)
        assert level(ann) == ("Fern", 0)
        ann.is_given(60)
        assert level(ann) == ("Fern", 60)
        ann.is_given(60)
        assert (level(ann), ann.balance, ann.debt) == (("Silver", 120), 10, 0)


def test_a_clawback_leaves_the_window_with_what_it_took_back(world: World, ann: Shopper) -> None:
    """An old order given back late must not cost her the level that newer ones hold."""
    world.order_rule(10)
    tiers.save_program(world.shop, base_multiplier=1)
    with clock.at(day("2026-03-01")):
        ann.orders("10.00", id="o1")
    gets(ann, 120, "2026-03-25")
    with clock.at(day("2026-03-28")):
        ann.orders("10.00", id="o1", status="cancelled", placed_at=day("2026-03-01"))
    assert level(ann) == ("Silver", 120)
    assert until(ann) == date(2026, 4, 24)
    assert rechecked(ann, "2026-04-05") == ("Silver", 120)
    assert rechecked(ann, "2026-04-24") == ("Fern", 0)


def test_the_multiplier_is_that_of_the_level_before_the_order(world: World, ann: Shopper) -> None:  # acceptance 21
    world.order_rule(10)
    for expected in (110, 125, 125, 150):
        order = ann.orders("10.00")
        assert ann.history()[0] == ("order", expected)
        assert order.customer_id == ann.id


def test_bookings_and_the_daily_recheck_at_once_end_where_they_should(world: World, ann: Shopper) -> None:
    gives = [lambda: ann.is_given(40)] * 6
    checks = [lambda: tier_rechecks.recheck_all(world.shop)] * 3
    assert not [answer for answer in at_once(*gives, *checks) if isinstance(answer, Exception)]
    assert level(ann) == ("Silver", 240)


def test_levels_have_names_and_points_of_their_own(world: World, ann: Shopper) -> None:
    for name, required, field in (("Silver", 7, "name"), ("New", 100, "required_points")):
        with pytest.raises(TierTaken) as refusal:
            tiers.create(world.shop, name, required)
        assert refusal.value.field == field
    other = World.create()
    other.tier("Silver", 100)
    assert [tier.name for tier in tiers.listed(world.shop.id)] == ["Silver", "Gold"]


# A window of calendar months


def test_a_window_of_months_follows_the_calendar(world: World, ann: Shopper) -> None:  # wix-api §2
    tiers.save_program(world.shop, window_months=1)
    gets(ann, 100, "2026-01-31")
    assert (level(ann), until(ann)) == (("Silver", 100), date(2026, 3, 1))
    assert rechecked(ann, "2026-02-28") == ("Silver", 100)
    assert rechecked(ann, "2026-03-01") == ("Fern", 0)
    gets(ann, 100, "2026-03-10")
    assert until(ann) == date(2026, 4, 10)
    assert rechecked(ann, "2026-04-09") == ("Silver", 100)
    assert rechecked(ann, "2026-04-10") == ("Fern", 0)


@tries(200)
@given(st.dates(date(2024, 1, 1), date(2032, 1, 1)), st.integers(1, 36))
@example(date(2026, 1, 31), 1)
@example(date(2024, 2, 29), 12)
def test_a_day_leaves_the_window_of_months_once(day: date, months: int) -> None:
    program = TierProgram(window_months=months)
    leaves = program.day_it_leaves(day)
    assert program.first_day(leaves) > day >= program.first_day(leaves - timedelta(days=1))
    assert timedelta(0) <= leaves - clock.add_months(day, months) <= timedelta(days=3)


def test_months_and_days_of_the_window_agree(world: World) -> None:
    program = tiers.program_settings(world.shop)
    assert (program.months, program.window_days) == (12, 365)
    for months in range(1, 37):
        program = tiers.save_program(world.shop, window_months=months)
        assert (program.months, abs(program.window_days - months * 30.4) < 4) == (months, True)
        assert tiers.save_program(world.shop, window_days=program.window_days).months == months


# What the admin API does with tiers (wix-api §1, §2)


@pytest.fixture
def heard() -> list[tuple[str, str, tuple[str, ...]]]:
    """What happened to tiers."""
    told: list[tuple[str, str, tuple[str, ...]]] = []

    def hear(event: Event) -> None:
        reactions.react(event)
        if isinstance(event, TierChanged):
            told.append((event.tier_id, event.change, event.fields))

    events.wire(hear)
    return told


def promised() -> int:
    """How many rechecks wait."""
    return int(job_queue.Job.everywhere().where(job_queue.Job.name == job_queue.JobName.RECHECK_TIERS).count())


def test_a_tier_is_made_edited_and_deleted(world: World, heard: list[tuple[str, str, tuple[str, ...]]]) -> None:
    shop = world.shop
    tiers.save_program(shop, status="active")
    ann = world.member()
    ann.is_given(150)
    silver = tiers.create(shop, "Silver", 100, description="Shiny", icon={"url": "https://shop.example/s.svg"})
    assert ann.account.tier_id is None
    jobs.run_all()
    assert (ann.account.tier_id, ann.account.tier_points) == (silver.id, 150)
    edited = tiers.change(shop, silver.id, 1, name="Silver Fern", required_points=200, icon=None)
    assert (edited.name, edited.required_points, edited.description, edited.revision) == (
        "Silver Fern",
        200,
        "Shiny",
        2,
    )
    jobs.run_all()
    assert ann.account.tier_id is None
    tiers.change(shop, silver.id, 2, required_points=120)
    jobs.run_all()
    revision = ann.account.revision
    tiers.remove(shop, silver.id, 3)
    assert (ann.account.tier_id, ann.account.tier_until, ann.account.revision) == (None, None, revision + 1)
    with pytest.raises(NotFound):
        tiers.need(shop, silver.id)
    assert heard == [
        (silver.id, "created", ()),
        (silver.id, "updated", ("name", "required_points", "icon")),
        (silver.id, "updated", ("required_points",)),
        (silver.id, "deleted", ()),
    ]


def test_somebody_else_was_quicker(world: World, ann: Shopper) -> None:  # wix-api §3
    silver = tiers.listed(world.shop.id)[0]
    names = [lambda n=n: tiers.change(world.shop, silver.id, 1, name=f"Silver {n}").revision for n in range(4)]
    assert [one for one in at_once(*names) if not isinstance(one, StaleRevision)] == [2]
    with pytest.raises(StaleRevision):
        tiers.remove(world.shop, silver.id, 1)
    with pytest.raises(NotFound):
        tiers.change(World.create().shop, silver.id, 2, name="Mine")


def test_a_level_cannot_take_the_name_or_the_points_of_another(world: World, ann: Shopper) -> None:
    gold = tiers.listed(world.shop.id)[1]
    for columns in ({"name": "Silver"}, {"required_points": 100}):
        with pytest.raises(TierTaken) as refusal:
            tiers.change(world.shop, gold.id, 1, **columns)
        assert refusal.value.field == next(iter(columns))
    assert tiers.change(world.shop, gold.id, 1, name="Gold", required_points=300).revision == 1
    made = at_once(*[lambda: tiers.create(world.shop, "New", 500).name] * 4)
    assert [one for one in made if not isinstance(one, TierTaken)] == ["New"]


def test_many_edits_promise_one_recheck(world: World, ann: Shopper) -> None:
    ann.is_given(100)
    for number in range(5):
        tiers.create(world.shop, f"Level {number}", 1000 + number)
    assert promised() == 1
    while (running := job_queue.claim()) and running.name != job_queue.JobName.RECHECK_TIERS:
        pass
    tiers.create(world.shop, "One more", 50)
    assert promised() == 2


@pytest.mark.parametrize("status", ["disabled", "draft", "paused"])
def test_while_tiers_are_not_active_everybody_is_in_the_base_tier(
    world: World, ann: Shopper, status: str
) -> None:  # wix-api §2
    ann.is_given(150)
    assert ann.account.tier_id is not None
    program = tiers.change_program(world.shop, 2, status=status)
    assert (program.state, tiers.program_of(world.shop.id)) == (status, None)
    assert (ann.account.tier_id, tiers.standing(world.shop.id, ann.account)) == (None, None)
    ann.is_given(200)
    assert ann.account.tier_id is None
    program = tiers.save_program(world.shop, active=True)
    assert (program.state, program.status) == ("active", None)
    jobs.run_all()
    assert level(ann) == ("Gold", 350)


def test_a_shop_has_one_set_of_tier_settings(world: World) -> None:  # wix-api §1
    shop = world.shop
    before = tiers.program_settings(shop)
    assert (before.state, before.months, before.revision) == ("disabled", 12, 1)
    made = tiers.create_program(shop, status="draft", window_months=6, base_name="Fern", base_description="Welcome")
    assert (made.state, made.months, made.revision, made.active) == ("draft", 6, 1, 0)
    with pytest.raises(TierProgramExists):
        tiers.create_program(shop, window_months=3)
    changed = tiers.change_program(shop, 1, window_months=24, base_description=None)
    assert (changed.months, changed.base_name, changed.base_description, changed.revision) == (24, "Fern", None, 2)
    with pytest.raises(StaleRevision):
        tiers.change_program(shop, 1, window_months=3)
    assert tiers.program_settings(shop).months == 24


def test_settings_that_nobody_stored_can_be_changed_too(world: World) -> None:  # wix-api §1
    read = tiers.program_settings(world.shop)
    changed = tiers.change_program(world.shop, read.revision, status="active", window_months=12)
    assert (changed.state, changed.revision) == ("active", 2)
    assert tiers.program_settings(world.shop).created_at == read.created_at
