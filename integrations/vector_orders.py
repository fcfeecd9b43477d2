"""The orders of docs/vectors/orders.json: what clients build, what other shops send, and what is refused."""

from typing import Any

Json = dict[str, Any]

PLACED, CHANGED = "2026-06-01T10:00:00Z", "2026-06-01T10:05:00Z"
ANN = {"id": "c-9", "email": "ann@example.com", "email_verified": True, "name": "Zoë Łuk / 李"}
HEAD = {"id": "1001", "number": "#1001", "status": "paid", "currency": "EUR", "placed_at": PLACED}
HEAD |= {"modified_at": CHANGED, "customer": ANN}
MUGS = {"id": "1", "product_id": "p1", "collection_ids": ["mugs"], "name": "Mug", "quantity": 2}
BOWL = {"id": "2", "product_id": "p2", "name": "Bowl", "quantity": 1}


def _sums(shipping: str, discount: str, loose: str, tax: str, total: str, *, included: bool = False) -> Json:
    named = {"shipping": shipping, "discount": discount, "loose_discount": loose, "tax": tax, "total": total}
    return {**named, "tax_included": included}


BUILT: dict[str, tuple[Json, Json]] = {
    "tax on top, a discount in the line": (
        {**HEAD, "lines": [{**MUGS, "subtotal": 1980, "discount": 180, "tax": 180}], "shipping": 500},
        {**HEAD, "lines": [{**MUGS, "subtotal": "19.80", "discount": "1.80", "tax": "1.80"}]}
        | _sums("5.00", "1.80", "0.00", "1.80", "24.80"),
    ),
    "tax included, a discount of the order": (
        {**HEAD, "lines": [{**MUGS, "subtotal": 2178, "tax": 198}, {**BOWL, "subtotal": 1100, "tax": 100}]}
        | {"shipping": 550, "shipping_tax": 50, "discount": 328, "tax_included": True, "coupon_codes": ["SUMMER"]},
        {**HEAD, "lines": [{**MUGS, "subtotal": "21.78", "tax": "1.98"}, {**BOWL, "subtotal": "11.00", "tax": "1.00"}]}
        | {"coupon_codes": ["SUMMER"]}
        | _sums("5.50", "3.28", "3.28", "3.48", "35.00", included=True),
    ),
    "a refund of one piece with its tax": (
        {**HEAD, "lines": [{**MUGS, "subtotal": 1980, "tax": 198}], "shipping": 500}
        | {
            "refunds": [
                {"id": "r1", "amount": 1089, "tax": 99, "created_at": CHANGED}
                | {"lines": [{"line_id": "1", "quantity": 1, "amount": 990}]}
            ]
        },
        {**HEAD, "lines": [{**MUGS, "subtotal": "19.80", "tax": "1.98"}]}
        | {
            "refunds": [
                {"id": "r1", "amount": "10.89", "tax": "0.99", "created_at": CHANGED}
                | {"lines": [{"line_id": "1", "quantity": 1, "amount": "9.90"}]}
            ]
        }
        | _sums("5.00", "0.00", "0.00", "1.98", "26.78"),
    ),
    "coins without decimals": (
        {**HEAD, "currency": "JPY", "decimals": 0, "lines": [{**MUGS, "subtotal": 1980}]},
        {**HEAD, "currency": "JPY", "lines": [{**MUGS, "subtotal": "1980"}]} | _sums("0", "0", "0", "0", "1980"),
    ),
    "coins of a thousandth": (
        {**HEAD, "currency": "KWD", "decimals": 3, "lines": [{**MUGS, "subtotal": 1005, "discount": 5}]},
        {**HEAD, "currency": "KWD", "lines": [{**MUGS, "subtotal": "1.005", "discount": "0.005"}]}
        | _sums("0.000", "0.005", "0.000", "0.000", "1.000"),
    ),
    "a trade-in": (
        {**HEAD, "lines": [{**MUGS, "subtotal": 3000}, {**BOWL, "subtotal": -1000}]},
        {**HEAD, "lines": [{**MUGS, "subtotal": "30.00"}, {**BOWL, "subtotal": "-10.00"}]}
        | _sums("0.00", "0.00", "0.00", "0.00", "20.00"),
    ),
    "a guest, and no lines": (
        {**HEAD, "customer": {"email": "guest@example.com"}, "lines": []},
        {**HEAD, "customer": {"email": "guest@example.com"}, "lines": []}
        | _sums("0.00", "0.00", "0.00", "0.00", "0.00"),
    ),
}

