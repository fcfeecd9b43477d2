"""Cases of what an order's messages mean: 01, 04, 06, 09, 13, 16; a real WooCommerce's bodies woo-1 to 3 and woo-5."""

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.cases.shop import CaseShop, case
from tests.stores import bodies
from widget_server import ledger
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.rewards.coupons import Coupon

Shops = Callable[..., CaseShop]
ANN = "ann@example.com"


def points(shop: CaseShop, email: str = ANN) -> int:
    """What a customer may spend now."""
    return shop.balances().get(email, 0)


def pending(shop: CaseShop) -> int:
    """What waits on all accounts of the shop."""
    return sum(account.pending for account in ledger.Account.of(shop.shop))


# 01: a refund that staff deleted


def test_a_refund_that_staff_deleted_costs_no_points(shop_on: Shops) -> None:
    shop = shop_on("woocommerce")
    seen = []
    for body in case("01-woo-refund-deleted.json"):
        assert shop.tells("order.updated", body)["status"] == "booked"
        seen.append(points(shop))
    assert seen == [1000, 600, 1000]
    shop.world.books_must_balance()


@pytest.mark.parametrize("told", [(0, 2, 1), (1, 2, 0), (2, 1, 0), (1, 0, 2, 1), (2, 0, 1, 2)])
def test_and_whatever_the_sequence(shop_on: Shops, told: tuple[int, ...]) -> None:
    shop, states = shop_on("woocommerce"), case("01-woo-refund-deleted.json")
    for number in told:
        shop.tells("order.updated", states[number])
    assert points(shop) == 1000


def test_one_of_two_refunds_is_deleted_and_another_made(shop_on: Shops) -> None:
    shop, (paid, *_) = shop_on("woocommerce"), case("01-woo-refund-deleted.json")
    for minute, (listed, expected) in enumerate(
        [({900: "-40.00"}, 600), ({900: "-40.00", 901: "-10.00"}, 500), ({901: "-10.00"}, 900), ({902: "-25.00"}, 750)]
    ):
        refunds = [{"id": number, "reason": "", "total": total} for number, total in listed.items()]
        body = {**paid, "date_modified_gmt": f"2026-11-21T22:{minute + 10}:00", "refunds": refunds}
        shop.tells("order.updated", body)
        assert points(shop) == expected


def test_a_generic_shop_says_that_its_list_is_complete(shop_on: Shops) -> None:
    shop, order = shop_on("generic"), generic()
    refund = {"id": "r1", "amount": "40.00"}
    shop.tells("order", {**order, "modified_at": "2026-11-20T11:00:00Z", "refunds": [refund]})
    assert points(shop) == 600
    shop.tells("order", {**order, "modified_at": "2026-11-20T12:00:00Z", "refunds": []})
    assert points(shop) == 600, "an old sender's list adds, and takes nothing back"
    shop.tells("order", {**order, "modified_at": "2026-11-20T13:00:00Z", "refunds": [], "refunds_complete": True})
    assert points(shop) == 1000


def test_a_refund_that_shopify_tells_by_itself_is_one_more(shop_on: Shops) -> None:
    shop = shop_on("shopify", currency="EUR")
    order, refund = bodies.shopify_order(), bodies.shopify_refund()
    refund |= {"created_at": "2026-03-02T10:00:00+01:00"}
    shop.tells("orders/paid", order)
    shop.tells("refunds/create", refund)
    assert points(shop) == 475
    shop.tells("orders/updated", {**order, "updated_at": "2026-03-01T18:00:00+01:00"})
    assert points(shop) == 475, "a list of before the refund does not take it back"
    shop.tells("orders/updated", {**order, "updated_at": "2026-03-03T10:00:00+01:00", "refunds": [refund]})
    assert points(shop) == 475
    shop.tells("orders/updated", {**order, "updated_at": "2026-03-04T10:00:00+01:00", "refunds": []})
    assert points(shop) == 650


# Exchanges: one line goes back, another comes


def test_an_exchange_on_the_generic_platform(shop_on: Shops) -> None:
    """The mug of 60.00 leaves the order with its refund, a pot of 50.00 comes; a bowl of 40.00 stays."""
    shop = shop_on("generic")
    shop.tells("order", generic(lines=[line("mug", "60.00"), line("bowl", "40.00")]))
    assert points(shop) == 1000
    back = {"id": "r1", "amount": "60.00", "lines": [{"line_id": "mug", "quantity": 1, "amount": "60.00"}]}
    after = generic(lines=[line("bowl", "40.00"), line("pot", "50.00")], refunds=[back])
    after["modified_at"] = "2026-11-20T11:00:00Z"
    shop.tells("order", after)
    assert points(shop) == 900


