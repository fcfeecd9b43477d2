"""Which action gives how many points, and how an order is scored by its state."""

import itertools
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import peewee
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.make import NOON, Shopper, World, at_once, line, refund, state, tries
from widget_server import clock, ledger
from widget_server.errors import BadRequest, NotEnoughPoints, NotFound, ProgramNotActive, RuleNotClickable
from widget_server.ledger import Transaction
from widget_server.loyalty import customers, earning, orders, points, programs
from widget_server.loyalty.customers import Person
from widget_server.loyalty.earning import Action, Campaign, Terms
from widget_server.loyalty.points import Award


def day(text: str, hour: int = 12) -> datetime:
    """That day of 2026 unless it names its year, by UTC."""
    return clock.parse(f"{text if len(text) > 5 else '2026-' + text}T{hour:02}:00:00Z")


def given_by(world: World) -> dict[str, int]:
    """What each order gives now, by its number."""
    numbers = {row.id: row.external_id for row in orders.Order.of(world.shop)}
    return {numbers[award.order_id]: award.points for award in Award.of(world.shop) if award.points}


# Base, rounding, multipliers (acceptance 19, 20, 21)


@pytest.mark.parametrize(("rounding", "expected"), [("floor", 49), ("unit", 40), ("nearest", 50)])
def test_rounding(world: World, rounding: str, expected: int) -> None:  # acceptance 20
    world.settings(rounding=rounding)
    world.order_rule(10)
    ann = world.member()
    ann.orders("4.99")
    assert ann.balance == expected


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ({}, 150),
        ({"base_after_discounts": False}, 200),
        ({"base_shipping": True}, 190),
        ({"base_tax": True}, 165),
        ({"base_gift_cards": True}, 450),
        ({"base_after_discounts": False, "base_shipping": True, "base_tax": True, "base_gift_cards": True}, 655),
    ],
)
def test_what_counts_is_a_switch_each(world: World, switch: dict[str, bool], expected: int) -> None:  # acceptance 19
    """20.00 of goods, 5.00 off, 1.50 tax, 4.00 shipping, and a gift card of 40.00 with 10.00 off."""
    world.settings(**switch)
    world.order_rule(10)
    ann = world.member()
    goods = line("20.00", discount="5.00", tax="1.50")
    card = line("40.00", id="2", gift_card=True, discount="10.00")
    ann.orders(lines=(goods, card), discount="15.00", tax="1.50", shipping="4.00")
    assert ann.balance == expected


@pytest.mark.parametrize(("combine", "expected"), [("multiply", 500 + 250), ("add", 325 + 225), ("highest", 200 + 200)])
def test_how_multipliers_meet(world: World, combine: str, expected: int) -> None:  # acceptance 21
    """A doubled mug and a plain one of 10.00 each, in a tier of 1.25, in a campaign of 2."""
    world.settings(combine=combine)
    ann = world.member()
    ann.is_given(100)
    world.tier("Silver", 100, "1.25")
    ann.is_given(1)
    Campaign(
        id="c", shop_id=world.shop.id, name="Spring", multiplier=2, starts_at=day("03-01"), ends_at=day("04-01")
    ).save(force_insert=True)
    Campaign(
        id="d", shop_id=world.shop.id, name="Small", multiplier="1.5", starts_at=day("03-01"), ends_at=day("04-01")
    ).save(force_insert=True)
    world.order_rule(10, terms=Terms(product_multipliers={"p2": "2"}, collection_multipliers={"mugs": "1.5"}))
    lines = (line("10.00"), line("10.00", id="2", product="p2", collection_ids=("mugs",)))
    with clock.at(NOON):
        order = ann.orders(lines=lines)
        assert given_by(world) == {order.external_id: expected}
    with clock.at(day("04-01")):
        assert earning.campaign_multiplier(world.shop, clock.now()) == 1


def test_a_rule_names_what_counts(world: World) -> None:  # acceptance 21
    """Exclusion wins; a line counts when its product or one of its collections is named."""
    terms = Terms(
        include_products=("p1",), include_collections=("mugs",), exclude_products=("p9",), exclude_collections=("sale",)
    )
    world.order_rule(10, terms=terms)
    ann = world.member()
    lines = (
        line("1.00", id="1", product="p1"),
        line("2.00", id="2", product="p2", collection_ids=("mugs", "new")),
        line("4.00", id="3", product="p3"),
        line("8.00", id="4", product="p1", collection_ids=("sale",)),
        line("16.00", id="5", product="p9", collection_ids=("mugs",)),
    )
    ann.orders(lines=lines)
    assert ann.balance == 30


def test_the_sum_is_rounded_once(world: World) -> None:  # acceptance 20
    world.order_rule(1)
    ann = world.member()
    ann.orders(lines=tuple(line("0.99", id=str(number)) for number in range(3)))
    assert ann.balance == 2


@pytest.mark.parametrize(("goods", "expected"), [("49.99", 0), ("50.00", 500)])
def test_a_minimum_subtotal(world: World, goods: str, expected: int) -> None:  # acceptance 21
    world.order_rule(10, terms=Terms(minimum_subtotal=Decimal(50)))
    ann = world.member()
    ann.orders(goods, shipping="9.00")
    assert ann.balance == expected


