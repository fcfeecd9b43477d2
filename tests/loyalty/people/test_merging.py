"""Two rows of one person are merged: history, caps, keys and all that names a row follow (contracts §11)."""

import inspect
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.counter import Counter
from tests.make import NOON, Shopper, World, day, refund
from widget_server import clock, ledger, migrate
from widget_server.delivery import endpoints
from widget_server.delivery.outbox import Message
from widget_server.ledger import Cause, Transaction
from widget_server.loyalty import reports
from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.people import merging, privacy, recognition
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.points import adjustments, batches, tiers
from widget_server.loyalty.points.adjustments import Adjustment, Annotation
from widget_server.loyalty.rewards import coupons, redeeming
from widget_server.widget import views

ANN = "ann@example.com"
FIGURES = (*reports.FIGURES, "unredeemed", "pending")
COUNTERS = ("balance", "earned", "adjusted", "redeemed", "expired", "pending", "debt")


def counters(shopper: Shopper) -> dict[str, int]:
    """The counters that are not 0."""
    account = shopper.account
    return {name: getattr(account, name) for name in COUNTERS if getattr(account, name)}


def rows_of(shopper: Shopper) -> list[Transaction]:
    """The rows of the account, as they were booked."""
    return ledger.history(shopper.world.shop.id, shopper.account.id, limit=1000)[::-1]


@pytest.fixture
def old(world: World) -> Shopper:
    """A row that will turn out to be Ann's."""
    return world.member("old@example.com")


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.member(ANN)


def test_every_kind_of_row_goes_with_its_figures_and_the_merged_account_is_empty(
    world: World, old: Shopper, ann: Shopper
) -> None:
    world.order_rule(10)
    ann.is_given(7)
    old.orders("50.00", id="o1")
    coupon = old.redeems(world.reward(cost=100))
    old.returns(coupon)
    old.redeems(world.reward(cost=60))
    orders.receive_refund(world.shop, "generic", "o1", refund("10.00"))
    adjustments.adjust(world.shop, old.account.id, source="staff", key="down", by=-5)
    ledger.post(world.shop.id, old.account.id, "expire", -35, source="job", key="e", cause=Cause("expired"))
    before, was = rows_of(old), counters(old)
    figures = [getattr(reports.totals(world.shop), name) for name in FIGURES]
    merging.merge(world.shop, old.id, ann.id)
    copies = rows_of(ann)[-len(before) :]
    shown = ("kind", "amount", "event_at", "cause", "order_id", "snapshot")
    assert [[getattr(row, name) for name in shown] for row in copies] == [
        [getattr(row, name) for name in shown] for row in before
    ]
    copy_of = {row.id: copy.id for row, copy in zip(before, copies, strict=True)}
    assert [row.reverses_id for row in copies] == [copy_of.get(row.reverses_id) for row in before]
    opposites = rows_of(old)[len(before) :]
    assert [(row.kind, row.amount, row.reverses_id) for row in opposites] == [
        (row.kind, -row.amount, row.id) for row in before
    ]
    assert counters(old) == {}
    assert counters(ann) == {**was, "balance": was["balance"] + 7, "earned": was["earned"] + 7}
    assert [getattr(reports.totals(world.shop), name) for name in FIGURES] == figures
    assert list(reports.audit_days()) == []


def test_each_number_of_a_report_still_opens_its_rows(world: World, old: Shopper, ann: Shopper) -> None:
    with clock.at(day("03-01")):
        old.is_given(30)
    with clock.at(day("03-09")):
        merging.merge(world.shop, old.id, ann.id)
        local = clock.local_date(day("03-09"), "Europe/Berlin")
        assert reports.totals(world.shop, local, local).earned == 0
        assert list(reports.rows_of(world.shop, "earned", local, local)) == []
        assert [row.amount for row in reports.rows_of(world.shop, "earned")] == [30]


def test_three_rows_become_one_after_another(world: World, old: Shopper, ann: Shopper) -> None:
    older = world.member("older@example.com")
    older.is_given(5)
    row = rows_of(older)[0]
    merging.merge(world.shop, older.id, old.id)
    old.is_given(6)
    merging.merge(world.shop, old.id, ann.id)
    assert (counters(older), counters(old), counters(ann)) == ({}, {}, {"balance": 11, "earned": 11})
    assert ledger.current(row).account_id == ann.account.id
    assert sorted(row["amount"] for row in privacy.export(world.shop, ann.customer)["transactions"]) == [5, 6]