LINE = {**MUGS, "subtotal": "20.00", "discount": "2.00", "tax": "1.80"}
PLAIN = {**HEAD, "lines": [LINE], "shipping": "5.00", "discount": "2.00", "tax": "1.80", "total": "24.80"}

RAW: dict[str, Json] = {
    "discount is the whole discount, the lines' part included": {**PLAIN, "discount": "5.00", "total": "21.80"},
    "discount is only what no line carries, known by the total": {**PLAIN, "discount": "3.00", "total": "21.80"},
    "tax included, known by the total": {**PLAIN, "total": "23.00"},
    "tax included, said so": {**PLAIN, "total": "23.00", "tax_included": True},
    "tax on top, said so against the total": {**PLAIN, "total": "23.00", "tax_included": False},
    "no total": {name: value for name, value in PLAIN.items() if name != "total"},
    "a refund by amount with its tax and shipping": {**PLAIN}
    | {"refunds": [{"id": "r1", "amount": "14.90", "shipping": "5.00", "tax": "0.90"}]},
    "a refund by amount that names no tax": {**PLAIN, "refunds": [{"id": "r1", "amount": "9.90"}]},
    "a refund of everything": {**PLAIN}
    | {"refunds": [{"id": "r1", "amount": "24.80", "shipping": "5.00", "tax": "1.80"}]},
    "a refund by lines": {**PLAIN}
    | {"refunds": [{"id": "r1", "amount": "9.90", "tax": "0.90", "lines": [{"line_id": "1", "amount": "9.00"}]}]},
    "tax included, everything refunded": {**PLAIN, "total": "23.00", "tax_included": True}
    | {"refunds": [{"id": "r1", "amount": "23.00", "shipping": "5.00", "tax": "1.80"}]},
    "tax included, a refund by lines has their tax inside": {**PLAIN, "total": "23.00", "tax_included": True}
    | {"refunds": [{"id": "r1", "amount": "9.00", "tax": "0.90", "lines": [{"line_id": "1", "amount": "9.00"}]}]},
    "tax included, a refund by amount": {**PLAIN, "total": "23.00", "tax_included": True}
    | {"refunds": [{"id": "r1", "amount": "9.00", "tax": "0.90"}]},
    "a gift card is not goods": {**PLAIN, "lines": [LINE, {**BOWL, "subtotal": "50.00", "gift_card": True}]}
    | {"total": "74.80"},
    "a free product stays a line, with its whole price as discount": {**PLAIN}
    | {"lines": [LINE, {**BOWL, "subtotal": "30.00", "discount": "30.00"}], "discount": "32.00"},
    "an address without a canonical form counts as absent": {**PLAIN, "customer": {"id": "c-9", "email": "no address"}},
    "cancelled": {**PLAIN, "status": "cancelled"},
}


def _without(name: str) -> Json:
    return {key: value for key, value in PLAIN.items() if key != name}


INVALID: dict[str, Json] = {
    "no id": _without("id"),
    "no status": _without("status"),
    "a status that is not known": {**PLAIN, "status": "complete"},
    "no currency": _without("currency"),
    "a currency in small letters": {**PLAIN, "currency": "eur"},
    "no time": _without("placed_at"),
    "a time without its offset": {**PLAIN, "placed_at": "2026-06-01T10:00:00"},
    "a day": {**PLAIN, "modified_at": "2026-06-01"},
    "an amount in words": {**PLAIN, "total": "a lot"},
    "an amount with a comma": {**PLAIN, "shipping": "5,00"},
    "an amount with nine places": {**PLAIN, "tax": "1.800000001"},
    "a discount below zero": {**PLAIN, "discount": "-2.00"},
    "a line without an amount": {**PLAIN, "lines": [LINE, BOWL]},
    "a line without an id": {**PLAIN, "lines": [{"subtotal": "1.00"}]},
    "a quantity in words": {**PLAIN, "lines": [{**LINE, "quantity": "two"}]},
    "codes that are no list": {**PLAIN, "coupon_codes": "SUMMER"},
    "a refund without an amount": {**PLAIN, "refunds": [{"id": "r1"}]},
    "a refund below zero": {**PLAIN, "refunds": [{"id": "r1", "amount": "-9.90"}]},
    "a revision below zero": {**PLAIN, "revision": -1},
    "an id that is no text": {**PLAIN, "customer": {"id": ["c-9"]}},
}
