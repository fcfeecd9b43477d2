"""WooCommerce's bodies in the contract's words (acceptance 19, 23, 57; docs/contracts.md §4)."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stores import bodies, histories
from widget_server.stores import woocommerce
from widget_server.stores.messages import CustomerSeen, MalformedMessage, Message, OrderGone, OrderSeen

RECORDED = Path(__file__).parents[1] / "payloads" / "woocommerce"


def recorded(name: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a delivery a real shop made."""
    rows = (RECORDED / f"{name}.headers").read_text().splitlines()
    headers = dict(row.split(": ", 1) for row in rows if row)
    return headers, (RECORDED / f"{name}.json").read_bytes()


def read_recorded(name: str) -> Message:
    headers, body = recorded(name)
    assert woocommerce.verify(bodies.SECRET, headers, body)
    return woocommerce.translate(headers["X-WC-Webhook-Topic"], body)


def seen(body: bodies.Json) -> bodies.Json:
    """The order we read in an `order.updated`."""
    message = woocommerce.translate("order.updated", bodies.encoded(body))
    assert isinstance(message, OrderSeen)
    return message.order


ADDRESS = {
    "name": "Ann Lee",
    "address1": "1 A St",
    "address2": None,
    "city": "X",
    "postcode": "90001",
    "region": "CA",
    "country": "US",
}


def money(order: bodies.Json) -> list[tuple[str, str, str, str]]:
    """id, amount, shipping, tax of each refund."""
    return [(row["id"], row["amount"], row["shipping"], row["tax"]) for row in order["refunds"]]


# -- what a real shop sent ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["007-customer.created", "008-customer.updated"])
def test_the_recorded_customer(name: str) -> None:
    assert read_recorded(name) == CustomerSeen(
        {
            "id": "2",
            "email": "ann1795296921@example.com",
            "email_verified": False,
            "name": "Ann Lee",
            "phone": None,
            "birthday": None,
            "accepts_marketing": None,
            "referral_code": None,
            "registered_at": "2026-11-21T21:35:21Z",
            "modified_at": "2026-11-21T21:35:21Z",
            "paying": False,
            "deleted": False,
        }
    )


@pytest.mark.parametrize("name", ["009-order.updated", "010-order.created"])
def test_the_recorded_error_under_a_good_signature_is_parked(name: str) -> None:
    with pytest.raises(MalformedMessage, match="rest_no_route"):
        read_recorded(name)


def test_the_recorded_order_of_a_guest_with_a_coupon() -> None:
    assert read_recorded("011-order.updated") == OrderSeen(
        {
            "id": "12",
            "parent_id": None,
            "number": "12",
            "status": "fulfilled",
            "currency": "USD",
            "source": "web",
            "placed_at": "2026-11-21T21:35:21Z",
            "modified_at": "2026-11-21T21:35:22Z",
            "customer": {
                "id": None,
                "email": "ann1795296921@example.com",
                "email_verified": False,
                "name": "Ann Lee",
                "phone": "555",
            },
            "billing_address": ADDRESS,
            "shipping_address": ADDRESS,
            "lines": [
                {
                    "id": "1",
                    "product_id": "10",
                    "collection_ids": [],
                    "name": "Mug",
                    "quantity": 2,
                    "subtotal": "39.80",
                    "discount": "5.00",
                    "tax": "0.00",
                    "gift_card": False,
                }
            ],
            "shipping": "0.00",
            "discount": "5.00",
            "loose_discount": "0.00",
            "tax": "0.00",
            "tax_included": False,
            "total": "34.80",
            "payment_due": False,
            "coupon_codes": ["loy-ff51d470"],
            "landing_referral": None,
            "refunds": [],
            "refunds_complete": True,
        }
    )


def test_the_recorded_order_that_was_created_cancelled_and_refunded() -> None:
    message = read_recorded("017-order.created")
    assert isinstance(message, OrderSeen)
    assert message.order["status"] == "cancelled"
    assert message.order["refunds"] == [
        {
            "id": "17",
            "amount": "10.00",
            "shipping": "0.00",
            "tax": "0.00",
            "lines": [],
            "created_at": "2026-11-21T21:35:57Z",
        }
    ]


def test_the_recorded_ping() -> None:
    headers, body = recorded("001-none")
    assert woocommerce.is_ping(headers, body)
    assert not woocommerce.verify(bodies.SECRET, headers, body)