def test_every_column_that_names_a_row_is_known() -> None:
    """A new table that names transactions must be moved by a merge too."""
    naming = {
        f"{table.__name__}.{name}"
        for table in migrate.TABLES
        for name in table._meta.fields
        if name.endswith(("transaction_id", "refund_id", "booked_id"))
    }
    moved = inspect.getsource(merging._point_at) + "Debt.transaction_id"
    assert {name for name in naming if name not in moved} == set()


def test_words_coupons_and_keys_follow(world: World, old: Shopper, ann: Shopper) -> None:
    said = Annotation(reason="moved to Oslo", comment="Sorry, Ann", staff="kim")
    row = adjustments.adjust(world.shop, old.account.id, source="staff", key="k", by=200, annotation=said)
    assert row is not None
    reward = world.reward(cost=150)
    coupon = old.redeems(reward, key="buy")
    merging.merge(world.shop, old.id, ann.id)
    assert list(adjustments.audit_notes()) == []
    (note,) = Adjustment.of(world.shop)
    assert Transaction.need(world.shop, Transaction.id == note.transaction_id).account_id == ann.account.id
    again = adjustments.adjust(world.shop, old.account.id, source="staff", key="k", by=200, annotation=said)
    assert again is not None
    assert (again.id, again.account_id) == (note.transaction_id, ann.account.id)
    key = {"key": "buy", "source": "widget"}
    assert redeeming.redeem(world.shop, ann.customer, reward.id, **key).id == coupon.id
    returned = coupons.return_for_points(world.shop, ann.customer, coupon.id, key="back", source="widget")
    assert (returned.status, ann.balance, ann.account.redeemed) == ("returned", 200, 0)


def test_an_app_that_still_names_the_merged_account_reaches_the_person(
    world: World, old: Shopper, ann: Shopper
) -> None:
    account_id = old.account.id
    merging.merge(world.shop, old.id, ann.id)
    adjustments.earn_points(world.shop, account_id, 5, source="admin", key="a")
    adjustments.adjust(world.shop, account_id, source="admin", key="b", to_balance=3)
    assert (ann.balance, old.balance) == (3, 0)


def test_a_batch_of_both_rows_is_undone_on_the_one_account(world: World, old: Shopper, ann: Shopper) -> None:
    chosen = [old.account.id, ann.account.id]
    batch = batches.bulk_adjust(world.shop, chosen, source="staff", key="b", by=10)
    batches.run(batch.id)
    merging.merge(world.shop, old.id, ann.id)
    assert ann.balance == 20
    batches.undo(world.shop, batch.id)
    batches.run(batch.id)
    assert (counters(ann), counters(old)) == ({}, {})


# As if they had been one row


