"""Referrals: an advocate, a friend, and where it stands.

A referral is bound on the server when the friend signs up (or orders as a guest), so that another device
does not lose it; it is checked then, and completed by the state of the friend's orders (acceptance 40-46).
"""

import operator
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from peewee import JOIN, Check, fn

from widget_server import clock, config, ledger, money
from widget_server.db import (
    Bool,
    Int,
    Json,
    Money,
    ShopTable,
    Text,
    UtcDateTime,
    atomic,
    insert_once,
    lock_rows,
    new_id,
)
from widget_server.errors import AlreadyReferred, OwnReferralCode, ReferralCodeUnknown
from widget_server.events import ReferralChanged, emit
from widget_server.journal import Journaled
from widget_server.ledger import Cause, Transaction
from widget_server.loyalty.audit_log import Audited
from widget_server.loyalty.earning import new_customers
from widget_server.loyalty.earning.order_goods import goods
from widget_server.loyalty.earning.order_states import ZERO, Milestone
from widget_server.loyalty.earning.orders import BEFORE_PROGRAM, Order
from widget_server.loyalty.people import customers, mailboxes
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import coupons, gifts
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.tallies import Tally

TRIGGERS = ("registration", "first_paid_order", "first_fulfilled_order")
ENDED = ("blocked", "cancelled")
OTHER_REFERRER = "other_referrer"  # two rows of one friend were merged: this end is final
WINDOW_DAYS_DEFAULT = 30
TYPED_CODE_DAYS = 30
PHONE_DIGITS_MIN = 6
DAILY_CAP_DEFAULT = 10
EXISTING_CUSTOMER, DAILY_CAP = "existing_customer", "daily_cap"


class ReferralProgram(Audited, ShopTable):
    """What a shop gives to both sides, and when. `window_days` is how long a link is remembered, `advocate_daily_cap`
    how many friends of one advocate may count on one day of the shop's zone; None: any number.
    """

    id = Text(primary_key=True)
    active = Bool(default=False)
    trigger = Text(default="first_paid_order")
    minimum_subtotal = Money(null=True)
    attribution = Text(default="first")
    window_days = Int(default=WINDOW_DAYS_DEFAULT)
    undo_on_refund = Bool(default=True)
    friend_gift = Json(null=True)
    advocate_gift = Json(null=True)
    revision = Int(default=1)
    advocate_daily_cap = Int(null=True, default=DAILY_CAP_DEFAULT)

    class Meta:
        indexes = ((("shop_id",), True),)
        constraints = [
            Check("trigger IN ('registration', 'first_paid_order', 'first_fulfilled_order')"),
            Check("attribution IN ('first', 'last')"),
        ]

    @property
    def for_friend(self) -> Gift | None:
        """What the friend gets."""
        return Gift.from_json(self.friend_gift) if self.friend_gift else None

    @property
    def for_advocate(self) -> Gift | None:
        """What the advocate gets."""
        return Gift.from_json(self.advocate_gift) if self.advocate_gift else None


class Referral(Journaled):
    """One friend of one advocate; `reason` says why it is blocked or cancelled (acceptance 45).

    `came_at` is when the friend came, which may be earlier than `created_at`; None in rows from before it was stored.
    After staff have approved it (`approved_at`) a referral is not blocked again.
    """

    id = Text(primary_key=True)
    advocate_id = Text()
    friend_id = Text()
    status = Text(default="joined")
    reason = Text(null=True)
    order_id = Text(null=True)
    completions = Int(default=0)
    advocate_transaction_id = Text(null=True)
    friend_transaction_id = Text(null=True)
    advocate_coupon_id = Text(null=True)
    friend_coupon_id = Text(null=True)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()
    came_at = UtcDateTime(null=True)
    approved_at = UtcDateTime(null=True)

    class Meta:
        indexes = (
            (("shop_id", "friend_id"), True),
            (("shop_id", "advocate_id", "status"), False),
            (("shop_id", "created_at"), False),
        )
        constraints = [Check("status IN ('joined', 'pending', 'completed', 'blocked', 'cancelled')")]


