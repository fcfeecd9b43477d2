"""Reports, and the result of the last audit: `/loyalty-reports/v1`, our addition to Wix's API.

Sources: acceptance 53, contracts §15.

The rows of a figure can be queried by the service of their entity, with the same days: transactions by
`transactionType` and `createdDate`, awards by `status`, customers by `joinedDate`, orders by `placedDate`.
"""

from collections.abc import Iterator

from widget_server.admin.routes import READ, Service, naming
from widget_server.admin.wire import reports as wire
from widget_server.admin.wire.reports import (
    AccountingResponse,
    BooksResponse,
    Days,
    DaysResponse,
    FunnelResponse,
    OverviewResponse,
    ReportRowsQuery,
    ReportRowsResponse,
    TierMixResponse,
    TotalsResponse,
)
from widget_server.loyalty import books, reports
from widget_server.web.callers import Caller

service = Service("reports", "/loyalty-reports/v1", "Reports")
DAYS = {"last": "to"}


@service.route("GET", "/totals", READ, query=Days, returns=TotalsResponse)
def get_totals(caller: Caller, days: Days) -> TotalsResponse:
    """Get the figures of the shop from one day to another, both included."""
    with naming(DAYS):
        found = reports.totals(caller.shop, days.first, days.last)
    return {"totals": wire.totals(found, caller.shop.currency)}


@service.route("GET", "/overview", READ, query=Days, returns=OverviewResponse)
def get_overview(caller: Caller, days: Days) -> OverviewResponse:
    """Get the same figures beside those of the period of equal length before."""
    with naming(DAYS):
        found = reports.overview(caller.shop, days.first, days.last)
    return {"overview": wire.overview(found, caller.shop.currency)}


@service.route("GET", "/referral-funnel", READ, query=Days, returns=FunnelResponse)
def get_referral_funnel(caller: Caller, days: Days) -> FunnelResponse:
    """Get the visits of referral links, and what became of the referrals that began in these days."""
    with naming(DAYS):
        return {"funnel": wire.funnel(reports.funnel(caller.shop, days.first, days.last))}


@service.route("GET", "/tier-mix", READ, returns=TierMixResponse)
def get_tier_mix(caller: Caller) -> TierMixResponse:
    """Get the number of accounts in each tier now."""
    return {"tiers": [wire.tier_share(one) for one in reports.tier_mix(caller.shop)]}


@service.route("GET", "/days", READ, query=Days, returns=DaysResponse)
def get_days(caller: Caller, days: Days) -> DaysResponse:
    """Get what happened on each of these days."""
    with naming(DAYS):
        return {"days": [wire.day(one) for one in reports.days_of(caller.shop, days.first, days.last)]}


@service.route("GET", "/accounting", READ, query=Days, returns=AccountingResponse)
def get_accounting(caller: Caller, days: Days) -> AccountingResponse:
    """Get the opening, the parts and the closing of the points of all customers on each of these days."""
    with naming(DAYS):
        found = reports.accounting(caller.shop, days.first, days.last)
    return {"days": [wire.accounting_day(one) for one in found]}


@service.route("GET", "/rows", READ, query=ReportRowsQuery, returns=ReportRowsResponse)
def get_rows(caller: Caller, body: ReportRowsQuery) -> ReportRowsResponse:
    """Get the rows behind a figure, newest first."""
    with naming(DAYS):
        found = reports.page_of_rows(
            caller.shop, body.figure, body.first, body.last, cursor=body.cursor, limit=body.limit or reports.PAGE
        )
    return wire.rows(found)


@service.csv("/overview.csv", READ, query=Days)
def download_overview(caller: Caller, days: Days) -> Iterator[str]:
    """Download the figures beside those of the period before, as CSV."""
    with naming(DAYS):
        return reports.overview_csv(caller.shop, days.first, days.last)


@service.csv("/days.csv", READ, query=Days)
def download_days(caller: Caller, days: Days) -> Iterator[str]:
    """Download what happened on each of these days, as CSV."""
    with naming(DAYS):
        return reports.days_csv(caller.shop, days.first, days.last)


@service.csv("/accounting.csv", READ, query=Days)
def download_accounting(caller: Caller, days: Days) -> Iterator[str]:
    """Download the accounting of these days, as CSV."""
    with naming(DAYS):
        return reports.accounting_csv(caller.shop, days.first, days.last)


@service.csv("/rows.csv", READ, query=ReportRowsQuery)
def download_rows(caller: Caller, body: ReportRowsQuery) -> Iterator[str]:
    """Download all rows behind a figure, as CSV; without cursor and limit."""
    with naming(DAYS):
        return reports.rows_csv(caller.shop, body.figure, body.first, body.last)


@service.route("GET", "/books", READ, returns=BooksResponse)
def get_books(caller: Caller) -> BooksResponse:
    """Get the result of the last audit of the shop's books."""
    return {"books": wire.books(books.mark_of(caller.shop))}