def test_what_is_paid_once_and_was_paid_to_both_is_taken_back_once(world: World, old: Shopper, ann: Shopper) -> None:
    world.rule("newsletter", points=30)
    world.rule("social", points=20, terms=Terms(channel="instagram"))
    for shopper in (ann, old):
        shopper.does("newsletter")
        shopper.does("social", name="instagram")
    merging.merge(world.shop, old.id, ann.id)
    assert counters(ann) == {"balance": 50, "earned": 50}
    assert (ann.does("newsletter"), ann.does("social", name="instagram")) == (0, 0)
    assert ann.history()[:2] == [("merged", -20), ("merged", -30)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_three_rows_that_were_paid_keep_one_payment(world: World, order: tuple[int, ...]) -> None:
    world.rule("newsletter", points=30)
    people = [world.member(f"{name}@example.com") for name in ("one", "two", "ann")]
    for hours, number in enumerate(order):
        with clock.at(NOON + timedelta(hours=hours)):
            people[number].does("newsletter")
    for shopper in people[:2]:
        merging.merge(world.shop, shopper.id, people[2].id)
    assert counters(people[2]) == {"balance": 30, "earned": 30}


def test_what_only_one_row_was_paid_is_not_paid_again(world: World, old: Shopper, ann: Shopper) -> None:
    world.rule("newsletter", points=30)
    world.rule("review", points=5)
    old.does("newsletter")
    old.does("review", "r1")
    merging.merge(world.shop, old.id, ann.id)
    assert (ann.does("newsletter"), ann.does("review", "r1"), ann.balance) == (0, 0, 35)


def test_a_capped_rule_takes_its_turns_over_both_rows(world: World, old: Shopper, ann: Shopper) -> None:
    world.rule("review", points=10, terms=Terms(times_per_month=2))
    with clock.at(NOON):
        ann.does("review", "r1")
    for hours, shopper in enumerate((old, old, ann)):
        with clock.at(NOON + timedelta(hours=1 + hours)):
            shopper.does("review", f"s{hours}")
    with clock.at(NOON + timedelta(hours=9)):
        merging.merge(world.shop, old.id, ann.id)
        assert (ann.balance, ann.does("review", "s9")) == (20, 0)
    with clock.at(NOON + timedelta(days=40)):
        assert ann.does("review", "t1") == 10


def test_what_a_row_was_given_before_the_cap_stays(world: World, old: Shopper, ann: Shopper) -> None:  # acceptance 59
    world.rule("review", points=10, handle="review")
    for number in range(3):
        ann.does("review", f"r{number}")
    world.rule("review", points=10, handle="review", terms=Terms(times_ever=1))
    merging.merge(world.shop, old.id, ann.id)
    assert ann.balance == 30


def test_a_birthday_is_paid_once_a_year(world: World, old: Shopper, ann: Shopper) -> None:  # acceptance 25
    rule = world.rule("birthday", points=200)
    for shopper, when in ((old, "03-10"), (ann, "06-10"), (ann, "2027-06-11")):
        cause = Cause("birthday", rule.id)
        facts: dict[str, Any] = {"source": "job", "key": f"{when}", "cause": cause, "at": day(when)}
        ledger.post(world.shop.id, shopper.account.id, "earn", 200, **facts)
    merging.merge(world.shop, old.id, ann.id)
    assert counters(ann) == {"balance": 400, "earned": 400}
    taken = Transaction.need(world.shop, Transaction.cause == "merged", Transaction.account_id == ann.account.id)
    assert Transaction.need(world.shop, Transaction.id == taken.reverses_id).event_at == day("06-10")


def test_what_one_row_owes_the_other_pays_at_once(world: World, old: Shopper, ann: Shopper) -> None:
    world.order_rule(10)
    ann.is_given(80)
    old.orders("10.00", id="o1")
    old.redeems(world.reward(cost=100))
    orders.receive_refund(world.shop, "generic", "o1", refund("10.00"))
    assert counters(old) == {"earned": 100, "redeemed": 100, "debt": 100}
    merging.merge(world.shop, old.id, ann.id)
    assert counters(ann) == {"earned": 100, "redeemed": 100, "debt": 20}
    ann.is_given(50)
    assert counters(ann) == {"balance": 30, "earned": 130, "redeemed": 100}


def test_a_balance_beside_a_debt_of_one_row_waits_for_earnings(world: World, old: Shopper, ann: Shopper) -> None:
    world.order_rule(10)
    old.orders("10.00", id="o1")
    coupon = old.redeems(world.reward(cost=100))
    orders.receive_refund(world.shop, "generic", "o1", refund("10.00"))
    old.returns(coupon)
    merging.merge(world.shop, old.id, ann.id)
    assert counters(ann) == {"balance": 100, "earned": 100, "debt": 100}


def test_debts_are_repaid_for_what_they_were_owed_the_oldest_first(world: World, ann: Shopper) -> None:
    world.order_rule(10)
    for number in ("o1", "o2"):
        ann.orders("10.00", id=number)
    ann.redeems(world.reward(cost=200))
    for number in ("o1", "o2"):
        orders.receive_refund(world.shop, "generic", number, refund("10.00"))
    ann.is_given(150)
    causes = {row.id: row.order_id for row in rows_of(ann)}
    repaid = [(row.amount, row.reverses_id) for row in rows_of(ann) if row.cause == "debt_repaid"]
    numbers = {row.id: row.external_id for row in orders.Order.of(world.shop)}
    assert [(amount, numbers[causes[row_id]]) for amount, row_id in repaid] == [(-100, "o1"), (-50, "o2")]


def test_the_tier_is_that_of_both_rows_together_and_rates_stay(world: World, old: Shopper, ann: Shopper) -> None:
    world.order_rule(10)
    gold = world.tier("Gold", 300, "2")
    old.orders("20.00")
    ann.orders("15.00")
    assert (old.account.tier_id, ann.account.tier_id) == (None, None)
    merging.merge(world.shop, old.id, ann.id)
    assert (ann.account.tier_id, ann.account.tier_points, ann.balance) == (gold.id, 350, 350)
    assert (old.account.tier_id, old.account.tier_points) == (None, 0)
    standing = tiers.standing(world.shop.id, ann.account)
    assert standing is not None
    assert standing.multiplier == Decimal(2)


def test_she_is_as_old_as_the_older_row_and_a_merge_is_no_activity(world: World) -> None:
    people = []
    for when, email in (("01-10", "old@example.com"), ("02-10", ANN)):
        with clock.at(day(when)):
            people.append(world.member(email))
    old, ann = people
    world.rule("newsletter", points=30)
    with clock.at(day("03-01")):
        for shopper in people:
            shopper.does("newsletter")
    with clock.at(day("05-01")):
        merging.merge(world.shop, old.id, ann.id)
    assert (ann.account.created_at, ann.account.last_activity_at) == (day("01-10"), day("03-01"))


# What others see


def test_the_panel_sorts_the_rows_by_their_dates(world: World) -> None:  # acceptance 48
    people = []
    for email in ("old@example.com", ANN):
        with clock.at(day("01-01")):
            people.append(world.member(email))
    old, ann = people
    for number in range(30):
        with clock.at(day("01-02") + timedelta(days=number)):
            people[number % 2].is_given(number + 1)
    with clock.at(day("06-01")):
        merging.merge(world.shop, old.id, ann.id)
        first = views.my_balance.history(world.shop, ann.customer, ann.account)
        second = views.my_balance.history(world.shop, ann.customer, ann.account, cursor=first["next_cursor"])
    shown = [row["points"] for page in (first, second) for row in page["rows"]]
    assert (shown, second["next_cursor"]) == (list(range(30, 0, -1)), None)


def test_receivers_hear_of_one_change_and_of_no_points(world: World, old: Shopper, ann: Shopper) -> None:
    old.is_given(30)
    endpoints.create(world.shop.id, url="https://hooks.example/a")
    endpoints.create(world.shop.id, url="https://hooks.example/b", format="wix")
    merging.merge(world.shop, old.id, ann.id)
    heard = [(row.type, json.loads(row.payload)) for row in Message.of(world.shop).order_by(Message.number)]
    assert [type for type, _ in heard] == ["account.merged", *["wix.loyalty.v1.account_updated"] * 2]
    assert heard[0][1]["data"] == {
        "account_id": ann.account.id,
        "customer_id": ann.id,
        "merged_account_id": old.account.id,
    }
    balances = {one["event"]["entityId"]: one["event"]["updatedEvent"]["modifiedFields"] for _, one in heard[1:]}
    assert {id: fields["points.balance"] for id, fields in balances.items()} == {ann.account.id: 30, old.account.id: 0}


def test_an_export_has_each_row_once(world: World, old: Shopper, ann: Shopper) -> None:  # acceptance 52
    old.is_given(30)
    ann.is_given(5)
    merging.merge(world.shop, old.id, ann.id)
    told = privacy.export(world.shop, ann.customer)
    assert [row["amount"] for row in told["transactions"]] == [30, 5]


def test_many_rows_are_merged_by_few_statements(world: World, old: Shopper, ann: Shopper) -> None:
    """Set by set: the number of statements does not follow the number of rows."""
    counts = []
    for rows in (5, 60):
        one = world.visitor(f"v{rows}@example.com")
        for _ in range(rows):
            one.is_given(1)
        with Counter() as asked:
            merging.merge(world.shop, one.id, ann.id)
        counts.append(len(asked.statements))
    assert counts[0] == counts[1]
    assert ann.balance == 65


def test_a_guest_with_orders_keeps_what_she_was_given_when_she_joins(world: World) -> None:  # acceptance 15
    world.order_rule(10)
    world.guest_orders(ANN, "20.00")
    registered = world.vouched("c-1", ANN)
    registered.is_given(1)
    world.vouched("c-1", ANN, verified=True)
    person = recognition.recognise(world.shop.id, Person(external_id="c-1"))
    assert counters(Shopper(world, person.id, "")) == {"balance": 201, "earned": 201}
