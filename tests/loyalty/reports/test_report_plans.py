"""A report about some days reads these days alone, whatever the shop has besides."""

from datetime import timedelta

import pytest

from tests import crowd, plans
from widget_server import clock, db
from widget_server.loyalty import reports
from widget_server.loyalty.reports import figure_rows

WHOLE = {  # what is about the present reads what there is of it
    r"status = 'waiting'": "what waits, in an index of its own",
    r'"sequence" = "t\d"\."sequence"|MAX\("t2"\."sequence"\)': "the balance of each account",
}


def test_some_days_are_read_alone(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = crowd.shops()[0]
    last = clock.local_date(clock.now(), world.shop.timezone) - timedelta(days=10)  # few of all rows are in these days
    first = last - timedelta(days=3)
    names = [name for name in figure_rows.NAMES if name not in ("unredeemed", "members", "pending")]
    later = clock.now() + timedelta(days=5)
    with clock.at(later), plans.Statements() as heard:
        reports.overview(world.shop, first, last)
        reports.funnel(world.shop, first, last)
        reports.days_of(world.shop, first, last)
        reports.accounting(world.shop, first, last)
        for name in names:
            reports.page_of_rows(world.shop, name, first, last)
    crowd.multiply()
    db.database.execute_sql("ANALYZE")
    monkeypatch.setattr(plans, "ALLOWED", WHOLE)
    assert plans.faults(heard.heard) == {}
    assert len(heard.heard) > 15
