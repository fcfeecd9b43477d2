"""Privacy: merging two rows of one person, handing out what we know of somebody, forgetting her."""

from datetime import datetime
from typing import Any

from widget_server import clock, ledger
from widget_server.db import among, atomic, database, execute_many, lock_rows
from widget_server.errors import NotFound
from widget_server.events import AccountMerged, CustomerErased, emit
from widget_server.journal import Journaled
from widget_server.keys import Request
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import (
    audit_log,
    coupons,
    customers,
    devices,
    earning,
    imports,
    mailboxes,
    referrals,
    sessions,
    social,
    tiers,
)
from widget_server.loyalty.coupons import Coupon
from widget_server.loyalty.customers import Customer
from widget_server.loyalty.orders import Order, Parked, known_emails
from widget_server.loyalty.points import Adjustment, Award, move_awards
from widget_server.loyalty.referrals import Referral, ReferralVisit
from widget_server.loyalty.sessions import Session
from widget_server.loyalty.shops import Shop
from widget_server.loyalty.sign_in_codes import SignInCode
from widget_server.loyalty.social import FollowedChannel

ADDRESS = ("email", "email_key", "mailbox")
PERSONAL = (*ADDRESS, "name", "phone", "birthday", "birthday_set_at", "locale", "notes", "password_hash")
PAST = ("facts_as_of", "paying_at", "not_paying_at")
NAMES = ("external_id", "referral_code")  # by which others know her: a signpost keeps what its target has already
OF_CHECKOUT: dict[str, Any] = {"billing_email": None, "owner_as_of": None, "address_digests": []}  # of an order
PHONE_LENGTH_MIN = 6


def merge(shop: Shop, source_id: str, target_id: str) -> None:
    """Two rows are one person: nothing that the person has earned, spent or reached changes (contracts §11).

    Orders, awards, coupons and referrals move, and the account's history with every row's kind and date; what both rows
    were given and one person gets once is taken back. The person is what either row was: a member, with the facts, link
    and names that `target` had not. `source` stays as a signpost to `target`, empty but for names that `target` has of
    its own. Merged already: nothing changes. Raises NotFound when there is no such customer, or one was erased.
    """
    with atomic():
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
        referrals.move(shop, source.id, target.id, source="job")
        for order_id, _ in orders:
            earning.score_order(shop, order_id, source="job")
        referrals.evaluate(shop, target.id, source="job")
        if active is not None:
            ledger.note_activity(shop.id, target.id, active)  # to be merged is none
        audit_log.note(shop.id, "merge", "customer", target.id, before={"merged_id": source.id})


def _move_person(shop: Shop, source: Customer, target: Customer) -> None:
    """Sessions and the password go along only between rows of one address; elsewhere she signs in anew."""
    facts = _facts_for(source, target)
    if source.email_key and source.email_key == target.email_key:
        facts["password_hash"] = target.password_hash or source.password_hash
        Session.change(shop, {Session.customer_id: target.id}, Session.customer_id == source.id)
        devices.move(shop.id, source.id, target.id)
    else:
        Session.remove(shop, Session.customer_id == source.id)
        devices.forget_all(shop.id, source.id)
    left_over = {name: None if name in facts else getattr(source, name) for name in NAMES}
    signpost: dict[str, Any] = {**dict.fromkeys(PERSONAL), **left_over, "labels": [], "email_verified": False}
    Customer.change(shop, {**signpost, "status": "visitor", "merged_into": target.id}, Customer.id == source.id)
    Customer.change(shop, {"merged_into": target.id}, Customer.merged_into == source.id)
    Customer.change(shop, {**facts, "updated_at": clock.now()}, Customer.id == target.id)


