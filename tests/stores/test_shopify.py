"""Shopify's bodies in the contract's words (acceptance 19, 23, 57; docs/contracts.md §4)."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stores import bodies, histories
from widget_server.stores import shopify
from widget_server.stores.messages import (
    CustomerErased,
    CustomerSeen,
    DataRequested,
    Ignored,
    MalformedMessage,
    OrderSeen,
    RefundSeen,
    ShopErased,
)

ORDER_TOPICS = ["orders/create", "orders/paid", "orders/updated", "orders/cancelled"]


def seen(body: bodies.Json) -> bodies.Json:
    """The order we read in an `orders/updated`."""
    message = shopify.translate("orders/updated", bodies.encoded(body))
    assert isinstance(message, OrderSeen)
    return message.order


def refund_in_order(refund: bodies.Json, **order: Any) -> bodies.Json:
    read: list[bodies.Json] = seen(bodies.shopify_order(refunds=[refund], **order))["refunds"]
    assert len(read) == 1
    return read[0]


def money(refund: bodies.Json) -> tuple[str, str, str, list[str]]:
    """amount, shipping, tax, and what each line gave back."""
    return refund["amount"], refund["shipping"], refund["tax"], [line["amount"] for line in refund["lines"]]


# -- signatures -----------------------------------------------------------------------------------


def test_the_signature_is_of_the_raw_body_and_the_header_has_any_case() -> None:
    body = b'{"id": 1}'
    for name in ("X-Shopify-Hmac-Sha256", "x-shopify-hmac-sha256", "X-SHOPIFY-HMAC-SHA256"):
        assert shopify.verify(bodies.SECRET, {name: bodies.signature(body)}, body)


def test_the_signature_is_that_of_rfc_4231() -> None:
    digest = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")  # test case 2
    headers = {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode()}
    assert shopify.verify("Jefe", headers, b"what do ya want for nothing?")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Shopify-Hmac-Sha256": ""},
        {"X-Shopify-Hmac-Sha256": "Zm9v"},
        {"X-Shopify-Hmac-Sha256": "täuschend"},
        {"X-Shopify-Hmac-Sha256": bodies.signature(b"{}", "another")},
        {"X-Shopify-Hmac-Sha256": bodies.signature(b"{ }")},
        {"X-WC-Webhook-Signature": bodies.signature(b"{}")},
    ],
)
def test_any_other_signature_is_refused(headers: dict[str, str]) -> None:
    assert not shopify.verify(bodies.SECRET, headers, b"{}")


def test_an_empty_secret_verifies_nothing() -> None:
    assert not shopify.verify("", {"X-Shopify-Hmac-Sha256": bodies.signature(b"{}", "")}, b"{}")


# -- orders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ORDER_TOPICS)
def test_each_order_topic_tells_the_whole_order(topic: str) -> None:
    message = shopify.translate(topic, bodies.encoded(bodies.shopify_order()))
    assert message == OrderSeen(
        {
            "id": "6000000000000000001",
            "number": "#1001",
            "status": "paid",
            "currency": "EUR",
            "source": "web",
            "placed_at": "2026-03-01T10:00:00Z",
            "modified_at": "2026-03-01T10:05:00Z",
            "customer": {
                "id": "7000000000000000001",
                "email": "ann@example.com",
                "email_verified": True,
                "name": "Ann Lee",
                "phone": None,
            },
            "billing_address": None,
            "shipping_address": None,
            "lines": [
                {
                    "id": "9007199254740994",
                    "product_id": "8000000000001",
                    "collection_ids": [],
                    "name": "Mug - blue",
                    "quantity": 2,
                    "subtotal": "40.00",
                    "discount": "5.00",
                    "tax": "3.50",
                    "gift_card": False,
                },
                {
                    "id": "9007199254740995",
                    "product_id": "8000000000002",
                    "collection_ids": [],
                    "name": "Bowl",
                    "quantity": 1,
                    "subtotal": "30.00",
                    "discount": "0.00",
                    "tax": "3.00",
                    "gift_card": False,
                },
            ],
            "shipping": "6.00",
            "discount": "5.00",
            "loose_discount": "0.00",
            "tax": "6.50",
            "tax_included": False,
            "total": "77.50",
            "coupon_codes": ["LOY-AB12"],
            "landing_referral": "ANN-7Q",
            "refunds": [],
            "refunds_complete": True,
        }
    )


@pytest.mark.parametrize(
    ("financial", "fulfillment", "cancelled_at", "status"),
    [
        (None, None, None, "placed"),
        ("pending", None, None, "placed"),
        ("authorized", None, None, "placed"),
        ("partially_paid", "partial", None, "placed"),
        ("pending", "fulfilled", None, "placed"),  # sent on account: not yet paid for
        ("paid", None, None, "paid"),
        ("paid", "partial", None, "paid"),
        ("paid", "restocked", None, "paid"),
        ("paid", "fulfilled", None, "fulfilled"),
        ("partially_refunded", None, None, "paid"),
        ("partially_refunded", "fulfilled", None, "fulfilled"),
        ("refunded", None, None, "paid"),
        ("refunded", "fulfilled", None, "fulfilled"),
        ("voided", None, None, "cancelled"),
        ("expired", None, None, "cancelled"),
        ("paid", "fulfilled", "2026-03-02T10:00:00Z", "cancelled"),
        ("refunded", None, "2026-03-02T10:00:00Z", "cancelled"),
    ],
)
def test_statuses(financial: str | None, fulfillment: str | None, cancelled_at: str | None, status: str) -> None:
    body = bodies.shopify_order(financial_status=financial, fulfillment_status=fulfillment, cancelled_at=cancelled_at)
    assert seen(body)["status"] == status


def test_a_status_we_do_not_know_is_parked() -> None:
    with pytest.raises(MalformedMessage, match="financial_status"):
        seen(bodies.shopify_order(financial_status="bartered"))


def test_a_test_order_and_its_refund_are_ignored() -> None:
    order = bodies.encoded(bodies.shopify_order(test=True))
    refund = bodies.encoded(bodies.shopify_refund(transactions=[bodies.shopify_move("19.25", test=True)]))
    assert isinstance(shopify.translate("orders/create", order), Ignored)
    assert isinstance(shopify.translate("refunds/create", refund), Ignored)


@pytest.mark.parametrize(
    ("source_name", "source"),
    [("web", "web"), ("pos", "pos"), ("shopify_draft_order", "api"), ("580111", "web"), (None, "web")],
)
def test_point_of_sale_orders_are_orders(source_name: str | None, source: str) -> None:
    order = seen(bodies.shopify_order(source_name=source_name))
    assert (order["source"], order["total"]) == (source, "77.50")


def test_an_order_brought_in_from_elsewhere_keeps_its_day() -> None:
    assert seen(bodies.shopify_order(processed_at="2024-05-06T07:08:09Z"))["placed_at"] == "2024-05-06T07:08:09Z"


def test_without_a_change_yet_the_order_was_modified_when_made() -> None:
    body = bodies.shopify_order(updated_at=None)
    assert seen(body)["modified_at"] == "2026-03-01T10:00:00Z"


@pytest.mark.parametrize(
    ("changes", "customer"),
    [
        ({"customer": None}, (None, "ann@example.com", False)),
        ({"customer": None, "email": "", "contact_email": "cy@example.com"}, (None, "cy@example.com", False)),
        ({"customer": {"id": 7}}, ("7", "ann@example.com", False)),
        # verified is the customer's address, not the one typed at the checkout
        ({"customer": {"id": 7, "email": None, "verified_email": True}}, ("7", "ann@example.com", False)),
        ({"customer": {"id": 7, "email": "b@example.com", "verified_email": False}}, ("7", "b@example.com", False)),
        ({"customer": {"id": 7, "email": "b@example.com", "verified_email": True}}, ("7", "b@example.com", True)),
        ({"customer": {"id": 7, "email": "b@example.com", "verified_email": "yes"}}, ("7", "b@example.com", False)),
    ],
)
def test_who_bought(changes: bodies.Json, customer: tuple[str | None, str | None, bool]) -> None:
    read = seen(bodies.shopify_order(**changes))["customer"]
    assert (read["id"], read["email"], read["email_verified"]) == customer


def test_a_walk_in_is_nobody() -> None:
    assert seen(bodies.shopify_order(customer=None, email="", contact_email=None))["customer"] is None


@pytest.mark.parametrize(
    ("landing_site", "code"),
    [
        ("/?ref=ANN-7Q", "ANN-7Q"),
        ("https://mugs.example.com/a?x=1&ref=ANN%2D7Q#top", "ANN-7Q"),
        ("/?ref=", None),
        ("/?ref=" + "A" * 65, None),
        ("/?preference=1", None),
        ("http://[mugs?ref=ANN", None),
        (None, None),
    ],
)
def test_the_referral_is_in_the_landing_page(landing_site: str | None, code: str | None) -> None:
    assert seen(bodies.shopify_order(landing_site=landing_site))["landing_referral"] == code


# -- money ----------------------------------------------------------------------------------------


def test_tax_inside_the_prices() -> None:
    # 44.00 + 33.00 - 5.50 = 71.50 goods with 6.50 tax inside; + 6.00 shipping = 77.50
    order = seen(bodies.shopify_order_tax_inside())
    assert [(line["subtotal"], line["discount"], line["tax"]) for line in order["lines"]] == [
        ("44.00", "5.50", "3.50"),
        ("33.00", "0.00", "3.00"),
    ]
    assert (order["discount"], order["shipping"], order["tax"], order["total"]) == (
        "5.50",
        "6.00",
        "6.50",
        "77.50",
    )
    assert bodies.goods_left(order) == 65


def test_one_discount_named_in_two_places_counts_once() -> None:
    lines = [bodies.shopify_line(1, total_discount="5.00"), bodies.shopify_line(2)]
    order = seen(bodies.shopify_order(line_items=lines))
    assert (order["lines"][0]["discount"], order["discount"]) == ("5.00", "5.00")


def test_an_old_line_has_only_its_total_discount() -> None:
    lines = [bodies.shopify_line(1, total_discount="5.00", discount_allocations=[]), bodies.shopify_line(2)]
    order = seen(bodies.shopify_order(line_items=lines))
    assert (order["lines"][0]["discount"], order["discount"]) == ("5.00", "5.00")


def test_an_old_order_has_a_discount_no_line_names() -> None:
    lines = [bodies.shopify_line(1, discount_allocations=[]), bodies.shopify_line(2)]
    order = seen(bodies.shopify_order(line_items=lines))
    assert ([line["discount"] for line in order["lines"]], order["discount"]) == (["0.00", "0.00"], "5.00")
    assert bodies.goods_left(order) == 65


def test_a_discount_on_shipping_takes_nothing_off_the_goods() -> None:
    # free shipping: total_discounts 5.00 + 6.00, the goods still 65.00; 65.00 + 6.50 = 71.50
    order = seen(bodies.shopify_order(total_discounts="11.00", total_price="71.50"))
    assert (order["discount"], order["shipping"], bodies.goods_left(order)) == ("5.00", "0.00", Decimal(65))


def test_a_tip_is_not_goods() -> None:
    tip = bodies.shopify_line(2, id=3, name="Tip", price="4.00", tax_lines=[], tip_payment_gateway="shopify_payments")
    lines = [bodies.shopify_line(1), bodies.shopify_line(2), tip]
    order = seen(bodies.shopify_order(line_items=lines, total_price="81.50", total_tip_received="4.00"))
    assert [line["name"] for line in order["lines"]] == ["Mug - blue", "Bowl"]
    assert (order["shipping"], bodies.goods_left(order)) == ("10.00", Decimal(65))


def test_gift_cards_are_told_apart() -> None:
    lines = [bodies.shopify_line(1), bodies.shopify_line(2, gift_card=True)]
    assert [line["gift_card"] for line in seen(bodies.shopify_order(line_items=lines))["lines"]] == [False, True]


def test_the_shop_s_currency_is_read_where_only_the_pair_is_told() -> None:
    body = bodies.shopify_order(total_price_set=bodies.money_bag("77.50"))
    del body["total_price"]
    assert seen(body)["total"] == "77.50"


def test_an_order_without_decimals_or_with_three() -> None:
    lines = [bodies.shopify_line(1, quantity=1, price="1980", discount_allocations=[], tax_lines=[])]
    yen = bodies.shopify_order(line_items=lines, subtotal_price="1980", total_tax="0", total_price="1980")
    assert (seen(yen)["total"], seen(yen)["shipping"]) == ("1980.00", "0.00")
    assert seen(bodies.shopify_order(total_price="77.505"))["total"] == "77.505"


# -- refunds --------------------------------------------------------------------------------------


def test_a_line_comes_back_with_its_tax() -> None:
    assert refund_in_order(bodies.shopify_refund()) == {
        "id": "9100000000000000001",
        "amount": "19.25",
        "shipping": "0.00",
        "tax": "1.75",
        "lines": [{"line_id": "9007199254740994", "quantity": 1, "amount": "17.50"}],
        "created_at": "2026-03-02T09:00:00Z",
    }


def test_a_line_comes_back_with_its_tax_inside() -> None:
    refund = bodies.shopify_refund(refund_line_items=[bodies.shopify_refund_line(1, 19.25, 1.75)])
    order = seen(bodies.shopify_order_tax_inside(refunds=[refund]))
    assert money(order["refunds"][0]) == ("19.25", "0.00", "1.75", ["19.25"])
    # 65.00 x (71.50 - 19.25) / 71.50
    assert bodies.goods_left(order) == Decimal("47.5")


@pytest.mark.parametrize(
    ("refund", "expected"),
    [
        pytest.param(
            {
                "refund_line_items": [],
                "order_adjustments": [bodies.shopify_adjustment("shipping_refund", "-6.00", "-0.60")],
                "transactions": [bodies.shopify_move("6.60")],
            },
            ("6.60", "6.00", "0.60", []),
            id="shipping alone",
        ),
        pytest.param(
            {
                "refund_line_items": [],
                "refund_shipping_lines": [{"id": 1, "subtotal_amount_set": bodies.money_bag("6.00")}],
                "transactions": [bodies.shopify_move("6.00")],
            },
            ("6.00", "6.00", "0.00", []),
            id="shipping alone, since 2024-10",
        ),
        pytest.param(
            {
                "refund_shipping_lines": [{"id": 1, "subtotal_amount_set": bodies.money_bag("6.00")}],
                "order_adjustments": [bodies.shopify_adjustment("shipping_refund", "-6.00")],
            },
            ("25.25", "6.00", "1.75", ["17.50"]),
            id="shipping told in both places counts once",
        ),
        pytest.param(
            {
                "refund_line_items": [],
                "order_adjustments": [bodies.shopify_adjustment("refund_discrepancy", "-10.00")],
                "transactions": [bodies.shopify_move("10.00")],
            },
            ("10.00", "0.00", "0.00", []),
            id="by amount",
        ),
        pytest.param(
            {"refund_line_items": [], "transactions": [bodies.shopify_move("10.00")]},
            ("10.00", "0.00", "0.00", []),
            id="by amount, nothing but the money",
        ),
        pytest.param(
            {
                "refund_line_items": [
                    bodies.shopify_refund_line(1, 35, 3.5, 2),
                    bodies.shopify_refund_line(2, 30, 3),
                ],
                "order_adjustments": [bodies.shopify_adjustment("refund_discrepancy", "10.00")],
                "transactions": [bodies.shopify_move("61.50")],
            },
            # 65.00 - 10.00 = 55.00 of goods: 55 x 35/65 = 29.615.., 55 x 30/65 = 25.384..
            ("61.50", "0.00", "6.50", ["29.62", "25.38"]),
            id="10.00 withheld for restocking",
        ),
        pytest.param(
            {
                "order_adjustments": [
                    bodies.shopify_adjustment("refund_discrepancy", "17.50"),
                    bodies.shopify_adjustment("refund_discrepancy", "-17.50"),
                ],
            },
            ("19.25", "0.00", "1.75", ["17.50"]),
            id="a pair of adjustments that cancels out",
        ),
        pytest.param(
            {
                "order_adjustments": [
                    bodies.shopify_adjustment("shipping_refund", "-6.00"),
                    bodies.shopify_adjustment("refund_discrepancy", "20.00"),
                ],
                "transactions": [bodies.shopify_move("5.25")],
            },
            # 17.50 + 6.00 + 1.75 - 20.00 = 5.25: the goods' 17.50 withheld whole, 2.50 off the shipping
            ("5.25", "3.50", "1.75", ["0.00"]),
            id="more withheld than the goods",
        ),
        pytest.param(
            {
                "order_adjustments": [bodies.shopify_adjustment("refund_discrepancy", "18.00")],
                "transactions": [bodies.shopify_move("1.25")],
            },
            ("1.25", "0.00", "1.25", ["0.00"]),
            id="all but some tax withheld",
        ),
        pytest.param({"transactions": []}, ("19.25", "0.00", "1.75", ["17.50"]), id="a line edited away"),
        pytest.param(
            {"transactions": [bodies.shopify_move("192.50", currency="SEK")]},
            ("19.25", "0.00", "1.75", ["17.50"]),
            id="paid back in the shopper's currency",
        ),
        pytest.param(
            {"transactions": [bodies.shopify_move("19.25", "failure"), bodies.shopify_move("19.25")]},
            ("19.25", "0.00", "1.75", ["17.50"]),
            id="a second try went through",
        ),
    ],
)
def test_refunds_by_hand(refund: bodies.Json, expected: tuple[str, str, str, list[str]]) -> None:
    assert money(refund_in_order(bodies.shopify_refund(**refund))) == expected


def test_adjustments_come_without_tax_though_the_prices_hold_it() -> None:
    # shipping 6.00 + 0.60 tax and 10.00 + 1.00 tax by amount: all 17.60, of it 6.60 shipping and 1.60 tax
    adjustments = [
        bodies.shopify_adjustment("shipping_refund", "-6.00", "-0.60"),
        bodies.shopify_adjustment("refund_discrepancy", "-10.00", "-1.00"),
    ]
    refund = bodies.shopify_refund(
        refund_line_items=[], order_adjustments=adjustments, transactions=[bodies.shopify_move("17.60")]
    )
    order = seen(bodies.shopify_order_tax_inside(refunds=[refund]))
    assert money(order["refunds"][0]) == ("17.60", "6.60", "1.60", [])


def test_a_tip_given_back_is_not_goods() -> None:
    tip = bodies.shopify_refund_line(2, 4.0, 0.0)
    tip["line_item"]["tip_payment_gateway"] = "shopify_payments"
    refund = bodies.shopify_refund(
        refund_line_items=[bodies.shopify_refund_line(1, 17.5, 1.75), tip],
        transactions=[bodies.shopify_move("23.25")],
    )
    assert money(refund_in_order(refund)) == ("23.25", "4.00", "1.75", ["17.50"])


@pytest.mark.parametrize(
    "transactions",
    [
        [bodies.shopify_move("19.25", "pending")],
        [bodies.shopify_move("9.25"), bodies.shopify_move("10.00", "pending")],
        [bodies.shopify_move("19.25", "failure")],
    ],
)
def test_a_refund_waits_until_the_money_went_back(transactions: list[bodies.Json]) -> None:
    refund = bodies.shopify_refund(transactions=transactions)
    assert seen(bodies.shopify_order(refunds=[refund]))["refunds"] == []
    assert isinstance(shopify.translate("refunds/create", bodies.encoded(refund)), Ignored)


def test_a_refund_that_gives_nothing_is_none() -> None:
    pending = bodies.shopify_adjustment("refund_discrepancy", "19.25")
    refund = bodies.shopify_refund(transactions=[], order_adjustments=[pending])
    assert seen(bodies.shopify_order(refunds=[refund]))["refunds"] == []


def test_several_partial_refunds_give_back_what_was_paid() -> None:
    refunds = [
        bodies.shopify_refund(id=1),
        bodies.shopify_refund(id=2, transactions=[bodies.shopify_move("19.25")]),
        bodies.shopify_refund(
            id=3,
            refund_line_items=[bodies.shopify_refund_line(2, 30.0, 3.0)],
            order_adjustments=[bodies.shopify_adjustment("shipping_refund", "-6.00")],
            transactions=[bodies.shopify_move("39.00")],
        ),
    ]
    order = seen(bodies.shopify_order(refunds=refunds, financial_status="refunded"))
    # 19.25 + 19.25 + 39.00 = 77.50
    assert sum(Decimal(refund["amount"]) for refund in order["refunds"]) == Decimal(order["total"])
    assert bodies.goods_left(order) == 0


def test_current_figures_are_not_taken_off_twice() -> None:
    order = seen(
        bodies.shopify_order(
            refunds=[bodies.shopify_refund()],
            current_subtotal_price="47.50",
            current_total_price="58.25",
            financial_status="partially_refunded",
        )
    )
    assert bodies.goods_left(order) == Decimal("47.5")


@pytest.mark.parametrize(
    ("subtotal", "moved", "amount"),
    [
        (17.5, "19.25", "19.25"),  # tax apart: 17.50 + 1.75 moved
        (19.25, "19.25", "19.25"),  # tax inside: 19.25 moved, 1.75 of it tax
    ],
)
def test_a_refund_alone_does_not_tell_whether_tax_is_inside_but_the_money_does(
    subtotal: float, moved: str, amount: str
) -> None:
    body = bodies.shopify_refund(
        refund_line_items=[bodies.shopify_refund_line(1, subtotal, 1.75)],
        transactions=[bodies.shopify_move(moved)],
    )
    message = shopify.translate("refunds/create", bodies.encoded(body))
    assert isinstance(message, RefundSeen)
    assert message.order_id == "6000000000000000001"
    assert money(message.refund) == (amount, "0.00", "1.75", [f"{subtotal:.2f}"])


def test_a_refund_alone_says_what_it_says_in_its_order() -> None:
    refund = bodies.shopify_refund()
    message = shopify.translate("refunds/create", bodies.encoded(refund))
    assert message == RefundSeen("6000000000000000001", refund_in_order(refund))


# -- customers and privacy ------------------------------------------------------------------------


def test_a_new_customer() -> None:
    message = shopify.translate("customers/create", bodies.encoded(bodies.shopify_customer()))
    assert message == CustomerSeen(
        {
            "id": "7000000000000000001",
            "email": "ann@example.com",
            "email_verified": True,
            "name": "Ann Lee",
            "phone": "+4930123456",
            "birthday": None,
            "accepts_marketing": True,
            "referral_code": None,
            "registered_at": "2026-02-01T14:00:00Z",
            "modified_at": "2026-02-01T14:00:00Z",
            "paying": None,
            "deleted": False,
        }
    )


@pytest.mark.parametrize("topic", ["customers/create", "customers/update"])
def test_a_customer_is_told_as_of_the_last_change_and_with_what_was_ever_paid(topic: str) -> None:
    for spent, paying in (("0.00", False), ("19.80", True)):
        body = bodies.shopify_customer(updated_at="2026-03-01T10:00:00+02:00", total_spent=spent)
        message = shopify.translate(topic, bodies.encoded(body))
        assert isinstance(message, CustomerSeen)
        assert (message.customer["modified_at"], message.customer["paying"]) == ("2026-03-01T08:00:00Z", paying)


def test_where_an_order_goes_is_told_in_the_contract_s_words_and_never_parks_it() -> None:
    there = {"name": "Ann Lee", "address1": "Weg 1", "zip": "10115", "city": "Berlin", "country_code": "DE"}
    body = bodies.shopify_order(billing_address=there, shipping_address={"zip": ["odd"]})
    message = shopify.translate("orders/create", bodies.encoded(body))
    assert isinstance(message, OrderSeen)
    assert message.order["billing_address"] == {
        "name": "Ann Lee",
        "address1": "Weg 1",
        "address2": None,
        "city": "Berlin",
        "postcode": "10115",
        "region": None,
        "country": "DE",
    }
    assert message.order["shipping_address"] is None


@pytest.mark.parametrize(
    ("changes", "verified", "marketing"),
    [
        ({"verified_email": False}, False, True),
        ({"email": None}, False, True),
        ({"email_marketing_consent": {"state": "unsubscribed"}, "accepts_marketing": True}, True, False),
        ({"email_marketing_consent": None, "accepts_marketing": True}, True, True),
        ({"email_marketing_consent": None, "accepts_marketing": False}, True, False),
        ({"email_marketing_consent": None}, True, None),  # 2025-01 and newer: the body does not say
    ],
)
def test_what_a_customer_agreed_to(changes: bodies.Json, verified: bool, marketing: bool | None) -> None:
    message = shopify.translate("customers/create", bodies.encoded(bodies.shopify_customer(**changes)))
    assert isinstance(message, CustomerSeen)
    assert (message.customer["email_verified"], message.customer["accepts_marketing"]) == (verified, marketing)


SHOP_REDACT = {"shop_id": 954889, "shop_domain": "mugs.myshopify.com"}


def test_the_three_privacy_topics() -> None:
    body = bodies.encoded(bodies.shopify_privacy())
    person = ("7000000000000000001", "ann@example.com")
    assert shopify.translate("customers/data_request", body) == DataRequested(*person)
    assert shopify.translate("customers/redact", body) == CustomerErased(*person)
    assert shopify.translate("shop/redact", bodies.encoded(SHOP_REDACT)) == ShopErased("mugs.myshopify.com")


def test_nobody_is_erased_when_nobody_is_named() -> None:
    for topic in ("customers/redact", "customers/data_request"):
        with pytest.raises(MalformedMessage, match="customer"):
            shopify.translate(topic, bodies.encoded(bodies.shopify_privacy(customer={"phone": "1"})))
    with pytest.raises(MalformedMessage, match="shop_domain"):
        shopify.translate("shop/redact", b"{}")
    with pytest.raises(MalformedMessage, match="customer"):  # each privacy topic names the shop
        shopify.translate("shop/redact", bodies.encoded(bodies.shopify_privacy()))


# -- what is odd is parked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"\xff",
        b"{",
        b'{"id": NaN}',
        b'{"total_price": 1e99999999999999999999}',
        b'{"id": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"refunds":' * 50_000,
    ],
)
@pytest.mark.parametrize("topic", shopify.TOPICS)
def test_what_is_not_an_object_is_odd(topic: str, body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        shopify.translate(topic, body)


def test_a_topic_we_do_not_know_is_odd() -> None:
    with pytest.raises(MalformedMessage, match="unknown topic"):
        shopify.translate("carts/create", b"{}")


def test_the_reason_names_the_field_and_not_what_stood_there() -> None:
    lines = [bodies.shopify_line(1), bodies.shopify_line(2, price="ann@example.com")]
    with pytest.raises(MalformedMessage) as parked:
        seen(bodies.shopify_order(line_items=lines))
    assert str(parked.value) == "line_items[1].price is not money"


@pytest.mark.parametrize(
    ("given_id", "read_id"),
    [(2**53 + 1, "9007199254740993"), (8.66550311766439e17, "866550311766439000"), ("gid-1", "gid-1")],
)
def test_ids_are_text(given_id: Any, read_id: str) -> None:
    assert seen(bodies.shopify_order(id=given_id))["id"] == read_id


@pytest.mark.parametrize("time", ["yesterday", "0000-00-00", "0001-01-01T00:00:00+14:00", 1772359200, True])
def test_what_is_no_time_is_odd(time: Any) -> None:
    with pytest.raises(MalformedMessage, match="updated_at is not a time"):
        seen(bodies.shopify_order(updated_at=time))


@pytest.mark.parametrize("amount", ["", "ten", "NaN", "-Infinity", "1e999999", 10**400, True, [], None])
def test_what_is_no_money_is_odd(amount: Any) -> None:
    with pytest.raises(MalformedMessage, match="total_price is not money"):
        seen(bodies.shopify_order(total_price=amount))


@pytest.mark.parametrize("given_id", [None, "", True, 1.5, 1e300, [], {}])
def test_what_is_no_id_is_odd(given_id: Any) -> None:
    with pytest.raises(MalformedMessage, match="id is not"):
        seen(bodies.shopify_order(id=given_id))


@pytest.mark.parametrize("name", ["id", "currency", "line_items", "total_price"])
def test_an_order_without_its_bones_is_odd(name: str) -> None:
    body = bodies.shopify_order()
    del body[name]
    with pytest.raises(MalformedMessage, match=name):
        seen(body)


def read_or_parked(topic: str, body: bytes) -> None:
    """The one promise: a message any database and any JSON can hold, or `Odd`."""
    try:
        message = shopify.translate(topic, body)
    except MalformedMessage as odd:
        assert str(odd)
        return
    assert "\\u0000" not in json.dumps(vars(message))
    json.dumps(vars(message), ensure_ascii=False).encode()


@given(topic=st.sampled_from(shopify.TOPICS), body=bodies.any_json())
def test_any_json_is_read_or_parked(topic: str, body: Any) -> None:
    read_or_parked(topic, json.dumps(body).encode())


@given(topic=st.sampled_from(shopify.TOPICS), body=st.binary(max_size=200))
def test_any_bytes_are_read_or_parked(topic: str, body: bytes) -> None:
    read_or_parked(topic, body)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), topic=st.sampled_from(shopify.TOPICS))
def test_a_good_body_gone_wrong_is_read_or_parked(data: st.DataObject, topic: str) -> None:
    read_or_parked(topic, bodies.encoded(data.draw(bodies.mutated(bodies.shopify_body(topic)))))


# -- one order's life -----------------------------------------------------------------------------


def test_the_history_reads_as_its_table_says() -> None:
    for step in histories.shopify(bodies.SECRET, datetime.now(UTC)):
        assert shopify.verify(bodies.SECRET, step.headers, step.body)
        message = shopify.translate(step.topic, step.body)
        if isinstance(message, OrderSeen) and step.newest:
            paid = message.order["status"] != "placed"
            assert int(bodies.goods_left(message.order) * 10) * paid == step.points, step