def test_a_refund_of_a_line_never_told_is_a_refund_by_amount(shop_on: Shops) -> None:
    shop = shop_on("generic")
    back = {"id": "r1", "amount": "30.00", "lines": [{"line_id": "elsewhere", "quantity": 1, "amount": "30.00"}]}
    shop.tells("order", generic(lines=[line("mug", "60.00"), line("bowl", "40.00")], refunds=[back]))
    assert points(shop) == 700


def test_an_exchange_on_shopify(shop_on: Shops) -> None:
    """One mug (17.50 after its discount) comes back and a plate of 12.00 is sent."""
    shop = shop_on("shopify", currency="EUR")
    shop.tells("orders/paid", bodies.shopify_order())
    plate = bodies.shopify_line(2, id=77, price="12.00", current_quantity=1, tax_lines=[])
    order = bodies.shopify_order(
        updated_at="2026-03-05T11:05:00+01:00",
        line_items=[bodies.shopify_line(1, current_quantity=1), bodies.shopify_line(2), plate],
        refunds=[bodies.shopify_refund(transactions=[])],
        subtotal_price="77.00",
        total_price="89.50",
    )
    shop.tells("orders/updated", order)
    assert points(shop) == 650 - 175 + 120


def test_an_exchange_on_woocommerce(shop_on: Shops) -> None:
    """The mug of 100.00 is refunded, a bowl of 80.00 added; then staff take the mug's line out instead."""
    shop, (paid, *_) = shop_on("woocommerce"), case("01-woo-refund-deleted.json")
    shop.tells("order.updated", paid)
    bowl = {**paid["line_items"][0], "id": 2, "name": "Bowl", "subtotal": "80.00", "total": "80.00"}
    both = {**paid, "date_modified_gmt": "2026-11-21T22:05:00", "total": "180.00"}
    both |= {"line_items": [*paid["line_items"], bowl], "refunds": [{"id": 9, "reason": "", "total": "-100.00"}]}
    shop.tells("order.updated", both)
    assert points(shop) == 800
    alone = {**both, "date_modified_gmt": "2026-11-21T22:06:00", "total": "80.00", "line_items": [bowl], "refunds": []}
    shop.tells("order.updated", alone)
    assert points(shop) == 800


@pytest.mark.parametrize("totals", [{}, {"subtotal_price": "47.50", "total_price": "58.25", "total_tax": "4.75"}])
def test_pieces_that_an_edit_took_out_on_shopify(shop_on: Shops, totals: dict[str, str]) -> None:
    """Of two mugs (35.00 after the discount) one is taken out; no refund is recorded, the totals follow or do not."""
    shop = shop_on("shopify", currency="EUR")
    shop.tells("orders/paid", bodies.shopify_order())
    lines = [bodies.shopify_line(1, current_quantity=1), bodies.shopify_line(2)]
    edited = bodies.shopify_order(updated_at="2026-03-05T11:05:00+01:00", line_items=lines, **totals)
    shop.tells("orders/updated", edited)
    assert points(shop) == 650 - 175


# 04: one purchase in several records


def test_sub_orders_of_a_multi_vendor_shop_count_once(shop_on: Shops) -> None:
    shop, (parent, mug, bowl) = shop_on("woocommerce"), case("04-woo-sub-orders.json")
    told = [shop.tells("order.created", body) for body in (parent, mug, bowl)]
    assert [one["status"] for one in told] == ["booked", "ignored", "ignored"]
    assert told[1]["reason"] == "a part of order 40, which counts as a whole"
    assert points(shop) == 1000
    assert [order.external_id for order in Order.of(shop.shop)] == ["40"]