# -- signatures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/json"}, b"webhook_id=1"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=1&status=completed"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id="),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b'{"id": 1}'),
        ({"Content-Type": "application/x-www-form-urlencoded", "x-wc-webhook-signature": "x"}, b"webhook_id=1"),
        ({}, b"webhook_id=1"),
    ],
)
def test_nothing_else_is_a_ping(headers: dict[str, str], body: bytes) -> None:
    assert not woocommerce.is_ping(headers, body)


def test_the_header_has_any_case() -> None:
    assert woocommerce.verify(bodies.SECRET, {"x-wc-WEBHOOK-signature": bodies.signature(b"{}")}, b"{}")
    assert woocommerce.is_ping({"content-type": "application/x-www-form-urlencoded; charset=x"}, b"webhook_id=7")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-WC-Webhook-Signature": ""},
        {"X-WC-Webhook-Signature": "Zm9v"},
        {"X-WC-Webhook-Signature": bodies.signature(b"{}", "another")},
        {"X-WC-Webhook-Signature": bodies.signature(b"{ }")},
        {"X-Shopify-Hmac-Sha256": bodies.signature(b"{}")},
    ],
)
def test_any_other_signature_is_refused(headers: dict[str, str]) -> None:
    assert not woocommerce.verify(bodies.SECRET, headers, b"{}")


def test_an_empty_secret_verifies_nothing() -> None:
    assert not woocommerce.verify("", {"X-WC-Webhook-Signature": bodies.signature(b"{}", "")}, b"{}")


# -- topics ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ["order.created", "order.updated", "order.restored"])
def test_each_topic_tells_the_whole_order(topic: str) -> None:
    message = woocommerce.translate(topic, bodies.encoded(bodies.woo_order()))
    assert isinstance(message, OrderSeen)
    order = message.order
    assert (order["id"], order["status"], order["landing_referral"]) == ("41", "paid", "ANN-7Q")
    assert order["customer"] == {
        "id": "5",
        "email": "ann@example.com",
        "email_verified": False,
        "name": "Ann Lee",
        "phone": "555",
    }
    assert (order["discount"], order["shipping"], order["tax"], order["total"]) == (
        "5.00",
        "6.00",
        "6.50",
        "77.50",
    )
    assert bodies.goods_left(order) == 65


def test_a_deleted_order_is_gone() -> None:
    assert woocommerce.translate("order.deleted", b'{"id":41}') == OrderGone("41")


def test_a_deleted_customer_is_told_by_id_alone() -> None:
    message = woocommerce.translate("customer.deleted", b'{"id":5}')
    assert isinstance(message, CustomerSeen)
    assert (message.customer["id"], message.customer["email"], message.customer["deleted"]) == ("5", None, True)


@pytest.mark.parametrize("topic", ["customer.created", "customer.updated"])
def test_a_customer_brings_the_friend_s_code(topic: str) -> None:
    kept = [{"key": "other", "value": {"a": [1]}}, {"key": "_loyalty_ref", "value": " BOB-22 "}]
    message = woocommerce.translate(topic, bodies.encoded(bodies.woo_customer(meta_data=kept)))
    assert isinstance(message, CustomerSeen)
    assert message.customer == {
        "id": "5",
        "email": "ann@example.com",
        "email_verified": False,
        "name": "Ann Lee",
        "phone": "555",
        "birthday": None,
        "accepts_marketing": None,
        "referral_code": "BOB-22",
        "registered_at": "2026-02-01T14:00:00Z",
        "modified_at": "2026-02-01T14:00:00Z",
        "paying": None,
        "deleted": False,
    }


# -- status, source, people -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "paid_at", "completed_at", "ours"),
    [
        ("pending", None, None, "placed"),
        ("on-hold", None, None, "placed"),
        ("checkout-draft", None, None, "draft"),
        ("draft", None, None, "draft"),
        ("auto-draft", None, None, "draft"),
        ("processing", "2026-03-01T10:05:00", None, "paid"),
        ("processing", "2026-03-01T10:05:00", "2026-03-01T10:06:00", "paid"),  # taken back from completed
        ("completed", "2026-03-01T10:05:00", "2026-03-01T10:06:00", "fulfilled"),
        ("completed", None, None, "fulfilled"),
        ("cancelled", "2026-03-01T10:05:00", "2026-03-01T10:06:00", "cancelled"),
        ("failed", None, None, "cancelled"),
        ("trash", "2026-03-01T10:05:00", None, "cancelled"),
        ("refunded", "2026-03-01T10:05:00", "2026-03-01T10:06:00", "fulfilled"),
        ("refunded", "2026-03-01T10:05:00", None, "paid"),
        ("refunded", None, None, "paid"),
        # a plugin's own
        ("packed", None, None, "placed"),
        ("packed", "2026-03-01T10:05:00", None, "paid"),
        ("delivered", "2026-03-01T10:05:00", "2026-03-01T10:06:00", "fulfilled"),
    ],
)
def test_statuses(status: str, paid_at: str | None, completed_at: str | None, ours: str) -> None:
    body = bodies.woo_order(status=status, date_paid_gmt=paid_at, date_completed_gmt=completed_at)
    assert seen(body)["status"] == ours


