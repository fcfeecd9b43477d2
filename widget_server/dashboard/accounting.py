"""The accounting of points: opening, movements and closing of each day."""

from flask import Response
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from widget_server.dashboard import day_spans
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import page
from widget_server.dashboard.files import csv_file
from widget_server.dashboard.pages import Pages
from widget_server.loyalty import reports
from widget_server.loyalty.staff.roles import Action

pages = Pages("accounting", "/accounting")

PARTS = {
    "earned": _l("Earned"),
    "reversed": _l("Reversed"),
    "redeemed": _l("Redeemed"),
    "returned": _l("Returned"),
    "expired": _l("Expired"),
    "adjusted": _l("Adjusted"),
}


@pages.page("", Action.SEE)
def accounting(staff: StaffCaller) -> ResponseReturnValue:
    """Show a row for each of the chosen days, of many days for each month, newest first, and their sums."""
    span = day_spans.chosen(staff.shop, "month")
    days = reports.accounting(staff.shop, span.first, span.last)

    unit = reports.unit_of(days, weeks=False)
    periods = [(period, reports.joint(period.rows)) for period in reports.periods(days, unit)]
    return page(
        "accounting/accounting.html",
        span=span,
        presets=day_spans.PRESETS,
        unit=unit,
        periods=periods[::-1],
        whole=(reports.Period(days[0].day, days[-1].day, days), reports.joint(days)) if days else None,
        parts=PARTS,
        rows_of=day_spans.rows_of_days(),
    )


@pages.page("/accounting.csv", Action.SEE)
def accounting_file(staff: StaffCaller) -> Response:
    """Download the accounting of the chosen days."""
    span = day_spans.chosen(staff.shop, "month")
    return csv_file(reports.accounting_csv(staff.shop, span.first, span.last), "accounting.csv")