def test_thirds_of_a_discount_do_not_miss_the_minimum(world: World) -> None:
    world.order_rule(10, terms=Terms(minimum_subtotal=Decimal(50)))
    ann = world.member()
    ann.orders(lines=tuple(line("20.00", id=str(number)) for number in range(3)), discount="10.00")
    assert ann.balance == 500


def test_a_refund_below_the_minimum_takes_its_share_only(world: World) -> None:  # acceptance 57
    world.order_rule(10, terms=Terms(minimum_subtotal=Decimal(50)))
    ann = world.member()
    ann.orders("60.00", id="o1")
    ann.orders("60.00", id="o1", refunds=(refund("30.00"),))
    assert ann.balance == 300


def test_a_fixed_number_of_points_for_an_order(world: World) -> None:
    world.rule("order", points=100)
    ann = world.member()
    ann.orders("60.00", id="o1")
    assert ann.balance == 100
    ann.orders("60.00", id="o1", refunds=(refund("20.00"),))
    assert ann.balance == 66


def test_an_order_never_gives_more_than_a_row_holds(world: World) -> None:
    world.settings(rounding="unit")
    world.order_rule(10**9)
    ann = world.member()
    ann.orders("999999999999.00")
    assert ann.balance == 10**9


RATE = earning.Rate(
    rule_id="r",
    title=None,
    points=None,
    per_points=10,
    per=Decimal(1),
    rounding="floor",
    tier=Decimal(1),
    campaign=Decimal(1),
    combine="multiply",
    after_discounts=True,
    with_shipping=False,
    with_tax=False,
    with_gift_cards=False,
    earn_at="paid",
    wait_days=0,
    terms=Terms(),
)
cents = st.integers(1, 3000)


