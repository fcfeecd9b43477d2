from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_shop.carts import price
from demo_shop.catalogue import PRODUCTS
from demo_shop.coupons import Coupon, Discount
from demo_shop.money import CENT, ZERO, money, spread, written

cents = st.integers(0, 10_000_000).map(lambda count: count * CENT)
shelves = st.dictionaries(st.sampled_from(sorted(PRODUCTS)), st.integers(1, 20), min_size=1)
discounts = st.one_of(
    st.builds(Discount, st.just("amount"), amount=cents),
    st.builds(Discount, st.just("percent"), percent=st.integers(0, 20_000).map(lambda count: count * CENT)),
    st.builds(Discount, st.just("free_product"), product_id=st.sampled_from(sorted(PRODUCTS))),
    st.builds(Discount, st.just("free_shipping")),
)


@given(st.lists(cents), cents)
def test_shares_add_up_and_none_is_above_its_weight(weights, amount):
    whole = sum(weights, ZERO)
    amount = min(amount, whole)
    shares = spread(amount, weights)
    assert sum(shares, ZERO) == amount
    assert all(ZERO <= share <= weight for share, weight in zip(shares, weights, strict=True))
    assert all(share == money(share) for share in shares)


@given(shelves, st.lists(discounts, max_size=3))
def test_a_cart_adds_up_whatever_is_taken_off(quantities, discounts):
    coupons = [Coupon(str(n), valid=True, discount=discount, combines=True) for n, discount in enumerate(discounts)]
    cart = price(quantities, coupons)
    lines = cart.line_bodies()
    assert sum(Decimal(line["discount"]) for line in lines) == cart.discount
    assert sum(Decimal(line["subtotal"]) for line in lines) == cart.subtotal
    assert cart.total == cart.subtotal - cart.discount + cart.shipping + cart.tax
    assert all(ZERO <= line.discount <= line.subtotal for line in cart.lines)
    assert not any(line.discount for line in cart.lines if line.product.gift_card)


def test_a_discount_is_spread_by_hand():
    # 18.00 and 32.00 and two times 24.00 are 98.00; of 10.00 they bear 1.83, 3.27 and 4.90 by running sums:
    # 10 * 18 / 98 = 1.836.. -> 1.83; 10 * 50 / 98 = 5.102.. -> 5.10 - 1.83 = 3.27; 10.00 - 5.10 = 4.90
    cart = price({"p1": 1, "p2": 1, "p3": 2}, [Coupon("A", valid=True, discount=Discount("amount", Decimal(10)))])
    assert [str(line.discount) for line in cart.lines] == ["1.83", "3.27", "4.90"]
    assert (str(cart.shipping), str(cart.total)) == ("0.00", "88.00")


def test_an_unasked_or_refused_code_takes_nothing_off():
    refused = Coupon("A", valid=False, discount=Discount("amount", Decimal(10)))
    assert price({"p1": 1}, [refused]).discount == ZERO


@pytest.mark.parametrize("odd", ["", "NaN", "Infinity", "1e30", "ten", "1,50"])
def test_what_is_no_amount_is_refused(odd):
    with pytest.raises(ValueError, match="not an amount"):
        money(odd)


def test_money_is_written_for_readers():
    assert written("1240", "EUR") == "€1,240.00"
    assert written(Decimal("5.5"), "SEK") == "SEK 5.50"
