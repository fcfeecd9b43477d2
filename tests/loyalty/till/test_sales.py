"""A purchase at the till gives what an order gives, once, and is taken back in proportion (acceptance 19, 23, 57)."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loyalty.referrals.friends import friend_of, standing
from tests.make import NOON, World, at_once, proof, undone
from widget_server import clock
from widget_server.errors import (
    BadRequest,
    CustomerExcluded,
    KeyReused,
    NotFound,
    NotWholeCoins,
    ProgramNotActive,
    Refusal,
)
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import customers, merging, privacy
from widget_server.loyalty.program import programs
from widget_server.loyalty.till import sales


def test_12_50_gives_125_points_once(world: World) -> None:
    world.order_rule()
    ann = world.member()
    quote = sales.preview(world.shop, ann.id, Decimal("12.50"))
    assert (quote.points, quote.spendable_at, ann.balance) == (125, None, 0)
    sold = [sales.book(world.shop, ann.id, Decimal("12.50"), key="k1", receipt="R-7") for _ in range(3)]
    assert ({one.order.id for one in sold}, sold[0].points, ann.balance) == ({sold[0].order.id}, 125, 125)
    assert (sold[0].order.number, sold[0].order.platform, ann.history()) == ("R-7", "till", [("order", 125)])
    for customer, amount in ((ann, "12.51"), (world.member("bob@example.com"), "12.50")):
        with pytest.raises(KeyReused):
            sales.book(world.shop, customer.id, Decimal(amount), key="k1")
    assert AuditEntry.of(world.shop).where(AuditEntry.noun == "till_sale").count() == 1


def test_one_press_in_two_windows_is_one_purchase(world: World) -> None:  # acceptance 23
    world.order_rule()
    ann = world.member()
    at_once(*[partial(sales.book, world.shop, ann.id, Decimal(5), key="k1")] * 4)
    assert (ann.balance, Order.of(world.shop).count()) == (50, 1)


def test_it_is_an_order_so_the_rules_of_orders_hold(world: World) -> None:  # acceptance 19, 21, 22
    with clock.at(NOON):
        world.order_rule()
        world.settings(wait_days=14, prices_include_tax=True, tax_percent=Decimal(25))
        world.refer()
        ann = world.member()
        bob = friend_of(ann)
        quote = sales.preview(world.shop, bob.id, Decimal("12.50"))
        sold = sales.book(world.shop, bob.id, Decimal("12.50"), key="k1")
        assert (quote.points, sold.points, sold.waiting, bob.balance) == (100, 100, 100, 0)  # the tax inside is 2.50
        assert quote.spendable_at == sold.awards[0].due_at
        assert (standing(bob), ann.balance) == (("completed", None), 200)


def test_a_refund_takes_back_in_proportion_and_never_more(world: World) -> None:  # acceptance 57
    world.order_rule()
    ann = world.member()
    sold = sales.book(world.shop, ann.id, Decimal("10.00"), key="k1").order
    for _ in range(2):
        assert sales.refund(world.shop, sold.id, Decimal("2.50"), key="r1").points == 75
    with pytest.raises(KeyReused):
        sales.refund(world.shop, sold.id, Decimal("2.00"), key="r1")
    with pytest.raises(BadRequest):
        sales.refund(world.shop, sold.id, Decimal("7.51"), key="r2")
    assert (sales.refund(world.shop, sold.id, key="r3").points, ann.balance) == (0, 0)
    with pytest.raises(BadRequest):
        sales.refund(world.shop, sold.id, key="r4")
    with pytest.raises(NotFound):  # of an order that the shop's platform reports
        sales.refund(world.shop, ann.orders().id, key="r5")


@proof(20, 200)
@given(st.lists(st.integers(1, 2000), min_size=1, max_size=4))
def test_what_is_left_after_refunds_is_what_the_rest_would_have_given(world: World, cents: list[int]) -> None:
    with undone():
        world.order_rule()
        ann = world.member()
        whole = Decimal(sum(cents) + 100) / 100
        sold = sales.book(world.shop, ann.id, whole, key="k1").order
        for number, one in enumerate(cents):
            sales.refund(world.shop, sold.id, Decimal(one) / 100, key=f"r{number}")
        assert ann.balance == 10  # of the 1.00 that was kept


@pytest.mark.parametrize("amount", ["0", "-1", "1000000000", "NaN", "Infinity", "1.005"])
def test_what_is_no_amount(world: World, amount: str) -> None:
    ann = world.member()
    for act in (sales.preview, partial(sales.book, key="k1")):
        with pytest.raises((BadRequest, NotWholeCoins)) as refused:
            act(world.shop, ann.id, Decimal(amount))
        assert refused.value.field == "amount"


def test_who_gets_nothing(world: World) -> None:  # acceptance 16, 58
    world.order_rule()
    ann, bob = world.member(), world.member("bob@example.com")
    customers.update(bob.customer, excluded=True)
    book = partial(sales.book, world.shop, amount=Decimal(5), key="k1")
    refusals: list[tuple[str, type[Refusal]]] = [(bob.id, CustomerExcluded), ("nobody", NotFound)]
    for customer_id, refusal in refusals:
        with pytest.raises(refusal):
            book(customer_id=customer_id)
    with pytest.raises(BadRequest):
        book(customer_id=ann.id, receipt="two\nlines")
    programs.pause(world.shop.id)
    with pytest.raises(ProgramNotActive):
        book(customer_id=ann.id)
    assert sales.preview(world.shop, ann.id, Decimal(5)).points == 0
    privacy.erase(world.shop, ann.customer)
    with pytest.raises(NotFound):
        sales.preview(world.shop, ann.id, Decimal(5))


def test_a_purchase_follows_a_merge_and_its_refund_too(world: World) -> None:  # acceptance 58
    world.order_rule()
    ann, kept = world.member(), world.member("ann@work.example")
    sold = sales.book(world.shop, ann.id, Decimal(10), key="k1").order
    merging.merge(world.shop, ann.id, kept.id)
    assert sales.book(world.shop, ann.id, Decimal(10), key="k1").order.id == sold.id
    with clock.at(clock.now() + timedelta(minutes=1)):
        sales.refund(world.shop, sold.id, Decimal(5), key="r1")
    assert kept.balance == 50
