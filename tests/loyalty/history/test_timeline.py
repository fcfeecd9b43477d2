"""The timeline of a customer for staff: each row of the ledger, what waits, orders without points, and why."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.counter import Counter
from tests.make import NOON, Shopper, World, day, line, refund
from widget_server import clock, ledger
from widget_server.errors import BadRequest
from widget_server.ledger import Cause
from widget_server.loyalty.earning import orders, rules
from widget_server.loyalty.earning.rules import Campaign, Terms
from widget_server.loyalty.history import timeline
from widget_server.loyalty.history.timeline import Entry, Timeline
from widget_server.loyalty.people import api_keys, customer_edits, merging
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.points import adjustments, batches
from widget_server.loyalty.points.adjustments import Annotation


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.member()


def page_of(shopper: Shopper, **facts: object) -> Timeline:
    account = ledger.account_of(shopper.world.shop.id, shopper.id)
    return timeline.page(shopper.world.shop, shopper.customer, account, **facts)  # type: ignore[arg-type]


def entries(shopper: Shopper) -> list[Entry]:
    """The first hundred entries."""
    return page_of(shopper, limit=100).entries


def newest(shopper: Shopper) -> Entry:
    return entries(shopper)[0]


# why an order gave its points


def test_a_row_has_the_rule_its_version_the_lines_and_the_rounding(world: World, ann: Shopper) -> None:
    rule = world.order_rule(10, handle="orders", title="Shopping")
    rules.save_rule(world.shop, "orders", rate_points=10, title="Shop with us")
    ann.orders(id="o1", lines=(line("4.99", name="Mug"),))
    why = newest(ann).why
    assert why.rule is not None
    assert (why.rule.id, why.rule.handle, why.rule.title, why.rule.revision) == (rule.id, "orders", "Shop with us", 2)
    assert (why.per_points, why.per, why.base, why.rounding) == (10, Decimal(1), Decimal("4.99"), "floor")
    assert (why.scored, why.given, why.capped, why.factor) == (49, 49, False, 1)
    assert why.lines is not None
    (mug,) = why.lines
    assert (mug.name, mug.amount, mug.full, mug.factor, mug.counts) == (
        "Mug",
        Decimal("4.99"),
        Decimal("4.99"),
        1,
        True,
    )
    assert newest(ann).order is not None
    assert newest(ann).balance_after == 49


def test_a_later_edit_of_the_rule_does_not_change_what_is_said_of_a_row(world: World, ann: Shopper) -> None:
    world.order_rule(10, handle="orders", title="Shopping")
    ann.orders("10.00")
    rules.save_rule(world.shop, "orders", rate_points=3, title="Less")
    why = newest(ann).why
    assert why.rule is not None
    assert (why.rule.title, why.rule.revision, why.per_points) == ("Shopping", 1, 10)


def test_lines_that_do_not_count_stand_beside_those_that_do(world: World, ann: Shopper) -> None:
    terms = Terms(exclude_products=("gift",), product_multipliers={"fern": "2"})
    world.order_rule(10, terms=terms)
    lines = (line("10.00", id="1", product="fern"), line("5.00", id="2", product="gift"), line("1.00", id="3"))
    ann.orders(id="o1", lines=lines)
    why = newest(ann).why
    assert why.lines is not None
    assert [(one.counts, one.amount, one.factor) for one in why.lines] == [(True, 10, 2), (False, 0, 1), (True, 1, 1)]
    assert (why.base, why.factor, why.scored) == (11, Decimal("1.9091"), 210)


def test_multipliers_of_tier_and_campaign_stand_beside_the_whole_one(world: World, ann: Shopper) -> None:
    world.order_rule(10)
    world.tier("Silver", 100, "1.5")
    moment = clock.now()
    Campaign(
        id="c", shop_id=world.shop.id, name="Week", multiplier=2, starts_at=moment - timedelta(days=1),
        ends_at=moment + timedelta(days=1),
    ).save(force_insert=True)  # fmt: skip
    ann.is_given(100)
    ann.orders("10.00")
    why = newest(ann).why
    assert (why.tier, why.campaign, why.factor, why.combine) == (Decimal("1.5"), 2, 3, "multiply")
    assert newest(ann).points == 300


def test_a_cap_says_what_the_order_was_worth_before_it(world: World, ann: Shopper) -> None:
    world.order_rule(10, terms=Terms(points_per_day=150))
    ann.orders("20.00")
    why = newest(ann).why
    assert (newest(ann).points, why.scored, why.given, why.capped) == (150, 200, 150, True)
    assert why.caps == {"points_per_day": 150}


def test_a_refund_names_the_row_it_takes_back_and_the_figures_that_are_left(world: World, ann: Shopper) -> None:
    world.order_rule(10)
    ann.orders("20.00", id="o1")
    orders.receive_refund(world.shop, "generic", "o1", refund("5.00"))
    taken, given = entries(ann)
    assert (taken.cause, taken.points, taken.why.base, taken.why.given) == ("order_refunded", -50, 15, 150)
    assert taken.reverses is not None
    assert taken.reverses.id == given.id
    assert given.why.lines is None, "the order has changed since: which lines counted is not known"
    assert taken.why.lines is not None


def test_what_was_not_stored_is_not_known(world: World, ann: Shopper) -> None:
    """A row of an earlier version has no version of its rule."""
    rule = world.rule("review", points=20, title="Review")
    cause = Cause("review", rule.id, snapshot={"points": 20, "title": "Review"})
    ledger.post(world.shop.id, ann.account.id, "earn", 20, source="store:generic", key="r", cause=cause)
    why = newest(ann).why
    assert why.rule is not None
    assert (why.rule.title, why.rule.handle, why.rule.revision, why.fixed_points) == ("Review", rule.handle, None, 20)
    assert newest(ann).author.kind == "shop"


def test_an_action_has_its_rule_and_its_cap(world: World, ann: Shopper) -> None:
    world.rule("custom", rate_points=2, rate_per=1, terms=Terms(name="survey", points_ever=15), title="Survey")
    ann.does("custom", name="survey", value=Decimal(10))
    why = newest(ann).why
    assert why.rule is not None
    assert (why.rule.title, why.rule.revision, why.per_points, why.per, why.base) == ("Survey", 1, 2, 1, 10)
    assert (why.scored, why.given, why.capped) == (20, 15, True)


# what waits, and what gave nothing


def test_points_that_wait_stand_where_their_order_was_placed(world: World, ann: Shopper) -> None:
    world.settings(wait_days=14)
    world.order_rule(10)
    with clock.at(NOON):
        ann.orders("20.00", id="o1", placed_at=NOON, modified_at=NOON)
        ann.is_given(5)
        with clock.at(NOON + timedelta(hours=1)):
            ann.is_given(6)
            assert [(one.kind, one.points) for one in entries(ann)] == [
                ("booked", 6), ("waiting", 200), ("booked", 5),
            ]  # fmt: skip
    waiting = entries(ann)[1]
    assert waiting.due_at == clock.start_of(day("03-24").date(), "Europe/Berlin")
    assert (waiting.why.base, waiting.why.wait_days, waiting.balance_after) == (20, 14, None)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"currency": "USD"}, "other_currency"),
        ({"placed_at": day("1999-01-01")}, "before_program"),
        ({"status": "cancelled"}, "cancelled"),
    ],
)
def test_what_was_decided_when_the_order_arrived_is_certain(
    world: World, ann: Shopper, facts: dict[str, object], reason: str
) -> None:
    world.order_rule()
    ann.orders("20.00", **facts)
    entry = newest(ann)
    assert entry.missed is not None
    assert (entry.kind, entry.points, entry.missed.reason, entry.missed.is_certain) == ("nothing", 0, reason, True)


@pytest.mark.parametrize(
    ("terms", "goods", "reason"),
    [
        (Terms(minimum_subtotal=Decimal(50)), "20.00", "below_minimum"),
        (Terms(exclude_products=("p1",)), "20.00", "no_goods"),
        (Terms(), "0.05", "too_small"),
        (Terms(points_ever=10), "20.00", "capped"),
    ],
)
def test_an_order_that_a_rule_gave_nothing_for(
    world: World, ann: Shopper, terms: Terms, goods: str, reason: str
) -> None:
    rule = world.order_rule(10, terms=terms)
    if reason == "capped":
        with clock.at(NOON):
            ann.orders("20.00")
    ann.orders(goods)
    entry = newest(ann)
    assert entry.missed is not None
    assert (entry.missed.reason, entry.missed.is_certain) == (reason, True)
    assert [(one.rule.id, one.reason) for one in entry.missed.verdicts] == [(rule.id, reason)]


def test_an_order_that_was_refunded_before_it_gave_points(world: World, ann: Shopper) -> None:
    world.settings(wait_days=14)
    world.order_rule()
    ann.orders("20.00", id="o1")
    orders.receive_refund(world.shop, "generic", "o1", refund("20.00"))
    entry = newest(ann)
    assert entry.missed is not None
    assert (entry.kind, entry.missed.reason) == ("nothing", "refunded")


def test_without_a_stored_fact_todays_settings_say_why_and_it_says_that_it_is_not_certain(
    world: World, ann: Shopper
) -> None:
    ann.orders("20.00")
    without_rule = newest(ann).missed
    rule = world.order_rule()
    newer = newest(ann).missed
    customer_edits.edit(world.shop.id, ann.id, excluded=True)
    ann.orders("20.00")
    excluded = newest(ann).missed
    assert without_rule is not None
    assert newer is not None
    assert excluded is not None
    assert [one.reason for one in (without_rule, newer, excluded)] == ["no_rule", "rule_is_newer", "excluded"]
    assert not any(one.is_certain for one in (without_rule, newer, excluded))
    assert [one.rule.id for one in newer.verdicts] == [rule.id]


def test_a_guest_whose_shop_pays_members_only(world: World) -> None:
    world.settings(guests_earn=False)
    world.order_rule()
    world.guest_orders("guest@example.com")
    entry = newest(world.visitor("guest@example.com"))
    assert entry.missed is not None
    assert (entry.missed.reason, entry.missed.is_certain) == ("members_only", False)


def test_the_first_guest_order_is_too_small_by_the_rule_of_today(world: World) -> None:
    world.order_rule(terms=Terms(minimum_subtotal=Decimal(50)))
    world.guest_orders("guest@example.com")
    entry = newest(world.visitor("guest@example.com"))
    assert entry.missed is not None
    assert (entry.missed.reason, entry.missed.is_certain) == ("below_minimum", False)


# who did it


def test_staff_apps_bulk_changes_and_the_customer_are_told_apart(world: World, ann: Shopper) -> None:
    key, _ = api_keys.create_key(world.shop.id, "Till")
    said = [
        Annotation(reason="loyal", comment="Thank you", staff="kim@shop.example"),
        Annotation(comment="At the till", app_id=key.id),
        Annotation(app_id="other-app"),
    ]
    for number, one in enumerate(said):
        adjustments.adjust(world.shop, ann.account.id, source="admin", key=f"k{number}", by=5, annotation=one)
    batch = batches.bulk_adjust(
        world.shop, [ann.account.id], source="staff", key="b", by=5, annotation=Annotation(staff="lee@shop.example")
    )
    batches.run(batch.id)
    ann.redeems(world.reward(cost=10))
    found = entries(ann)[::-1]
    authors = [(one.author.kind, one.author.name) for one in found]
    assert authors == [
        ("staff", "kim@shop.example"), ("app", "Till"), ("app", "other-app"), ("batch", "lee@shop.example"),
        ("customer", None),
    ]  # fmt: skip
    assert (found[0].reason, found[0].comment) == ("loyal", "Thank you")
    assert found[3].author.id == batch.id


def test_a_coupon_and_what_it_paid_back(world: World, ann: Shopper) -> None:
    ann.is_given(500)
    coupon = ann.redeems(world.reward(cost=500))
    ann.returns(coupon)
    returned, redeemed, _ = entries(ann)
    assert [(one.cause, one.points, one.kind_of_row) for one in (returned, redeemed)] == [
        ("returned", 500, "refund"), ("redeemed", -500, "redeem"),
    ]  # fmt: skip
    assert returned.coupon is not None
    assert returned.coupon.id == coupon.id
    assert returned.reverses is not None
    assert returned.reverses.id == redeemed.id


def test_a_referral_names_the_other_side(world: World, ann: Shopper) -> None:
    world.refer(friend_gift={"kind": "points", "points": 50})
    bo = world.member("bo@example.com", code=ann.customer.referral_code)
    bo.orders("20.00", id="o1")
    given = entries(ann)[0]
    assert (given.cause, given.other and given.other.id) == ("referral_advocate", bo.id)
    assert [one.other and one.other.id for one in entries(bo) if one.kind == "booked"] == [ann.id]
    orders.receive_deletion(world.shop, "generic", "o1")
    assert [(one.cause, one.other and one.other.id) for one in entries(ann)] == [
        ("referral_undone", bo.id), ("referral_advocate", bo.id),
    ]  # fmt: skip


def test_rows_of_a_merged_account_keep_their_author_and_say_no_balance(world: World, ann: Shopper) -> None:
    old = world.member("old@example.com")
    with clock.at(day("03-01")):
        old.does("x")
        world.rule("review", points=7)
        old.does("review")
    with clock.at(day("03-02")):
        ann.is_given(5)
    merging.merge(world.shop, old.id, ann.id)
    own, moved = entries(ann)
    assert (own.points, own.balance_after, own.is_copied) == (5, 5, False)
    assert (moved.points, moved.balance_after, moved.is_copied, moved.author.kind) == (7, None, True, "shop")
    assert moved.booked_at is not None
    assert moved.booked_at > moved.at


# pages


def test_pages_join_without_a_gap_and_without_a_repeat(world: World, ann: Shopper) -> None:
    """Rows of one moment, waiting points and orders without points, in every size of page."""
    world.order_rule()
    with clock.at(NOON):
        for number in range(4):
            ann.is_given(number + 1)
            world.settings(wait_days=14)
            ann.orders("20.00", placed_at=NOON, modified_at=NOON)
            ann.orders("20.00", currency="USD", placed_at=NOON + timedelta(hours=number))
    whole = [(one.kind, one.id) for one in entries(ann)]
    assert len(whole) == len(set(whole)) == 12
    for limit in (1, 2, 3, 5, 12):
        found, cursor = [], None
        while True:
            shown = page_of(ann, cursor=cursor, limit=limit)
            found += [(one.kind, one.id) for one in shown.entries]
            assert len(shown.entries) <= limit
            cursor = shown.next_cursor
            if cursor is None:
                break
        assert found == whole


@pytest.mark.parametrize("cursor", ["", "x", "2026-03-10T12:00:00Z~0~-1", "2026-99-10T12:00:00Z~0~1", "~~"])
def test_what_is_no_cursor_is_refused(ann: Shopper, cursor: str) -> None:
    if not cursor:
        assert page_of(ann, cursor=cursor).entries == []
        return
    with pytest.raises(BadRequest) as refused:
        page_of(ann, cursor=cursor)
    assert refused.value.field == "cursor"


def test_a_customer_without_an_account_still_has_orders(world: World) -> None:
    world.order_rule()
    world.order(Person(email="guest@example.com"), currency="USD")
    guest = world.visitor("guest@example.com")
    assert ledger.account_of(world.shop.id, guest.id) is None
    assert [one.kind for one in entries(guest)] == ["nothing"]


def test_a_longer_page_takes_no_more_queries(world: World, ann: Shopper) -> None:
    world.order_rule()
    world.refer()
    for number in range(8):
        ann.orders("20.00")
        ann.orders("20.00", currency="USD")
        ann.redeems(world.reward(cost=10))
        adjustments.adjust(
            world.shop, ann.account.id, source="staff", key=f"{number}", by=1, annotation=Annotation(reason="x")
        )
    with Counter() as few:
        page_of(ann, limit=4)
    with Counter() as many:
        page_of(ann, limit=30)
    assert len(many.statements) <= len(few.statements) <= 14
