"""Totals: the sums that reports show, kept in the transaction that changes them, whatever the size of the shop.

- `sources`: what is counted: which rows of which table give how much to which total, and when.
- `triggers`: the database notes each change of a counted row, whoever makes it.
- `folding`: at the end of a transaction its changes are added to the totals: for each quarter of an hour (UTC), for
  each of the shop's days, and in all. When a shop's zone changes, its days are added up again from the quarters.
- `reading`: sums of days; `filling`: all totals anew from the rows, after a migration and for the audit.
"""

from widget_server.totals.filling import fill, plain_sums
from widget_server.totals.folding import fold
from widget_server.totals.reading import each_day_of, first_day, in_all, of_spans
from widget_server.totals.tables import DayTotal, QuarterTotal, TotalChange
from widget_server.totals.triggers import install, is_installed, uninstall

__all__ = [
    "DayTotal",
    "QuarterTotal",
    "TotalChange",
    "each_day_of",
    "fill",
    "first_day",
    "fold",
    "in_all",
    "install",
    "is_installed",
    "of_spans",
    "plain_sums",
    "uninstall",
]