class ReferralVisit(ShopTable):
    """How often an advocate's link was opened on a day; no visitor is told from another."""

    id = Text(primary_key=True)
    advocate_id = Text()
    day = Text()
    visits = Int(default=0)

    class Meta:
        indexes = ((("shop_id", "advocate_id", "day"), True),)


@dataclass(frozen=True)
class Counts:
    """What an advocate sees of their friends."""

    joined: int
    pending: int
    completed: int
    earned_points: int


Side = Literal["friend", "advocate"]


def program_of(shop: Shop) -> ReferralProgram | None:
    """The shop's referral program, or None while it has none."""
    program = ReferralProgram.one(shop)
    return program if program is not None and program.active else None


def save_program(shop: Shop, **settings: Any) -> ReferralProgram:
    """Set the referral program; made with its defaults when there is none yet."""
    program = ReferralProgram.one(shop)
    new = program is None
    if program is None:
        program = ReferralProgram(id=shop.id, shop_id=shop.id)
    for name, value in settings.items():
        setattr(program, name, value)
    program.revision = 1 if new else program.revision + 1
    program.save(force_insert=new)
    return program


def count_visit(shop: Shop, code: str, network: str | None = None) -> Customer | None:
    """Somebody opened a member's link; returns the member, or None when the code is nobody's.

    Counted in memory until the next flush (tallies.py), once a day for each `network` that the visitor may be told
    by: it is kept hashed, in memory alone, and forgotten with the day. Without one each visit counts.
    """
    advocate = customers.by_referral_code(shop.id, code)
    if advocate is None:
        return None
    day = clock.local_date(clock.now(), shop.timezone).isoformat()
    if network is None or _visitors.is_new(day, config.digest("\n".join((advocate.id, network)))):
        _visits.note((shop.id, advocate.id, day), 1)
    return advocate


class Visitors:
    """Who has opened which link today, as far as this process knows; the first to be forgotten is the oldest."""

    SEEN_MAX = 100_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], None] = {}

    def is_new(self, day: str, visitor: str) -> bool:
        """True for the first visit of the day."""
        with self._lock:
            if (day, visitor) in self._seen:
                return False
            if len(self._seen) >= self.SEEN_MAX:
                del self._seen[next(iter(self._seen))]
            self._seen[day, visitor] = None
            return True


def _keep_visits(key: tuple[str, str, str], count: int) -> None:
    shop_id, advocate_id, day = key
    if Customer.one(shop_id, Customer.id == advocate_id, Customer.erased_at.is_null()) is None:
        return  # erased since the visit
    row = {"id": new_id(), "shop_id": shop_id, "advocate_id": advocate_id, "day": day, "visits": 0}
    insert_once(ReferralVisit, row)
    same = (ReferralVisit.advocate_id == advocate_id, ReferralVisit.day == day)
    ReferralVisit.change(shop_id, {ReferralVisit.visits: ReferralVisit.visits + count}, *same)


_visitors = Visitors()
_visits = Tally(_keep_visits, merge=operator.add)


def code_that_counts(shop: Shop, kept: str | None, found: Sequence[str]) -> str | None:
    """The code of the link that counts, of the one kept from before and those of this visit (acceptance 41).

    Anybody may write `?ref=` into an address, so only a member's code counts: a foreign word displaces none.
    None without a referral program or a known code.
    """
    program = program_of(shop)
    if program is None:
        return None
    before = [kept] if kept else []
    words = [*found, *before] if program.attribution == "last" else [*before, *found]
    return next((word.strip().upper() for word in words if customers.by_referral_code(shop.id, word)), None)