def _facts_for(source: Customer, target: Customer) -> dict[str, Any]:
    """What the person is, of what `target` was not yet told."""
    names = ("name", "phone", "birthday", "birthday_set_at", "locale", *NAMES)
    facts: dict[str, Any] = {name: getattr(source, name) for name in names if getattr(target, name) is None}
    if target.email is None:
        facts |= {name: getattr(source, name) for name in (*ADDRESS, "email_verified")}
    for name in ("joined_at", "registered_at"):
        facts[name] = min(filter(None, (getattr(source, name), getattr(target, name))), default=None)
    for name in ("accepts_marketing", "excluded"):
        facts[name] = getattr(source, name) or getattr(target, name)
    facts["labels"] = list(dict.fromkeys((*target.labels, *source.labels)))
    facts["notes"] = "\n\n".join(filter(None, (target.notes, source.notes))) or None
    is_member = source.is_member or target.is_member
    facts["status"] = "member" if is_member else target.status
    facts["left_at"] = None if is_member else target.left_at or source.left_at
    return facts


def _move_account(shop: Shop, source: Customer, target: Customer) -> None:
    """The account's rows, awards and channels, and what names its rows, go to the account of the person."""
    old = ledger.account_of(shop.id, source.id)
    if old is None:
        return
    new = ledger.open_account(shop.id, target.id)
    copies = ledger.merge(shop.id, old.id, new.id)
    _point_at(shop, copies, source, old)
    move_awards(shop.id, old.id, new.id)
    social.move(shop, old.id, new.id)
    for account_id in (old.id, new.id):
        tiers.recheck(shop, account_id)
    emit(AccountMerged(shop.id, new.id, target.id, old.id))
    earning.count_once(shop, new.id, set(copies.values()))


def _last_activity(shop: Shop, source: Customer, target: Customer, placed: list[datetime]) -> datetime | None:
    """When the person was last active, by either row; None while neither has an account."""
    accounts = [ledger.account_of(shop.id, one.id) for one in (source, target)]
    active = [account.last_activity_at for account in accounts if account is not None]
    return max([*active, *(min(at, clock.now()) for at in placed)]) if active else None


def _point_at(shop: Shop, copies: dict[str, str], source: Customer, old: Account) -> None:
    """Whatever names a row of the ledger names its copy, which has the digest of the words beside it too."""
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


def export(shop: Shop, customer: Customer) -> dict[str, Any]:
    """Everything this shop's program knows of her, in words a person can read (acceptance 52).

    What staff write for each other, the internal reason of an adjustment (49) and their notes of her, is not hers to
    read; everything else about her is.
    """
    account = ledger.account_of(shop.id, customer.id)
    audit_log.note(shop.id, "export", "customer", customer.id)
    return {
        "customer": _plain(
            customer,
            (
                "email",
                "name",
                "phone",
                "birthday",
                "locale",
                "labels",
                "accepts_marketing",
                "status",
                "referral_code",
                "joined_at",
                "registered_at",
                "created_at",
            ),
        ),
        "account": _plain(account, ("balance", "earned", "adjusted", "redeemed", "expired", "pending", "debt"))
        if account
        else None,
        "transactions": [
            _plain(row, ("id", "kind", "amount", "balance_after", "cause", "order_id", "snapshot", "event_at"))
            for row in _without_copied(shop, customer).order_by(Transaction.event_at, Transaction.sequence)
        ],
        "comments": _comments(shop, customer),
        "orders": [
            _plain(row, ("number", "status", "placed_at", "billing_email", "state"))
            for row in Order.of(shop).where(Order.customer_id == customer.id).order_by(Order.placed_at)
        ],
        "coupons": [
            _plain(row, ("code", "status", "kind", "amount", "percent", "cost_points", "created_at", "expires_at"))
            for row in Coupon.of(shop).where(Coupon.customer_id == customer.id).order_by(Coupon.created_at)
        ],
        "followed_channels": [_plain(row, ("channel", "created_at")) for row in social.followed(shop, customer)],
        "referrals_as_friend": [
            _plain(row, ("status", "created_at")) for row in Referral.of(shop).where(Referral.friend_id == customer.id)
        ],
        "referrals_as_advocate": [
            _plain(row, ("status", "created_at"))
            for row in Referral.of(shop).where(Referral.advocate_id == customer.id)
        ],
    }


