"""What orders and other actions give, once, to whom and when."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, Shopper, World, at_once, day, line, refund, state, tries
from widget_server import clock, ledger
from widget_server.errors import NotEnoughPoints, NotFound, ProgramNotActive, RuleNotClickable
from widget_server.ledger import Transaction
from widget_server.loyalty.earning import actions, birthdays, order_points, orders, rule_states, rules
from widget_server.loyalty.earning.actions import Action
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.people import customers, recognition
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.points import awards
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs

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
    rules.save_rule(world.shop, rule.handle, settings={})
    world.settings(guests_earn=False)
    world.rule("custom", points=7, terms=Terms(name="quiz"))
    for shopper in (guest, ann):
        shopper.orders("20.00")
        shopper.does("custom", name="quiz")
    assert (guest.balance, ann.balance) == (0, 412)
    assert order_points.quote(world.shop, None, state()) == order_points.quote(world.shop, guest.customer, state()) == 0


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
    assert actions.visit(world.shop, ann.customer) == 0
    with pytest.raises(ProgramNotActive):
        actions.click(world.shop, ann.customer, social.id)
    with clock.at(NOON):
        customers.update(ann.customer, birthday="1990-03-10", birthday_set_at=day("2025-01-01"))
        assert birthdays.pay(world.shop) == 0
    assert order_points.quote(world.shop, ann.customer, state()) == 0
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
        assert awards.mature_due() == 0
        with pytest.raises(NotEnoughPoints):
            ann.redeems(reward)
    with clock.at(due):
        assert at_once(*[awards.mature_due] * 4).count(1) == 1
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
        assert awards.mature_due() == 0
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
        results = at_once(awards.mature_due, *news, awards.mature_due)
    assert [str(answer) for answer in results if isinstance(answer, Exception)] == []
    with clock.at(NOON + timedelta(days=3)):
        awards.mature_due()
    assert (ann.balance, ann.pending) == (900, 0)


def test_the_excluded_earn_nothing_more_and_keep_what_they_have(world: World) -> None:  # acceptance 58
    world.order_rule(10)
    world.rule("review", points=5)
    world.rule("birthday", points=5)
    social = world.rule("social", points=5)
    ann = world.member()
    with clock.at(day("01-01")):
        birthdays.tell(ann.customer, date(1990, 3, 10))
    ann.orders("20.00", id="o1")
    customers.update(ann.customer, excluded=True)
    ann.orders("20.00", id="o1", status="fulfilled")
    ann.orders("50.00", id="o2")
    ann.does("review")
    actions.click(world.shop, ann.customer, social.id)
    with clock.at(NOON):
        birthdays.pay(world.shop)
    assert ann.balance == 200
    assert order_points.quote(world.shop, ann.customer, state()) == 0
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
    results = at_once(*[lambda one=one: orders.receive(world.shop, "generic", one, person).id for one in told])
    assert len(set(results)) == 8
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
    assert {row.reverses_id for row in Transaction.of(world.shop).where(Transaction.amount < 0)} == {given.id}


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
    edited = rules.save_rule(world.shop, rule.handle, rate_points=50, title="Buy more")
    assert edited.revision == 2
    world.settings(rounding="unit", base_shipping=True, earn_at="fulfilled", wait_days=9)
    ann.orders("20.00", id="o1", status="fulfilled", shipping="7.00")
    assert ann.history() == [("order", 200)]
    ann.orders("20.00", id="o1", status="fulfilled", shipping="7.00", refunds=(refund("5.00"),))
    assert ann.history()[0] == ("order_refunded", -50)
    rules.save_rule(world.shop, rule.handle, active=False, archived_at=clock.now())
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
            kinds = {rule.id: rule.position for rule in rules.EarningRule.of(shop.shop)}
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


# A status is reached once, the goods change later (contracts §8)


def grows(ann: Shopper, number: str = "o1", **facts: Any) -> None:
    """A paid order of 20.00 gets goods of 30.00 more, which are not paid for yet."""
    ann.orders("20.00", id=number, placed_at=NOON, modified_at=NOON)
    more = (line("20.00"), line("30.00", id="2"))
    ann.orders(id=number, status="placed", lines=more, placed_at=NOON, modified_at=NOON + timedelta(hours=1), **facts)


def test_goods_that_are_added_wait_beside_what_is_spendable(world: World) -> None:
    world.order_rule(10)
    ann = world.member()
    grows(ann)
    assert (ann.balance, ann.pending) == (200, 300)
    assert sorted((one.part, one.status, one.points) for one in Award.of(world.shop)) == [
        ("later", "waiting", 300),
        ("main", "matured", 200),
    ]
    ann.orders("20.00", id="o1", status="placed", placed_at=NOON, modified_at=NOON + timedelta(hours=2))
    assert (ann.balance, ann.pending) == (200, 0)
    world.books_must_balance()


def test_what_is_added_while_points_wait_some_days_waits_for_its_status_first(world: World) -> None:
    world.settings(wait_days=3)
    world.order_rule(10)
    with clock.at(NOON):
        ann = world.member()
        grows(ann)
    with clock.at(NOON + timedelta(days=4)):
        awards.mature_due()
        assert (ann.balance, ann.pending) == (200, 300)


def test_a_cap_holds_over_both_parts(world: World) -> None:  # acceptance 24
    world.order_rule(10, terms=Terms(points_ever=350))
    ann = world.member()
    grows(ann)
    assert (ann.balance, ann.pending) == (200, 150)
    ann.orders("20.00", id="o2", placed_at=NOON + timedelta(hours=3))
    assert (ann.balance, ann.pending) == (200, 150)


def test_an_order_in_two_parts_counts_once(world: World) -> None:  # acceptance 18, 24
    rule = world.order_rule(10, terms=Terms(times_ever=2))
    ann = world.member()
    grows(ann)
    assert rule_states.states(world.shop, ann.customer, ann.account, [rule])[rule.id].state == "open"
    ann.orders("20.00", id="o2", placed_at=NOON + timedelta(hours=3))
    assert (ann.balance, ann.pending) == (400, 300)
    assert rule_states.states(world.shop, ann.customer, ann.account, [rule])[rule.id].state == "done"


@pytest.mark.parametrize(("setting", "kept"), [("keep", 100), ("wait", 0)])
def test_a_first_order_that_falls_back_keeps_its_points_by_setting(world: World, setting: str, kept: int) -> None:
    world.settings(after_fallback=setting)
    world.rule("first_order", points=100)
    ann = world.member()
    ann.orders("20.00", id="o1", placed_at=NOON, modified_at=NOON)
    ann.orders("20.00", id="o1", status="placed", placed_at=NOON, modified_at=NOON + timedelta(hours=1))
    assert ann.balance == kept
    ann.orders("20.00", id="o1", placed_at=NOON, modified_at=NOON + timedelta(hours=2))
    assert (ann.balance, ann.pending) == (100, 0)


def test_cash_on_delivery_counts_or_waits_by_setting(world: World) -> None:
    world.order_rule(10)
    ann = world.member()
    ann.orders("20.00", id="o1", payment_due=True)
    assert (ann.balance, ann.pending) == (200, 0)
    world.settings(cash_on_delivery="waits")
    ann.orders("20.00", id="o2", payment_due=True)
    assert (ann.balance, ann.pending) == (200, 200)
    ann.orders("20.00", id="o2", payment_due=True, status="fulfilled")
    assert (ann.balance, ann.pending) == (400, 0)


def test_what_waits_goes_where_the_order_goes(world: World) -> None:
    """The order turns out to be Bob's; then Ann and he turn out to be one person."""
    world.order_rule(10)
    guest, bob = Person(email="ann@example.com"), Person(external_id="c-1")
    paid = state(id="o1", placed_at=NOON, modified_at=NOON)
    more = (line("20.00"), line("30.00", id="2"))
    grown = replace(paid, status="placed", lines=more, modified_at=NOON + timedelta(hours=1))
    for told, person in ((paid, guest), (grown, guest), (replace(grown, modified_at=NOON + timedelta(hours=2)), bob)):
        orders.receive(world.shop, "generic", told, person)
    his = world.vouched("c-1")
    assert (his.balance, his.pending, world.visitor("ann@example.com").balance) == (200, 300, 0)
    both = world.vouched("c-1", "ann@example.com", verified=True)
    assert (both.balance, both.pending) == (200, 300)
    world.books_must_balance()


