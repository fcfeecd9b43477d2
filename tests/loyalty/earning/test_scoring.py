"""What counts of an order, how it is multiplied and how it is rounded."""

import itertools
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.make import NOON, World, day, line, refund, state, tries
from widget_server import clock
from widget_server.loyalty.earning import rules, scoring
from widget_server.loyalty.earning.rules import Campaign, Terms


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
        assert world.given_by_order() == {order.external_id: expected}
    with clock.at(day("04-01")):
        assert rules.campaign_multiplier(world.shop, clock.now()) == 1


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


RATE = scoring.Rate(
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
    assert scoring.score(told, RATE).points == points_kept


def test_a_rate_survives_being_stored() -> None:
    rate = replace(RATE, terms=Terms(minimum_subtotal=Decimal("9.90"), starts_at=NOON))
    assert scoring.Rate.from_json(rate.as_json()) == rate
