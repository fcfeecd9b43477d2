"""Referrals: `/loyalty-referrals/v1`, our addition to Wix's API (acceptance 45)."""

from widget_server.admin.routes import MANAGE, READ, SOURCE, Service
from widget_server.admin.wire.referrals import STATUSES, AttachReferral, ReferralResponse, ReferralsPage, referral
from widget_server.errors import (
    AlreadyReferred,
    NotAMember,
    NotFound,
    OwnReferralCode,
    ProgramNotActive,
    ReferralObjection,
)
from widget_server.loyalty.referrals import decisions, replies
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of

service = Service("referrals", "/loyalty-referrals/v1", "Referrals")

CREATED = Field(Referral.created_at, "time")
ENTITY = Entity(
    "referral",
    {
        "id": Field(Referral.id, "id"),
        "advocateId": Field(Referral.advocate_id, "id"),
        "friendId": Field(Referral.friend_id, "id"),
        "status": Field(Referral.status, "enum", to_stored=word_of(STATUSES)),
        "reason": Field(Referral.reason, "text", nullable=True),
        "createdDate": CREATED,
        "updatedDate": Field(Referral.updated_at, "time"),
    },
    (Field(Referral.id, "id"),),
    CREATED,
)


@service.route("POST", "/referrals/query", READ, takes=query.query_body(ENTITY), returns=ReferralsPage)
def query_referrals(caller: Caller, body: query.QueryBody) -> ReferralsPage:
    """Query referrals by filter and order, each with what both sides say of it."""
    found = query.page(ENTITY, Referral.of(caller.shop), body.query, shop_id=caller.shop.id)
    said = replies.of_referrals(caller.shop, [row.id for row in found.rows])
    rows = [referral(row, said.get(row.id, ())) for row in found.rows]
    return {"referrals": rows, "paging_metadata": query.metadata(found)}


@service.route("GET", "/referrals/<referral_id>", READ, returns=ReferralResponse, refuses=(NotFound,))
def get_referral(caller: Caller, referral_id: str) -> ReferralResponse:
    """Get one referral, with the reason for its status, and what both sides say of it."""
    return _shown(caller, Referral.need(caller.shop, Referral.id == referral_id))


@service.route(
    "POST",
    "/referrals",
    MANAGE,
    takes=AttachReferral,
    returns=ReferralResponse,
    refuses=(NotFound, ProgramNotActive, NotAMember, OwnReferralCode, AlreadyReferred, ReferralObjection),
)
def attach_referral(caller: Caller, body: AttachReferral) -> ReferralResponse:
    """Bind a friend to an advocate by hand, under the same rules as a link, which `override` sets aside."""
    attached = decisions.attach(caller.shop, body.advocate_id, body.friend_id, source=SOURCE, override=body.override)
    return _shown(caller, attached)


@service.route("POST", "/referrals/<referral_id>/approve", MANAGE, returns=ReferralResponse, refuses=(NotFound,))
def approve_referral(caller: Caller, referral_id: str) -> ReferralResponse:
    """Approve a blocked or cancelled referral; one in another status does not change."""
    return _shown(caller, decisions.approve(caller.shop, referral_id, source=SOURCE))


@service.route("POST", "/referrals/<referral_id>/block", MANAGE, returns=ReferralResponse, refuses=(NotFound,))
def block_referral(caller: Caller, referral_id: str) -> ReferralResponse:
    """Block a referral, and take back what both sides got; only an approval opens it again."""
    return _shown(caller, decisions.block(caller.shop, referral_id, source=SOURCE))


@service.route("POST", "/referrals/<referral_id>/cancel", MANAGE, returns=ReferralResponse, refuses=(NotFound,))
def cancel_referral(caller: Caller, referral_id: str) -> ReferralResponse:
    """Cancel a referral, and take back what both sides got."""
    return _shown(caller, decisions.cancel(caller.shop, referral_id, source=SOURCE))


def _shown(caller: Caller, row: Referral) -> ReferralResponse:
    said = replies.of_referrals(caller.shop, [row.id])
    return {"referral": referral(row, said.get(row.id, ()))}
