"""Adjustments: points that staff or an app give, or change by hand, with their annotations.

What must be erasable (the texts) is stored outside the ledger, and linked to it by a salted digest."""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from widget_server import ledger
from widget_server.db import Row, Text, UtcDateTime, atomic, insert_many, new_id
from widget_server.errors import AccountExists, BadRequest, CustomerExcluded, KeyReused, StaleRevision
from widget_server.journal import Journaled
from widget_server.ledger import Account, Cause, Kind, Transaction
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import customers
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop

TEXT_LENGTH_MAX = 500


class Adjustment(Journaled):
    """The annotation of points that were given or changed by hand or by an app (wix-api §2, LoyaltyTransaction).

    `reason` is internal, the customer reads `comment` (acceptance 49): on the wire it is the row's description.
    `order_ref` and `channel` are the cause that the app names; it need not be an order of this server.
    """

    id = Text(primary_key=True)
    transaction_id = Text(unique=True)
    staff = Text(null=True)
    reason = Text(null=True)
    comment = Text(null=True)
    salt = Text()
    created_at = UtcDateTime()
    app_id = Text(null=True)
    activity_type = Text(null=True)
    order_ref = Text(null=True)
    channel = Text(null=True)

    class Meta:
        indexes = ((("shop_id", "created_at"), False),)


def create_account(shop: Shop, customer_id: str) -> Account:
    """Open an account with 0 points for a customer without one (wix-api §1a).

    Raises NotFound, ProgramNotActive, AccountExists.
    """
    with atomic():
        customer = customers.live(customers.by_id(shop.id, customer_id))
        programs.need_active(shop.id)
        earlier = ledger.account_of(shop.id, customer.id)
        if earlier is not None:
            raise AccountExists(account_id=earlier.id)
        return ledger.open_account(shop.id, customer.id)


@dataclass(frozen=True)
class Annotation:
    """The annotation of points that a person or an app changes; stored beside the row, see `Adjustment`.

    Raises BadRequest (reason, comment) when a text is too long.
    """

    reason: str | None = None
    comment: str | None = None
    staff: str | None = None
    app_id: str | None = None
    activity_type: str | None = None
    order_ref: str | None = None
    channel: str | None = None

    def __post_init__(self) -> None:
        for name in ("reason", "comment"):
            if len(getattr(self, name) or "") > TEXT_LENGTH_MAX:
                raise BadRequest(f"A text has at most {TEXT_LENGTH_MAX} characters.", field=name)

    @property
    def is_given(self) -> bool:
        """True when there is anything to store beside the row of the ledger."""
        return any(vars(self).values())

    def digest(self, salt: str) -> str:
        """Returns the digest by which the ledger's row proves these texts without containing them."""
        codes = filter(None, (self.app_id, self.activity_type, self.order_ref, self.channel))
        return hashlib.sha256("\n".join((salt, self.reason or "", self.comment or "", *codes)).encode()).hexdigest()


NO_ANNOTATION = Annotation()


def earn_points(
    shop: Shop, account_id: str, points: int, *, source: str, key: str, annotation: Annotation = NO_ANNOTATION
) -> Transaction:
    """Give points on behalf of staff or an app: an earn, booked at once (contracts §2, wix-api §1b earnPoints).

    The same `key` returns the first row. Raises BadRequest unless `points` is positive, KeyReused when the key was used
    for something else, NotFound, ProgramNotActive, BalanceTooLarge, and CustomerExcluded when the customer does not
    take part.
    """
    if points < 1:
        raise BadRequest("Points that are given are 1 or more.", field="amount")
    with atomic():
        account = _present(shop, account_id)
        if ledger.find_by_key(shop.id, source, key) is None:
            programs.need_active(shop.id)
            if Customer.need(shop, Customer.id == account.customer_id).excluded:
                raise CustomerExcluded()
        return _post_noted(shop, account.id, "earn", points, source, key, "gift", annotation)


