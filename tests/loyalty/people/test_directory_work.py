"""How much the list reads: the same for a small shop and a large one, in a number of statements that does not grow."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from tests import plans
from tests.make import NOON, World
from widget_server import db, work
from widget_server.db import Row
from widget_server.ledger import Account
from widget_server.loyalty.people import directory, folding, search_terms
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.directory_filters import SORTS, Filter, Order
from widget_server.loyalty.people.search_terms import SearchTerm

SMALL, LARGE = 400, 4_000
STEPS, RATIO_MAX, STATEMENTS_MAX = 20, 1.5, 8
FIRST = ("Ann", "Bo", "Cy", "Di", "Eve", "Fay", "Gus", "Hal")


def fill(world: World, first: int, last: int) -> None:
    """Customers of these numbers: a third without an account, one in two labelled, each with a word of their own."""
    random, people, terms, accounts = Random(first), list[Row](), list[Row](), list[Row]()
    for number in range(first, last):
        name, id = f"{random.choice(FIRST)} Nr{number}x", f"{random.getrandbits(128):032x}"
        labels, code = ["vip"] * (number % 2), f"code{number}"
        facts = {"name": name, "email": None, "email_key": None, "phone": None, "labels": labels}
        moment = NOON + timedelta(minutes=number)
        account_id = f"a{number}" if number % 3 else None
        row = {**facts, "id": id, "shop_id": world.shop.id, "created_at": moment, "updated_at": moment}
        row |= {
            "name_key": folding.name_key(name, None),
            "account_id": account_id,
            "referral_code": code,
            "joined_at": moment,
        }
        people.append(Row(**row, status=("member", "visitor")[number % 2]))
        found = folding.terms(**facts, referral_code=code)  # type: ignore[arg-type]
        terms += [Row(shop_id=world.shop.id, term=term, customer_id=id) for term in found]
        if account_id:
            balance = number % 50
            ids = {"id": account_id, "shop_id": world.shop.id, "customer_id": id}
            times = {"created_at": moment, "last_activity_at": moment, "updated_at": moment}
            accounts.append(Row(**ids, **times, balance=balance, earned=balance))
    for table, rows in ((Customer, people), (SearchTerm, terms), (Account, accounts)):
        db.insert_many(table, rows)
    db.database.execute_sql("ANALYZE")


@pytest.fixture
def shop(database: str) -> World:
    """Its books are not checked: the balances come from nowhere."""
    return World.create()


def reads(world: World) -> dict[str, Callable[[], object]]:
    """Each way to read a page that staff use all the time."""
    found: dict[str, Callable[[], object]] = {}
    for by in SORTS:
        for way in ("up", "down"):
            order = Order(by, way)  # type: ignore[arg-type]
            first = directory.page(world.shop, Filter(), order)
            found[f"{by} {way}"] = lambda order=order: directory.page(world.shop, Filter(), order)  # type: ignore[misc]
            found[f"{by} {way}, page 2"] = lambda order=order, after=first.after: directory.page(  # type: ignore[misc]
                world.shop, Filter(), order, after=after
            )
    days, order = Filter(joined_from=NOON.date()), Order("activity", "up")
    found["joined in some days"] = lambda: directory.page(world.shop, days, order)
    for text in ("nr77x", "an nr77x", "#nr77x", "nr1", "nobody", "0151 234 567"):
        found[text] = lambda text=text: directory.page(world.shop, Filter(text=text), Order())  # type: ignore[misc]
    return found


def steps(read: Callable[[], object]) -> int:
    """How many steps SQLite takes for a page, in units of STEPS: no clock is involved."""
    counted = [0]

    def count() -> bool:
        counted[0] += 1
        return False

    db.database.obj.progress(count, STEPS)
    try:
        read()
    finally:
        db.database.obj.progress(lambda: work.must_end(db.database.obj), work.CALLBACK_STEPS)
    return counted[0]


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both shops are larger than what is counted or gathered."""
    monkeypatch.setattr(directory, "GATHERED_MAX", 50)
    monkeypatch.setattr(directory, "FOUND_MAX", 50)
    monkeypatch.setattr(search_terms, "COUNT_MAX", 20)
    monkeypatch.setattr(search_terms, "LOOKED_AT_MAX", 60)


def test_a_page_of_a_large_shop_is_as_much_work_as_one_of_a_small_shop(shop: World, small_limits: None) -> None:
    if not db.on_sqlite():
        pytest.skip("PostgreSQL does not count its steps: its plans are looked at below")
    fill(shop, 0, SMALL)
    before = {name: steps(read) for name, read in reads(shop).items()}
    fill(shop, SMALL, LARGE)
    after = {name: steps(read) for name, read in reads(shop).items()}
    grown = {name: (before[name], count) for name, count in after.items() if count > RATIO_MAX * before[name] + 10}
    assert grown == {}


def test_each_page_is_read_by_few_statements_each_with_an_index(shop: World, small_limits: None) -> None:
    fill(shop, 0, LARGE)
    counts, faults = {}, dict[str, str]()
    for name, read in reads(shop).items():
        with plans.Statements() as heard:
            read()
        counts[name] = len(heard.heard)
        faults |= plans.faults(heard.heard)
    assert max(counts.values()) <= STATEMENTS_MAX, counts
    assert {sql: why for sql, why in faults.items() if " LIMIT " not in sql} == {}