@pytest.mark.parametrize(
    ("created_via", "source"),
    [
        ("pos", "pos"),
        ("pos-rest-api", "pos"),
        ("checkout", "web"),
        ("store-api", "web"),
        ("", "web"),
        (None, "web"),
        ("rest-api", "api"),
        ("admin", "api"),
    ],
)
def test_point_of_sale_orders_are_orders(created_via: str | None, source: str) -> None:
    order = seen(bodies.woo_order(created_via=created_via))
    assert (order["source"], order["total"]) == (source, "77.50")


def test_a_guest_and_a_walk_in() -> None:
    guest = seen(bodies.woo_order(customer_id=0))["customer"]
    assert (guest["id"], guest["email"], guest["email_verified"]) == (None, "ann@example.com", False)
    assert seen(bodies.woo_order(customer_id=0, billing={"email": "", "first_name": ""}))["customer"] is None
    assert seen(bodies.woo_order(customer_id=0, billing=[]))["customer"] is None  # PHP's empty object


@pytest.mark.parametrize(
    ("changes", "modified_at"),
    [
        ({}, "2026-03-01T10:05:00Z"),
        ({"date_modified_gmt": None, "date_completed_gmt": "2026-03-01T10:07:00"}, "2026-03-01T10:07:00Z"),
        ({"date_modified_gmt": None, "date_paid_gmt": None}, "2026-03-01T10:00:00Z"),
    ],
)
def test_when_it_was_modified(changes: bodies.Json, modified_at: str) -> None:
    assert seen(bodies.woo_order(**changes))["modified_at"] == modified_at


@pytest.mark.parametrize(
    ("meta", "code"),
    [
        ([], None),
        ([{"key": "_loyalty_ref", "value": ""}], None),
        ([{"key": "_loyalty_ref", "value": ["ANN"]}], None),
        ([{"key": "_loyalty_ref", "value": "A" * 65}], None),
        ([{"key": "_wc_order_attribution_session_entry", "value": "https://mugs.example.com/?ref=BOB-22"}], "BOB-22"),
        ([{"key": "_wc_order_attribution_session_entry", "value": "https://[mugs/?ref=BOB-22"}], None),
        (
            [
                {"key": "_wc_order_attribution_session_entry", "value": "https://mugs.example.com/?ref=BOB-22"},
                {"key": "_loyalty_ref", "value": "ANN-7Q"},
            ],
            "ANN-7Q",
        ),
    ],
)
def test_the_referral_is_kept_with_the_order(meta: list[bodies.Json], code: str | None) -> None:
    assert seen(bodies.woo_order(meta_data=meta))["landing_referral"] == code


# -- money ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False])
def test_amounts_are_without_tax_whatever_the_shop_s_prices(inside: bool) -> None:
    order = seen(bodies.woo_order(prices_include_tax=inside))
    assert [(line["subtotal"], line["discount"], line["tax"]) for line in order["lines"]] == [
        ("40.00", "5.00", "3.50"),
        ("30.00", "0.00", "3.00"),
    ]
    assert bodies.goods_left(order) == 65


def test_a_fee_is_charged_like_shipping_and_a_negative_one_is_a_discount() -> None:
    # 77.50 + 4.00 gift wrap + 0.40 its tax
    wrap = {"id": 9, "name": "Gift wrap", "total": "4.00", "total_tax": "0.40"}
    order = seen(bodies.woo_order(fee_lines=[wrap], total="81.90", total_tax="6.90"))
    assert (order["discount"], order["shipping"], order["tax"]) == ("5.00", "10.00", "6.90")
    assert bodies.goods_left(order) == 65
    # 77.50 - 10.00 credit - 1.00 its tax
    credit = {"id": 9, "name": "Credit", "total": "-10.00", "total_tax": "-1.00"}
    order = seen(bodies.woo_order(fee_lines=[credit], total="66.50", total_tax="5.50"))
    assert (order["discount"], order["shipping"], order["tax"]) == ("15.00", "6.00", "5.50")
    assert bodies.goods_left(order) == 55