def bind(shop: Shop, friend: Customer, code: str, *, source: str, came_at: datetime | None = None) -> Referral | None:
    """The friend came by this code at `came_at` (default: now). None when the code is nobody's, or the friend has a
    referrer already.

    A friend who may not be rewarded is bound all the same, as blocked, with the reason (acceptance 44).
    """
    program = program_of(shop)
    advocate = customers.by_referral_code(shop.id, code)
    if program is None or advocate is None or _of_friend(shop, friend) is not None:
        return None
    with atomic():
        customers.take_turns(shop.id, f"friends of {advocate.id}")  # so that the daily cap holds
        moment = clock.now()
        came_at = min(came_at or moment, moment)
        reason = _objection(shop, program, advocate, friend, came_at=came_at, bound_at=moment)
        reason = reason or _over_cap(shop, program, advocate, moment)
        inserted = insert_once(
            Referral,
            {
                "id": new_id(),
                "shop_id": shop.id,
                "advocate_id": advocate.id,
                "friend_id": friend.id,
                "status": "blocked" if reason else "joined",
                "reason": reason,
                "completions": 0,
                "came_at": came_at,
                "created_at": moment,
                "updated_at": moment,
            },
        )
        referral = Referral.need(shop, Referral.friend_id == friend.id)
        if not inserted:
            return None
        emit(ReferralChanged(shop.id, referral.id, referral.status))
        if not reason:
            _welcome(shop, program, referral)
            evaluate(shop, friend.id, source=source)
        return referral


def enter_code(shop: Shop, friend: Customer, code: str) -> Referral:
    """A member typed a friend's code by hand, within 30 days of joining and as a new customer.

    Raises ReferralCodeUnknown, OwnReferralCode, AlreadyReferred.
    """
    advocate = customers.by_referral_code(shop.id, code)
    if advocate is None or program_of(shop) is None:
        raise ReferralCodeUnknown()
    if advocate.id == friend.id:
        raise OwnReferralCode()
    if not may_enter_code(shop, friend):
        raise AlreadyReferred()
    referral = bind(shop, friend, code, source="widget")
    if referral is None:
        raise AlreadyReferred()
    return referral


def may_enter_code(shop: Shop, customer: Customer) -> bool:
    """True while a friend's code may still be typed: no referrer yet, newly joined, a new customer still."""
    now = clock.now()
    newly = customer.joined_at is not None and now - customer.joined_at < timedelta(days=TYPED_CODE_DAYS)
    return bool(newly and _of_friend(shop, customer) is None and new_customers.is_new_customer(shop, customer, now))


def evaluate(shop: Shop, friend_id: str, *, source: str) -> None:
    """Bring a friend's referral in step with their orders: pending, completed, or undone by a refund (46).

    What speaks against it is looked for again before it completes. One that has completed is still undone when it
    comes to light that the friend had bought before (news come late and shuffled).
    """
    program = ReferralProgram.one(shop)
    with atomic():
        referral = lock_rows(Referral.of(shop).where(Referral.friend_id == friend_id)).first()
        if program is None or referral is None or referral.status == "blocked":
            return
        if referral.status == "cancelled" and referral.reason not in ("order_refunded", None):
            return
        order, standing = _standing(shop, program, referral)
        objection = _objection_now(shop, program, referral) if standing == "completed" else None
        if objection:
            _block(shop, referral, objection, source)
        elif standing == "completed" and referral.status != "completed":
            if programs.of(shop.id).is_active:
                _complete(shop, program, referral, order, source)
        elif referral.status == "completed" and standing != "completed":
            if program.undo_on_refund:
                _undo(shop, referral, "order_refunded", source)
        elif referral.status not in ("completed", "cancelled", standing):
            _move(referral, standing)


def approve(shop: Shop, referral_id: str, *, source: str) -> Referral:
    """The merchant says a blocked or cancelled referral is fine after all; it is not blocked again."""
    with atomic():
        referral = _locked(shop, referral_id)
        if referral.status in ENDED and referral.reason != OTHER_REFERRER:
            _move(referral, "joined", reason=None, approved_at=clock.now())
            program = ReferralProgram.need(shop)
            _welcome(shop, program, referral)
            evaluate(shop, referral.friend_id, source=source)
        return Referral.need(shop, Referral.id == referral_id)


