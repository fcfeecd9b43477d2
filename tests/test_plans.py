"""Every look-up has the index it needs: the plan of each statement that a route, a job or the clock causes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import crowd, plans, walk
from tests.stores.woo_shop import WooShop
from widget_server import config, db, jobs
from widget_server.app import create_app
from widget_server.job_queue import JobName
from widget_server.loyalty.points import batch_lists

STATEMENTS_MIN = 330


@pytest.fixture
def statements(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What a walk through the whole house asks of the database; then the house is crowded."""
    worlds = crowd.shops()
    db.disconnect()
    app = create_app(config.current())
    app.testing = True
    db.connect()
    monkeypatch.setattr(batch_lists, "AT_ONCE", 2)  # so that a job lists what a batch of more changes
    ran: set[str] = set()
    for name, act in jobs.JOBS.items():
        monkeypatch.setitem(jobs.JOBS, name, lambda payload, name=name, act=act: (ran.add(name), act(payload)))
    with app.test_client() as client, plans.Statements() as heard, WooShop() as shop:
        walk.by_the_clock(worlds[0])
        walk.connected(shop)
        walked = walk.Walk(client, worlds[0])
        walked.everything()
        walked.linked(shop)
        walk.by_the_clock(worlds[1])
    rules = {f"{m} {r.rule}" for r in app.url_map.iter_rules() for m in (r.methods or set()) - {"HEAD", "OPTIONS"}}
    of_this_database = set(jobs.JOBS) - (set() if db.on_sqlite() else {JobName.REWRITE_FILE})
    assert (rules - walked.visited, of_this_database - ran) == (set(), set())
    refused = {name: status for name, status in walked.statuses.items() if status >= 400}
    assert len(refused) <= walk.REFUSED_MAX and 500 not in refused.values(), list(refused.items())
    crowd.multiply()
    db.database.execute_sql("ANALYZE")
    yield heard.heard


NEEDED = {  # an index, and what is read without it
    "order_shop_id_platform_external_id": "order by",
    "customer_merged": "customer by",
    "coupon_at_work": "coupon by",
    "session_expires_at": "session by",
}


@pytest.mark.timeout(900)  # it walks through everything, and looks at each statement five times
def test_no_statement_reads_many_rows_to_find_few_and_without_its_index_one_would(statements: dict[str, Any]) -> None:
    assert len(statements) >= STATEMENTS_MIN
    assert plans.faults(statements) == {}
    unused = [reason for pattern, reason in plans.ALLOWED.items() if not plans.fits(pattern, statements)]
    assert not unused
    for index, read in NEEDED.items():
        with db.database.atomic() as taken_out:
            db.database.execute_sql(f'DROP INDEX "{index}"')
            found = plans.faults(statements)
            assert found and all(why.startswith(read) for why in found.values()), (index, found)
            taken_out.rollback()