@tries(150)
@given(
    st.lists(cents, min_size=1, max_size=4), st.integers(0, 9), st.lists(cents, max_size=2), st.lists(cents, max_size=2)
)
@example([1000, 1000, 1000], 1, [], [])
@example([300], 0, [200], [])  # a third left: 0.9999... of it
def test_points_are_those_of_exact_fractions(
    subtotals: list[int], tenths: int, by_line: list[int], by_amount: list[int]
) -> None:  # acceptance 20, 57
    """Checked against arithmetic that never rounds."""
    total = sum(subtotals)
    discount = Fraction(total * tenths // 10)
    paid = [subtotal * (1 - discount / total) for subtotal in subtotals]
    kept = [max(one - back, 0) for one, back in itertools.zip_longest(paid, by_line[: len(paid)], fillvalue=0)]
    loose = sum(by_amount)
    points_kept = int(max(sum(kept) - loose, 0) / 10)

    def money(amount: Any) -> str:
        return str(Decimal(int(amount)) / 100)

    lines = tuple(line(money(subtotal), id=str(number)) for number, subtotal in enumerate(subtotals))
    backs = [refund(money(one), id=f"l{n}", lines={str(n): money(one)}) for n, one in enumerate(by_line[: len(paid)])]
    backs += [refund(money(one), id=f"a{n}") for n, one in enumerate(by_amount)]
    told = state(lines=lines, discount=money(discount), refunds=tuple(backs))
    assert earning.score(told, RATE).points == points_kept


# Who earns, and when (acceptance 15, 16, 22)


def test_a_guest_earns_and_spends_after_joining_with_her_address(world: World) -> None:  # acceptance 15
    world.order_rule(10)
    world.guest_orders("ann@example.com", "20.00")
    ann = world.member("Ann@Example.com")
    assert ann.balance == 200
    ann.redeems(world.reward(cost=150))
    assert ann.balance == 50


def test_a_rule_or_a_program_for_members_only(world: World) -> None:
    rule = world.order_rule(10, terms=Terms(guests=False))
    world.rule("review", points=5, terms=Terms(guests=False))
    guest, ann = world.visitor(), world.member()
    for shopper in (guest, ann):
        shopper.orders("20.00")
        shopper.does("review")
    assert (guest.balance, ann.balance) == (0, 205)
    earning.save_rule(world.shop, rule.handle, settings={})
    world.settings(guests_earn=False)
    world.rule("custom", points=7, terms=Terms(name="quiz"))
    for shopper in (guest, ann):
        shopper.orders("20.00")
        shopper.does("custom", name="quiz")
    assert (guest.balance, ann.balance) == (0, 412)
    assert earning.quote(world.shop, None, state()) == earning.quote(world.shop, guest.customer, state()) == 0


def test_an_order_that_gives_nothing_opens_no_account(world: World) -> None:  # contracts §1
    world.order_rule(10)
    guest = world.visitor()
    guest.orders(lines=(line("50.00", gift_card=True),))
    guest.orders("20.00", status="cancelled")
    assert ledger.account_of(world.shop.id, guest.id) is None


@pytest.mark.parametrize("status", ["draft", "paused"])
def test_nothing_is_earned_while_the_program_is_not_active(database: str, status: str) -> None:  # acceptance 16
    world = World.create(active=False)
    if status == "paused":
        programs.activate(world.shop.id)
        programs.pause(world.shop.id)
    for kind in ("join", "review", "visit", "newsletter", "birthday"):
        world.rule(kind, points=10)
    social = world.rule("social", points=10)
    world.order_rule(10)
    ann = world.member(accepts_marketing=True)
    ann.orders()
    ann.does("review")
    assert earning.visit(world.shop, ann.customer) == 0
    with pytest.raises(ProgramNotActive):
        earning.click(world.shop, ann.customer, social.id)
    with clock.at(NOON):
        customers.update(ann.customer, birthday="1990-03-10", birthday_set_at=day("2025-01-01"))
        assert earning.pay_birthdays(world.shop) == 0
    assert earning.quote(world.shop, ann.customer, state()) == 0
    assert (ann.balance, ann.pending) == (0, 0)


def test_points_wait_for_the_status_and_then_some_days(world: World) -> None:  # acceptance 22, 31
    world.settings(earn_at="fulfilled", wait_days=14)
    world.order_rule(10)
    reward = world.reward(cost=100)
    with clock.at(NOON):
        ann = world.member()
        ann.orders("20.00", id="o1")
    assert (ann.balance, ann.pending) == (0, 200)
    assert Award.need(world.shop).due_at is None
    with clock.at(day("03-20", 22)):
        ann.orders("20.00", id="o1", status="fulfilled", placed_at=NOON)
    due = Award.need(world.shop).due_at
    assert due == datetime.fromisoformat(
        "2026-04-03T00:00+02:00"
    )  # whole days of Berlin, over the change of its clocks
    with clock.at(due - timedelta(microseconds=1)):
        assert points.mature_due() == 0
        with pytest.raises(NotEnoughPoints):
            ann.redeems(reward)
    with clock.at(due):
        assert at_once(*[points.mature_due] * 4).count(1) == 1
        ann.redeems(reward)
    assert (ann.balance, ann.pending) == (100, 0)
    award = Award.need(world.shop)
    row = Transaction.need(world.shop, Transaction.id == award.booked_id)
    assert (award.status, row.key, row.event_at) == ("matured", f"award:{award.id}", NOON)


@pytest.mark.parametrize(("earn_at", "status"), [("placed", "placed"), ("paid", "paid"), ("fulfilled", "fulfilled")])
def test_without_waiting_points_are_there_with_the_status(world: World, earn_at: str, status: str) -> None:
    world.settings(earn_at=earn_at)
    world.order_rule(10)
    ann = world.member()
    before = {"paid": "placed", "fulfilled": "paid"}.get(status)
    if before:
        ann.orders(id="o1", status=before)
        assert (ann.balance, ann.pending) == (0, 200)
    ann.orders(id="o1", status=status)
    assert (ann.balance, ann.pending) == (200, 0)


def test_a_waiting_award_follows_its_order_without_a_row(world: World) -> None:  # acceptance 22, 57
    world.settings(wait_days=14)
    world.order_rule(10)
    ann = world.member()
    ann.orders("20.00", id="o1")
    ann.orders("20.00", id="o1", refunds=(refund("5.00"),))
    assert ann.pending == 150
    ann.orders("20.00", id="o1", status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
    assert (ann.pending, Award.need(world.shop).status) == (0, "cancelled")
    with clock.at(clock.now() + timedelta(days=30)):
        assert points.mature_due() == 0
    assert ann.history() == []


def test_awards_mature_while_their_orders_are_refunded(world: World) -> None:
    """The worker and the shop's messages meet: nobody waits for the other for ever, and both are heard."""
    world.settings(wait_days=1)
    world.order_rule(10, terms=Terms(points_ever=10_000))
    ann = world.member()
    with clock.at(NOON):
        for number in range(6):
            ann.orders("20.00", id=f"o{number}")
    with clock.at(NOON + timedelta(days=2)):
        told = [
            state(id=f"o{number}", placed_at=NOON, modified_at=clock.now(), refunds=(refund("5.00"),))
            for number in range(6)
        ]
        person = ann.person
        news = [lambda one=one: orders.receive(world.shop, "generic", one, person).id for one in told]
        answers = at_once(points.mature_due, *news, points.mature_due)
    assert [str(answer) for answer in answers if isinstance(answer, Exception)] == []
    with clock.at(NOON + timedelta(days=3)):
        points.mature_due()
    assert (ann.balance, ann.pending) == (900, 0)


def test_the_excluded_earn_nothing_more_and_keep_what_they_have(world: World) -> None:  # acceptance 58
    world.order_rule(10)
    world.rule("review", points=5)
    world.rule("birthday", points=5)
    social = world.rule("social", points=5)
    ann = world.member()
    with clock.at(day("01-01")):
        earning.set_birthday(ann.customer, date(1990, 3, 10))
    ann.orders("20.00", id="o1")
    customers.update(ann.customer, excluded=True)
    ann.orders("20.00", id="o1", status="fulfilled")
    ann.orders("50.00", id="o2")
    ann.does("review")
    earning.click(world.shop, ann.customer, social.id)
    with clock.at(NOON):
        earning.pay_birthdays(world.shop)
    assert ann.balance == 200
    assert earning.quote(world.shop, ann.customer, state()) == 0
    ann.orders("20.00", id="o1", status="fulfilled", refunds=(refund("5.00"),))
    assert ann.balance == 150
    customers.update(ann.customer, excluded=False)
    ann.does("review")
    ann.orders("10.00", id="o3")
    assert ann.balance == 255


# Once, whatever happens (acceptance 23, 57, 59)


def test_many_orders_of_somebody_new_in_parallel_all_count(world: World) -> None:  # acceptance 23
    world.order_rule(10)
    guest = world.visitor()
    told = [state(id=f"o{number}") for number in range(8)]
    person = guest.person
    answers = at_once(*[lambda one=one: orders.receive(world.shop, "generic", one, person).id for one in told])
    assert len(set(answers)) == 8
    assert guest.balance == 1600


def test_partial_refunds_take_back_what_the_order_gave_and_no_more(world: World) -> None:  # acceptance 57
    world.order_rule(10)
    ann = world.member()
    ann.is_given(1000)
    for backs in (
        (),
        (refund("6.66", id="a"),),
        (refund("6.66", id="a"), refund("6.66", id="b")),
        (refund("6.66", id="a"), refund("6.66", id="b"), refund("6.66", id="c")),
        (refund("6.66", id="a"), refund("6.66", id="b"), refund("6.66", id="c"), refund("20.00", id="d")),
    ):
        ann.orders("19.99", id="o1", refunds=backs)
    rows = [amount for cause, amount in ann.history() if cause != "gift"]
    assert sum(rows) == 0
    assert max(rows) == 199
    assert ann.balance == 1000
    given = Transaction.need(world.shop, Transaction.amount == 199)
    assert {row.takes_back for row in Transaction.of(world.shop).where(Transaction.amount < 0)} == {given.id}


def test_a_refund_of_shipping_takes_no_points(world: World) -> None:  # acceptance 57
    world.order_rule(10)
    ann = world.member()
    ann.orders("20.00", id="o1", shipping="5.00")
    ann.orders("20.00", id="o1", shipping="5.00", refunds=(refund("5.00", shipping="5.00"),))
    assert ann.history() == [("order", 200)]


def test_cancelled_and_reinstated(world: World) -> None:  # acceptance 57
    world.order_rule(10)
    ann = world.member()
    for minute, status in enumerate(("paid", "cancelled", "paid", "cancelled", "fulfilled")):
        ann.orders("20.00", id="o1", status=status, modified_at=clock.now() + timedelta(minutes=minute))
        assert ann.balance == (0 if status == "cancelled" else 200)
    assert ann.history()[1][0] == "order_cancelled"


def test_spent_points_become_debt_that_the_order_pays_off_when_it_comes_back(world: World) -> None:  # acceptance 57
    world.order_rule(10)
    ann = world.member()
    ann.orders("20.00", id="o1")
    ann.redeems(world.reward(cost=150))
    ann.orders("20.00", id="o1", status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
    assert (ann.balance, ann.debt) == (0, 150)
    ann.orders("5.00", id="o2")
    assert (ann.balance, ann.debt) == (0, 100)
    ann.orders("20.00", id="o1", status="paid", modified_at=clock.now() + timedelta(minutes=2))
    assert (ann.balance, ann.debt) == (100, 0)


def test_or_the_balance_goes_below_zero_by_setting(world: World) -> None:  # acceptance 57
    world.settings(shortfall="negative")
    world.order_rule(10)
    ann = world.member()
    ann.orders("20.00", id="o1")
    ann.redeems(world.reward(cost=150))
    ann.orders("20.00", id="o1", status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
    assert (ann.balance, ann.debt) == (-150, 0)


def test_rule_edits_never_change_past_rows(world: World) -> None:  # acceptance 59
    rule = world.order_rule(10, title="Buy")
    ann = world.member()
    ann.orders("20.00", id="o1")
    edited = earning.save_rule(world.shop, rule.handle, rate_points=50, title="Buy more")
    assert edited.revision == 2
    world.settings(rounding="unit", base_shipping=True, earn_at="fulfilled", wait_days=9)
    ann.orders("20.00", id="o1", status="fulfilled", shipping="7.00")
    assert ann.history() == [("order", 200)]
    ann.orders("20.00", id="o1", status="fulfilled", shipping="7.00", refunds=(refund("5.00"),))
    assert ann.history()[0] == ("order_refunded", -50)
    earning.save_rule(world.shop, rule.handle, active=False, archived_at=clock.now())
    ann.orders("20.00", id="o1", status="fulfilled", shipping="7.00", refunds=(refund("20.00"),))
    assert ann.balance == 0
    rate = Transaction.need(world.shop, Transaction.amount == 200).snapshot["rate"]
    assert (rate["per_points"], rate["title"]) == (10, "Buy")


def test_who_may_earn_is_not_asked_again_of_past_orders(world: World) -> None:  # acceptance 59
    world.order_rule(10)
    guest = world.visitor()
    guest.orders("20.00", id="o1")
    world.settings(guests_earn=False)
    guest.orders("20.00", id="o1", status="fulfilled")
    assert guest.balance == 200


backs = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["3.33", "5.00", "12.00"])), max_size=2, unique_by=lambda b: b[0]
)
news = st.lists(
    st.builds(
        lambda name, minute, status, back: {"name": name, "minute": minute, "status": status, "back": back},
        st.sampled_from("xyz"),
        st.integers(0, 3),
        st.sampled_from(["placed", "paid", "paid", "fulfilled", "cancelled"]),
        backs,
    ),
    min_size=1,
    max_size=6,
)


def test_whatever_is_told_in_whatever_order_the_points_are_the_same(world: World) -> None:  # acceptance 23, 24, 57
    """Two shoppers of two shops live through the same news, told in different order; caps and first order included."""

    @tries(12)
    @given(news, st.data())
    def live(told: list[dict[str, Any]], data: st.DataObject) -> None:
        shuffled = data.draw(st.permutations(told + told[:2]))
        outcomes = []
        for order in (told, shuffled):
            shop = World.create()
            shop.order_rule(10, terms=Terms(points_per_day=250))
            shop.rule("order", points=30, terms=Terms(times_per_month=2, guests=False))
            shop.rule("first_order", points=40)
            ann = shop.member()
            for one in order:
                placed = NOON + timedelta(hours="xyz".index(one["name"]))
                facts = {"modified_at": placed + timedelta(minutes=one["minute"]), "status": one["status"]}
                given_back = tuple(refund(amount, id=name) for name, amount in one["back"])
                with clock.at(NOON + timedelta(hours=5)):
                    ann.orders(id=one["name"], placed_at=placed, refunds=given_back, **facts)
            awards = {order.id: order.external_id for order in orders.Order.of(shop.shop)}
            kinds = {rule.id: rule.position for rule in earning.EarningRule.of(shop.shop)}
            outcomes.append(
                {
                    (awards[award.order_id], kinds[award.rule_id]): award.points
                    for award in Award.of(shop.shop)
                    if award.points
                }
            )
            assert ann.balance - ann.debt + ann.pending == sum(outcomes[-1].values())
        assert outcomes[0] == outcomes[1]

    live()


# Caps (acceptance 24)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (Terms(points_per_day=100), [60, 40, 0, 60, 40, 60]),
        (Terms(points_per_month=200), [60, 60, 60, 20, 0, 60]),
        (Terms(points_ever=100), [60, 40, 0, 0, 0, 0]),
        (Terms(times_per_day=1), [60, 0, 0, 60, 0, 60]),
        (Terms(times_per_month=2), [60, 60, 0, 0, 0, 60]),
        (Terms(times_per_year=4), [60, 60, 60, 60, 0, 0]),
        (Terms(times_ever=1), [60, 0, 0, 0, 0, 0]),
        (Terms(points_per_day=100, times_per_month=3), [60, 40, 0, 60, 0, 60]),
    ],
)
def test_caps_hold_by_the_shops_days_and_months(
    world: World, terms: Terms, expected: list[int]
) -> None:  # acceptance 24
    """Three purchases and reviews on 30 March, two on the 31st, one late at night: in Berlin that is April."""
    world.order_rule(10, terms=terms)
    world.rule("review", points=60, terms=terms)
    moments = [*[day("03-30", hour) for hour in (8, 9, 10)], *[day("03-31", hour) for hour in (8, 9)], day("03-31", 23)]
    ann, bob = world.member(), world.member("bob@example.com")
    reviews = []
    for moment in moments:
        with clock.at(moment):
            ann.orders("6.00")
            reviews.append(bob.does("review"))
    given_points = [award.points for award in Award.of(world.shop).order_by(Award.event_at)]
    assert given_points == expected
    assert reviews == expected


