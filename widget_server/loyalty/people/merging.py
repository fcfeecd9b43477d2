"""Merging two rows of one person: what the person has earned, spent or reached does not change (contracts §11)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from widget_server import clock, ledger
from widget_server.db import (
    among,
    atomic,
    database,
    execute_many,
    lock_rows,
)
from widget_server.errors import BadRequest, NotFound
from widget_server.events import AccountMerged, emit
from widget_server.idempotency import Request
from widget_server.journal import Journaled
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import audit_log
from widget_server.loyalty.earning import actions, order_points, social
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import customers, devices, former_codes, mail_preferences, mailing
from widget_server.loyalty.people.customers import ADDRESS, NAMES, PERSONAL, Customer
from widget_server.loyalty.people.sessions import Session
from widget_server.loyalty.points import tier_grants, tiers
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.awards import Award, move_awards
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import progress
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards.coupons import Coupon

SHOWN = (
    *("email", "email_verified", "name", "phone", "birthday", "locale", "status", "external_id", "referral_code"),
    *("labels", "notes", "accepts_marketing", "mails_off", "excluded", "joined_at"),
)
COUNTED = ("balance", "pending", "debt", "earned", "redeemed", "adjusted", "expired")


@dataclass(frozen=True)
class Figures:
    """The points of an account, all 0 without one; `tier_id` is None in the base tier."""

    balance: int = 0
    pending: int = 0
    debt: int = 0
    earned: int = 0
    redeemed: int = 0
    adjusted: int = 0
    expired: int = 0
    tier_id: str | None = None

    @property
    def worth(self) -> int:
        """The points that the customer has or will have, less those owed."""
        return self.balance + self.pending - self.debt


@dataclass(frozen=True)
class Moved:
    """How many rows of each kind a merge would move."""

    transactions: int
    waiting: int
    orders: int
    coupons: int
    friends: int
    referrals: int


@dataclass(frozen=True)
class Fact:
    """One column of the two customers, and the value that the target would have after the merge."""

    name: str
    source: object
    target: object
    kept: object


@dataclass(frozen=True)
class MergePreview:
    """What a merge would do: the points before and after it, what moves, and each fact in which the two differ.

    `sessions_end` counts the sessions of the source that end, because the two have different addresses.
    """

    source: Customer
    target: Customer
    source_points: Figures
    target_points: Figures
    joint_points: Figures
    moved: Moved
    facts: tuple[Fact, ...]
    sessions_end: int

    @property
    def taken_back(self) -> int:
        """The points that both were given, but one person gets only once."""
        return max(self.source_points.worth + self.target_points.worth - self.joint_points.worth, 0)


class _RolledBack(Exception):
    """Ends the transaction of a dry run."""


def preview(shop: Shop, source_id: str, target_id: str) -> MergePreview:
    """Returns what `merge` would do: it is run and rolled back, so that the figures are exact and nothing changes.

    Raises NotFound for an unknown or erased customer, and BadRequest (into_id) when both are one customer already.
    """
    found: list[MergePreview] = []
    with suppress(_RolledBack), atomic():
        source, target = (customers.by_id(shop.id, id) for id in (source_id, target_id))
        target = customers.live(target)
        if source.merged_into or source.id == target.id:
            raise BadRequest("These two are one customer already.", field="into_id")
        before = _figures(shop, source), _figures(shop, target)
        moved, sessions = _to_move(shop, source), Session.of(shop).where(Session.customer_id == source.id).count()
        merge(shop, source.id, target.id)
        merged = customers.by_id(shop.id, target.id)
        facts = [Fact(name, *(getattr(row, name) for row in (source, target, merged))) for name in SHOWN]
        differing = tuple(fact for fact in facts if fact.source != fact.target)
        kept = source.email_key is not None and source.email_key == target.email_key
        joint = _figures(shop, merged)
        found.append(MergePreview(source, target, *before, joint, moved, differing, 0 if kept else sessions))
        raise _RolledBack
    return found[0]


def _figures(shop: Shop, customer: Customer) -> Figures:
    account = ledger.account_of(shop.id, customer.id)
    if account is None:
        return Figures()
    return Figures(**{name: getattr(account, name) for name in COUNTED}, tier_id=account.tier_id)


def _to_move(shop: Shop, source: Customer) -> Moved:
    """Counts the rows of the customer that a merge moves."""
    account = ledger.account_of(shop.id, source.id)
    of_account = account.id if account else ""
    return Moved(
        transactions=Transaction.of(shop).where(Transaction.account_id == of_account).count(),
        waiting=Award.of(shop).where(Award.account_id == of_account, Award.status == "waiting").count(),
        orders=Order.of(shop).where(Order.customer_id == source.id).count(),
        coupons=Coupon.of(shop).where(Coupon.customer_id == source.id).count(),
        friends=Referral.of(shop).where(Referral.advocate_id == source.id).count(),
        referrals=Referral.of(shop).where(Referral.friend_id == source.id).count(),
    )


def merge(shop: Shop, source_id: str, target_id: str) -> None:
    """Merge `source` into `target`: nothing that the person has earned, spent or reached changes (contracts §11).

    Orders, awards, coupons and referrals move, and the account's history with every row's kind and date. What both rows
    were given, but one person gets only once, is taken back. The person is a member if either row was, and gets the
    facts, link and names that `target` lacked. `source` stays as a pointer to `target`, with only the names that
    `target` has of its own. No letter follows. Already merged: no change. Raises NotFound for an unknown or erased
    customer.
    """
    with atomic(), mailing.quiet():
        pair = (source_id, customers.live(customers.by_id(shop.id, target_id)).id)
        rows = {row.id: row for row in lock_rows(Customer.of(shop).where(Customer.id.in_(pair)).order_by(Customer.id))}
        source, target = (rows.get(id) or customers.by_id(shop.id, id) for id in pair)
        if source.merged_into or source.id == target.id:
            return
        if source.erased_at or target.erased_at:
            raise NotFound("This customer was erased.")
        orders = list(Order.of(shop, Order.id, Order.placed_at).where(Order.customer_id == source.id).tuples())
        active = _last_activity(shop, source, target, [placed_at for _, placed_at in orders])
        _move_account(shop, source, target)
        for table in (Order, Coupon, Request):
            table.change(shop, {table.customer_id: target.id}, table.customer_id == source.id)
        _move_person(shop, source, target)
        former_codes.move(shop.id, source.id, target.id)
        progress.move(shop, source.id, target.id, source="job")
        for order_id, _ in orders:
            order_points.score_order(shop, order_id, source="job")
        progress.evaluate(shop, target.id, source="job")
        if active is not None:
            ledger.set_activity(shop.id, target.id, active)  # a merge itself is no activity
        audit_log.note(shop.id, "merge", "customer", target.id, before={"merged_id": source.id})


def _move_person(shop: Shop, source: Customer, target: Customer) -> None:
    """Sessions and the password move only between rows with one address; otherwise the member signs in again."""
    facts = _facts_for(source, target)
    if source.email_key and source.email_key == target.email_key:
        facts["password_hash"] = target.password_hash or source.password_hash
        Session.change(shop, {Session.customer_id: target.id}, Session.customer_id == source.id)
        devices.move(shop.id, source.id, target.id)
    else:
        Session.remove(shop, Session.customer_id == source.id)
        devices.forget_all(shop.id, source.id)
    left_over = {name: None if name in facts else getattr(source, name) for name in NAMES}
    blank: dict[str, object] = {"labels": [], "mails_off": [], "former": {}, "email_verified": False}
    signpost: dict[str, object] = {**dict.fromkeys(PERSONAL), **left_over, **blank}
    Customer.change(shop, {**signpost, "status": "visitor", "merged_into": target.id}, Customer.id == source.id)
    Customer.change(shop, {"merged_into": target.id}, Customer.merged_into == source.id)
    Customer.change(shop, {**facts, "updated_at": clock.now()}, Customer.id == target.id)
    customers.index_again(shop.id, source.id, target.id)


def _facts_for(source: Customer, target: Customer) -> dict[str, Any]:
    """Returns the columns that the merge changes on `target`."""
    names = ("name", "phone", "birthday", "birthday_set_at", "locale", *NAMES)
    facts: dict[str, Any] = {name: getattr(source, name) for name in names if getattr(target, name) is None}
    if target.email is None:
        facts |= {name: getattr(source, name) for name in (*ADDRESS, "email_verified")}
    for name in ("joined_at", "registered_at"):
        facts[name] = min(filter(None, (getattr(source, name), getattr(target, name))), default=None)
    for name in ("accepts_marketing", "excluded"):
        facts[name] = getattr(source, name) or getattr(target, name)
    facts["mails_off"] = mail_preferences.stricter(source, target)
    lost = {name: getattr(source, name) for name in customers.FORMER if name not in facts}
    facts["former"] = customers.all_former(source, target, **lost)
    facts["labels"] = list(dict.fromkeys((*target.labels, *source.labels)))
    facts["notes"] = "\n\n".join(filter(None, (target.notes, source.notes))) or None
    is_member = source.is_member or target.is_member
    facts["status"] = "member" if is_member else target.status
    facts["left_at"] = None if is_member else target.left_at or source.left_at
    return facts


def _move_account(shop: Shop, source: Customer, target: Customer) -> None:
    """Move the account's rows, awards and channels, and the references to its rows, to the account of `target`."""
    old = ledger.account_of(shop.id, source.id)
    if old is None:
        return
    new = ledger.open_account(shop.id, target.id)
    copies = ledger.merge(shop.id, old.id, new.id)
    _point_at(shop, copies, source, old)
    move_awards(shop.id, old.id, new.id)
    social.move(shop, old.id, new.id)
    tier_grants.move(shop, old, new)
    for account_id in (old.id, new.id):
        tiers.recheck(shop, account_id)
    emit(AccountMerged(shop.id, new.id, target.id, old.id))
    actions.count_once(shop, new.id, set(copies.values()))