def cancel(shop: Shop, referral_id: str, *, source: str, reason: str = "by_shop") -> Referral:
    """The merchant takes a referral back; what both sides got goes back too."""
    with atomic():
        referral = _locked(shop, referral_id)
        _undo(shop, referral, reason, source)
        return referral


def move(shop: Shop, source_id: str, target_id: str, *, source: str) -> None:
    """Two customers turned out to be one: their friends are one list, and of two referrers the first stays.

    What one gave the other by it goes back.
    """
    with atomic():
        Referral.change(shop, {Referral.advocate_id: target_id}, Referral.advocate_id == source_id)
        brought = lock_rows(Referral.of(shop).where(Referral.friend_id.in_((source_id, target_id))))
        ranked = sorted(brought, key=lambda one: (one.status in ENDED, one.status != "completed", one.created_at))
        for other in ranked[1:]:
            _undo(shop, other, OTHER_REFERRER, source)
            _set_friend(other, "")  # a friend has one referrer: the place must be free
        for first in ranked[:1]:
            _set_friend(first, target_id)
        for other in ranked[1:]:
            _set_friend(other, source_id)
        own = Referral.of(shop).where(Referral.friend_id == target_id, Referral.advocate_id == target_id)
        for referral in own.where(Referral.status.not_in(ENDED)):
            _undo(shop, referral, "own_link", source)


def counts(shop: Shop, advocate: Customer) -> Counts:
    """How many friends joined, are pending, completed, and what they brought; two queries."""
    rows = (
        Referral.of(shop, Referral.status, fn.COUNT(Referral.id))
        .where(Referral.advocate_id == advocate.id)
        .group_by(Referral.status)
    )
    by_status = {status: int(number) for status, number in rows.tuples()}
    account = ledger.account_of(shop.id, advocate.id)
    earned = 0
    if account is not None:
        sums = (
            Referral.of(shop, fn.COALESCE(fn.SUM(Transaction.amount), 0))
            .join(Transaction, JOIN.CROSS)  # in this order: a customer's friends are fewer than their rows
            .where(
                Referral.advocate_id == advocate.id,
                Transaction.account_id == account.id,
                Transaction.cause_id == Referral.id,
                Transaction.cause.in_(("referral_advocate", "referral_undone")),
            )
        )
        earned = max(int(sums.scalar()), 0)
    joined = sum(by_status.get(status, 0) for status in ("joined", "pending", "completed"))
    return Counts(
        joined, by_status.get("joined", 0) + by_status.get("pending", 0), by_status.get("completed", 0), earned
    )


def _locked(shop: Shop, referral_id: str) -> Referral:
    """The referral, locked until the transaction ends; raises NotFound."""
    Referral.need(shop, Referral.id == referral_id)
    referral: Referral = lock_rows(Referral.of(shop).where(Referral.id == referral_id)).get()
    return referral


def _set_friend(referral: Referral, friend_id: str) -> None:
    referral.friend_id = friend_id
    referral.save(only=[Referral.friend_id])


def _of_friend(shop: Shop, friend: Customer) -> Referral | None:
    return Referral.one(shop, Referral.friend_id == friend.id)


def _objection(
    shop: Shop, program: ReferralProgram, advocate: Customer, friend: Customer, *, came_at: datetime, bound_at: datetime
) -> str | None:
    """Why this friend, who came at `came_at`, is not rewarded (acceptance 44); None when nothing speaks against it.

    Of others only those count whom we knew when the referral was bound: who came later cannot be the older customer.
    """
    if advocate.id == friend.id:
        return "own_link"
    if friend.mailbox and friend.mailbox == advocate.mailbox:
        return "own_email_variant"
    if _digits(friend.phone) and _digits(friend.phone) == _digits(advocate.phone):
        return "same_phone"
    if _share_an_address(shop, advocate, friend):
        return "same_address"
    if _came_before(shop, friend, advocate):
        return "mutual"
    if _is_known_otherwise(shop, friend, bound_at):
        return "existing_customer_email_variant"
    if not new_customers.is_new_customer(shop, friend, came_at, window=timedelta(days=program.window_days)):
        return EXISTING_CUSTOMER
    return None


