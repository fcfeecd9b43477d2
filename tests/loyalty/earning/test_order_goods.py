"""What of an order is goods (acceptance 19, 57)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import line, refund, state, tries
from widget_server.loyalty.earning import order_goods
from widget_server.loyalty.earning.order_goods import goods
from widget_server.loyalty.earning.order_states import OrderState, Refund


def figures(order: OrderState, **switches: bool) -> list[tuple[str, str]]:
    """Each counted line: what was bought and what of it is kept, to the cent."""
    cent = Decimal("0.01")
    return [(str(one.full.quantize(cent)), str(one.kept.quantize(cent))) for one in goods(order, **switches)]


def test_the_contracts_example() -> None:  # contracts §4
    """Two mugs of 9.90, tax beside them, one of them given back."""
    bought = line("19.80", tax="1.20")
    back = refund("9.90", tax="0.60", lines={"1": "9.90"})
    order = state(lines=(bought,), shipping="5.00", tax="1.20", total=Decimal("26.00"), refunds=(back,))
    assert figures(order) == [("19.80", "9.90")]
    assert figures(order, with_tax=True) == [("21.00", "10.50")]


def test_tax_beside_the_prices() -> None:  # acceptance 19
    order = state(lines=(line("100.00", tax="20.00"),), tax="20.00", shipping="5.00")
    assert order.total == 125
    assert figures(order) == [("100.00", "100.00")]
    assert figures(order, with_tax=True) == [("120.00", "120.00")]


def test_tax_inside_the_prices() -> None:  # acceptance 19
    order = state(lines=(line("120.00", tax="20.00"),), tax="20.00", shipping="5.00", total=Decimal(125))
    assert figures(order) == [("100.00", "100.00")]
    assert figures(order, with_tax=True) == [("120.00", "120.00")]


def test_discounts_on_lines() -> None:  # acceptance 19
    order = state(lines=(line("20.00", discount="5.00"), line("10.00", id="2")), discount="5.00")
    assert figures(order) == [("15.00", "15.00"), ("10.00", "10.00")]
    assert figures(order, after_discounts=False) == [("20.00", "20.00"), ("10.00", "10.00")]


def test_a_discount_on_the_order_is_spread_by_value() -> None:  # acceptance 19
    order = state(lines=(line("30.00"), line("10.00", id="2")), discount="8.00")
    assert figures(order) == [("24.00", "24.00"), ("8.00", "8.00")]
    assert figures(order, after_discounts=False) == [("30.00", "30.00"), ("10.00", "10.00")]


def test_discounts_on_lines_and_on_the_order() -> None:
    """Told as one sum, or by a shop that tells only what lies beyond its lines: its total shows which."""
    lines = (line("20.00", discount="5.00"), line("15.00", id="2"))
    together = state(lines=lines, discount="8.00", total=Decimal(27))
    beyond = state(lines=lines, discount="3.00", total=Decimal(27))
    assert figures(together) == figures(beyond) == [("13.50", "13.50"), ("13.50", "13.50")]


def test_everything_for_nothing() -> None:
    assert figures(state(lines=(line("20.00", discount="20.00"),), discount="20.00")) == [("0.00", "0.00")]


def test_gift_cards_are_money() -> None:  # acceptance 19
    order = state(lines=(line("20.00"), line("50.00", id="2", gift_card=True)), discount="7.00")
    assert figures(order) == [("18.00", "18.00")]
    assert figures(order, with_gift_cards=True) == [("18.00", "18.00"), ("45.00", "45.00")]


def test_a_cancelled_order_keeps_nothing() -> None:  # acceptance 57
    assert figures(state(status="cancelled")) == [("20.00", "0.00")]


TWO = (line("30.00"), line("10.00", id="2"))


@pytest.mark.parametrize(
    ("refunds", "kept"),
    [
        ([refund("15.00", lines={"1": "15.00"})], ["15.00", "10.00"]),
        ([refund("15.00", lines={"1": "15.00"}), refund("10.00", id="r2", lines={"2": "10.00"})], ["15.00", "0.00"]),
        ([refund("10.00")], ["22.50", "7.50"]),
        ([refund("10.00"), refund("10.00", id="r2")], ["15.00", "5.00"]),
        ([refund("45.00", shipping="5.00")], ["0.00", "0.00"]),
        ([refund("5.00", shipping="5.00")], ["30.00", "10.00"]),
        ([refund("30.00", lines={"1": "30.00"}), refund("5.00", id="r2")], ["0.00", "5.00"]),
        ([refund("15.00", lines={"1": "15.00"}), refund("5.00", id="r2")], ["12.00", "8.00"]),
        ([refund("35.00", lines={"1": "30.00"})], ["0.00", "5.00"]),
        ([refund("999.00")], ["0.00", "0.00"]),
        ([refund("999.00", lines={"1": "999.00"})], ["0.00", "10.00"]),
        ([refund("10.00", lines={"elsewhere": "10.00"})], ["22.50", "7.50"]),
    ],
    ids=[
        "part of a line",
        "two lines, two refunds",
        "by amount",
        "by amount twice",
        "all with shipping",
        "shipping only",
        "a line, then by amount",
        "part of a line, then by amount",
        "more than its lines",
        "more than everything by amount",
        "more than everything by line",
        "a line nobody knows",
    ],
)
def test_refunds_by_line_by_amount_and_of_shipping(refunds: list[Refund], kept: list[str]) -> None:  # acceptance 57
    order = state(lines=TWO, shipping="5.00", refunds=tuple(refunds))
    assert [one for _, one in figures(order)] == kept


@pytest.mark.parametrize("tax_is_told", [True, False])
@pytest.mark.parametrize("inside", [True, False])
def test_a_refund_by_amount_holds_the_orders_share_of_tax(inside: bool, tax_is_told: bool) -> None:  # acceptance 57
    bought = line("120.00" if inside else "100.00", tax="20.00")
    back = refund("60.00", tax="10.00" if tax_is_told else "0.00")
    order = state(lines=(bought,), tax="20.00", total=Decimal(120), refunds=(back,))
    assert figures(order) == [("100.00", "50.00")]
    assert figures(order, with_tax=True) == [("120.00", "60.00")]
    all_back = refund("120.00", tax="20.00" if tax_is_told else "0.00")
    assert figures(replace(order, refunds=(all_back,))) == [("100.00", "0.00")]


def test_a_refund_is_measured_by_what_was_paid_after_discounts() -> None:  # acceptance 57
    lines = (line("80.00"), line("20.00", id="2"))
    for back, kept in (
        (refund("45.00"), ["36.00", "9.00"]),
        (refund("90.00"), ["0.00", "0.00"]),
        (refund("36.00", lines={"1": "36.00"}), ["36.00", "18.00"]),
        (refund("72.00", lines={"1": "72.00"}), ["0.00", "18.00"]),
    ):
        order = state(lines=lines, discount="10.00", refunds=(back,))
        assert [one for _, one in figures(order)] == kept


def test_a_gift_card_given_back_takes_no_goods_away() -> None:
    order = state(
        lines=(line("20.00"), line("50.00", id="2", gift_card=True)), refunds=(refund("50.00", lines={"2": "50.00"}),)
    )
    assert figures(order) == [("20.00", "20.00")]


def test_shipping_and_what_is_kept_of_it() -> None:  # acceptance 19
    order = state(shipping="5.00", refunds=(refund("2.00", shipping="2.00"),))
    assert order_goods.shipping(order) == (5, 3)
    assert order_goods.shipping(replace(order, refunds=(refund("9.00", shipping="9.00"),))) == (5, 0)
    assert order_goods.shipping(replace(order, status="cancelled")) == (5, 0)


cents = st.integers(1, 20_000).map(lambda number: str(Decimal(number) / 100))


@st.composite
def orders(draw: st.DrawFn) -> OrderState:
    """Any order: up to four lines with discounts and tax, inside or beside; a discount on the order; refunds."""
    inside, lines = draw(st.booleans()), []
    for number in range(draw(st.integers(1, 4))):
        subtotal = Decimal(draw(cents))
        discount = (subtotal * draw(st.integers(0, 4)) / 10).quantize(Decimal("0.01"))
        tax = ((subtotal - discount) * draw(st.integers(0, 2)) / 10).quantize(Decimal("0.01"))
        money = {"discount": str(discount), "tax": str(tax)}
        lines.append(line(str(subtotal), id=str(number), gift_card=draw(st.integers(0, 5)) == 0, **money))
    carried, tax = (sum((getattr(one, name) for one in lines), Decimal(0)) for name in ("discount", "tax"))
    paid = sum((one.subtotal for one in lines), Decimal(0)) - carried
    loose = (paid * draw(st.sampled_from([0, 0, 1, 3])) / 10).quantize(Decimal("0.01"))
    total = paid - loose + (0 if inside else tax)
    known = st.sampled_from([one.id for one in lines])
    backs = st.builds(refund, cents, id=st.sampled_from(["r1", "r2"]), lines=st.dictionaries(known, cents, max_size=2))
    back = tuple(draw(st.lists(backs, max_size=2, unique_by=lambda one: one.id)))
    return state(lines=tuple(lines), discount=str(carried + loose), tax=str(tax), total=total, refunds=back)


@tries(80)
@given(orders(), st.booleans(), st.booleans())
def test_what_is_kept_lies_between_nothing_and_all(order: OrderState, discounts: bool, tax: bool) -> None:
    switches = {"after_discounts": discounts, "with_tax": tax, "with_gift_cards": True}
    for one in goods(order, **switches):
        assert 0 <= one.kept <= one.full
    for one in goods(replace(order, refunds=()), **switches):
        assert one.kept == one.full


@tries(80)
@given(orders())
def test_all_money_back_leaves_nothing(order: OrderState) -> None:  # acceptance 57
    everything = replace(order, refunds=(*order.refunds, refund(str(order.total), id="all")))
    assert sum(one.kept for one in goods(everything, with_gift_cards=True)) < Decimal("0.000001")


@tries(80)
@given(orders(), cents)
def test_one_more_refund_never_gives_goods_back(order: OrderState, amount: str) -> None:  # acceptance 57
    more = replace(order, refunds=(*order.refunds, refund(amount, id="more")))
    for before, after in zip(goods(order), goods(more), strict=True):
        assert after.kept <= before.kept + Decimal("0.000001")