def _last_activity(shop: Shop, source: Customer, target: Customer, placed: list[datetime]) -> datetime | None:
    """Returns when the person was last active, by either row; None while neither has an account."""
    accounts = [ledger.account_of(shop.id, one.id) for one in (source, target)]
    active = [account.last_activity_at for account in accounts if account is not None]
    return max([*active, *(min(at, clock.now()) for at in placed)]) if active else None


def _point_at(shop: Shop, copies: dict[str, str], source: Customer, old: Account) -> None:
    """Point references to the old account's ledger rows at their copies, which have the same annotation digests."""
    owned = {
        Adjustment.transaction_id: among(Adjustment.transaction_id, copies),
        Award.booked_id: Award.account_id == old.id,
        Coupon.transaction_id: Coupon.customer_id == source.id,
        Coupon.refund_id: Coupon.customer_id == source.id,
        Referral.advocate_transaction_id: Referral.advocate_id == source.id,
        Referral.friend_transaction_id: Referral.friend_id == source.id,
    }
    for column, is_owned in owned.items():
        table, mark = column.model, database.param
        naming = list(table.of(shop, table.id, column).where(is_owned, column.is_null(False)).tuples())
        moved = [(copies[named], row_id) for row_id, named in naming if named in copies]
        if issubclass(table, Journaled):
            table.will_write(shop.id, [row_id for _, row_id in moved])
        execute_many(
            f'UPDATE "{table._meta.table_name}" SET "{column.column_name}" = {mark} WHERE "id" = {mark}',  # noqa: S608
            moved,
        )
        table.wrote({"shop_id": shop.id, "id": row_id} for _, row_id in moved)