def erase(shop: Shop, customer: Customer) -> None:
    """Forget her: her facts, texts, sessions and remembered answers go; the ledger stays, nameless (58).

    Her codes die, since nobody is left to own them; shops keep their own orders. What a mailbox had once stays
    remembered by its keyed hash (mailboxes.py).
    """
    with atomic():
        customer = lock_rows(Customer.of(shop).where(Customer.id == customers.live(customer).id)).get()
        rows = _transactions(shop, customer, Transaction.id)
        Adjustment.change(
            shop, {Adjustment.reason: None, Adjustment.comment: None}, Adjustment.transaction_id.in_(rows)
        )
        sessions.close_all(shop.id, customer.id)
        if customer.email_key:
            SignInCode.remove(shop, SignInCode.email_key == customer.email_key)
        told = Request.answer.cast("TEXT").contains(customer.id)  # to an app, or to her
        Request.change(shop, {Request.answer: None}, (Request.customer_id == customer.id) | told)
        for word in {*_words_about(customer), *known_emails(shop, customer)}:
            Parked.remove(shop, Parked.body.contains(word))
        imports.forget(shop, _words_about(customer))
        ReferralVisit.remove(shop, ReferralVisit.advocate_id == customer.id)
        for channel in social.followed(shop, customer):
            FollowedChannel.remove(shop, FollowedChannel.id == channel.id)
        for coupon in Coupon.of(shop).where(Coupon.customer_id == customer.id):
            coupons.revoke(coupon)
        Coupon.change(shop, {Coupon.failure_detail: None}, Coupon.customer_id == customer.id)
        facts: dict[str, Any] = dict.fromkeys((*PERSONAL, *NAMES, *PAST))
        facts |= {"labels": [], "email_verified": False, "accepts_marketing": False, "status": "visitor"}
        Customer.change(shop, {**facts, "erased_at": clock.now()}, Customer.id == customer.id)
        Customer.change(shop, dict.fromkeys(NAMES), Customer.merged_into == customer.id)
        Order.change(shop, dict(OF_CHECKOUT), Order.customer_id == customer.id)
        rows = Customer.of(shop, Customer.id).where(Customer.merged_into == customer.id).order_by(Customer.id)
        merged = tuple(row.id for row in rows)
        mailboxes.forget_customer(shop, [customer.id, *merged])
        audit_log.note(shop.id, "erase", "customer", customer.id)
        emit(CustomerErased(shop.id, customer.id, merged))


def _words_about(customer: Customer) -> list[str]:
    """What only a message about her contains. The shop's id of her may be as short as 7, and stands in others' too."""
    phone = customer.phone or ""
    return [word for word in (customer.email, phone if len(phone) >= PHONE_LENGTH_MIN else None) if word]


def _transactions(shop: Shop, customer: Customer, *columns: Any) -> Any:
    """Her rows in the ledger, those of rows that were merged into her too."""
    hers = Customer.of(shop, Customer.id).where((Customer.id == customer.id) | (Customer.merged_into == customer.id))
    accounts = Account.of(shop, Account.id).where(Account.customer_id.in_(hers))
    return Transaction.of(shop, *columns).where(Transaction.account_id.in_(accounts))


def _without_copied(shop: Shop, customer: Customer) -> Any:
    """Each row of the person once: without what a merge copied, and its opposite on the merged account."""
    is_opposite = (Transaction.source == ledger.MERGE) & (Transaction.line == ledger.OPPOSITE)
    copied = _transactions(shop, customer, Transaction.takes_back).where(is_opposite)
    return _transactions(shop, customer).where(~is_opposite, Transaction.id.not_in(copied))


def _comments(shop: Shop, customer: Customer) -> list[str]:
    notes = Adjustment.of(shop).where(
        Adjustment.transaction_id.in_(_transactions(shop, customer, Transaction.id)), Adjustment.comment.is_null(False)
    )
    return [note.comment for note in notes.order_by(Adjustment.created_at)]


def _plain(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