def test_a_rate_kept_before_orders_could_fall_back_is_read(world: World) -> None:
    world.order_rule(10)
    ann = world.member()
    ann.orders("20.00", id="o1", placed_at=NOON, modified_at=NOON)
    award = Award.need(world.shop)
    del award.snapshot["rate"]["after_fallback"]
    award.save()
    ann.orders("20.00", id="o1", status="placed", placed_at=NOON, modified_at=NOON + timedelta(hours=1))
    assert ann.balance == 200


# First order


@pytest.mark.parametrize("delivered", [(0, 1), (1, 0)])
def test_the_first_order_is_the_one_placed_first(world: World, delivered: tuple[int, int]) -> None:
    world.rule("first_order", points=100)
    ann = world.member()

    def tells(number: int, **facts: Any) -> None:
        ann.orders("20.00", id=f"o{number}", placed_at=NOON + timedelta(hours=number), **facts)

    for number in delivered:
        tells(number)
    assert world.given_by_order() == {"o0": 100}
    tells(0, status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
    assert world.given_by_order() == {"o1": 100}
    tells(0, modified_at=clock.now() + timedelta(minutes=2))
    assert world.given_by_order() == {"o0": 100}
    assert ann.balance == 100


def test_first_orders_in_parallel_give_once(world: World) -> None:  # acceptance 24
    world.rule("first_order", points=100)
    ann = world.member()
    told = [state(id=f"o{number}", placed_at=NOON + timedelta(hours=number)) for number in range(6)]
    person = ann.person
    at_once(*[lambda one=one: orders.receive(world.shop, "generic", one, person) for one in told])
    assert world.given_by_order() == {"o0": 100}
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
    """The shop tells whose order it was and then no longer says it; at last both turn out to be one person."""
    world.order_rule(10)
    guest, ann = Person(email="ann@example.com"), Person(external_id="c-1")
    told = state(id="o1")

    def balances() -> list[int]:
        found = [recognition.recognise(world.shop.id, person) for person in (guest, ann)]
        accounts = [ledger.account_of(world.shop.id, customer.id) for customer in found]
        return [account.balance if account else 0 for account in accounts]

    for minute, (person, expected) in enumerate(((guest, [200, 0]), (ann, [0, 200]), (guest, [0, 200]))):
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


def test_a_deed_that_gives_nothing_opens_no_account(world: World) -> None:  # contracts §1
    world.rule("review", points=5, terms=Terms(guests=False))
    world.rule("custom", rate_points=1, rate_per=Decimal(10), terms=Terms(name="donation"))
    guest = world.visitor()
    assert guest.does("review") == guest.does("custom", name="donation", value=Decimal(9)) == 0
    assert ledger.account_of(world.shop.id, guest.id) is None
    told = at_once(*[lambda: guest.does("custom", "d1", name="donation", value=Decimal(50))] * 4)
    assert sorted(told) == [0, 0, 0, 5]


def test_a_shop_tells_of_one_channel_and_only_that_pays(world: World) -> None:  # contracts §7
    world.rule("social", points=20, terms=Terms(channel="Instagram"))
    world.rule("social", points=15, terms=Terms(channel="facebook"))
    ann = world.member()
    assert ann.does("social", name="instagram") == 20
    assert ann.does("social", name="x") == 0


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
    clicks = at_once(*[lambda: actions.click(world.shop, ann.customer, rule.id).id] * 6)
    assert clicks == [rule.id] * 6
    assert ann.balance == 20
    actions.click(world.shop, ann.customer, other.id)
    assert ann.balance == 35
    rules.save_rule(world.shop, rule.handle, points=500)
    actions.click(world.shop, ann.customer, rule.id)
    assert ann.balance == 35


def test_the_browser_can_invoke_nothing_else(world: World) -> None:  # acceptance 26
    ann = world.member()
    for kind in set(KINDS) - {"social"}:
        rule = world.rule(kind, points=100)
        with pytest.raises(RuleNotClickable):
            actions.click(world.shop, ann.customer, rule.id)
    foreign = World.create().rule("social", points=100)
    for rule_id in (foreign.id, "nothing"):
        with pytest.raises(NotFound):
            actions.click(world.shop, ann.customer, rule_id)
    off = world.rule("social", points=100, active=False)
    over = world.rule("social", points=100, terms=Terms(ends_at=clock.now()))
    for rule in (off, over):
        actions.click(world.shop, ann.customer, rule.id)
    assert ann.balance == 0


def test_a_visit_pays_once_a_day_of_the_shop(world: World) -> None:  # acceptance 26
    world.rule("visit", points=5, terms=Terms(times_per_day=99))
    ann = world.member()
    for moment, expected in ((day("03-10", 8), 5), (day("03-10", 22), 0), (day("03-10", 23), 5), (day("03-11", 22), 0)):
        with clock.at(moment):
            assert actions.visit(world.shop, ann.customer) == expected


# The badges (acceptance 12)


cents = st.integers(1, 3000)


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
        before, quoted = who.balance, order_points.quote(world.shop, who.customer, told)
        orders.receive(world.shop, "generic", told, who.person)
        assert who.balance - before == quoted

    is_true()


def test_an_action_has_the_time_at_which_it_was_done(world: World) -> None:
    world.rule("review", points=5)
    ann = world.member()
    actions.fire(world.shop, ann.customer, Action("review", "r1", at=NOON), source="store:generic")
    assert Transaction.need(world.shop).event_at == NOON


# What an order would give, for the owner who sets the program


@given(st.decimals("0.01", "500", places=2), st.sampled_from(["floor", "unit", "nearest"]), st.booleans())
@tries(20)
def test_the_example_of_an_order_is_what_a_new_member_gets(
    world: World, price: Decimal, rounding: str, has_tax: bool
) -> None:
    """Also while the program is a draft, and before the settings are saved."""
    world.settings(rounding=rounding, prices_include_tax=has_tax, tax_percent=Decimal(19) if has_tax else None)
    world.order_rule(3, handle="order")
    settings = replace(world.program.rules, rounding="floor")
    member = world.visitor()
    tax = (price * 19 / 119).quantize(Decimal("0.01"), "ROUND_HALF_UP") if has_tax else Decimal(0)
    goods = line(str(price - tax), tax=str(tax))
    quoted = order_points.quote(world.shop, member.customer, state(lines=(goods,), tax=tax, total=price))
    assert order_points.example(world.shop, world.program.rules, price) == quoted
    programs.pause(world.shop.id)
    assert order_points.example(world.shop, world.program.rules, price) == quoted
    assert order_points.example(world.shop, settings, price) == int((price - tax) * 3)
    programs.activate(world.shop.id)
