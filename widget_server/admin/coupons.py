"""Coupons: `/loyalty-coupons/v1` (wix-api §1)."""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

from peewee import JOIN, Case

from widget_server.admin.customers import MEMBER_ID, account_id
from widget_server.admin.routes import MANAGE, MEMBER, READ, REDEEMING, SOURCE, Service, request_key
from widget_server.admin.wire import coupons as shapes
from widget_server.admin.wire.coupons import STATUSES, coupon
from widget_server.errors import (
    BadRequest,
    CouponNotReturnable,
    CouponNotUsable,
    MembersOnly,
    NotFound,
    QueryTooSlow,
    StaleRevision,
)
from widget_server.ledger import Account
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupon_care, coupons, redeeming
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of
from widget_server.web.wire import Empty, RevisionQuery

service = Service("coupons", "/loyalty-coupons/v1", "Coupons")

CREATED = Field(Coupon.created_at, "time")
STATUS = Case(None, [(Coupon.status.in_(ours), wire) for wire, ours in STATUSES.items()], "UNKNOWN")
ENTITY = Entity(
    "coupon",
    {
        "id": Field(Coupon.id, "id"),
        "createdDate": CREATED,
        "updatedDate": Field(Coupon.updated_at, "time"),
        "accountId": Field(Account.id, "id", nullable=True),
        "memberId": Field(MEMBER_ID, "id", nullable=True),
        "transactionId": Field(Coupon.transaction_id, "id", nullable=True),
        "rewardName": Field(Coupon.title, "text", nullable=True),
        "status": Field(STATUS, "enum", to_stored=word_of({word: word for word in STATUSES})),
        "couponReference": Field(Coupon.code, "text", nullable=True),  # by its code
        "couponReference.code": Field(Coupon.code, "text", nullable=True),
        "couponReference.couponId": Field(Coupon.id, "id"),
        "couponReference.name": Field(Coupon.title, "text", nullable=True),
    },
    (Field(Coupon.id, "id"),),
    CREATED,
)


@service.route(
    "POST",
    "/coupons",
    MANAGE,
    takes=shapes.RedeemForCoupon,
    returns=shapes.CouponBought,
    refuses=(NotFound, MembersOnly, *REDEEMING),
)
def redeem_points_for_coupon(caller: Caller, body: shapes.RedeemForCoupon) -> shapes.CouponBought:
    """Buy a reward with an account's points; the program must be active and the customer a member."""
    account = Account.need(caller.shop, Account.id == body.loyalty_account_id)
    return _bought(caller.shop, customers.by_id(caller.shop.id, account.customer_id), body)


@service.route(
    "POST",
    "/coupons/redeem-my-coupon",
    MEMBER,
    takes=shapes.RedeemMine,
    returns=shapes.CouponBought,
    refuses=(NotFound, *REDEEMING),
)
def redeem_my_points(caller: Caller, body: shapes.RedeemMine) -> shapes.CouponBought:
    """Buy a reward with the calling member's points."""
    return _bought(caller.shop, caller.member, body)


@service.route("GET", "/coupons/my-coupons", MEMBER, returns=shapes.MyCoupons)
def get_my_coupons(caller: Caller) -> shapes.MyCoupons:
    """List the coupons of the calling member, newest first."""
    rows = _listed(caller.shop).where(Coupon.customer_id == caller.member.id).order_by(Coupon.created_at.desc())
    return {"loyalty_coupons": _all_shown(rows)}


@service.route(
    "GET", "/bulk/coupons", READ, query=shapes.PackedQuery, returns=shapes.CouponsInSites, refuses=(QueryTooSlow,)
)
def bulk_get_coupons(caller: Caller, body: shapes.PackedQuery) -> shapes.CouponsInSites:
    """Get the coupons of all sites of the caller (a key has one site): the first 100 of its query."""
    found = query.page(ENTITY, _listed(caller.shop), _unpacked(body.r), shop_id=caller.shop.id)
    return {"coupons_in_site": [{"meta_site_id": caller.shop.id, "loyalty_coupons": _all_shown(found.rows)}]}


