"""One order's life as each platform would send it, signed, with the points that stand after each body.

The order, the same everywhere:

    2 mugs at 20.00            40.00      tax 10 % of the goods     6.50
    off the mugs              - 5.00      shipping, without tax     6.00
    1 bowl                     30.00      total                    77.50
    goods                      65.00

and the rule: 10 points for each 1.00 of goods (after discounts, without tax and shipping), rounded down, booked
once the order is paid:

    placed, not paid                                               0
    paid, fulfilled       65.00           x 10                   650
    refund r1, one mug    65.00 - 17.50 = 47.50 x 10             475
    refund r2, the bowl   47.50 - 30.00 = 17.50 x 10             175
    cancelled                                                      0
    reinstated            the refunds stand: 17.50 x 10          175

r1 gives back 17.50 + 1.75 tax = 19.25, r2 gives back 30.00 + 3.00 tax = 33.00. Both refunds fall into one second,
so the time of change alone does not tell which state is newer. Each history ends with a late copy of an old
body, which changes nothing. In any order, with any body sent twice, the end is `FINAL_POINTS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from tests.stores import bodies

PAID_POINTS = 650
AFTER_R1_POINTS = 475
FINAL_POINTS = 175


@dataclass(frozen=True)
class Step:
    """One delivery, and the order's points once it and all before it are booked."""

    topic: str
    headers: Mapping[str, str]
    body: bytes
    points: int
    newest: bool = True  # False: a late copy, or a body that is not the order's whole state


# -- the generic contract -------------------------------------------------------------------------


def _generic_order(status: str, modified_at: str, refunds: int) -> bodies.Json:
    both = [
        {
            "id": "r1",
            "amount": "19.25",
            "shipping": "0.00",
            "tax": "1.75",
            "lines": [{"line_id": "1", "quantity": 1, "amount": "17.50"}],
            "created_at": "2026-03-01T10:09:00Z",
        },
        {
            "id": "r2",
            "amount": "33.00",
            "shipping": "0.00",
            "tax": "3.00",
            "lines": [{"line_id": "2", "quantity": 1, "amount": "30.00"}],
            "created_at": "2026-03-01T10:09:00Z",
        },
    ]
    mugs = {"id": "1", "product_id": "p1", "collection_ids": ["mugs"], "name": "Mug", "quantity": 2}
    bowl = {"id": "2", "product_id": "p2", "collection_ids": ["bowls"], "name": "Bowl", "quantity": 1}
    return {
        "id": "1001",
        "number": "#1001",
        "status": status,
        "currency": "EUR",
        "source": "web",
        "placed_at": "2026-03-01T10:00:00Z",
        "modified_at": modified_at,
        "customer": {
            "id": "c-9",
            "email": "ann@example.com",
            "email_verified": True,
            "name": "Ann Lee",
            "phone": None,
        },
        "lines": [
            {**mugs, "subtotal": "40.00", "discount": "5.00", "tax": "3.50", "gift_card": False},
            {**bowl, "subtotal": "30.00", "discount": "0.00", "tax": "3.00", "gift_card": False},
        ],
        "shipping": "6.00",
        "discount": "5.00",
        "tax": "6.50",
        "total": "77.50",
        "coupon_codes": [],
        "landing_referral": None,
        "refunds": both[:refunds],
    }


def generic(secret: str, now: datetime) -> list[Step]:
    """The order on the generic platform; `now` (UTC) is the signatures' time, which may be 5 minutes off at most."""
    told = [
        ("placed", "2026-03-01T10:00:00Z", 0, 0),
        ("paid", "2026-03-01T10:05:00Z", 0, PAID_POINTS),
        ("paid", "2026-03-01T10:09:00Z", 1, AFTER_R1_POINTS),
        ("paid", "2026-03-01T10:09:00Z", 2, FINAL_POINTS),
        ("cancelled", "2026-03-01T10:15:00Z", 2, 0),
        ("paid", "2026-03-01T10:20:00Z", 2, FINAL_POINTS),
        ("paid", "2026-03-01T10:05:00Z", 0, FINAL_POINTS),  # late
    ]
    steps = []
    for number, (status, modified_at, refunds, points) in enumerate(told):
        body = bodies.encoded(_generic_order(status, modified_at, refunds))
        headers = {
            "webhook-id": f"msg_{number}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(f"msg_{number}", now, body.decode()),
        }
        steps.append(Step("order", headers, body, points, newest=number < len(told) - 1))
    return steps