def _objection_now(shop: Shop, program: ReferralProgram, referral: Referral) -> str | None:
    """What speaks against a referral that stands as completed, by what is known by now.

    Of one that has completed only the past can still speak: what came afterwards, such as a common address, does not.
    """
    if referral.approved_at is not None:
        return None
    advocate, friend = (customers.by_id(shop.id, id) for id in (referral.advocate_id, referral.friend_id))
    came_at = referral.came_at or referral.created_at
    if referral.status != "completed":
        return _objection(shop, program, advocate, friend, came_at=came_at, bound_at=referral.created_at)
    window = timedelta(days=program.window_days)
    fine = referral.came_at is None or new_customers.is_new_customer(shop, friend, came_at, window=window)
    return None if fine else EXISTING_CUSTOMER


def _over_cap(shop: Shop, program: ReferralProgram, advocate: Customer, at: datetime) -> str | None:
    """A farm of friends is stopped at the cap; staff may approve the ones beyond it."""
    if program.advocate_daily_cap is None:
        return None
    since, _ = clock.period(at, "day", shop.timezone)
    today = Referral.of(shop).where(
        Referral.advocate_id == advocate.id, Referral.created_at >= since, Referral.status != "blocked"
    )
    return DAILY_CAP if today.count() >= program.advocate_daily_cap else None


def _share_an_address(shop: Shop, advocate: Customer, friend: Customer) -> bool:
    """Whether an order of the friend's was billed or sent to the name and address of one of the advocate's."""
    of_friend = Order.of(shop, Order.address_digests).where(Order.customer_id == friend.id)
    digests = {digest for order in of_friend for digest in order.address_digests}
    of_advocate = Order.of(shop).where(Order.customer_id == advocate.id)
    return any(of_advocate.where(Order.address_digests.cast("TEXT").contains(digest)).exists() for digest in digests)


def _came_before(shop: Shop, friend: Customer, advocate: Customer) -> bool:
    """True when the friend brought the advocate, directly or through others: then the friend is no new customer."""
    seen: set[str] = set()
    above: str | None = advocate.id
    while above is not None and above not in seen:
        seen.add(above)
        brought = Referral.one(shop, Referral.friend_id == above, Referral.status != "blocked")
        above = brought.advocate_id if brought else None
        if above == friend.id:
            return True
    return False


def _is_known_otherwise(shop: Shop, friend: Customer, bound_at: datetime) -> bool:
    """Is the friend's mailbox an older customer's? An account in the shop that has done nothing yet is none."""
    if not friend.mailbox:
        return False
    twins = Customer.of(shop).where(
        Customer.mailbox == friend.mailbox,
        Customer.id != friend.id,
        Customer.merged_into.is_null(),
        Customer.created_at < bound_at,
    )
    return mailboxes.had_by_another(shop, friend, mailboxes.MEMBERSHIP, bound_at) or any(
        twin.email_key != friend.email_key or new_customers.has_bought(shop, twin, clock.now())
        for twin in twins.limit(20)
    )


def _digits(phone: str | None) -> str:
    """What two spellings of one number share; "" for what is too short to be one."""
    digits = "".join(one for one in phone or "" if one.isdigit())
    return digits[-9:] if len(digits) >= PHONE_DIGITS_MIN else ""


def _standing(shop: Shop, program: ReferralProgram, referral: Referral) -> tuple[Order | None, str]:
    """Where the referral should stand by what is known now, and the order that decides it."""
    friend = customers.by_id(shop.id, referral.friend_id)
    if program.trigger == "registration":
        return None, "completed" if friend.is_member or friend.registered_at else "joined"
    rules = programs.of(shop.id).rules
    milestone: Milestone = "fulfilled" if program.trigger == "first_fulfilled_order" else rules.paid_at
    counts = Order.why_nothing.is_null() | (Order.why_nothing != BEFORE_PROGRAM)
    mine = Order.of(shop).where(Order.customer_id == friend.id, Order.status != "cancelled", counts)
    placed = list(mine.order_by(Order.placed_at, Order.external_id).limit(20))
    least = max(program.minimum_subtotal or ZERO, money.coin(shop.currency))
    for order in placed:
        if rules.stands(order.told, milestone) and _goods_kept(order) >= least:
            return order, "completed"
    return None, "pending" if any(order.status in ("placed", "paid") for order in placed) else "joined"