def test_money_taken_off_the_total_by_a_plug_in_was_a_discount() -> None:
    # a gift card of 20.00 on 77.50, which no line and no fee tells: 57.50 = 51.00 + 6.50, shipping with it
    order = seen(bodies.woo_order(total="57.50"))
    assert (order["discount"], order["shipping"], bodies.goods_left(order)) == ("19.00", "0.00", Decimal(51))


def test_a_line_made_dearer_by_hand_has_no_negative_discount() -> None:
    body = bodies.woo_order(total="82.50")
    body["line_items"][1]["total"] = "35.00"
    line = seen(body)["lines"][1]
    assert (line["subtotal"], line["discount"]) == ("35.00", "0.00")


def test_half_a_pound_is_a_piece() -> None:
    body = bodies.woo_order()
    body["line_items"][0]["quantity"] = "0.5"
    assert seen(body)["lines"][0]["quantity"] == 1


# -- refunds: one amount each, taken as goods with their tax first ----------------------------------


def test_a_refund_holds_its_share_of_the_tax() -> None:
    # one mug: 19.25 x 6.50 / 71.50 = 1.75 tax, 17.50 goods
    order = seen(bodies.woo_order(refunds=[bodies.woo_refund(42, "19.25")]))
    assert money(order) == [("42", "19.25", "0.00", "1.75")]
    assert bodies.goods_left(order) == Decimal("47.5")


def test_several_refunds_are_counted_oldest_first_whatever_their_order() -> None:
    refunds = [bodies.woo_refund(100, "33.00"), bodies.woo_refund(99, "19.25")]
    first = seen(bodies.woo_order(refunds=refunds))
    assert money(first) == [("99", "19.25", "0.00", "1.75"), ("100", "33.00", "0.00", "3.00")]
    assert seen(bodies.woo_order(refunds=refunds[::-1])) == first
    assert bodies.goods_left(first) == Decimal("17.5")


def test_thirds_of_the_whole_fit_to_the_cent() -> None:
    refunds = [bodies.woo_refund(42, "25.83"), bodies.woo_refund(43, "25.83"), bodies.woo_refund(44, "25.84")]
    order = seen(bodies.woo_order(refunds=refunds))
    # 25.83 x 1/11 = 2.348.., 51.66 x 1/11 = 4.696.., then 71.50 of goods hold 6.50; 77.50 - 71.50 is shipping
    assert money(order) == [
        ("42", "25.83", "0.00", "2.35"),
        ("43", "25.83", "0.00", "2.35"),
        ("44", "25.84", "6.00", "1.80"),
    ]
    assert bodies.goods_left(order) == 0


def test_shipping_has_a_tax_of_its_own() -> None:
    # shipping 6.00 + 0.60; all of 78.10 back in two
    changes = {"total": "78.10", "total_tax": "7.10", "shipping_tax": "0.60"}
    refunds = [bodies.woo_refund(42, "71.50"), bodies.woo_refund(43, "6.60")]
    order = seen(bodies.woo_order(refunds=refunds, **changes))
    assert money(order) == [("42", "71.50", "0.00", "6.50"), ("43", "6.60", "6.00", "0.60")]


def test_a_refund_of_exactly_the_parcel_is_shipping() -> None:  # contracts §8
    order = bodies.woo_order(shipping_total="6.00", shipping_tax="0.60", total_tax="7.10", total="78.10")
    back = seen({**order, "refunds": [bodies.woo_refund(42, "6.60")]})
    assert money(back) == [("42", "6.60", "6.00", "0.60")]
    twice = seen({**order, "refunds": [bodies.woo_refund(42, "6.60"), bodies.woo_refund(43, "6.60")]})
    assert money(twice) == [("42", "6.60", "6.00", "0.60"), ("43", "6.60", "0.00", "0.60")]
    rest = seen({**order, "refunds": [bodies.woo_refund(42, "6.60"), bodies.woo_refund(43, "71.50")]})
    assert money(rest) == [("42", "6.60", "6.00", "0.60"), ("43", "71.50", "0.00", "6.50")]


def test_a_refund_s_own_tax_says_more_than_a_share() -> None:
    told = {**bodies.woo_refund(42, "6.60"), "total_tax": "-0.10"}
    order = bodies.woo_order(shipping_total="6.00", shipping_tax="0.60", total_tax="7.10", total="78.10")
    assert money(seen({**order, "refunds": [told]})) == [("42", "6.60", "0.00", "0.10")]