# -- Shopify --------------------------------------------------------------------------------------


def shopify(secret: str, now: datetime) -> list[Step]:
    """The order on Shopify, tax inside the prices: goods 71.50 of which 6.50 tax; r1 and r2 tell it inside too."""

    def order(second: str, **changes: Any) -> bodies.Json:
        return bodies.shopify_order_tax_inside(updated_at=f"2026-03-01T11:{second}+01:00", **changes)

    def refund(number: int, subtotal: float, tax: float) -> bodies.Json:
        return bodies.shopify_refund(
            id=9100000000000000000 + number,
            created_at="2026-03-01T11:09:00+01:00",
            processed_at="2026-03-01T11:09:00+01:00",
            refund_line_items=[bodies.shopify_refund_line(number, subtotal, tax)],
            transactions=[bodies.shopify_move(f"{subtotal:.2f}")],
        )

    r1, r2 = refund(1, 19.25, 1.75), refund(2, 33.0, 3.0)
    partly = {"financial_status": "partially_refunded"}
    cancelled = {"cancelled_at": "2026-03-01T11:15:00+01:00", "cancel_reason": "customer"}
    placed = order("00:00", financial_status="pending")
    paid = order("05:00")
    told = [
        ("orders/create", placed, 0, True),
        ("orders/paid", paid, PAID_POINTS, True),
        ("refunds/create", r1, AFTER_R1_POINTS, False),
        ("orders/updated", order("09:00", refunds=[r1], **partly), AFTER_R1_POINTS, True),
        ("orders/updated", order("09:00", refunds=[r1, r2], **partly), FINAL_POINTS, True),
        ("refunds/create", r2, FINAL_POINTS, False),
        ("orders/cancelled", order("15:00", refunds=[r1, r2], **partly, **cancelled), 0, True),
        ("orders/updated", order("20:00", refunds=[r1, r2], **partly), FINAL_POINTS, True),
        ("orders/paid", paid, FINAL_POINTS, False),  # late
    ]
    return [
        Step(
            topic,
            {
                "X-Shopify-Topic": topic,
                "X-Shopify-Hmac-Sha256": bodies.signature(bodies.encoded(body), secret),
            },
            bodies.encoded(body),
            points,
            newest,
        )
        for topic, body, points, newest in told
    ]


# -- WooCommerce ----------------------------------------------------------------------------------


def woocommerce(secret: str, now: datetime) -> list[Step]:
    """The order on WooCommerce: completed, refunded twice and cancelled within one second, as a real shop did."""

    def order(status: str, time: str, *refunds: bodies.Json) -> bodies.Json:
        done = f"2026-03-01T{time}" if status == "completed" else None
        return bodies.woo_order(
            status=status,
            date_modified_gmt=f"2026-03-01T{time}",
            date_paid_gmt=None if status == "pending" else "2026-03-01T10:05:00",
            date_completed_gmt=done,
            refunds=list(refunds),
        )

    r1, r2 = bodies.woo_refund(42, "19.25"), bodies.woo_refund(43, "33.00")
    completed = order("completed", "10:09:00")
    told = [
        ("order.created", order("pending", "10:00:00"), 0),
        ("order.updated", order("processing", "10:05:00"), PAID_POINTS),
        ("order.updated", completed, PAID_POINTS),
        ("order.updated", order("completed", "10:09:00", r1), AFTER_R1_POINTS),
        ("order.updated", order("completed", "10:09:00", r2, r1), FINAL_POINTS),  # newest first, as it lists them
        ("order.updated", order("cancelled", "10:09:00", r2, r1), 0),
        ("order.updated", order("processing", "10:20:00", r2, r1), FINAL_POINTS),
        ("order.updated", completed, FINAL_POINTS),  # late
    ]
    return [
        Step(
            topic,
            {
                "X-WC-Webhook-Topic": topic,
                "X-WC-Webhook-Signature": bodies.signature(bodies.encoded(body), secret),
            },
            bodies.encoded(body),
            points,
            newest=number < len(told) - 1,
        )
        for number, (topic, body, points) in enumerate(told)
    ]
