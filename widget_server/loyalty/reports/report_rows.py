"""The rows behind a figure in one shape, whatever they are rows of, by pages, newest first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict

from peewee import Field

from widget_server import clock, money
from widget_server.db import Selection, Table, among
from widget_server.errors import BadRequest
from widget_server.ledger import Account, Transaction
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.reports.figure_rows import rows_of

Entity = Literal["transaction", "award", "customer", "order", "referral", "account"]
PAGE, PAGE_MAX = 50, 100


@dataclass(frozen=True)
class ReportRow:
    """One row of a figure. `what` is its cause or status; `number` the order's number or the reason of a referral.

    `customer` is the name of its customer, else the e-mail address; None without either. `points` are signed as booked,
    for `unredeemed` the balance; `amount` is what was paid for an order, less refunds, in the shop's currency.
    """

    entity: Entity
    id: str
    at: datetime
    what: str
    customer_id: str | None
    customer: str | None
    points: int | None = None
    amount: Decimal | None = None
    number: str | None = None


@dataclass(frozen=True)
class ReportRows:
    """A page of rows, and the cursor to the next one; None after the last page."""

    rows: list[ReportRow]
    cursor: str | None


class Whose(TypedDict):
    """The customer of a row."""

    customer_id: str | None
    customer: str | None


NOBODY: Whose = {"customer_id": None, "customer": None}


@dataclass(frozen=True)
class _Kind:
    """How the rows of a table are shown: by which time, whose, and what else."""

    entity: Entity
    time: Field
    whose: str
    of_account: bool
    facts: Callable[[Any, Shop, str], dict[str, Any]]


KINDS: dict[type[Table], _Kind] = {
    Transaction: _Kind(
        "transaction",
        Transaction.created_at,
        "account_id",
        True,
        lambda row, shop, figure: {
            "what": row.cause,
            "points": row.balance_after if figure == "unredeemed" else row.amount,
        },
    ),
    Award: _Kind(
        "award",
        Award.created_at,
        "account_id",
        True,
        lambda row, shop, figure: {"what": row.status, "points": row.points},
    ),
    Customer: _Kind("customer", Customer.joined_at, "id", False, lambda row, shop, figure: {"what": row.status}),
    Order: _Kind(
        "order",
        Order.placed_at,
        "customer_id",
        False,
        lambda row, shop, figure: {
            "what": row.status,
            "number": row.number,
            "amount": money.of_coins(row.paid, shop.currency),
        },
    ),
    Referral: _Kind(
        "referral",
        Referral.created_at,
        "friend_id",
        False,
        lambda row, shop, figure: {"what": row.status, "number": row.reason},
    ),
    Account: _Kind(
        "account", Account.created_at, "id", True, lambda row, shop, figure: {"what": "account", "points": row.balance}
    ),
}


def page_of_rows(
    shop: Shop,
    figure: str,
    first: date | None = None,
    last: date | None = None,
    *,
    cursor: str | None = None,
    limit: int = PAGE,
) -> ReportRows:
    """Returns up to `limit` rows of a figure of `rows_of`, newest first, from where `cursor` ends.

    Raises BadRequest for an unknown figure or a broken cursor, and when `last` comes before `first`.
    """
    rows = rows_of(shop, figure, first, last)
    table: Any = rows.model
    kind, id = KINDS[table], table.id
    if cursor is not None:
        at, row_id = _read(cursor)
        rows = rows.where((kind.time < at) | ((kind.time == at) & (id < row_id)))
    limit = max(1, min(limit, PAGE_MAX))
    found = list(rows.order_by(kind.time.desc(), id.desc()).limit(limit + 1))
    shown, more = found[:limit], len(found) > limit
    return ReportRows(_shown(shop, figure, kind, shown), _cursor(shown[-1], kind) if more else None)


def _shown(shop: Shop, figure: str, kind: _Kind, rows: list[Any]) -> list[ReportRow]:
    people = _people(shop, rows, kind)
    return [
        ReportRow(
            entity=kind.entity,
            id=row.id,
            at=getattr(row, kind.time.name),
            **people.get(getattr(row, kind.whose), NOBODY),
            **kind.facts(row, shop, figure),
        )
        for row in rows
    ]


def _people(shop: Shop, rows: list[Any], kind: _Kind) -> dict[str | None, Whose]:
    """The customers of these rows, by what their column `kind.whose` has: the id of a customer or of an account."""
    keys = {getattr(row, kind.whose) for row in rows} - {None}
    key, columns = (Account.id if kind.of_account else Customer.id), (Customer.id, Customer.name, Customer.email)
    known: Selection[Any] = Customer.of(shop, key, *columns).where(among(key, keys))
    if kind.of_account:
        known = known.join(Account, on=(Customer.id == Account.customer_id))
    found = known.tuples() if keys else ()
    return {key: {"customer_id": id, "customer": name or email} for key, id, name, email in found}


def _cursor(row: Any, kind: _Kind) -> str:
    moment: datetime = getattr(row, kind.time.name)
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z~{row.id}"


def _read(cursor: str) -> tuple[datetime, str]:
    at, _, row_id = cursor.partition("~")
    try:
        return clock.parse(at), row_id
    except ValueError as broken:
        raise BadRequest("This cursor is broken.", field="cursor") from broken