@pytest.mark.parametrize("delivered", list(itertools.permutations(range(3))))
def test_caps_fill_in_the_order_in_which_orders_were_placed(
    world: World, delivered: tuple[int, ...]
) -> None:  # acceptance 24
    world.order_rule(10, terms=Terms(points_per_day=250))
    ann = world.member()
    with clock.at(NOON):
        for number in delivered:
            ann.orders("10.00", id=f"o{number}", placed_at=NOON - timedelta(hours=3 - number))
        assert given_by(world) == {"o0": 100, "o1": 100, "o2": 50}
        # a refund frees the cap for the others
        ann.orders("10.00", id="o0", placed_at=NOON - timedelta(hours=3), refunds=(refund("10.00"),))
    assert given_by(world) == {"o1": 100, "o2": 100}
    assert ann.balance == 200


def test_caps_hold_in_parallel(world: World) -> None:  # acceptance 24
    world.order_rule(10, terms=Terms(points_per_day=500))
    world.rule("review", points=10, terms=Terms(times_per_month=1))
    world.rule("visit", points=3)
    ann = world.member()
    customer, person = ann.customer, ann.person
    told = [state(id=f"o{number}") for number in range(8)]
    answers = at_once(*[lambda one=one: orders.receive(world.shop, "generic", one, person).id for one in told])
    assert len(set(answers)) == 8
    assert ann.balance == 500
    reviews = at_once(*[lambda n=n: ann.does("review", f"r{n}") for n in range(8)])
    assert sorted(reviews) == [0] * 7 + [10]
    visits = at_once(*[lambda: earning.visit(world.shop, customer)] * 8)
    assert sorted(visits) == [0] * 7 + [3]