def _goods_kept(order: Order) -> Decimal:
    return sum((item.kept for item in goods(order.told)), ZERO)


def _welcome(shop: Shop, program: ReferralProgram, referral: Referral) -> None:
    """A friend's coupon is for the first order, so it is there before it."""
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
    """A mailbox is welcomed once, whatever its +tags, and also after it was forgotten; staff may say otherwise."""
    return referral.approved_at is not None or mailboxes.claim(shop, friend, mailboxes.FRIEND_GIFT)


def _complete(shop: Shop, program: ReferralProgram, referral: Referral, order: Order | None, source: str) -> None:
    referral.completions += 1
    referral.order_id = order.id if order else None
    _give_side(shop, referral, "friend", program.for_friend, source)
    _give_side(shop, referral, "advocate", program.for_advocate, source)
    _move(referral, "completed", reason=None)


def _give_side(shop: Shop, referral: Referral, side: Side, gift: Gift | None, source: str) -> None:
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
    elif getattr(referral, f"{side}_coupon_id") is None:  # one that was used stays the gift
        setattr(referral, f"{side}_coupon_id", gifts.give(shop, customer, gift, origin="referral").id)


def _undo(shop: Shop, referral: Referral, reason: str, source: str) -> None:
    """Both gifts go back: points are taken back, coupons that are not used yet die."""
    _take_gifts_back(shop, referral, source)
    _move(referral, "cancelled", reason=reason)


def _block(shop: Shop, referral: Referral, reason: str, source: str) -> None:
    """It came to light that this friend is not rewarded; what was given goes back."""
    _take_gifts_back(shop, referral, source)
    _move(referral, "blocked", reason=reason)


def _take_gifts_back(shop: Shop, referral: Referral, source: str) -> None:
    sides: tuple[Side, Side] = ("friend", "advocate")
    for side in sides:
        _undo_side(shop, referral, side, source)


def _undo_side(shop: Shop, referral: Referral, side: Side, source: str) -> None:
    transaction_id = getattr(referral, f"{side}_transaction_id")
    given = Transaction.one(shop, Transaction.id == transaction_id) if transaction_id else None
    if given is not None:
        owner = customers.live(customers.by_id(shop.id, getattr(referral, f"{side}_id")))
        account = ledger.open_account(shop.id, owner.id)  # not always the one it was given to: rows are merged
        ledger.claw_back(
            shop.id,
            account.id,
            given.amount,
            source=source,
            key=f"referral-undo:{given.id}",
            cause=Cause("referral_undone", referral.id, snapshot={}),
            takes_back=given.id,
            shortfall=programs.of(shop.id).rules.shortfall,
        )
        setattr(referral, f"{side}_transaction_id", None)
    coupon_id = getattr(referral, f"{side}_coupon_id")
    coupon = Coupon.one(shop, Coupon.id == coupon_id) if coupon_id else None
    if coupon is not None and coupon.status != "used":
        coupons.revoke(coupon)
        setattr(referral, f"{side}_coupon_id", None)


def _move(referral: Referral, status: str, **facts: Any) -> None:
    for name, value in facts.items():
        setattr(referral, name, value)
    referral.status, referral.updated_at = status, clock.now()
    referral.save()
    emit(ReferralChanged(referral.shop_id, referral.id, status))


def forget(person: Forgotten) -> None:
    """Nobody needs to know any more how often this person's link was opened."""
    ReferralVisit.remove(person.shop_id, ReferralVisit.advocate_id.in_(person.ids))
