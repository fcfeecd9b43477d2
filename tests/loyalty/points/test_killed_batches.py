"""A bulk change whose worker is killed (-9) while it lists, books and undoes: each account gets it exactly once.

Short here; with PROOFS set the change is of 1,000,000 accounts on SQLite.
"""

from collections import Counter

import pytest

from tests.make import PROOFS, World, unjournaled
from tests.workers import killed_in_the_middle, wait_until, worker
from widget_server import clock, db
from widget_server.ledger import Account, Transaction
from widget_server.loyalty import books
from widget_server.loyalty.people import selections
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.selections import Selection
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.batch_lists import AT_ONCE
from widget_server.loyalty.points.batch_tables import Batch, BatchItem

DATABASES = ("sqlite",) if PROOFS else ("sqlite", "postgres")
PEOPLE = 1_000_000 if PROOFS else 5 * AT_ONCE
MADE_AT_ONCE = 10_000
pytestmark = pytest.mark.timeout(4 * 3600 if PROOFS else 180)


def test_each_account_gets_it_once_and_gives_it_back_once(world: World, database: str) -> None:
    _people(world)
    batch = selections.bulk_adjust(world.shop, Selection(), source="staff", key="spring", by=7)

    def now() -> Batch:
        return Batch.need(world.shop, Batch.id == batch.id)

    def listed() -> int:
        return int(BatchItem.of(world.shop).where(BatchItem.batch_id == batch.id).count())

    killed_in_the_middle(database, lambda: listed() > 0)
    assert listed() < PEOPLE and now().succeeded == 0
    killed_in_the_middle(database, lambda: now().succeeded > 0)
    assert now().succeeded < PEOPLE
    with worker(database):
        wait_until(lambda: now().status == "done")
    assert (now().total, now().succeeded, now().failed, now().skipped) == (PEOPLE, PEOPLE, 0, 0)
    assert _balances(world) == {7: PEOPLE}
    assert Transaction.of(world.shop).count() == PEOPLE

    batches.undo(world.shop, batch.id)
    killed_in_the_middle(database, lambda: now().undone > 0)
    assert now().undone < PEOPLE
    with worker(database):
        wait_until(lambda: now().status == "undone")
    assert (now().undone, now().kept) == (PEOPLE, 0)
    assert _balances(world) == {0: PEOPLE}
    assert Transaction.of(world.shop).count() == 2 * PEOPLE
    assert PROOFS or list(books.audit()) == []


def _balances(world: World) -> Counter[int]:
    return Counter(balance for (balance,) in Account.of(world.shop, Account.balance).tuples())


def _people(world: World) -> None:
    """Visitors without an account, whom the change opens one."""
    moment = clock.now()
    for begin in range(0, PEOPLE, MADE_AT_ONCE):
        rows = [
            db.Row(id=db.new_id(), shop_id=world.shop.id, email_key=f"p{n}@example.com", created_at=moment,
                   updated_at=moment)
            for n in range(begin, min(begin + MADE_AT_ONCE, PEOPLE))
        ]  # fmt: skip
        with unjournaled(*([Customer] if PROOFS else [])), db.atomic():
            db.insert_many(Customer, rows)
