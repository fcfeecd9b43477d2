"""Privacy: exporting what is known of a customer, and erasing it."""

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TypedDict

from peewee import ModelSelect, Node, PeeweeException

from widget_server import idempotency, job_queue, ledger, remains, work
from widget_server.db import (
    Table,
    atomic,
    database,
    empty_log,
    lock_rows,
    on_sqlite,
    when_committed,
)
from widget_server.events import CustomerErased, emit
from widget_server.idempotency import Request
from widget_server.job_queue import JobName
from widget_server.json_types import JsonObject
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import audit_log
from widget_server.loyalty.earning import orders, social
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.earning.social import FollowedChannel
from widget_server.loyalty.imports import imports
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.imports.stored_files import StoredFile
from widget_server.loyalty.imports.uploads import Upload
from widget_server.loyalty.people import (
    customers,
    data_requests,
    emails,
    former_codes,
    mailboxes,
    saved_views,
    sessions,
    sign_in_codes,
)
from widget_server.loyalty.people.access_tokens import AccessToken
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.devices import Device
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.people.former_codes import FormerCode
from widget_server.loyalty.people.mailboxes import MailboxClaim
from widget_server.loyalty.people.saved_views import SavedView
from widget_server.loyalty.people.search_terms import SearchTerm
from widget_server.loyalty.people.sessions import Session
from widget_server.loyalty.people.sign_in_codes import SignInCode
from widget_server.loyalty.points import adjustments, batches
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import links, replies
from widget_server.loyalty.referrals.links import ReferralVisit
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.referrals.replies import ReferralReply
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.till import till_codes
from widget_server.loyalty.till.till_codes import TillCode
from widget_server.write_queue import TurnNotReached

SETTLE_AGAIN_SECONDS = 60


Exported = dict[str, object]  # some columns of a row, by their names


class Export(TypedDict):
    """All data that a customer may read about themselves: rows oldest first, with the columns of EXPORTED.

    `account` is None for a customer without one; `comments` are those of staff on points.
    """

    customer: Exported
    account: Exported | None
    former_referral_codes: list[str]
    transactions: list[Exported]
    comments: list[str]
    orders: list[Exported]
    coupons: list[Exported]
    followed_channels: list[Exported]
    referrals_as_friend: list[Exported]
    referrals_as_advocate: list[Exported]
    referral_replies: list[Exported]


EXPORTED: dict[type[Table], tuple[str, ...]] = {
    Customer: (
        *("email", "name", "phone", "birthday", "locale", "labels", "accepts_marketing", "status", "referral_code"),
        *("mails_off", "former", "joined_at", "registered_at", "created_at"),
    ),
    Account: ("balance", "earned", "adjusted", "redeemed", "expired", "pending", "debt"),
    Transaction: ("id", "kind", "amount", "balance_after", "cause", "order_id", "snapshot", "event_at"),
    Order: ("number", "status", "placed_at", "billing_email", "state"),
    Coupon: ("code", "status", "kind", "amount", "percent", "cost_points", "created_at", "expires_at"),
    FollowedChannel: ("channel", "created_at"),
    Referral: ("status", "created_at"),
    ReferralReply: ("text", "created_at"),
}


def export(shop: Shop, customer: Customer) -> Export:
    """Returns all that this shop's program knows of a customer, in a readable form (acceptance 52).

    It leaves out what staff write for each other: the internal reason of an adjustment (49) and their notes. The export
    is noted in the audit log; one by the shop closes the customer's request for their data (data_requests.py).
    """
    account = ledger.account_of(shop.id, customer.id)
    audit_log.note(shop.id, "export", "customer", customer.id)
    data_requests.answer(shop, customer)
    transactions = _without_copied(shop, customer).order_by(Transaction.event_at, Transaction.sequence)
    owned_orders = Order.of(shop).where(Order.customer_id == customer.id).order_by(Order.placed_at)
    owned_coupons = Coupon.of(shop).where(Coupon.customer_id == customer.id).order_by(Coupon.created_at)
    return {
        "customer": _exported(customer),
        "account": _exported(account) if account else None,
        "former_referral_codes": [one.code for one in former_codes.of_customers(shop.id, [customer.id])],
        "transactions": list(map(_exported, transactions)),
        "comments": _comments(shop, customer),
        "orders": list(map(_exported, owned_orders)),
        "coupons": list(map(_exported, owned_coupons)),
        "followed_channels": list(map(_exported, social.followed(shop, customer))),
        "referrals_as_friend": list(map(_exported, Referral.of(shop).where(Referral.friend_id == customer.id))),
        "referrals_as_advocate": list(map(_exported, Referral.of(shop).where(Referral.advocate_id == customer.id))),
        "referral_replies": list(map(_exported, replies.of_customer(shop, customer))),
    }


class Keeper(NamedTuple):
    """Tables that may hold data about a person, and the function that erases it there."""

    tables: tuple[type[Table], ...]
    forget: Callable[[Forgotten], None]


# every table with data about a person, in the order of erasure; reactions.py adds those of the layers above
KEEPERS: list[Keeper] = [
    Keeper((Adjustment,), adjustments.forget),
    Keeper((Batch,), batches.forget),
    Keeper((Session, AccessToken, Device), sessions.forget),
    Keeper((SignInCode,), sign_in_codes.forget),
    Keeper((Order, Parked), orders.forget),
    Keeper((Import, Upload, StoredFile), imports.forget),
    Keeper((ReferralVisit,), links.forget),
    Keeper((ReferralReply,), replies.forget),
    Keeper((TillCode,), till_codes.forget),
    Keeper((FollowedChannel,), social.forget),
    Keeper((Coupon,), coupons.forget),
    Keeper((MailboxClaim,), mailboxes.forget),
    Keeper((FormerCode,), former_codes.forget),
    Keeper((Customer, SearchTerm), customers.forget),
    Keeper((SavedView,), saved_views.forget),
    Keeper((Request,), idempotency.forget),
]


