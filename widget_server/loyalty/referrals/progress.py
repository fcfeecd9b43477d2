"""The progress of a referral: completed by the friend's orders, undone by a refund, approved or cancelled by staff."""

from decimal import Decimal

from widget_server import clock, money
from widget_server.db import atomic, lock_rows
from widget_server.loyalty.earning.order_goods import goods
from widget_server.loyalty.earning.order_states import ZERO, Milestone
from widget_server.loyalty.earning.orders import BEFORE_PROGRAM, Order
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import objections, referral_gifts, referrals
from widget_server.loyalty.referrals.referral_programs import ReferralProgram
from widget_server.loyalty.referrals.referrals import ENDED, Referral

OTHER_REFERRER = "other_referrer"  # two rows of one friend were merged: this is final


def evaluate(shop: Shop, friend_id: str, *, source: str) -> None:
    """Update a friend's referral by their orders: pending, completed, or undone by a refund (acceptance 46).

    The reasons against it are checked again before it completes. A completed one is still undone when a message shows
    that the friend had bought before (messages arrive late and reordered).
    """
    program = ReferralProgram.one(shop)
    with atomic():
        referral = Referral.locked_one(shop, Referral.friend_id == friend_id)
        if program is None or referral is None or referral.status == "blocked":
            return
        if referral.status == "cancelled" and referral.reason not in ("order_refunded", None):
            return
        order, standing = _standing(shop, program, referral)
        reason = objections.objection_now(shop, program, referral) if standing == "completed" else None
        if reason is not None:
            _block(shop, referral, reason, source)
        elif standing == "completed" and referral.status != "completed":
            if programs.of(shop.id).is_active:
                _complete(shop, program, referral, order, source)
        elif referral.status == "completed" and standing != "completed":
            if program.undo_on_refund:
                _undo(shop, referral, "order_refunded", source)
        elif referral.status not in ("completed", "cancelled", standing):
            referrals.set_status(referral, standing)


def approve(shop: Shop, referral_id: str, *, source: str) -> Referral:
    """Reopen a blocked or cancelled referral, as staff decide; it is not blocked again (acceptance 45).

    Returns its new state. One that ended because two rows of a friend were merged is not changed. Raises NotFound.
    """
    with atomic():
        referral = _locked(shop, referral_id)
        if referral.status in ENDED and referral.reason != OTHER_REFERRER:
            referrals.set_status(referral, "joined", reason=None, approved_at=clock.now())
            program = ReferralProgram.need(shop)
            referral_gifts.welcome(shop, program, referral)
            evaluate(shop, referral.friend_id, source=source)
        return Referral.need(shop, Referral.id == referral_id)


def cancel(shop: Shop, referral_id: str, *, source: str, reason: str = "by_shop") -> Referral:
    """Cancel a referral, as staff decide, and take back what both sides got (acceptance 45). Raises NotFound."""
    with atomic():
        referral = _locked(shop, referral_id)
        _undo(shop, referral, reason, source)
        return referral


def block(shop: Shop, referral_id: str, *, source: str, reason: str = "by_shop") -> Referral:
    """Block a referral, as staff decide, and take back what both sides got; only an approval opens it again.

    Returns its new state. One that is blocked already keeps its reason. Raises NotFound.
    """
    with atomic():
        referral = _locked(shop, referral_id)
        if referral.status != "blocked" and referral.reason != OTHER_REFERRER:
            referral.approved_at = None
            _block(shop, referral, reason, source)
        return referral


def move(shop: Shop, source_id: str, target_id: str, *, source: str) -> None:
    """Merge the referrals of two customers who are one: their friends form one list; of two referrers the first stays.

    What one of them gave the other by a referral is taken back.
    """
    with atomic():
        Referral.change(shop, {Referral.advocate_id: target_id}, Referral.advocate_id == source_id)
        brought = lock_rows(Referral.of(shop).where(Referral.friend_id.in_((source_id, target_id))))
        ranked = sorted(brought, key=lambda one: (one.status in ENDED, one.status != "completed", one.created_at))
        for other in ranked[1:]:
            _undo(shop, other, OTHER_REFERRER, source)
            _set_friend(other, "")  # the unique index allows one row per friend
        for first in ranked[:1]:
            _set_friend(first, target_id)
        for other in ranked[1:]:
            _set_friend(other, source_id)
        own = Referral.of(shop).where(Referral.friend_id == target_id, Referral.advocate_id == target_id)
        for referral in own.where(Referral.status.not_in(ENDED)):
            _undo(shop, referral, "own_link", source)


def _locked(shop: Shop, referral_id: str) -> Referral:
    """The referral, locked until the transaction ends; raises NotFound."""
    Referral.need(shop, Referral.id == referral_id)
    referral: Referral = lock_rows(Referral.of(shop).where(Referral.id == referral_id)).get()
    return referral


def _set_friend(referral: Referral, friend_id: str) -> None:
    referral.friend_id = friend_id
    referral.save(only=[Referral.friend_id])


def _standing(shop: Shop, program: ReferralProgram, referral: Referral) -> tuple[Order | None, str]:
    """The order that decides the referral, if any, and the status it should have by the facts known now."""
    friend = customers.by_id(shop.id, referral.friend_id)
    if program.trigger == "registration":
        return None, "completed" if friend.is_member or friend.registered_at else "joined"
    rules = programs.of(shop.id).rules
    milestone: Milestone = "fulfilled" if program.trigger == "first_fulfilled_order" else rules.paid_at
    counts = Order.ineligible_reason.is_null() | (Order.ineligible_reason != BEFORE_PROGRAM)
    mine = Order.of(shop).where(Order.customer_id == friend.id, Order.status != "cancelled", counts)
    placed = list(mine.order_by(Order.placed_at, Order.external_id).limit(20))
    least = max(program.minimum_subtotal or ZERO, money.coin(shop.currency))
    for order in placed:
        if rules.stands(order.merged, milestone) and _goods_kept(order) >= least:
            return order, "completed"
    return None, "pending" if any(order.status in ("placed", "paid") for order in placed) else "joined"


def _goods_kept(order: Order) -> Decimal:
    return sum((item.kept for item in goods(order.merged)), ZERO)


def _complete(shop: Shop, program: ReferralProgram, referral: Referral, order: Order | None, source: str) -> None:
    referral.completions += 1
    referral.order_id = order.id if order else None
    referral_gifts.give(shop, referral, "friend", program.for_friend, source)
    referral_gifts.give(shop, referral, "advocate", program.for_advocate, source)
    referrals.set_status(referral, "completed", reason=None)


def _undo(shop: Shop, referral: Referral, reason: str, source: str) -> None:
    """Take back both gifts and cancel: points are clawed back, unused coupons revoked."""
    referral_gifts.take_back(shop, referral, source)
    referrals.set_status(referral, "cancelled", reason=reason)


def _block(shop: Shop, referral: Referral, reason: str, source: str) -> None:
    """Block a referral that is not rewarded after all, and take back what was given."""
    referral_gifts.take_back(shop, referral, source)
    referrals.set_status(referral, "blocked", reason=reason)
