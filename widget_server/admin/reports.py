"""Reports: `/loyalty-reports/v1`, ours beside Wix's (acceptance 53), and what the last audit found (contracts §15).

The rows behind a figure are to be had by the query of their entity, with the same days: transactions by
`transactionType` and `createdDate`, awards by `status`, customers by `joinedDate`, orders by `placedDate`.
"""

from dataclasses import asdict
from typing import Any

from widget_server.admin.routes import READ, Service, naming
from widget_server.admin.wire.reports import BooksBody, Days, TotalsBody
from widget_server.loyalty import books, reports
from widget_server.web.callers import Caller

service = Service("reports", "/loyalty-reports/v1", "Reports")


@service.route("GET", "/totals", READ, query=Days, returns=TotalsBody)
def get_totals(caller: Caller, body: Any) -> dict[str, Any]:
    """The figures of the shop's days from one to another."""
    with naming({"last": "to"}):
        totals = reports.totals(caller.shop, body.get("first"), body.get("last"))
    return {"totals": {**asdict(totals), "currency": caller.shop.currency}}


@service.route("GET", "/books", READ, returns=BooksBody)
def get_books(caller: Caller) -> dict[str, Any]:
    """What the last audit of the shop's books found."""
    mark = books.mark_of(caller.shop)
    if mark is None:
        return {"books": {"status": "UNCHECKED", "findings": 0}}
    names = ("checked_at", "whole_at", "findings", "finding")
    found = {name: getattr(mark, name) for name in names if getattr(mark, name) is not None}
    return {"books": {"status": "WRONG" if mark.findings else "GOOD", **found}}