def test_a_new_cap_counts_what_was_given_before_it(world: World) -> None:  # acceptance 24, 59
    rule = world.order_rule(10)
    ann = world.member()
    with clock.at(NOON):
        ann.orders("20.00")
        earning.save_rule(world.shop, rule.handle, settings=Terms(points_per_day=250).as_json())
        ann.orders("20.00")
    assert ann.balance == 250


# First order


@pytest.mark.parametrize("delivered", [(0, 1), (1, 0)])
def test_the_first_order_is_the_one_placed_first(world: World, delivered: tuple[int, int]) -> None:
    world.rule("first_order", points=100)
    ann = world.member()

    def tells(number: int, **facts: Any) -> None:
        ann.orders("20.00", id=f"o{number}", placed_at=NOON + timedelta(hours=number), **facts)

    for number in delivered:
        tells(number)
    assert given_by(world) == {"o0": 100}
    tells(0, status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
    assert given_by(world) == {"o1": 100}
    tells(0, modified_at=clock.now() + timedelta(minutes=2))
    assert given_by(world) == {"o0": 100}
    assert ann.balance == 100


def test_first_orders_in_parallel_give_once(world: World) -> None:  # acceptance 24
    world.rule("first_order", points=100)
    ann = world.member()
    told = [state(id=f"o{number}", placed_at=NOON + timedelta(hours=number)) for number in range(6)]
    person = ann.person
    at_once(*[lambda one=one: orders.receive(world.shop, "generic", one, person) for one in told])
    assert given_by(world) == {"o0": 100}
    assert ann.balance == 100


# One person, two rows (acceptance 15, 57)


def test_a_merged_guests_order_is_taken_back_from_the_person(world: World) -> None:  # acceptance 15, 57
    world.order_rule(10, terms=Terms(points_ever=250))
    world.guest_orders("ann@example.com", "20.00", id="o1")
    ann = world.vouched("c-1")
    ann.orders("3.00", id="o2")
    assert ann.balance == 30
    ann = world.vouched("c-1", "ann@example.com", verified=True)
    assert ann.balance == 230
    world.guest_orders("ann@example.com", "20.00", id="o1", status="fulfilled", refunds=(refund("10.00"),))
    assert ann.balance == 130
    ann.orders("20.00", id="o3")
    assert ann.balance == 250


def test_an_order_that_changes_hands_gives_to_one_person_only(world: World) -> None:
    """The shop corrects whose order it was, and corrects itself; then both turn out to be one person."""
    world.order_rule(10)
    guest, ann = Person(email="ann@example.com"), Person(external_id="c-1")
    told = state(id="o1")

    def balances() -> list[int]:
        found = [customers.recognise(world.shop.id, person) for person in (guest, ann)]
        accounts = [ledger.account_of(world.shop.id, customer.id) for customer in found]
        return [account.balance if account else 0 for account in accounts]

    for minute, (person, expected) in enumerate(((guest, [200, 0]), (ann, [0, 200]), (guest, [200, 0]))):
        orders.receive(
            world.shop, "generic", replace(told, modified_at=told.modified_at + timedelta(minutes=minute)), person
        )
        assert balances() == expected
    both = world.vouched("c-1", "ann@example.com", verified=True)
    assert (both.balance, both.debt) == (200, 0)
    gone = replace(told, status="cancelled", modified_at=told.modified_at + timedelta(hours=1))
    orders.receive(world.shop, "generic", gone, None)
    assert (both.balance, both.debt) == (0, 0)


# Actions (acceptance 24, 26)


def test_one_deed_pays_once_however_often_it_is_told(world: World) -> None:  # acceptance 23
    world.rule("review", points=50)
    ann = world.member()
    told = at_once(*[lambda: ann.does("review", "r1")] * 6)
    assert sorted(told) == [0] * 5 + [50]
    assert ann.does("review", "r2") == 50


def test_a_value_gives_by_rate(world: World) -> None:
    world.rule("custom", rate_points=3, rate_per=Decimal(2), terms=Terms(name="donation"))
    ann = world.member()
    assert ann.does("custom", name="donation", value=Decimal("9.99")) == 14
    assert ann.does("custom", name="donation") == 0
    assert ann.does("custom", name="other", value=Decimal(10)) == 0


def test_joining_and_the_newsletter_pay_once(world: World) -> None:
    world.rule("join", points=100)
    world.rule("newsletter", points=30)
    ann = world.member(accepts_marketing=True)
    assert ann.balance == 130
    customers.update(ann.customer, accepts_marketing=False)
    customers.update(ann.customer, accepts_marketing=True)
    customers.leave(ann.customer)
    customers.join(ann.customer)
    assert ann.balance == 130


def test_a_click_pays_once(world: World) -> None:  # acceptance 26
    rule = world.rule("social", points=20, terms=Terms(channel="instagram"))
    other = world.rule("social", points=15, terms=Terms(channel="facebook"))
    ann = world.member()
    clicks = at_once(*[lambda: earning.click(world.shop, ann.customer, rule.id).id] * 6)
    assert clicks == [rule.id] * 6
    assert ann.balance == 20
    earning.click(world.shop, ann.customer, other.id)
    assert ann.balance == 35
    earning.save_rule(world.shop, rule.handle, points=500)
    earning.click(world.shop, ann.customer, rule.id)
    assert ann.balance == 35


def test_the_browser_can_invoke_nothing_else(world: World) -> None:  # acceptance 26
    ann = world.member()
    for kind in set(earning.KINDS) - {"social"}:
        rule = world.rule(kind, points=100)
        with pytest.raises(RuleNotClickable):
            earning.click(world.shop, ann.customer, rule.id)
    foreign = World.create().rule("social", points=100)
    for rule_id in (foreign.id, "nothing"):
        with pytest.raises(NotFound):
            earning.click(world.shop, ann.customer, rule_id)
    off = world.rule("social", points=100, active=False)
    over = world.rule("social", points=100, terms=Terms(ends_at=clock.now()))
    for rule in (off, over):
        earning.click(world.shop, ann.customer, rule.id)
    assert ann.balance == 0


def test_a_visit_pays_once_a_day_of_the_shop(world: World) -> None:  # acceptance 26
    world.rule("visit", points=5, terms=Terms(times_per_day=99))
    ann = world.member()
    for moment, expected in ((day("03-10", 8), 5), (day("03-10", 22), 0), (day("03-10", 23), 5), (day("03-11", 22), 0)):
        with clock.at(moment):
            assert earning.visit(world.shop, ann.customer) == expected


# Birthdays (acceptance 25)


def pays_on(world: World, *days: str) -> list[int]:
    """What the nightly job pays on each of these days."""
    paid = []
    for text in days:
        with clock.at(day(text)):
            paid.append(earning.pay_birthdays(world.shop))
    return paid


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member of a shop that pays 200 for a birthday."""
    world.rule("birthday", points=200)
    return world.member()


def born(ann: Shopper, birthday: str, *, set_on: str) -> None:
    """She tells her birthday."""
    with clock.at(day(set_on)):
        earning.set_birthday(ann.customer, date.fromisoformat(birthday))


def test_a_birthday_pays_once_a_year(world: World, ann: Shopper) -> None:  # acceptance 25
    born(ann, "1990-03-10", set_on="01-01")
    assert pays_on(world, "03-09", "03-10", "03-10", "03-11", "2027-03-09", "2027-03-10") == [0, 1, 0, 0, 0, 1]
    assert ann.balance == 400
    with clock.at(day("2028-03-10")):
        assert at_once(*[lambda: earning.pay_birthdays(world.shop)] * 4).count(1) >= 1
    assert ann.balance == 600


def test_a_birthday_begins_at_midnight_of_the_shop(world: World, ann: Shopper) -> None:
    born(ann, "1990-03-10", set_on="01-01")
    with clock.at(day("03-09", 22)):
        assert earning.pay_birthdays(world.shop) == 0
    with clock.at(day("03-09", 23)):
        assert earning.pay_birthdays(world.shop) == 1


@pytest.mark.parametrize(
    ("set_on", "expected"), [("02-07", [1, 1]), ("02-08", [0, 1]), ("03-10", [0, 1]), ("03-12", [0, 1])]
)
def test_a_date_set_within_the_next_30_days_pays_next_year(
    world: World, ann: Shopper, set_on: str, expected: list[int]
) -> None:  # acceptance 25
    born(ann, "1990-03-10", set_on=set_on)
    later = "03-14" if set_on > "03-10" else "03-10"
    assert pays_on(world, later, "2027-03-10") == expected


def test_a_later_edit_does_not_pay_twice(world: World, ann: Shopper) -> None:  # acceptance 25
    born(ann, "1990-03-10", set_on="01-01")
    assert pays_on(world, "03-10") == [1]
    born(ann, "1990-06-01", set_on="03-11")
    assert pays_on(world, "06-01", "2027-02-20", "2027-06-01") == [0, 0, 1]
    born(ann, "1990-02-20", set_on="2027-06-02")
    assert pays_on(world, "2028-02-20", "2029-02-20") == [0, 1]


def test_a_date_told_again_is_no_edit(world: World, ann: Shopper) -> None:
    born(ann, "1990-03-10", set_on="01-01")
    born(ann, "1990-03-10", set_on="03-09")
    assert pays_on(world, "03-10") == [1]


def test_29_february(world: World, ann: Shopper) -> None:  # acceptance 25
    born(ann, "2000-02-29", set_on="01-01")
    days = ("02-27", "02-28", "03-01", "2027-02-28", "2028-02-28", "2028-02-29", "2029-02-28")
    assert pays_on(world, *days) == [0, 1, 0, 1, 0, 1, 1]


def test_a_server_that_was_off_pays_what_it_missed(world: World, ann: Shopper) -> None:
    born(ann, "1990-03-10", set_on="01-01")
    assert pays_on(world, "03-16") == [1]
    assert Transaction.need(world.shop).event_at == datetime.fromisoformat("2026-03-10T00:00+01:00")
    assert pays_on(world, "2027-03-17") == [0]


def test_visitors_and_people_of_other_shops_have_no_birthday_here(world: World) -> None:
    world.rule("birthday", points=200)
    other = World.create()
    for shopper in (world.visitor(), other.member()):
        born(shopper, "1990-03-10", set_on="01-01")
    assert pays_on(world, "03-10") == [0]


def test_a_birthday_is_a_day_of_the_past(world: World, ann: Shopper) -> None:
    with clock.at(NOON):
        for wrong in (date(2026, 3, 11), date(1906, 3, 10), date(1900, 1, 1)):
            with pytest.raises(BadRequest) as refusal:
                earning.set_birthday(ann.customer, wrong)
            assert refusal.value.field == "birthday"
        earning.set_birthday(ann.customer, date(2026, 3, 10))


# What the shopper's list says (acceptance 17, 18), and the badges (12)


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
        return [rule.handle for rule in earning.listed(world.shop, shopper.customer if shopper else None, account)]

    assert reads(ann) == ["first", "second", "third", "members"]
    assert reads(guest) == ["first", "second", "third"]
    ann.is_given(1000)
    assert "gold" in reads(ann)
    assert reads(None)[:3] == ["first", "second", "third"]


def test_done_and_limited_rules_say_so(world: World) -> None:  # acceptance 18
    rules = {
        "join": world.rule("join", points=5),
        "social": world.rule("social", points=5),
        "visit": world.rule("visit", points=5),
        "review": world.rule("review", points=5, terms=Terms(times_per_month=2)),
        "order": world.order_rule(10, terms=Terms(points_per_day=100)),
        "custom": world.rule("custom", points=5, terms=Terms(name="quiz", points_ever=10)),
    }

    def reads() -> dict[str, str]:
        found = earning.states(world.shop, ann.customer, ann.account, list(rules.values()))
        stands = {kind: found[rule.id] for kind, rule in rules.items()}
        return {
            kind: f"{one.state} {clock.iso(one.opens_at)[:13]}" if one.opens_at else one.state
            for kind, one in stands.items()
        }

    with clock.at(NOON):
        ann = world.member()
        assert reads() == {"join": "done"} | dict.fromkeys(("social", "visit", "review", "order", "custom"), "open")
        ann.does("review")
        ann.does("custom", name="quiz")
        ann.orders("9.00")
        assert reads()["review"] == reads()["order"] == reads()["custom"] == "open"
        ann.does("review")
        ann.does("custom", name="quiz")
        ann.orders("9.00")
        earning.visit(world.shop, ann.customer)
        earning.click(world.shop, ann.customer, rules["social"].id)
        assert reads() == {
            "join": "done",
            "social": "done",
            "visit": "waiting 2026-03-10T23",
            "review": "waiting 2026-03-31T22",
            "order": "waiting 2026-03-10T23",
            "custom": "done",
        }
    with clock.at(NOON + timedelta(days=1)):
        assert reads()["visit"] == "open"


def test_a_birthday_rule_says_when_it_pays_next(world: World, ann: Shopper) -> None:  # acceptance 18
    rule = earning.EarningRule.need(world.shop)

    def next_one() -> str:
        found = earning.states(world.shop, ann.customer, ann.account, [rule])[rule.id]
        return (
            f"{found.state} {found.opens_at.astimezone(clock.zone('Europe/Berlin')).date() if found.opens_at else ''}"
        )

    with clock.at(day("02-20")):
        assert next_one() == "open "
        earning.set_birthday(ann.customer, date(1990, 3, 10))
        assert next_one() == "waiting 2027-03-10"
    with clock.at(day("2027-03-10")):
        assert next_one() == "waiting 2027-03-10"
        earning.pay_birthdays(world.shop)
        assert next_one() == "waiting 2028-03-10"


def test_a_quote_is_what_the_ledger_gives(world: World) -> None:  # acceptance 12
    world.settings(combine="add", rounding="nearest")
    world.order_rule(10, terms=Terms(product_multipliers={"p2": "1.5"}, exclude_collections=("gifts",)))
    world.order_rule(1, terms=Terms(points_per_day=50, minimum_subtotal=Decimal(10)))
    world.rule("order", points=25, terms=Terms(times_ever=2, guests=False))
    world.tier("Silver", 300, "1.3")
    ann, guest = world.member(), world.visitor()
    cart = st.lists(
        st.tuples(cents, st.sampled_from(["p1", "p2"]), st.sampled_from([(), ("gifts",)])), min_size=1, max_size=3
    )

    @tries(25)
    @given(cart, st.booleans(), st.integers(0, 3))
    def is_true(items: list[tuple[int, str, tuple[str, ...]]], member: bool, discount: int) -> None:
        who = ann if member else guest
        lines = tuple(
            line(str(Decimal(price) / 100), id=str(number), product=product, collection_ids=collections)
            for number, (price, product, collections) in enumerate(items)
        )
        told = state(id=f"q{next(world.numbers)}", lines=lines, discount=str(discount))
        before, quoted = who.balance, earning.quote(world.shop, who.customer, told)
        orders.receive(world.shop, "generic", told, who.person)
        assert who.balance - before == quoted

    is_true()


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
    assert earning.Rate.from_json(replace(RATE, terms=terms).as_json()) == replace(RATE, terms=terms)


def test_an_action_has_the_time_at_which_it_was_done(world: World) -> None:
    world.rule("review", points=5)
    ann = world.member()
    earning.fire(world.shop, ann.customer, Action("review", "r1", at=NOON), source="store:generic")
    assert Transaction.need(world.shop).event_at == NOON
