"""Reports: the figures of the program for any span of the shop's days (acceptance 53), and the rows behind each.

A day's figures are what happened on it, in the shop's zone. They are totals, which each transaction keeps
(`widget_server/totals`): a report reads a row per day and figure, whatever the number of customers and bookings.

- `spans`: days, and the period before.
- `day_totals`: the points of each day by part; `accounting`: opening, parts and closing of each day.
- `figures`: all figures of a span, beside those of the period before; `figure_rows`: the rows behind each.
- `daily`: the series for charts; `periods`: days by weeks and months; `funnel`: what became of friends;
  `tier_mix`: members by tier.
- `report_rows`: rows of any figure in one shape, by pages; `tables`: every report as cells, for CSV files.
"""

from widget_server.loyalty.reports.accounting import AccountingDay, accounting, joint
from widget_server.loyalty.reports.daily import Day, days_of, joint_day
from widget_server.loyalty.reports.day_totals import PARTS, audit_days
from widget_server.loyalty.reports.figure_rows import FIGURE_NAME, FIGURES, rows_of
from widget_server.loyalty.reports.figures import COMPARED, Compared, Overview, SoFar, Totals, overview, so_far, totals
from widget_server.loyalty.reports.funnel import Funnel, funnel
from widget_server.loyalty.reports.periods import Period, Unit, periods, unit_of
from widget_server.loyalty.reports.report_rows import PAGE, PAGE_MAX, Entity, ReportRow, ReportRows, page_of_rows
from widget_server.loyalty.reports.spans import today
from widget_server.loyalty.reports.tables import accounting_csv, days_csv, overview_csv, rows_csv
from widget_server.loyalty.reports.tier_mix import ProgramTotals, TierShare, program_totals, tier_mix

__all__ = [
    "COMPARED",
    "FIGURES",
    "FIGURE_NAME",
    "PAGE",
    "PAGE_MAX",
    "PARTS",
    "AccountingDay",
    "Compared",
    "Day",
    "Entity",
    "Funnel",
    "Overview",
    "Period",
    "ProgramTotals",
    "ReportRow",
    "ReportRows",
    "SoFar",
    "TierShare",
    "Totals",
    "Unit",
    "accounting",
    "accounting_csv",
    "audit_days",
    "days_csv",
    "days_of",
    "funnel",
    "joint",
    "joint_day",
    "overview",
    "overview_csv",
    "page_of_rows",
    "periods",
    "program_totals",
    "rows_csv",
    "rows_of",
    "so_far",
    "tier_mix",
    "today",
    "totals",
    "unit_of",
]