def adjust(
    shop: Shop,
    account_id: str,
    *,
    source: str,
    key: str,
    by: int | None = None,
    to_balance: int | None = None,
    revision: int | None = None,
    annotation: Annotation = NO_ANNOTATION,
) -> Transaction | None:
    """Change a balance on behalf of staff, by an amount or to a balance (which wins); in any state of the program.

    Returns None when the balance is already reached, and the first row when `key` is used again. Raises
    NotEnoughPoints when the balance would fall below zero, KeyReused when the key adjusted by another amount or to
    another balance, StaleRevision when `revision` is given and the account's is another, NotFound, and BalanceTooLarge.
    """
    with atomic():
        account = _present(shop, account_id)
        earlier = ledger.find_by_key(shop.id, source, key)
        if earlier is None and revision is not None and revision != account.revision:
            raise StaleRevision()
        amount = by
        if to_balance is not None:
            amount = earlier.amount if earlier else to_balance - account.balance
            if earlier is not None and earlier.balance_after != to_balance:
                raise KeyReused()
        return _post_noted(shop, account.id, "adjust", amount, source, key, "adjusted", annotation) if amount else None


def _present(shop: Shop, account_id: str) -> Account:
    """Returns the account, locked; for a merged one, the account it was merged into."""
    owner = customers.by_id(shop.id, Account.need(shop, Account.id == account_id).customer_id)
    account = ledger.account_of(shop.id, customers.live(owner).id)
    return ledger.locked(shop.id, account.id if account else account_id)


def _post_noted(
    shop: Shop, account_id: str, kind: Kind, amount: int, source: str, key: str, reason: str, annotation: Annotation
) -> Transaction:
    salt = secrets.token_hex(16)
    cause = Cause(reason, snapshot={"note": annotation.digest(salt)})
    row = ledger.post(shop.id, account_id, kind, amount, source=source, key=key, cause=cause)
    if row.snapshot.get("note") == cause.snapshot["note"]:  # not a row that the key booked earlier
        insert_many(Adjustment, [adjustment(row, salt, annotation)])
        after = {"kind": kind, "amount": amount, "balance": row.balance_after, "transaction_id": row.id}
        audit_log.note(shop.id, "give" if kind == "earn" else "adjust", "points", account_id, after=after)
    return row


def adjustment(row: Transaction | Row, salt: str, annotation: Annotation) -> Row:
    """Returns the Adjustment to store beside `row`, whose snapshot notes `annotation.digest(salt)`."""
    return Row(
        id=new_id(),
        shop_id=row.shop_id,
        transaction_id=row.id,
        salt=salt,
        created_at=row.created_at,
        **vars(annotation),
    )


def forget(person: Forgotten) -> None:
    """Empty the texts about this person's points, and texts about others that name them (acceptance 49, 58).

    The ledger has only their digests, which reveal nothing without the texts.
    """
    accounts = Transaction.account_id.in_(person.account_ids)
    noted = Adjustment.transaction_id.in_(Transaction.of(person.shop_id, Transaction.id).where(accounts))
    for word in person.words:
        noted |= Adjustment.reason.contains(word) | Adjustment.comment.contains(word)
    Adjustment.change(person.shop_id, {Adjustment.reason: None, Adjustment.comment: None}, noted)


def audit_notes(shop_id: str | None = None) -> Iterator[str]:
    """Yields one sentence for each row whose texts are not those it was booked with.

    Rows without both texts are skipped: they may have been erased.
    """
    spoken = Adjustment.reason.is_null(False) | Adjustment.comment.is_null(False)
    notes = Adjustment.across(shop_id, Adjustment, Transaction.snapshot).join(
        Transaction, on=(Transaction.id == Adjustment.transaction_id), attr="row"
    )
    for note in notes.where(spoken).iterator():
        annotation = Annotation(**{name: getattr(note, name) for name in Annotation.__dataclass_fields__})
        if note.row.snapshot.get("note") != annotation.digest(note.salt):
            yield f"transaction {note.transaction_id}: the words beside it were changed"
