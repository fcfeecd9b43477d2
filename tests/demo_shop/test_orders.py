from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo_shop.carts import price
from demo_shop.catalogue import PRODUCTS
from demo_shop.orders import OrderRefused
from demo_shop.shop import Shop

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
GUEST = {"id": None, "email": "g@example.com", "email_verified": False, "name": "G", "phone": None}


def buy(shop, quantities, key="one", paid=True):
    order = shop.orders.place(shop.orders.number_for(key), price(quantities), GUEST, at=AT)
    return shop.orders.pay(order.id, AT) if paid else order


def test_place_pay_partial_refund_cancel(receiver, shop, shopper, owner):
    shopper.add("p4", 2)  # 2 x 19.80
    shopper.add("p1")  # 18.00
    shopper.check_out(pay=False)
    owner.do("1001", "pay")
    owner.do("1001", "refund-line", line="1", quantity="1")
    owner.do("1001", "cancel")
    shop.outbox.flush()

    states = receiver.bodies("order")
    assert [(state["status"], state["revision"]) for state in states] == [
        ("placed", 1),
        ("paid", 2),
        ("paid", 3),
        ("cancelled", 4),
    ]
    assert receiver.forged == 0
    last = states[-1]
    assert (last["id"], last["number"], last["source"], last["currency"]) == ("1001", "#1001", "web", "EUR")
    # 39.60 + 18.00 = 57.60, under 60.00, so 4.90 of shipping
    assert (last["discount"], last["shipping"], last["tax"], last["total"]) == ("0.00", "4.90", "0.00", "62.50")
    assert last["lines"][0] == {
        "id": "1",
        "product_id": "p4",
        "collection_ids": ["ceramics", "mugs"],
        "name": "Stoneware mug",
        "quantity": 2,
        "subtotal": "39.60",
        "discount": "0.00",
        "tax": "0.00",
        "gift_card": False,
    }
    (refund,) = last["refunds"]
    assert refund == {
        "id": "1001-r1",
        "amount": "19.80",
        "shipping": "0.00",
        "tax": "0.00",
        "lines": [{"line_id": "1", "quantity": 1, "amount": "19.80"}],
        "created_at": states[2]["modified_at"],
    }
    assert states[0]["refunds"] == []
    assert last["customer"] == {
        "id": None,
        "email": "guest@example.com",
        "email_verified": False,
        "name": "Guy Rest",
        "phone": None,
    }
    assert last["coupon_codes"] == [] and last["landing_referral"] is None


def test_refund_all_takes_what_lines_and_amounts_have_left(shop):
    order = buy(shop, {"p4": 2, "p1": 1})  # 57.60 of goods, 4.90 of shipping
    shop.orders.refund_line(order.id, "1", 1, AT)  # 19.80
    shop.orders.refund_amount(order.id, Decimal("5.00"), AT)
    order = shop.orders.refund_all(order.id, AT)
    last = order.body["refunds"][-1]
    # goods left: 57.60 - 19.80 - 5.00 = 32.80, of lines with 19.80 and 18.00 left: 17.18 and 15.62
    assert (last["amount"], last["shipping"]) == ("37.70", "4.90")
    assert last["lines"] == [
        {"line_id": "1", "quantity": 1, "amount": "17.18"},
        {"line_id": "2", "quantity": 1, "amount": "15.62"},
    ]
    assert order.refundable == 0 and not order.can("refund")


@pytest.mark.parametrize(
    ("before", "verb"),
    [((), "fulfil"), (("pay",), "pay"), (("cancel",), "pay"), (("cancel",), "cancel"), (("pay", "cancel"), "fulfil")],
)
def test_a_verb_that_does_not_fit_changes_nothing(shop, before, verb):
    order = buy(shop, {"p1": 1}, paid=False)
    for earlier in before:
        order = getattr(shop.orders, earlier)(order.id, AT)
    with pytest.raises(OrderRefused):
        getattr(shop.orders, verb)(order.id, AT)
    assert shop.orders.find(order.id) == order


def test_refunds_stop_at_what_was_paid(shop):
    order = buy(shop, {"p1": 2})
    for refuse in (
        lambda: shop.orders.refund_line(order.id, "1", 3, AT),
        lambda: shop.orders.refund_line(order.id, "1", 0, AT),
        lambda: shop.orders.refund_line(order.id, "9", 1, AT),
        lambda: shop.orders.refund_amount(order.id, Decimal("40.91"), AT),
        lambda: shop.orders.refund_amount(order.id, Decimal("-1.00"), AT),
    ):
        with pytest.raises(OrderRefused):
            refuse()
    assert shop.orders.refund_amount(order.id, Decimal("40.90"), AT).refundable == 0
    with pytest.raises(LookupError):
        shop.orders.pay("nobody", AT)


@pytest.fixture(scope="module")
def orders(make_config, tmp_path_factory):
    """One shop for all the cases: making its file is the slow part."""
    return Shop.open(make_config(tmp_path_factory.mktemp("refunds"), 9)).orders


moves = st.lists(
    st.one_of(
        st.tuples(st.just("line"), st.sampled_from(["1", "2", "3"]), st.integers(1, 3)),
        st.tuples(st.just("amount"), st.integers(1, 4000).map(lambda cents: Decimal(cents) / 100)),
        st.tuples(st.just("all")),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(sorted(PRODUCTS)), min_size=1, max_size=3, unique=True), moves)
def test_no_sequence_of_refunds_gives_back_more_than_was_paid(orders, products, moves):
    cart = price(dict.fromkeys(products, 3))
    order = orders.place(orders.number_for(f"{len(orders.newest(10_000))}"), cart, GUEST, at=AT)
    order = orders.pay(order.id, AT)
    for move, *rest in moves:
        try:
            order = getattr(orders, {"line": "refund_line", "amount": "refund_amount", "all": "refund_all"}[move])(
                order.id, *rest, AT
            )
        except OrderRefused:
            continue
        for refund in order.body["refunds"]:
            goods = Decimal(refund["amount"]) - Decimal(refund["shipping"])
            assert goods >= 0 and Decimal(refund["shipping"]) >= 0
            assert not refund["lines"] or sum(Decimal(line["amount"]) for line in refund["lines"]) == goods
        assert order.refundable >= 0
        assert all(order.units_left(line) >= 0 and order.goods_left(line) >= 0 for line in order.body["lines"])
    if order.can("refund"):
        assert orders.refund_all(order.id, AT).refundable == 0


def test_the_same_checkout_sent_twice_is_one_order(receiver, shop, shopper):
    shopper.add("p1")
    first = shopper.check_out(key="same")
    shopper.add("p1")
    again = shopper.check_out(key="same")
    shop.outbox.flush()
    assert first.location == again.location
    assert [state["status"] for state in receiver.bodies("order")] == ["placed", "paid"]


def test_a_customers_order_names_her_and_her_referrer(receiver, shop, shopper):
    shopper.get("/?ref=FRIEND42")
    shopper.register()
    shopper.add("p1")
    shopper.check_out(email="")
    shop.outbox.flush()
    order = receiver.bodies("order")[-1]
    assert (order["customer"]["id"], order["customer"]["email"]) == ("c-1", "ann@example.com")
    assert order["landing_referral"] == "FRIEND42"
    assert receiver.bodies("customer")[0]["referral_code"] == "FRIEND42"
