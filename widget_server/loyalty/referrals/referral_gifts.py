"""The gifts of a referral: given to each side once, and taken back when the referral is undone."""

from typing import Literal

from widget_server import ledger
from widget_server.ledger import Cause, Transaction
from widget_server.loyalty.people import customers, mailboxes
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referral_programs import ReferralProgram
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards import coupons, gifts
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.gifts import Gift

Side = Literal["friend", "advocate"]


def welcome(shop: Shop, program: ReferralProgram, referral: Referral) -> None:
    """Give the friend the coupon of a new referral; it is meant for the first order, so it is given before that."""
    gift = program.for_friend
    if gift is None or gift.kind == "points" or referral.friend_coupon_id or not programs.of(shop.id).is_active:
        return
    friend = customers.by_id(shop.id, referral.friend_id)
    if friend.excluded or not _may_have_gift(shop, referral, friend):
        return
    coupon = gifts.give(shop, friend, gift, origin="referral")
    referral.friend_coupon_id = coupon.id
    referral.save()


def _may_have_gift(shop: Shop, referral: Referral, friend: Customer) -> bool:
    """Each mailbox gets one gift, whatever its +tags, also after it was erased; an approval by staff overrides this."""
    return referral.approved_at is not None or mailboxes.claim(shop, friend, mailboxes.FRIEND_GIFT)


def give(shop: Shop, referral: Referral, side: Side, gift: Gift | None, source: str) -> None:
    """Give one side its gift, if any, and set on the referral what was given; the caller saves the referral.

    Excluded customers get nothing (acceptance 58); a mailbox gets a friend's gift once. Raises BalanceTooLarge.
    """
    customer = customers.by_id(shop.id, getattr(referral, f"{side}_id"))
    if gift is None or customer.excluded or customer.erased_at:
        return
    if side == "friend" and not _may_have_gift(shop, referral, customer):
        return
    if gift.kind == "points":
        account = ledger.open_account(shop.id, customer.id)
        row = ledger.post(
            shop.id,
            account.id,
            "earn",
            gift.points or 0,
            source=source,
            key=f"referral:{referral.id}:{side}:{referral.completions}",
            cause=Cause(f"referral_{side}", referral.id, snapshot={"points": gift.points}),
        )
        setattr(referral, f"{side}_transaction_id", row.id)
    elif getattr(referral, f"{side}_coupon_id") is None:  # a used coupon stays the gift
        setattr(referral, f"{side}_coupon_id", gifts.give(shop, customer, gift, origin="referral").id)


def take_back(shop: Shop, referral: Referral, source: str) -> None:
    """Claw back the points of both gifts and revoke unused coupons; the caller saves the referral."""
    sides: tuple[Side, Side] = ("friend", "advocate")
    for side in sides:
        _take_back_from(shop, referral, side, source)


def _take_back_from(shop: Shop, referral: Referral, side: Side, source: str) -> None:
    transaction_id = getattr(referral, f"{side}_transaction_id")
    given = Transaction.one(shop, Transaction.id == transaction_id) if transaction_id else None
    if given is not None:
        owner = customers.live(customers.by_id(shop.id, getattr(referral, f"{side}_id")))
        account = ledger.open_account(shop.id, owner.id)  # may differ from the one that got it: customers are merged
        ledger.claw_back(
            shop.id,
            account.id,
            given.amount,
            source=source,
            key=f"referral-undo:{given.id}",
            cause=Cause("referral_undone", referral.id, snapshot={}),
            reverses_id=given.id,
            shortfall=programs.of(shop.id).rules.shortfall,
        )
        setattr(referral, f"{side}_transaction_id", None)
    coupon_id = getattr(referral, f"{side}_coupon_id")
    coupon = Coupon.one(shop, Coupon.id == coupon_id) if coupon_id else None
    if coupon is not None and coupon.status != "used":
        coupons.revoke(coupon)
        setattr(referral, f"{side}_coupon_id", None)
