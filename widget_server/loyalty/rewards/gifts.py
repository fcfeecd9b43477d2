"""Gifts: what a referral gives to one side, and the coupon made from it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from widget_server import money
from widget_server.json_types import JsonObject
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import issuing
from widget_server.loyalty.rewards.coupons import Coupon


@dataclass(frozen=True)
class Gift:
    """What a referral gives to one side: points, or a coupon of these terms."""

    kind: Literal["points", "amount", "percent", "free_shipping", "free_product"]
    points: int | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None
    product_id: str | None = None
    product_name: str | None = None
    minimum_subtotal: Decimal | None = None
    expires_after_days: int | None = None
    combines: bool = False

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Gift":
        """The gift as stored by `as_json`."""
        values: dict[str, Any] = dict(stored)
        for name in ("amount", "percent", "minimum_subtotal"):
            values[name] = Decimal(values[name]) if values.get(name) is not None else None
        return cls(**values)

    def as_json(self) -> JsonObject:
        """The gift as an object keyed by field names, money as text, without fields that are not set."""
        value = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: str(one) if isinstance(one, Decimal) else one
            for name, one in value.items()
            if one not in (None, False)
        }


def give(shop: Shop, customer: Customer, gift: Gift, *, origin: str) -> Coupon:
    """Give the customer the coupon of a gift: it costs no points and cannot be returned for points.

    `origin` says why it is given, as in `referral`. Not for gifts of points, which the ledger books.
    """
    return issuing.issue(
        shop,
        customer,
        programs.of(shop.id),
        origin=origin,
        kind=gift.kind,
        amount=None if gift.amount is None else money.whole_coins(gift.amount, shop.currency),
        percent=gift.percent,
        product_id=gift.product_id,
        product_name=gift.product_name,
        minimum_subtotal=gift.minimum_subtotal,
        collections=[],
        combines=gift.combines,
        life_days=gift.expires_after_days,
    )