def erase(shop: Shop, customer: Customer, *, email: str | None = None) -> None:
    """Erase a person: facts, texts, sessions, files and stored responses; the ledger stays, without names (58).

    Their codes become invalid; shops keep their own orders. What a mailbox was given once stays stored under its keyed
    hash (mailboxes.py). `email` is one more address of theirs, if the shop names one.
    """
    with atomic():
        customer = lock_rows(Customer.of(shop).where(Customer.id == customers.live(customer).id)).get()
        person = _described(shop, customer, email)
        _forget(person)
        audit_log.note(shop.id, "erase", "customer", customer.id)
        emit(CustomerErased(shop.id, customer.id, person.ids[1:]))


def erase_unknown(shop: Shop, *, external_id: str | None, email: str | None) -> None:
    """Erase a person without a customer row: messages that could not be booked, and files, may name them."""
    emails_of = frozenset(filter(None, [emails.key_of(email)]))
    ids = frozenset(filter(None, [external_id]))
    with atomic():
        _forget(Forgotten(shop.id, emails=emails_of, external_ids=ids))


def settle(_payload: JsonObject) -> None:
    """The job after an erasure: remove deleted data from the files of the database, as far as permissions allow.

    SQLite's log is emptied; while another connection reads, the job tries again after SETTLE_AGAIN_SECONDS. In
    PostgreSQL every table that was touched is vacuumed.
    """
    if on_sqlite():
        if not empty_log():
            job_queue.enqueue(JobName.SETTLE_ERASURE, {}, delay_seconds=SETTLE_AGAIN_SECONDS)
        return
    with work.unhurried(database.obj):
        for table in sorted({one._meta.table_name for keeper in KEEPERS for one in keeper.tables}):
            database.execute_sql(f'VACUUM "{table}"')


def _forget(person: Forgotten) -> None:
    for keeper in KEEPERS:
        keeper.forget(person)
    job_queue.enqueue_once(JobName.SETTLE_ERASURE, {})
    remains.note(shops.by_id(person.shop_id).timezone)
    when_committed(_empty_log_now)


def _empty_log_now() -> None:
    """Empty the log now if no connection reads; else the job does it. An error here must not fail the erasure."""
    with suppress(PeeweeException, TurnNotReached):
        empty_log()


def _described(shop: Shop, customer: Customer, email: str | None) -> Forgotten:
    """Returns all values by which the person is known, from all their rows."""
    ids = customers.ids_of(customer)
    rows = list(Customer.of(shop).where(Customer.id.in_(ids)))
    former = customers.all_former(*rows)
    typed = [email, *orders.known_emails(shop, customer), *(row.email for row in rows), *former.get("email", ())]
    addresses = frozenset(filter(None, map(emails.key_of, typed)))
    mailboxes_of = {found.mailbox for found in map(emails.find, addresses) if found}
    others = Customer.of(shop, Customer.email_key).where(Customer.mailbox.in_(mailboxes_of), Customer.id.not_in(ids))

    def each(name: str) -> frozenset[str]:
        return frozenset([*(getattr(row, name) for row in rows if getattr(row, name)), *former.get(name, ())])

    return Forgotten(
        shop.id,
        ids=tuple(ids),
        account_ids=tuple(row.id for row in Account.of(shop, Account.id).where(Account.customer_id.in_(ids))),
        emails=addresses,
        others=frozenset(row.email_key for row in others) - addresses,
        phones=each("phone"),
        names=each("name"),
        external_ids=each("external_id"),
        order_ids=frozenset(
            row.external_id for row in Order.of(shop, Order.external_id).where(Order.customer_id.in_(ids))
        ),
        codes=each("referral_code") | {one.code for one in former_codes.of_customers(shop.id, ids)},
    )


def _transactions(shop: Shop, customer: Customer, *columns: Node) -> "ModelSelect[Transaction]":
    """Returns a query of the customer's ledger rows, with those of customers that were merged into them."""
    rows = Customer.of(shop, Customer.id).where((Customer.id == customer.id) | (Customer.merged_into == customer.id))
    accounts = Account.of(shop, Account.id).where(Account.customer_id.in_(rows))
    found: ModelSelect[Transaction] = Transaction.of(shop, *columns)
    return found.where(Transaction.account_id.in_(accounts))


def _without_copied(shop: Shop, customer: Customer) -> "ModelSelect[Transaction]":
    """Returns a query of each ledger row once: without the rows that a merge copied, and their opposites."""
    is_opposite = (Transaction.source == ledger.MERGE) & (Transaction.line == ledger.OPPOSITE)
    copied = _transactions(shop, customer, Transaction.reverses_id).where(is_opposite)
    return _transactions(shop, customer).where(~is_opposite, Transaction.id.not_in(copied))


def _comments(shop: Shop, customer: Customer) -> list[str]:
    notes = Adjustment.of(shop).where(
        Adjustment.transaction_id.in_(_transactions(shop, customer, Transaction.id)), Adjustment.comment.is_null(False)
    )
    return [note.comment for note in notes.order_by(Adjustment.created_at)]


def _exported(row: Table) -> Exported:
    return {name: getattr(row, name) for name in EXPORTED[type(row)]}
