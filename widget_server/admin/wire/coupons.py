"""LoyaltyCoupon on the wire (wix-api §2; contracts §7 for its states)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from marshmallow import fields

from widget_server.admin.wire.rewards import Scope, bounds
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.web.wire import POINTS_MAX, Guid, Number, PagingMetadata, Points, Revision

STATUSES = {
    "PENDING": ("issuing",),
    "ACTIVE": ("active",),
    "APPLIED": ("applied", "used"),
    "ARCHIVED": ("expired", "returned", "revoked"),
    "FAILED": ("failed",),
}
WIRE_STATUS = {own: wire for wire, owns in STATUSES.items() for own in owns}
TYPES = {"amount": "MONEY_OFF_AMOUNT", "percent": "PERCENT_OFF_RATE", "free_shipping": "FREE_SHIPPING"}
NAME_MAX = 80


class Specification(TypedDict, total=False):
    """What the code gives. A free product has an alternative of its own, which Wix's API lacks."""

    money_off_amount: Annotated[Decimal | None, Number()]
    percent_off_rate: Annotated[Decimal | None, Number()]
    free_shipping: bool
    free_product_id: str | None
    minimum_subtotal: Annotated[Decimal | None, Number()]
    scope: Scope
    name: str | None
    type: str
    limited_to_one_item: bool
    applies_to_subscriptions: bool
    discounted_cycle_count: int


class CouponReference(TypedDict, total=False):
    """The code that the shop's checkout accepts."""

    coupon_id: Guid
    code: str | None
    name: str | None
    specification: Specification
    deleted: bool


class LoyaltyCoupon(TypedDict, total=False):
    """A bought reward. Our additions to Wix's: `state`, our own status where one of Wix's covers several;
    `expirationDate`; `failure`, when a connected shop did not create or delete the code, and its error in
    `failureDetail`, for apps.
    """

    id: Guid
    account_id: Guid | None
    member_id: Guid | None
    transaction_id: Guid | None
    coupon_reference: CouponReference
    status: str
    state: str
    reward_name: str
    revision: Annotated[int, Revision()]
    refundable: bool
    failure: str | None
    failure_detail: str | None
    expiration_date: datetime | None
    created_date: datetime
    updated_date: datetime


@dataclass(frozen=True)
class RedeemMine:
    """The reward to buy with the caller's points; `pointsToSpend` for a sliding one."""

    reward_id: Guid
    points_to_spend: Annotated[int | None, Points(low=1, high=POINTS_MAX)] = None


@dataclass(frozen=True)
class RedeemForCoupon:
    """The reward to buy, and the account that pays; `pointsToSpend` for a sliding one."""

    reward_id: Guid
    loyalty_account_id: Guid
    points_to_spend: Annotated[int | None, Points(low=1, high=POINTS_MAX)] = None


@dataclass(frozen=True)
class PackedQuery:
    """The query as base64url of its JSON, as the SDK packs it (wix-api §3)."""

    r: Annotated[str | None, fields.String(data_key=".r", metadata={"pattern": "^[A-Za-z0-9_-]*={0,2}$"})] = None


class CouponResponse(TypedDict):
    """One coupon."""

    loyalty_coupon: LoyaltyCoupon


class CouponBought(TypedDict):
    """The coupon that was bought."""

    coupon: LoyaltyCoupon


class MyCoupons(TypedDict):
    """All of a member's coupons, newest first."""

    loyalty_coupons: list[LoyaltyCoupon]


class CouponsPage(TypedDict):
    """Coupons, and the paging metadata, which is called `metadata` here (wix-api §8.9)."""

    loyalty_coupons: list[LoyaltyCoupon]
    metadata: PagingMetadata


class CouponsInSite(TypedDict):
    """The coupons of one site."""

    meta_site_id: Guid
    loyalty_coupons: list[LoyaltyCoupon]


class CouponsInSites(TypedDict):
    """The coupons of all sites of the key: there is one."""

    coupons_in_site: list[CouponsInSite]


def coupon(row: Coupon, customer: Customer, account_id: str | None) -> LoyaltyCoupon:
    """Returns the row as the wire has it; `account_id` is the account of its customer."""
    state = coupons.status_now(row)
    return {
        "id": row.id,
        "account_id": account_id,
        "member_id": customer.id if customer.is_member else None,
        "transaction_id": row.transaction_id,
        "coupon_reference": {
            "coupon_id": row.id,
            "code": None if state == "issuing" else row.code,
            "name": (row.title or "")[:NAME_MAX] or None,
            "specification": _specification(row),
            "deleted": WIRE_STATUS[state] in ("ARCHIVED", "FAILED"),
        },
        "status": WIRE_STATUS[state],
        "state": state,
        "reward_name": (row.title or row.kind)[:50],
        "revision": row.revision,
        "refundable": coupons.is_returnable(row),
        "failure": row.failure,
        "expiration_date": row.expires_at,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def _specification(row: Coupon) -> Specification:
    bound = bounds(row.minimum_subtotal, row.collections)
    return {**_worth(row), "name": row.title, "type": TYPES.get(row.kind, "UNKNOWN"), **bound}


def _worth(row: Coupon) -> Specification:
    """Returns the discount, by the kind of the coupon."""
    match row.kind:
        case "amount":
            return {"money_off_amount": row.amount}
        case "percent":
            return {"percent_off_rate": row.percent}
        case "free_product":
            return {"free_product_id": row.product_id}
    return {"free_shipping": True}
