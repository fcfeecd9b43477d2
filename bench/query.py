"""What a page of the admin's account list costs with 1,000,000 of them: the last page against the first, by cursor.

How far on a page lies should not matter; OFFSET, and what must look at every row, are there to compare. Accounts are
made by executemany, outside the product's rules. On SQLite, and on PostgreSQL where the tests' server is installed;
ROWS=20000 for a quick look.
"""

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench._house import has_postgres, postgres
from tests.make import SECRET
from widget_server import clock, config, db, migrate
from widget_server.admin import accounts
from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.web import query
from widget_server.web.query import cursors

ROWS = int(os.environ.get("ROWS", "1000000"))
AT_ONCE = 10_000
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
NEWEST: list[dict[str, str]] = []
RICHEST = [{"fieldName": "points.balance", "order": "DESC"}]


def main() -> None:
    """Print one line for each kind of page, and for what reads everything."""
    for name, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        if opened is _postgres and not has_postgres():
            continue
        with opened():
            _measure(name, _filled_shop())


def _measure(name: str, shop: Shop) -> None:
    entity = accounts.entity(shop)
    select = Account.of(shop, Account, Customer).join(Customer, on=(Customer.id == Account.customer_id))

    def page(asked: Any) -> Callable[[], Any]:
        return lambda: query.page(entity, select, asked, shop_id=shop.id, where="search")

    def further(sort: list[dict[str, str]], share: float) -> Callable[[], Any]:
        """The page that begins after this share of the rows."""
        columns = (Account.balance, Account.id) if sort else (Account.created_at, Account.id)
        after = Account.of(shop, *columns).order_by(*(column.desc() for column in columns))
        first, id = after.offset(int(ROWS * share) - 51).limit(1).tuples()[0]
        anchor = [clock.iso(first) if isinstance(first, datetime) else first, id]
        held = {"sort": sort, "anchor": anchor, "backwards": False, "itself": False, "limit": 50}
        return page({"cursorPaging": {"cursor": cursors.write(shop.id, entity.name, held)}})

    def summed(**asked: Any) -> Callable[[], Any]:
        return lambda: query.aggregate(entity, select, [asked])

    deep = select.order_by(Account.created_at.desc(), Account.id.desc()).limit(51).offset(ROWS - 51)
    points = {"points.balance": {"$gt": 0}}
    years = {"type": "DATE_HISTOGRAM", "fieldPath": "updatedDate", "dateHistogram": {"interval": "YEAR"}}
    quick = {
        "newest first, in the middle": further(NEWEST, 0.5),
        "newest first, the last page": further(NEWEST, 1),
    }
    slow = {
        "the last page by OFFSET": lambda: list(deep.clone()),
        "by balance, the first page": page({"sort": RICHEST}),
        "by balance, the last page": further(RICHEST, 1),
        "a word in names and e-mails, no match": page({"search": {"expression": "nobody"}}),
        "the same, forgiving a slip": page({"search": {"expression": "nobody", "fuzzy": True}}),
        "count all that have points": lambda: select.where(query.selection(entity, points)).count(),
        "how many have each balance": summed(type="VALUE", fieldPath="points.balance"),
        "how many came in each year": summed(**years),
    }
    print(f"{name}, {ROWS:,} accounts; the first page, newest first, is 1.0")
    for line, ask in (quick | slow).items():
        ratio = _ratio(page({}), ask, 25 if line in quick else 2)
        print(f"  {line:40}{ratio:12,.1f}", flush=True)


def _ratio(floor: Callable[[], Any], ask: Callable[[], Any], rounds: int) -> float:
    """How long `ask` takes, as a multiple of `floor`; asked in turn, so that both meet the same weather."""
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for one, spent in zip((floor, ask), times, strict=True):
            began = perf_counter()
            one()
            spent.append(perf_counter() - began)
    base, asked = map(median, times)
    return asked / base


@contextmanager
def _sqlite() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, _open(f"sqlite:///{Path(folder) / 'loyalty.db'}"):
        yield


@contextmanager
def _postgres() -> Iterator[None]:
    with postgres() as url, _open(url):
        db.database.execute_sql("SET synchronous_commit = off")
        yield


@contextmanager
def _open(url: str) -> Iterator[None]:
    config.use(config.Settings(database_url=url, secret_key=SECRET))
    db.open_database(url, statement_timeout_ms=600_000, durable=False)  # filling it is not what is measured
    db.connect()
    migrate.upgrade()
    yield
    db.disconnect()


def _filled_shop() -> Shop:
    values = {"origins": ["http://shop.localhost:8001"], "currency": "EUR", "timezone": "Europe/Berlin", "locale": "en"}
    shop = shops.create(name="Fjord & Fern", **values)
    programs.create(shop.id, "Fern Club")
    chance = random.Random(1)
    for begin in range(0, ROWS, AT_ONCE):
        people, points = [], []
        for number in range(begin, min(begin + AT_ONCE, ROWS)):
            moment, balance = BEGAN + number * timedelta(seconds=60), chance.randrange(5000)
            customer = {"id": db.new_id(), "shop_id": shop.id, "created_at": moment, "updated_at": moment}
            people.append({**customer, "name": f"Ann {number}", "email": f"ann{number}@example.com"})
            account = {"id": db.new_id(), "shop_id": shop.id, "customer_id": customer["id"], "created_at": moment}
            points.append(
                {**account, "balance": balance, "earned": balance, "last_activity_at": moment, "updated_at": moment}
            )
        with db.atomic():
            _insert(Customer, people)
            _insert(Account, points)
    db.database.execute_sql("ANALYZE")
    return shop


def _insert(table: type[db.Table], rows: list[dict[str, Any]]) -> None:
    fields = table._meta.sorted_fields
    mark = "?" if db.on_sqlite() else "%s"
    columns, marks = ", ".join(f'"{field.column_name}"' for field in fields), ", ".join(mark for _ in fields)
    rest = {field.name: field.default() if callable(field.default) else field.default for field in fields}
    values = [[field.db_value(row.get(field.name, rest[field.name])) for field in fields] for row in rows]
    cursor = db.database.cursor()
    cursor.executemany(f'INSERT INTO "{table._meta.table_name}" ({columns}) VALUES ({marks})', values)


if __name__ == "__main__":
    main()
