"""LoyaltyCoupon on the wire (wix-api §2; contracts §7 for its states)."""

from typing import Any

from marshmallow import fields

from widget_server.admin.wire.rewards import Scope, bounds
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.web.typed_schemas import schema_of
from widget_server.web.wire import POINTS_MAX, Number, Points, Revision, Wire, WireTime, guid, page_of, wrapped

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


class Specification(Wire):
    """What the code is good for. A free product has an arm of its own: Wix knows none."""

    money_off_amount = Number()
    percent_off_rate = Number()
    free_shipping = fields.Boolean()
    free_product_id = fields.String()
    minimum_subtotal = Number()
    scope = fields.Nested(schema_of(Scope, Wire))
    name = fields.String()
    type = fields.String()
    limited_to_one_item = fields.Boolean()
    applies_to_subscriptions = fields.Boolean()
    discounted_cycle_count = fields.Integer()


class CouponReference(Wire):
    """The code as the shop's checkout takes it."""

    coupon_id = guid()
    code = fields.String()
    name = fields.String()
    specification = fields.Nested(Specification)
    deleted = fields.Boolean()


class LoyaltyCoupon(Wire):
    """A reward somebody bought. Ours beside Wix's: `state`, our own word where Wix's has several; `expirationDate`;
    `failure`, when a connected shop did not make or kill the code, and what it said in `failureDetail`, for apps.
    """

    id = guid()
    account_id, member_id, transaction_id = guid(), guid(), guid()
    coupon_reference = fields.Nested(CouponReference)
    status = fields.String()
    state = fields.String()
    reward_name = fields.String()
    revision = Revision()
    refundable = fields.Boolean()
    failure, failure_detail = fields.String(), fields.String()
    expiration_date = WireTime()
    created_date, updated_date = WireTime(), WireTime()


class RedeemForCoupon(Wire):
    """Which reward for whose points; `pointsToSpend` for one that slides."""

    reward_id = guid(required=True)
    loyalty_account_id = guid(required=True)
    points_to_spend = Points(low=1, high=POINTS_MAX)


class RedeemMine(Wire):
    """Which reward for the caller's points."""

    reward_id = guid(required=True)
    points_to_spend = Points(low=1, high=POINTS_MAX)


class MyCoupons(Wire):
    """All of a member's coupons, newest first."""

    loyalty_coupons = fields.List(fields.Nested(LoyaltyCoupon), required=True)


class CouponsInSite(Wire):
    """The coupons of one site."""

    meta_site_id = guid(required=True)
    loyalty_coupons = fields.List(fields.Nested(LoyaltyCoupon), required=True)


class CouponsInSites(Wire):
    """The coupons of all sites that the key is good for: of one."""

    coupons_in_site = fields.List(fields.Nested(CouponsInSite), required=True)


class PackedQuery(Wire):
    """The query as base64url of its JSON, as the SDK packs it (wix-api §3)."""

    r = fields.String(data_key=".r", metadata={"pattern": "^[A-Za-z0-9_-]*={0,2}$"})


CouponBody = wrapped("loyalty_coupon", LoyaltyCoupon)
CouponBought = Wire.from_dict({"coupon": fields.Nested(LoyaltyCoupon, required=True)}, name="CouponBought")
CouponsPage = page_of("loyalty_coupons", LoyaltyCoupon, metadata="metadata", offset=True)


def coupon(row: Coupon, customer: Customer, account_id: str | None) -> dict[str, Any]:
    """The row as LoyaltyCoupon writes it."""
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


def _specification(row: Coupon) -> dict[str, Any]:
    worth = {
        "amount": {"money_off_amount": row.amount},
        "percent": {"percent_off_rate": row.percent},
        "free_shipping": {"free_shipping": True},
        "free_product": {"free_product_id": row.product_id},
    }[row.kind]
    found = {**worth, "name": row.title, "type": TYPES.get(row.kind, "UNKNOWN")}
    return {**found, **bounds(row.minimum_subtotal, row.collections)}
