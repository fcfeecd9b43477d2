"""Binding a friend to an advocate, by the link they came by or by a code they typed.

A referral is bound on the server when the friend signs up (or orders as a guest), so that a change of device does not
lose it; `progress` then updates it by the friend's orders (acceptance 40-46).
"""

from datetime import datetime, timedelta

from widget_server import clock
from widget_server.db import atomic, insert_once, new_id
from widget_server.errors import (
    AlreadyReferred,
    NotAMember,
    OwnReferralCode,
    ProgramNotActive,
    ReferralCodeUnknown,
    ReferralObjection,
)
from widget_server.events import ReferralChanged, emit
from widget_server.loyalty.earning import new_customers
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import objections, progress, referral_gifts, referrals
from widget_server.loyalty.referrals.referral_programs import ReferralProgram, program_of
from widget_server.loyalty.referrals.referrals import Referral

TYPED_CODE_DAYS = 30


def bind(shop: Shop, friend: Customer, code: str, *, source: str, came_at: datetime | None = None) -> Referral | None:
    """Bind a friend to the member with this code, by which they came at `came_at` (default: now).

    Returns the referral; None when no member has the code, or the friend has a referrer already (acceptance 41).

    A friend who may not be rewarded is still bound, with status `blocked` and the reason (acceptance 44).
    """
    program = program_of(shop)
    advocate = customers.by_referral_code(shop.id, code)
    if program is None or advocate is None or referrals.of_friend(shop, friend) is not None:
        return None
    with atomic():
        customers.take_turns(shop.id, f"friends of {advocate.id}")  # so that parallel requests respect the daily cap
        moment = clock.now()
        came_at = min(came_at or moment, moment)
        reason = reason_against(shop, program, advocate, friend, came_at=came_at, at=moment)
        return _insert(shop, program, _row(advocate, friend, came_at, moment, reason), source)


def attach(shop: Shop, advocate: Customer, friend: Customer, *, source: str, override: bool = False) -> Referral:
    """Bind a friend to an advocate by hand, under the rules of a link that the friend follows now.

    With `override` the reasons against it do not count, now or later: the referral is approved. Raises ProgramNotActive
    without a referral program, NotAMember when the advocate is none, OwnReferralCode, AlreadyReferred, and
    ReferralObjection with the reason against it.
    """
    program = program_of(shop)
    if program is None:
        raise ProgramNotActive("This shop has no active referral program now.")
    if not advocate.is_member:
        raise NotAMember()
    if advocate.id == friend.id:
        raise OwnReferralCode()
    with atomic():
        customers.take_turns(shop.id, f"friends of {advocate.id}")
        moment = clock.now()
        if referrals.of_friend(shop, friend) is not None:
            raise AlreadyReferred()
        reason = reason_against(shop, program, advocate, friend, came_at=moment, at=moment)
        if reason and not override:
            raise ReferralObjection(reason)
        row = {**_row(advocate, friend, moment, moment, None), "approved_at": moment if override else None}
        if _insert(shop, program, row, source) is None:
            raise AlreadyReferred()
        return Referral.need(shop, Referral.friend_id == friend.id)


def reason_against(
    shop: Shop, program: ReferralProgram, advocate: Customer, friend: Customer, *, came_at: datetime, at: datetime
) -> str | None:
    """Returns why a friend who came at `came_at` and is bound `at` that moment is not rewarded; None without a reason.

    The caller holds the advocate's turn (`customers.take_turns`), so that the daily cap holds.
    """
    reason = objections.objection(shop, program, advocate, friend, came_at=came_at, bound_at=at)
    return reason or objections.over_cap(shop, program, advocate, at)


def _row(
    advocate: Customer, friend: Customer, came_at: datetime, at: datetime, reason: str | None
) -> dict[str, object]:
    return {
        "id": new_id(),
        "shop_id": advocate.shop_id,
        "advocate_id": advocate.id,
        "friend_id": friend.id,
        "status": "blocked" if reason else "joined",
        "reason": reason,
        "completions": 0,
        "came_at": came_at,
        "created_at": at,
        "updated_at": at,
    }


def _insert(shop: Shop, program: ReferralProgram, row: dict[str, object], source: str) -> Referral | None:
    """Insert the referral, give the friend's coupon and look at the friend's orders; None when the friend has one."""
    inserted = insert_once(Referral, row)
    referral = Referral.need(shop, Referral.friend_id == row["friend_id"])
    if not inserted:
        return None
    emit(ReferralChanged(shop.id, referral.id, referral.status))
    if referral.status != "blocked":
        referral_gifts.welcome(shop, program, referral)
        progress.evaluate(shop, referral.friend_id, source=source)
    return referral


def enter_code(shop: Shop, friend: Customer, code: str) -> Referral:
    """Bind a member by a code typed by hand, within 30 days of joining and as a new customer (acceptance 41).

    Raises ReferralCodeUnknown, OwnReferralCode, and AlreadyReferred when they have a referrer or it is too late.
    """
    advocate = customers.by_referral_code(shop.id, code)
    if advocate is None or program_of(shop) is None:
        raise ReferralCodeUnknown()
    if advocate.id == friend.id:
        raise OwnReferralCode()
    if not may_enter_code(shop, friend, is_referred=referrals.of_friend(shop, friend) is not None):
        raise AlreadyReferred()
    referral = bind(shop, friend, code, source="widget")
    if referral is None:
        raise AlreadyReferred()
    return referral


def may_enter_code(shop: Shop, customer: Customer, *, is_referred: bool) -> bool:
    """True while a friend's code may still be typed: no referrer yet, newly joined, and still a new customer."""
    now = clock.now()
    newly = customer.joined_at is not None and now - customer.joined_at < timedelta(days=TYPED_CODE_DAYS)
    return newly and not is_referred and new_customers.is_new_customer(shop, customer, now)