@service.route("POST", "/coupons/query", READ, takes=query.query_body(ENTITY), returns=shapes.CouponsPage)
def query_coupons(caller: Caller, body: query.QueryBody) -> shapes.CouponsPage:
    """Query coupons by filter and order; the paging is called `metadata` here (wix-api §8.9)."""
    found = query.page(ENTITY, _listed(caller.shop), body.query, shop_id=caller.shop.id)
    return {"loyalty_coupons": _all_shown(found.rows), "metadata": query.metadata_v2(found)}


@service.route(
    "GET", "/coupons/<string(length=36):coupon_id>", READ, returns=shapes.CouponResponse, refuses=(NotFound,)
)
def get_coupon(caller: Caller, coupon_id: str) -> shapes.CouponResponse:
    """Get one coupon, with the error of a connected shop that could not create or delete its code."""
    row = coupons.need_coupon(caller.shop, coupon_id)
    return {"loyalty_coupon": {**shown(caller.shop, row), "failure_detail": row.failure_detail}}


@service.route(
    "DELETE",
    "/coupons/<string(length=36):coupon_id>",
    MANAGE,
    query=RevisionQuery,
    returns=Empty,
    refuses=(NotFound, StaleRevision),
)
def delete_coupon(caller: Caller, body: RevisionQuery, coupon_id: str) -> Empty:
    """Remove a coupon from the lists of this API; its code stays as valid as it was (wix-api §1b)."""
    coupons.delete_coupon(caller.shop, coupon_id, body.revision)
    return {}


@service.route(
    "POST",
    "/coupons/<string(length=36):coupon_id>/return",
    MANAGE,
    returns=shapes.CouponResponse,
    refuses=(NotFound, CouponNotReturnable),
)
def return_coupon(caller: Caller, coupon_id: str) -> shapes.CouponResponse:
    """Exchange an unused coupon for its points, also after the days in which its owner may."""
    row = coupon_care.return_coupon(caller.shop, coupon_id, key=request_key(), source=SOURCE)
    return {"loyalty_coupon": shown(caller.shop, row)}


@service.route(
    "POST",
    "/coupons/<string(length=36):coupon_id>/revoke",
    MANAGE,
    returns=shapes.CouponResponse,
    refuses=(NotFound, CouponNotUsable),
)
def revoke_coupon(caller: Caller, coupon_id: str) -> shapes.CouponResponse:
    """End an unused coupon; its points do not come back."""
    return {"loyalty_coupon": shown(caller.shop, coupon_care.revoke(caller.shop, coupon_id))}


def _bought(shop: Shop, customer: Customer, body: shapes.RedeemForCoupon | shapes.RedeemMine) -> shapes.CouponBought:
    row = redeeming.redeem(
        shop, customer, body.reward_id, key=request_key(), source=SOURCE, points=body.points_to_spend
    )
    return {"coupon": shown(shop, row)}


def _select(shop: Shop) -> Any:
    return (
        Coupon.of(shop, Coupon, Customer, Account.id)
        .join(Customer, on=(Customer.id == Coupon.customer_id), attr="customer")
        .join(Account, JOIN.LEFT_OUTER, on=(Account.customer_id == Coupon.customer_id), attr="account")
    )


def _listed(shop: Shop) -> Any:
    return _select(shop).where(Coupon.deleted_at.is_null())


def shown(shop: Shop, row: Coupon) -> shapes.LoyaltyCoupon:
    """Returns one coupon of the shop as the wire has it."""
    (found,) = _all_shown(_select(shop).where(Coupon.id == row.id))
    return found


def _all_shown(rows: Iterable[Any]) -> list[shapes.LoyaltyCoupon]:
    return [coupon(row, row.customer, account_id(row.customer)) for row in rows]


def _unpacked(packed: str | None) -> Any:
    """Returns the query encoded in `.r`; raises BadRequest when it is malformed."""
    if not packed:
        return {}
    try:
        decoded = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        return decoded["query"]
    except (binascii.Error, ValueError, KeyError, TypeError) as broken:
        raise BadRequest("This is not a query as the SDK encodes it.", field=".r") from broken
