"""The accounts of a bulk change: read when it starts, and made the items of its batch.

What a query chooses is read at once, in one statement that needs no write lock. A few accounts become items in the
transaction that starts the batch. A long list is stored as a file, from which a job makes the items in many short
transactions, so that nobody waits for the write lock as long as a million rows take.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from peewee import ModelSelect, fn

from widget_server.db import Column, Row, insert_many
from widget_server.ledger import Account
from widget_server.loyalty.imports import stored_files
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.batch_tables import Batch, BatchItem
from widget_server.loyalty.program.shops import Shop

AT_ONCE = 1_000  # items that the transaction of the start lists; more are a job's
FILE_BYTES_MAX = 1 << 30
ACCOUNT, CUSTOMER = "a", "c"  # what a line of the file is the id of

Line = tuple[int, str, str]  # its number, ACCOUNT or CUSTOMER, and the id


@dataclass(frozen=True)
class Chosen:
    """The lines of a batch; those of a long list are in the stored file with `file_id`."""

    first: list[Line]
    file_id: str | None = None


def present_accounts(shop_id: str, *columns: Column) -> "ModelSelect[Account]":
    """Returns a query of the shop's accounts whose customers are neither merged nor erased."""
    query: ModelSelect[Account] = Account.of(shop_id, *columns).join(Customer, on=(Customer.id == Account.customer_id))
    return query.where(Customer.merged_into.is_null(), Customer.erased_at.is_null())


def read(
    shop: Shop,
    accounts: "ModelSelect[Account] | Sequence[str]",
    without_account: "ModelSelect[Customer] | None",
) -> Chosen:
    """Returns the accounts that are chosen now, each once, then the customers who have none; a long list is stored."""
    here = present_accounts(shop.id, Account.id).where(Account.id.in_(accounts)).order_by(Account.id)
    found: Iterator[tuple[str, str]] = ((ACCOUNT, id) for (id,) in here.tuples().iterator())
    if without_account is not None:
        found = chain(found, ((CUSTOMER, id) for id in _customers(shop, without_account)))
    first = list(islice(found, AT_ONCE + 1))
    if len(first) <= AT_ONCE:
        return Chosen([(number, kind, id) for number, (kind, id) in enumerate(first, 1)])
    with tempfile.TemporaryFile() as file:  # all is read before anything is written: one statement sees one moment
        for kind, id in chain(first, found):
            file.write(f"{kind}{id}\n".encode())
        file.seek(0)
        return Chosen([], stored_files.store(shop.id, file, bytes_max=FILE_BYTES_MAX).id)


def stored(shop_id: str, file_id: str, *, after: int) -> Iterator[Line]:
    """Yields the lines of a stored list after a number. Raises NotFound when the file is gone."""
    with stored_files.opened(shop_id, file_id) as file:
        for number, line in enumerate(islice(file, after, None), after + 1):
            text = line.decode().rstrip()
            yield number, text[0], text[1:]


def add(batch: Batch, lines: Sequence[Line]) -> None:
    """Make these lines items of the batch, in the open transaction."""
    facts = {"shop_id": batch.shop_id, "batch_id": batch.id, "points": batch.points}
    items = [
        Row(line=number, **{"account_id" if kind == ACCOUNT else "customer_id": id}, **facts)
        for number, kind, id in lines
    ]
    insert_many(BatchItem, items)


def last_line(batch: Batch) -> int:
    """Returns the number of the last line that is an item; 0 for none."""
    lines = BatchItem.of(batch.shop_id, fn.MAX(BatchItem.line)).where(BatchItem.batch_id == batch.id)
    return int(lines.scalar() or 0)


def _customers(shop: Shop, chosen: "ModelSelect[Customer]") -> Iterator[str]:
    """Yields the ids of customers of the query who have no account, and are neither merged nor erased."""
    rows = Customer.of(shop, Customer.id).where(
        Customer.id.in_(chosen),
        Customer.account_id.is_null(),
        Customer.merged_into.is_null(),
        Customer.erased_at.is_null(),
    )
    return (id for (id,) in rows.order_by(Customer.id).tuples().iterator())