def test_a_sub_order_names_its_purchase() -> None:
    assert seen(bodies.woo_order(parent_id=40))["parent_id"] == "40"


def test_cash_on_delivery_is_processed_before_it_is_paid() -> None:
    assert seen(bodies.woo_order(date_paid_gmt=None))["payment_due"] is True
    assert seen(bodies.woo_order())["payment_due"] is False
    assert seen(bodies.woo_order(status="completed", date_paid_gmt=None))["payment_due"] is False


def test_a_refund_of_nothing_is_none() -> None:
    assert seen(bodies.woo_order(refunds=[bodies.woo_refund(42, "0.00")]))["refunds"] == []


def test_a_refunded_order_counts_as_wholly_refunded_whatever_it_lists() -> None:
    listed = [bodies.woo_refund(42, "19.25")]
    order = seen(bodies.woo_order(status="refunded", refunds=listed))
    # 77.50 - 19.25 = 58.25: 52.25 goods with 4.75 tax, 6.00 shipping
    assert money(order) == [("42", "19.25", "0.00", "1.75"), ("41-rest", "58.25", "6.00", "4.75")]
    assert bodies.goods_left(order) == 0
    assert money(seen(bodies.woo_order(refunds=listed))) == money(order)[:1]


def test_a_refunded_order_that_lists_it_all_gets_no_rest() -> None:
    order = seen(bodies.woo_order(status="refunded", refunds=[bodies.woo_refund(42, "77.50")]))
    assert money(order) == [("42", "77.50", "6.00", "6.50")]


@given(parts=st.lists(st.integers(1, 7750), max_size=6))
def test_refunds_never_tell_more_than_was_given_back(parts: list[int]) -> None:
    refunds = [bodies.woo_refund(50 + n, f"{Decimal(cents) / 100}") for n, cents in enumerate(parts)]
    order = seen(bodies.woo_order(refunds=refunds))
    for refund in order["refunds"]:
        told = [Decimal(refund[name]) for name in ("amount", "shipping", "tax")]
        assert min(told) >= 0
        assert told[1] + told[2] <= told[0]
    assert sum(Decimal(refund["amount"]) for refund in order["refunds"]) == Decimal(sum(parts)) / 100


# -- what is odd is parked ------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"webhook_id=1", b"\xff", b'{"id": NaN}', b"[" * 100_000, b"{}"])
@pytest.mark.parametrize("topic", woocommerce.TOPICS)
def test_what_has_not_the_shape_is_odd(topic: str, body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        woocommerce.translate(topic, body)


def test_a_topic_we_do_not_know_is_odd() -> None:
    with pytest.raises(MalformedMessage, match="unknown topic"):
        woocommerce.translate("product.created", b'{"id": 1}')


@pytest.mark.parametrize("name", ["id", "status", "currency", "line_items", "total", "date_created_gmt"])
def test_an_order_without_its_bones_is_odd(name: str) -> None:
    body = bodies.woo_order()
    del body[name]
    with pytest.raises(MalformedMessage, match=name):
        seen(body)


def read_or_parked(topic: str, body: bytes) -> None:
    """The one promise: a message any database and any JSON can hold, or `Odd`."""
    try:
        message = woocommerce.translate(topic, body)
    except MalformedMessage as odd:
        assert str(odd)
        return
    assert "\\u0000" not in json.dumps(vars(message))
    json.dumps(vars(message), ensure_ascii=False).encode()


@given(topic=st.sampled_from(woocommerce.TOPICS), body=bodies.any_json())
def test_any_json_is_read_or_parked(topic: str, body: Any) -> None:
    read_or_parked(topic, json.dumps(body).encode())


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), topic=st.sampled_from(woocommerce.TOPICS))
def test_a_good_body_gone_wrong_is_read_or_parked(data: st.DataObject, topic: str) -> None:
    read_or_parked(topic, bodies.encoded(data.draw(bodies.mutated(bodies.woo_body(topic)))))


# -- one order's life -----------------------------------------------------------------------------


def test_the_history_reads_as_its_table_says() -> None:
    for step in histories.woocommerce(bodies.SECRET, datetime.now(UTC)):
        assert woocommerce.verify(bodies.SECRET, step.headers, step.body)
        message = woocommerce.translate(step.topic, step.body)
        assert isinstance(message, OrderSeen)
        if step.newest:
            paid = message.order["status"] != "placed"
            assert int(bodies.goods_left(message.order) * 10) * paid == step.points, step
