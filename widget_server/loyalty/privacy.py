"""Privacy: merging two rows of one person, handing out what we know of somebody, forgetting her."""

from typing import Any

from widget_server import clock, ledger
from widget_server.db import atomic, lock_rows
from widget_server.errors import NotFound
from widget_server.events import CustomerErased, emit
from widget_server.keys import Request
from widget_server.ledger import Account, Cause, Transaction
from widget_server.loyalty import access, coupons, customers, earning, imports, mailboxes, referrals, social
from widget_server.loyalty.access import Session, SignInCode
from widget_server.loyalty.coupons import Coupon
from widget_server.loyalty.customers import Customer
from widget_server.loyalty.orders import Order, Parked, known_emails
from widget_server.loyalty.points import Adjustment, move_awards
from widget_server.loyalty.referrals import Referral, ReferralVisit
from widget_server.loyalty.shops import Shop
from widget_server.loyalty.social import FollowedChannel

ADDRESS = ("email", "email_key", "mailbox")
PERSONAL = (*ADDRESS, "name", "phone", "birthday", "birthday_set_at", "locale", "notes", "password_hash")
PAST = ("facts_as_of", "paying_at", "not_paying_at")
NAMES = ("external_id", "referral_code")  # by which others know her: a signpost keeps what its target has already
OF_CHECKOUT: dict[str, Any] = {"billing_email": None, "owner_as_of": None, "address_digests": []}  # of an order
PHONE_LENGTH_MIN = 6


def merge(shop: Shop, source_id: str, target_id: str) -> None:
    """Two rows are one person: orders, awards, coupons and referrals move, points by two adjusts.

    The person is what either row was: a member, with the facts, link and names that `target` had not.
    `source` stays as a signpost to `target`, empty but for names that `target` has of its own. Merged already:
    nothing changes. Raises NotFound when there is no such customer, or she was erased.
    """
    with atomic():
        pair = (source_id, customers.live(customers.by_id(shop.id, target_id)).id)
        rows = {row.id: row for row in lock_rows(Customer.of(shop).where(Customer.id.in_(pair)).order_by(Customer.id))}
        source, target = (rows.get(id) or customers.by_id(shop.id, id) for id in pair)
        if source.merged_into or source.id == target.id:
            return
        if source.erased_at or target.erased_at:
            raise NotFound("This customer was erased.")
        orders = [row.id for row in Order.of(shop, Order.id).where(Order.customer_id == source.id)]
        _move_points(shop, source, target)
        for table in (Order, Coupon, Request):
            table.change(shop, {table.customer_id: target.id}, table.customer_id == source.id)
        _move_person(shop, source, target)
        referrals.move(shop, source.id, target.id, source="job")
        for order_id in orders:
            earning.score_order(shop, order_id, source="job")
        referrals.evaluate(shop, target.id, source="job")


def _move_person(shop: Shop, source: Customer, target: Customer) -> None:
    """Sessions and the password go along only between rows of one address; elsewhere she signs in anew."""
    facts = _facts_for(source, target)
    if source.email_key and source.email_key == target.email_key:
        facts["password_hash"] = target.password_hash or source.password_hash
        Session.change(shop, {Session.customer_id: target.id}, Session.customer_id == source.id)
    else:
        Session.remove(shop, Session.customer_id == source.id)
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


def _move_points(shop: Shop, source: Customer, target: Customer) -> None:
    """Awards go with their account's rows; what is booked goes by two adjusts (contracts §2)."""
    old = ledger.account_of(shop.id, source.id)
    if old is None:
        return
    new = ledger.open_account(shop.id, target.id)
    for account_id in sorted((old.id, new.id)):
        ledger.locked(shop.id, account_id)
    old = ledger.locked(shop.id, old.id)
    move_awards(shop.id, old.id, new.id)
    social.move(shop, old.id, new.id)
    if old.balance:
        key = f"merge:{source.id}"
        for line, (account_id, points) in enumerate(((old.id, -old.balance), (new.id, old.balance))):
            ledger.post(
                shop.id,
                account_id,
                "adjust",
                points,
                source="job",
                key=key,
                line=line,
                cause=Cause("merged", target.id if line == 0 else source.id),
                may_go_below_zero=True,
            )
    ledger.move_debt(shop.id, old.id, new.id)


def export(shop: Shop, customer: Customer) -> dict[str, Any]:
    """Everything this shop's program knows of her, in words a person can read (acceptance 52).

    What staff write for each other, the internal reason of an adjustment (49) and their notes of her, is not hers to
    read; everything else about her is.
    """
    account = ledger.account_of(shop.id, customer.id)
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
            for row in _transactions(shop, customer).order_by(Transaction.created_at, Transaction.sequence)
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
        access.close_all(shop.id, customer.id)
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


def _comments(shop: Shop, customer: Customer) -> list[str]:
    notes = Adjustment.of(shop).where(
        Adjustment.transaction_id.in_(_transactions(shop, customer, Transaction.id)), Adjustment.comment.is_null(False)
    )
    return [note.comment for note in notes.order_by(Adjustment.created_at)]


def _plain(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
