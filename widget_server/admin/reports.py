"""Reports, and the result of the last audit: `/loyalty-reports/v1`, our addition to Wix's API.

Sources: acceptance 53, contracts §15.

The rows of a figure can be queried by the service of their entity, with the same days: transactions by
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
    """Get the figures of the shop from one day to another, both included."""
    with naming({"last": "to"}):
        found = reports.totals(caller.shop, days.first, days.last)
    return {"totals": wire.totals(found, caller.shop.currency)}


@service.route("GET", "/books", READ, returns=BooksResponse)
def get_books(caller: Caller) -> BooksResponse:
    """Get the result of the last audit of the shop's books."""
    return {"books": wire.books(books.mark_of(caller.shop))}
