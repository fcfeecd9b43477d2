"""Selections: the customers whom staff chose in the list, by their rows or by a filter, and what is done with them.

"All who match" is the filter itself: what it selects is read when a change starts, and belongs to the change then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from widget_server.db import Row
from widget_server.errors import BadRequest
from widget_server.ledger import Account
from widget_server.loyalty import audit_log
from widget_server.loyalty.imports import csv_files
from widget_server.loyalty.people import directory
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.directory_filters import Filter, Order
from widget_server.loyalty.points import batches, dry_runs, tiers
from widget_server.loyalty.points.adjustments import NO_ANNOTATION, Annotation
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.points.dry_runs import DryRun
from widget_server.loyalty.program.shops import Shop

IDS_MAX = 1_000
EXPORTED_AT_ONCE = 1_000
EVERYBODY = Filter()
COLUMNS = (
    *("customer_id", "name", "email", "phone", "status", "points", "tier", "last_activity", "joined", "created"),
    *("labels", "excluded", "accepts_marketing"),
)


@dataclass(frozen=True)
class Selection:
    """Customers that were chosen: these `ids`, or with None all who meet the filter."""

    ids: tuple[str, ...] | None = None
    chosen: Filter = EVERYBODY

    def __post_init__(self) -> None:
        """Raises BadRequest for no customer, or too many of them one by one."""
        if self.ids is not None and not 0 < len(set(self.ids)) <= IDS_MAX:
            raise BadRequest(f"Select 1 to {IDS_MAX:,} customers, or all who match.", field="ids")


def dry_run(shop: Shop, selection: Selection, *, by: int | None = None, to_balance: int | None = None) -> DryRun:
    """Returns what `bulk_adjust` would do with this selection now; raises BadRequest as it does."""
    return dry_runs.dry_run(
        shop,
        None if selection == Selection() else _accounts(shop, selection),
        by=by,
        to_balance=to_balance,
        without_account=_without_account(shop, selection),
    )


def bulk_adjust(
    shop: Shop,
    selection: Selection,
    *,
    source: str,
    key: str,
    by: int | None = None,
    to_balance: int | None = None,
    annotation: Annotation = NO_ANNOTATION,
) -> Batch:
    """Change the points of the selected customers as a job (batches.bulk_adjust): those who are selected now.

    Customers without an account get one if there are points to add; without, they have nothing to take away.
    Raises BadRequest naming the figure that is out of range, KeyReused when the key requested another change.
    """
    return batches.bulk_adjust(
        shop,
        _accounts(shop, selection),
        source=source,
        key=key,
        by=by,
        to_balance=to_balance,
        annotation=annotation,
        without_account=_without_account(shop, selection),
    )


def count(shop: Shop, selection: Selection) -> int:
    """Returns how many customers are selected, exactly."""
    return int(_query(shop, selection, Customer.id).count())


def export(shop: Shop, selection: Selection, order: Order) -> Iterator[str]:
    """Yields the selected customers as the lines of a CSV file in this order, a header first; noted in the audit log.

    It is read while it is sent, a few rows at a time: a customer who changes meanwhile may be in it twice, or not.
    """
    audit_log.note(shop.id, "export", "customers")
    return _lines(shop, selection, order)


def _lines(shop: Shop, selection: Selection, order: Order) -> Iterator[str]:
    names = {tier.id: tier.name for tier in tiers.Tier.of(shop)}
    yield csv_files.line(list(COLUMNS), ",")
    for rows in _chunks(shop, selection, order):
        yield "".join(csv_files.line(_cells(row, names), ",") for row in rows)


def _chunks(shop: Shop, selection: Selection, order: Order) -> Iterator[list[Row]]:
    if selection.ids is not None:
        rows = directory.by_ids(shop, selection.ids, *directory.SHOWN)
        yield list(rows.order_by(Customer.name_key, Customer.id).objects(Row))
        return
    yield from directory.everybody(shop, selection.chosen, order, EXPORTED_AT_ONCE)


def _cells(row: Row, tier_names: dict[str, str]) -> list[str]:
    times = (row.last_activity_at, row.joined_at, row.created_at)
    activity, joined, created = ("" if at is None else at.isoformat(timespec="seconds") for at in times)
    points = "" if row.balance is None else str(row.balance)
    tier = tier_names.get(row.tier_id or "", "")
    person = (row.id, row.name or "", row.email or "", row.phone or "", row.status)
    flags = ("yes" if flag else "no" for flag in (row.excluded, row.accepts_marketing))
    return [*person, points, tier, activity, joined, created, "; ".join(row.labels), *flags]


def _query(shop: Shop, selection: Selection, *columns: Any) -> Any:
    if selection.ids is not None:
        return directory.by_ids(shop, selection.ids, *columns)
    return directory.selected(shop, selection.chosen, *columns)


def _accounts(shop: Shop, selection: Selection) -> Any:
    """Returns a query of the ids of the selected customers' accounts."""
    return _query(shop, selection, Account.id).where(Account.id.is_null(False))


def _without_account(shop: Shop, selection: Selection) -> Any:
    """Returns a query of the ids of the selected customers without an account."""
    return _query(shop, selection, Customer.id).where(Customer.account_id.is_null())
