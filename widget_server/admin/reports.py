"""Reports: `/loyalty-reports/v1`, ours beside Wix's (acceptance 53).

The rows behind a figure are to be had by the query of their entity, with the same days: transactions by
`transactionType` and `createdDate`, awards by `status`, customers by `joinedDate`, orders by `placedDate`.
"""

from dataclasses import asdict
from typing import Any

from widget_server.admin.routes import READ, Service, naming
from widget_server.loyalty import reports
from widget_server.schemas.admin.reports import Days, TotalsBody
from widget_server.web.callers import Caller

service = Service("reports", "/loyalty-reports/v1", "Reports")


@service.does("GET", "/totals", READ, query=Days, answers=TotalsBody)
def get_totals(caller: Caller, asked: Any) -> dict[str, Any]:
    """The figures of the shop's days from one to another."""
    with naming({"last": "to"}):
        totals = reports.totals(caller.shop, asked.get("first"), asked.get("last"))
    return {"totals": {**asdict(totals), "currency": caller.shop.currency}}
