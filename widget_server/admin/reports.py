"""Reports: `/loyalty-reports/v1`, ours beside Wix's (acceptance 53), and what the last audit found (contracts §15).

The rows behind a figure are to be had by the query of their entity, with the same days: transactions by
`transactionType` and `createdDate`, awards by `status`, customers by `joinedDate`, orders by `placedDate`.
"""

from widget_server.admin.routes import READ, Service, naming
from widget_server.admin.wire import reports as wire
from widget_server.admin.wire.reports import BooksResponse, Days, TotalsResponse
from widget_server.loyalty import books, reports
from widget_server.web.callers import Caller

service = Service("reports", "/loyalty-reports/v1", "Reports")


@service.route("GET", "/totals", READ, query=Days, returns=TotalsResponse)
def get_totals(caller: Caller, days: Days) -> TotalsResponse:
    """The figures of the shop's days from one to another."""
    with naming({"last": "to"}):
        found = reports.totals(caller.shop, days.first, days.last)
    return {"totals": wire.totals(found, caller.shop.currency)}


@service.route("GET", "/books", READ, returns=BooksResponse)
def get_books(caller: Caller) -> BooksResponse:
    """What the last audit of the shop's books found."""
    return {"books": wire.books(books.mark_of(caller.shop))}