@pytest.mark.parametrize("told", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_what_is_given_back_of_a_part_lowers_the_purchase(shop_on: Shops, told: tuple[int, ...]) -> None:
    shop, records = shop_on("woocommerce"), case("04-woo-sub-orders.json")
    records[1] |= {"refunds": [{"id": 90, "reason": "", "total": "-15.00"}]}
    records[2] |= {"status": "cancelled"}
    for number in told:
        shop.tells("order.updated", records[number])
    assert points(shop) == 1000 - 150 - 400
    assert Parked.of(shop.shop).where(Parked.status == "waiting").count() == 0


def test_a_refund_listed_by_the_purchase_and_its_part_counts_once(shop_on: Shops) -> None:
    shop, (parent, mug, _) = shop_on("woocommerce"), case("04-woo-sub-orders.json")
    refunds = [{"id": 90, "reason": "", "total": "-15.00"}]
    shop.tells("order.updated", {**parent, "refunds": refunds})
    shop.tells("order.updated", {**mug, "refunds": refunds})
    assert points(shop) == 850
    shop.tells("order.updated", {**parent, "date_modified_gmt": "2026-11-21T23:00:00"})
    assert points(shop) == 850, "each record owns its own list"
    shop.tells("order.updated", {**mug, "date_modified_gmt": "2026-11-21T23:00:00"})
    assert points(shop) == 1000


def test_a_generic_shop_may_split_a_purchase_too(shop_on: Shops) -> None:
    shop = shop_on("generic")
    shop.tells("order", generic())
    assert shop.tells("order", generic(parent_id=0))["status"] == "booked"
    part = generic(id="1-a", lines=[line("1", "30.00")], total="30.00", parent_id="1")
    assert shop.tells("order", part)["status"] == "ignored"
    assert points(shop) == 1000
    shop.tells("order", {**part, "status": "cancelled", "modified_at": "2026-11-20T11:00:00Z"})
    assert points(shop) == 700


# 06: lines below zero


def test_a_line_below_zero_is_a_discount_of_the_order(shop_on: Shops) -> None:
    shop = shop_on("woocommerce")
    assert [shop.tells("order.updated", body)["status"] for body in case("06-negative-line.json")] == ["booked"] * 2
    assert shop.balances() == {ANN: 800, "bob@example.com": 800}


@pytest.mark.parametrize(
    ("lines", "facts", "expected"),
    [
        (["100.00", "-20.00"], {}, 800),
        (["60.00", "40.00", "-25.00", "-5.00"], {}, 700),
        (["-20.00"], {"total": "-20.00"}, 0),
        (["10.00", "-25.00"], {"total": "-15.00"}, 0),
        (["119.00/19.00", "-23.80/-3.80"], {"tax": "15.20", "tax_included": True}, 800),
        (["100.00/19.00", "-20.00/-3.80"], {"tax": "15.20", "tax_included": False}, 800),
        (["119.00/19.00", "-20.00"], {"tax": "19.00", "tax_included": True}, 800),
        (["119.00/19.00", "-23.80/-3.80"], {"tax": "15.20", "total": "95.20"}, 800),
    ],
    ids=["trade-in", "two", "a return alone", "more back", "tax inside", "tax on top", "a deposit without tax", "old"],
)
def test_lines_below_zero_of_a_till(shop_on: Shops, lines: list[str], facts: dict[str, Any], expected: int) -> None:
    shop, sold = shop_on("generic"), []
    for number, text in enumerate(lines):
        subtotal, _, tax = text.partition("/")
        sold.append({**line(str(number), subtotal), "tax": tax or "0.00", "quantity": -1 if subtotal[0] == "-" else 1})
    assert shop.tells("order", generic(lines=sold, **facts))["status"] == "booked"
    assert points(shop) == expected


def test_a_quantity_below_zero_is_a_return_whatever_its_amount(shop_on: Shops) -> None:
    shop = shop_on("generic")
    lines = [line("1", "100.00"), {**line("2", "20.00"), "quantity": -1}]
    shop.tells("order", generic(lines=lines, total="80.00"))
    assert points(shop) == 800


def test_a_gift_card_below_zero_is_a_payment(shop_on: Shops) -> None:
    shop = shop_on("generic")
    lines = [line("1", "100.00"), {**line("2", "-30.00"), "gift_card": True}]
    shop.tells("order", generic(lines=lines, total="70.00"))
    assert points(shop) == 1000


def test_everything_back_of_an_order_with_a_trade_in(shop_on: Shops) -> None:
    shop, (order, _) = shop_on("woocommerce"), case("06-negative-line.json")
    later = {"date_modified_gmt": "2026-11-21T22:30:00"}
    shop.tells("order.updated", {**order, **later, "refunds": [{"id": 9, "reason": "", "total": "-40.00"}]})
    assert points(shop) == 400
    shop.tells("order.updated", {**order, **later, "status": "refunded"})
    assert points(shop) == 0


# 09: a cart is not an order


@pytest.mark.parametrize("status", ["checkout-draft", "draft", "auto-draft"])
def test_whoever_only_looked_at_the_checkout_has_no_order(shop_on: Shops, status: str) -> None:
    shop, (draft,) = shop_on("woocommerce"), case("09-checkout-draft.json")
    bought = shop.world.member("bob@example.com")
    bought.is_given(500)
    coupon = bought.redeems(shop.world.reward())
    draft["coupon_lines"][0]["code"] = coupon.code
    told = shop.tells("order.updated", {**draft, "status": status})
    assert told == {"status": "ignored", "reason": "a cart is not an order"}
    assert Order.of(shop.shop).count() == Parked.of(shop.shop).count() == 0
    assert shop.customer(ANN) is None
    assert Coupon.need(shop.shop, Coupon.id == coupon.id).status == "active"


def test_a_cart_becomes_an_order_and_a_cart_again(shop_on: Shops) -> None:
    shop, (draft,) = shop_on("woocommerce"), case("09-checkout-draft.json")
    draft["coupon_lines"] = []
    shop.tells("order.updated", draft)
    shop.tells("order.updated", {**draft, "status": "processing", "date_modified_gmt": "2026-11-21T22:01:00"})
    assert points(shop) == 1000
    shop.tells("order.updated", {**draft, "date_modified_gmt": "2026-11-21T22:01:00"})
    assert points(shop) == 1000, "of the same second the order counts"
    shop.tells("order.updated", {**draft, "date_modified_gmt": "2026-11-21T22:02:00"})
    assert points(shop) == 0
    assert Order.need(shop.shop).status == "cancelled"


def test_an_open_cart_of_a_generic_shop(shop_on: Shops) -> None:
    shop = shop_on("generic")
    assert shop.tells("order", generic(status="draft"))["status"] == "ignored"
    assert Customer.of(shop.shop).count() == 0
    shop.tells("order", generic(modified_at="2026-11-20T10:00:01Z"))
    assert points(shop) == 1000


# 13: tax inside is guessed


def test_prices_with_tax_inside_and_totals_that_do_not_add_up(shop_on: Shops) -> None:
    shop = shop_on("generic")
    for order in case("13-tax-inside-is-guessed.json"):
        shop.tells("order", order)
    assert shop.balances() == {f"t{number}@example.com": 1000 for number in range(1, 6)}


def test_without_a_total_there_is_nothing_to_guess_from(shop_on: Shops) -> None:
    shop, order = shop_on("generic"), case("13-tax-inside-is-guessed.json")[0]
    shop.tells("order", {name: value for name, value in order.items() if name != "total"})
    assert shop.balances() == {"t1@example.com": 1190}


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("total", ["0.00", "12.34", "119.00", "138.00", "500.00"])
def test_the_sender_s_word_needs_no_total(shop_on: Shops, inside: bool, total: str) -> None:
    shop = shop_on("generic")
    sold = {**line("1", "119.00"), "tax": "19.00"}
    shop.tells("order", generic(lines=[sold], tax="19.00", total=total, tax_included=inside))
    assert points(shop) == (1000 if inside else 1190)


@pytest.mark.parametrize(
    ("currency", "goods", "tax", "total", "expected"),
    [
        ("USD", "100.00", "19.00", "119.00", 1000),
        ("USD", "100.00", "19.00", "118.98", 1000),  # rounded to five coins
        ("USD", "100.00", "19.00", "121.00", 1000),  # with a fee
        ("JPY", "1000", "100", "1097", 10_000),
        ("JPY", "1100", "100", "1098", 10_000),
        ("KWD", "10.000", "0.500", "10.498", 100),
        ("USD", "119.00", "19.00", "119.02", 1000),
        ("USD", "119.00", "19.00", "124.00", 1000),
    ],
)
def test_an_old_sender_s_total_decides_to_the_coin(
    shop_on: Shops, currency: str, goods: str, tax: str, total: str, expected: int
) -> None:
    shop = shop_on("generic", currency=currency)
    sold = {**line("1", goods), "tax": tax}
    shop.tells("order", generic(currency=currency, lines=[sold], tax=tax, total=total))
    assert points(shop) == expected


def test_a_discount_beyond_the_lines_is_told(shop_on: Shops) -> None:
    shop = shop_on("generic")
    sold = {**line("1", "100.00"), "discount": "10.00"}
    facts = {"lines": [sold], "discount": "10.00", "total": "0.00"}
    shop.tells("order", generic(**facts, loose_discount="10.00"))
    assert points(shop) == 800
    shop.tells("order", generic(**facts, loose_discount="0.00", modified_at="2026-11-20T11:00:00Z"))
    assert points(shop) == 900


# 16: a status is reached once, the goods change later


def shopify_news() -> tuple[dict[str, Any], dict[str, Any]]:
    """The two bodies of case 16, whole."""
    told = case("16-shopify-edit-not-paid-yet.json")
    found = []
    for name, moment in (("first", "2026-11-21T10:00:00Z"), ("then", "2026-11-21T11:00:00Z")):
        goods = told[name]["total_price"]
        order = bodies.shopify_order(**told[name], subtotal_price=goods, total_tax="0.00", updated_at=moment)
        found.append({**order, "created_at": "2026-11-21T10:00:00Z", "processed_at": "2026-11-21T10:00:00Z"})
    return found[0], found[1]


def test_goods_added_to_a_paid_order_wait_until_they_are_paid(shop_on: Shops) -> None:
    shop, (first, then) = shop_on("shopify", currency="EUR"), shopify_news()
    shop.tells("orders/paid", first)
    shop.tells("orders/updated", then)
    assert (points(shop), pending(shop)) == (650, 1000)
    shop.world.books_must_balance()
    paid = {**then, "financial_status": "paid", "updated_at": "2026-11-21T12:00:00Z"}
    shop.tells("orders/paid", paid)
    assert (points(shop), pending(shop)) == (1650, 0)
    shop.world.books_must_balance()


def test_and_when_the_news_comes_late(shop_on: Shops) -> None:
    shop, (first, then) = shop_on("shopify", currency="EUR"), shopify_news()
    shop.tells("orders/updated", then)
    assert (points(shop), pending(shop)) == (0, 1650)
    shop.tells("orders/paid", first)
    assert (points(shop), pending(shop)) == (650, 1000)


def test_goods_that_leave_an_unpaid_order_are_taken_back_at_once(shop_on: Shops) -> None:
    shop, (first, then) = shop_on("shopify", currency="EUR"), shopify_news()
    shop.tells("orders/paid", then | {"financial_status": "paid", "updated_at": first["updated_at"]})
    assert points(shop) == 1650
    less = first | {"financial_status": "partially_paid", "updated_at": "2026-11-21T12:00:00Z"}
    shop.tells("orders/updated", less)
    assert (points(shop), pending(shop)) == (650, 0)


def test_a_cancelled_edit_leaves_nothing_pending(shop_on: Shops) -> None:
    shop, (first, then) = shop_on("shopify", currency="EUR"), shopify_news()
    shop.tells("orders/paid", first)
    shop.tells("orders/updated", then)
    gone = then | {"cancelled_at": "2026-11-21T12:00:00Z", "updated_at": "2026-11-21T12:00:00Z"}
    shop.tells("orders/cancelled", gone)
    assert (points(shop), pending(shop)) == (0, 0)


def test_the_generic_platform_grows_below_paid_too(shop_on: Shops) -> None:
    shop = shop_on("generic")
    shop.tells("order", generic(lines=[line("1", "65.00")]))
    grown = generic(status="placed", lines=[line("1", "65.00"), line("2", "100.00")])
    shop.tells("order", grown | {"modified_at": "2026-11-20T11:00:00Z"})
    assert (points(shop), pending(shop)) == (650, 1000)
    refund = {"id": "r1", "amount": "20.00", "lines": [{"line_id": "1", "quantity": 1, "amount": "20.00"}]}
    shop.tells("order", grown | {"modified_at": "2026-11-20T12:00:00Z", "refunds": [refund]})
    assert (points(shop), pending(shop)) == (450, 1000)


def test_a_friend_s_paid_order_that_is_edited_stays_paid(shop_on: Shops) -> None:  # acceptance 46
    shop, (first, then) = shop_on("shopify", currency="EUR"), shopify_news()
    shop.world.refer(friend_gift=None)
    bob = shop.world.member("bob@example.com")
    code = bob.customer.referral_code
    for topic, body in (("orders/paid", first), ("orders/updated", then)):
        shop.tells(topic, body | {"landing_site": f"/?ref={code}"})
        assert bob.balance == 200


@pytest.mark.parametrize(("setting", "balance", "waiting"), [("keep", 1000, 0), ("wait", 0, 1000)])
def test_an_order_that_falls_back_keeps_its_points_or_waits_anew(
    shop_on: Shops, setting: str, balance: int, waiting: int
) -> None:
    """Completed, then on hold for a dispute, then completed."""
    shop, (paid, *_) = shop_on("woocommerce"), case("01-woo-refund-deleted.json")
    shop.world.settings(after_fallback=setting)
    shop.tells("order.updated", paid)
    assert points(shop) == 1000
    shop.tells("order.updated", {**paid, "status": "on-hold", "date_modified_gmt": "2026-11-21T23:00:00"})
    assert (points(shop), pending(shop)) == (balance, waiting)
    shop.tells("order.updated", {**paid, "date_modified_gmt": "2026-11-21T23:30:00"})
    assert (points(shop), pending(shop)) == (1000, 0)
    shop.world.books_must_balance()


# What a real WooCommerce sent


def test_a_real_shop_s_refund_deletion_and_completion(shop_on: Shops) -> None:
    """Goods of 73.11 without tax; 19.00 of them back with 3.03 of tax; the refund deleted; completed."""
    shop = shop_on("woocommerce", currency="EUR")
    names = ("woo-1-order-with-refund", "woo-2-same-order-refund-deleted", "woo-3-same-order-completed")
    states = [case(f"{name}.json") for name in names]
    email, seen = states[0]["billing"]["email"], []
    for state in states:
        assert shop.tells("order.updated", state)["status"] == "booked"
        seen.append(points(shop, email))
    assert seen == [571, 731, 731]
    for state in (states[1], states[0]):
        shop.tells("order.updated", state)
    assert points(shop, email) == 731
    shop.world.books_must_balance()


def test_cash_on_delivery_waits_by_setting(shop_on: Shops) -> None:
    """The same real order was being processed, unpaid; it was paid when it was completed."""
    shop = shop_on("woocommerce", currency="EUR")
    shop.world.settings(cash_on_delivery="waits")
    unpaid, completed = (
        case(f"{name}.json") for name in ("woo-2-same-order-refund-deleted", "woo-3-same-order-completed")
    )
    shop.tells("order.updated", unpaid)
    assert (shop.balances().get(unpaid["billing"]["email"]), pending(shop)) == (0, 731)
    shop.tells("order.updated", completed)
    assert (points(shop, unpaid["billing"]["email"]), pending(shop)) == (731, 0)


def test_an_order_in_another_currency_says_why_it_gives_nothing(shop_on: Shops) -> None:
    shop, order = shop_on("woocommerce", currency="EUR"), case("woo-5-order-in-usd.json")
    assert shop.tells("order.updated", order)["status"] == "booked"
    assert sum(shop.balances().values()) == 0
    assert Order.need(shop.shop).ineligible_reason == "other_currency"


def test_a_refund_that_is_exactly_the_parcel_takes_no_points(shop_on: Shops) -> None:
    """Of the real order the parcel was 5.00 and 0.95 of tax."""
    shop = shop_on("woocommerce", currency="EUR")
    order = copy.deepcopy(case("woo-2-same-order-refund-deleted.json"))
    email = order["billing"]["email"]
    order |= {"date_modified_gmt": "2026-11-28T23:00:00"}
    shop.tells("order.updated", order | {"refunds": [{"id": 70, "reason": "", "total": "-5.95"}]})
    assert points(shop, email) == 731
    both = [{"id": 71, "reason": "", "total": "-87.00"}, {"id": 70, "reason": "", "total": "-5.95"}]
    shop.tells("order.updated", order | {"refunds": both})
    assert points(shop, email) == 0


def generic(**facts: Any) -> dict[str, Any]:
    """A paid order of the generic platform: goods of 100.00, without tax."""
    order: dict[str, Any] = {
        "id": "1",
        "number": "1",
        "status": "paid",
        "currency": "USD",
        "placed_at": "2026-11-20T10:00:00Z",
        "modified_at": "2026-11-20T10:00:00Z",
        "customer": {"id": "c1", "email": ANN, "email_verified": True},
        "lines": [line("1", "100.00")],
        "refunds": [],
        **facts,
    }
    goods = sum((Decimal(one["subtotal"]) for one in order["lines"]), Decimal(0))
    order.setdefault("total", str(goods + Decimal(order.get("tax", 0))))
    return order


def line(number: str, subtotal: str) -> dict[str, Any]:
    """One piece of something."""
    return {"id": number, "product_id": f"p{number}", "quantity": 1, "subtotal": subtotal}


def test_the_settings_default_to_what_shops_know() -> None:
    rules = programs.ProgramSettings()
    assert (rules.after_fallback, rules.cash_on_delivery) == ("keep", "counts")
