"""Coupons: codes of the loyalty server, which defines their discounts; the shop only calculates the totals."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, get_args

from demo_shop.bodies import BuyerBody, LineBody
from demo_shop.loyalty import Loyalty
from demo_shop.money import ZERO, money, written

DiscountType = Literal["amount", "percent", "free_shipping", "free_product"]

_REASONS = {
    "unknown": "We do not know this code.",
    "not_found": "We do not know this code.",
    "expired": "This code has expired.",
    "used": "This code has been used.",
    "applied": "This code belongs to another order.",
    "returned": "This code was returned for points.",
    "revoked": "This code is no longer valid.",
    "issuing": "This code is not ready yet.",
    "failed": "This code could not be made.",
    "not_yours": "This code belongs to somebody else. Log in with the e-mail it was given to.",
    "other_currency": "This code is for another currency.",
    "other_collection": "This code does not apply to anything in your cart.",
}


class CouponRefused(Exception):
    """The code is refused; the message has the reason, as text for the customer."""


@dataclass(frozen=True)
class Discount:
    """The discount of a code: an amount, a percentage, free shipping, or one free product."""

    type: DiscountType
    amount: Decimal = ZERO
    percent: Decimal = ZERO
    product_id: str | None = None


@dataclass(frozen=True)
class Coupon:
    """A code in a cart, with the loyalty server's last response; not valid before the first one."""

    code: str
    valid: bool = False
    reason: str | None = None
    discount: Discount | None = None
    combines: bool = False
    minimum_subtotal: Decimal | None = None

    def words(self, subtotal: Decimal, currency: str) -> str:
        """Returns the reason why the code gives no discount on this cart, as text for the customer."""
        if self.minimum_subtotal and subtotal < self.minimum_subtotal:
            needed, here = written(self.minimum_subtotal, currency), written(subtotal, currency)
            return f"This code needs an order of {needed}. Your cart is at {here}. The code stays yours."
        if not self.reason:
            return "This code is checked as soon as it can be."
        if self.reason in _REASONS:
            return _REASONS[self.reason]
        return self.reason if " " in self.reason else f"This code cannot be used: {self.reason.replace('_', ' ')}."


class Coupons:
    """Checks and uses codes at the loyalty server by signed requests; all methods raise loyalty.Unreachable."""

    def __init__(self, loyalty: Loyalty, currency: str) -> None:
        self._loyalty = loyalty
        self._currency = currency

    def check(self, code: str, buyer: BuyerBody | None, subtotal: Decimal, lines: list[LineBody]) -> Coupon:
        """Check what the code does for this cart and customer; this does not use the code.

        The spelling must match except for case, dashes included, as in other shops.
        """
        question = {
            "code": code,
            "customer": buyer,
            "currency": self._currency,
            "subtotal": str(subtotal),
            "lines": lines,
        }
        status, response = self._ask("coupons/check", question)
        if status != 200:
            response = {"reason": _reason(response)}
        elif str(response.get("code") or code).casefold() != code.casefold():
            response = {"reason": "unknown"}
        return _coupon(code, response)

    def use(self, code: str, order_id: str) -> None:
        """Bind the code to the order; this is idempotent. Raises CouponRefused."""
        status, response = self._ask("coupons/use", {"code": code, "order_id": order_id})
        if not 200 <= status < 300:
            raise CouponRefused(Coupon(code, reason=_reason(response)).words(ZERO, self._currency))

    def _ask(self, topic: str, question: Mapping[str, object]) -> tuple[int, Mapping[str, Any]]:
        body = json.dumps(question, ensure_ascii=False)
        response = self._loyalty.post(topic, f"msg_{uuid.uuid4().hex}", body)
        try:
            data = json.loads(response.body or b"{}")
        except ValueError:
            data = {}
        return response.status, data if isinstance(data, dict) else {}


def _coupon(code: str, response: Mapping[str, Any]) -> Coupon:
    discount = _discount(response.get("discount"))
    valid = response.get("valid") is True and discount is not None
    return Coupon(
        code,
        valid=valid,
        reason=None if valid else _reason(response),
        discount=discount,
        combines=response.get("combines") is True,
        minimum_subtotal=_amount(response.get("minimum_subtotal")) or None,
    )


def _discount(given: Any) -> Discount | None:
    if not isinstance(given, dict) or given.get("type") not in get_args(DiscountType):
        return None
    return Discount(given["type"], _amount(given.get("amount")), _amount(given.get("percent")), given.get("product_id"))


def _amount(given: Any) -> Decimal:
    try:
        return max(money(str(given)), ZERO)
    except ValueError:
        return ZERO


def _reason(response: Mapping[str, Any]) -> str:
    """The reason of a refusal, from any of the response formats."""
    error = response.get("error")
    code = error.get("code") if isinstance(error, dict) else error
    return str(response.get("reason") or code or response.get("message") or "not_usable")
