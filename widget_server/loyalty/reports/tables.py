"""Reports as tables of plain cells, for CSV files."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from widget_server import clock
from widget_server.loyalty.imports import csv_files
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.accounting import accounting
from widget_server.loyalty.reports.daily import days_of
from widget_server.loyalty.reports.figures import overview
from widget_server.loyalty.reports.report_rows import PAGE_MAX, ReportRow, page_of_rows

Cell = str | int | Decimal | date | None
BYTE_ORDER_MARK = "\ufeff"  # by which Excel reads the file as UTF-8

ACCOUNTING = ("day", "opening", "earned", "reversed", "redeemed", "returned", "expired", "adjusted", "closing")
DAYS = ("day", "earned", "redeemed", "adjusted", "expired", "joined")
FIGURES = ("figure", "value", "before", "change")
ROWS = ("entity", "id", "at", "what", "customer_id", "customer", "points", "amount", "number")


def accounting_csv(shop: Shop, first: date | None = None, last: date | None = None) -> Iterator[str]:
    """Yields the lines of the accounting's CSV file. Raises BadRequest when `last` comes before `first`."""
    rows = accounting(shop, first, last)
    return csv(ACCOUNTING, ([getattr(row, name) for name in ACCOUNTING] for row in rows))


def days_csv(shop: Shop, first: date | None = None, last: date | None = None) -> Iterator[str]:
    """Yields the lines of a CSV file of what happened each day. Raises BadRequest when `last` comes before `first`."""
    rows = days_of(shop, first, last)
    return csv(DAYS, ([getattr(row, name) for name in DAYS] for row in rows))


def overview_csv(shop: Shop, first: date | None = None, last: date | None = None) -> Iterator[str]:
    """Yields the lines of a CSV file of all figures. Raises BadRequest when `last` comes before `first`."""
    found = overview(shop, first, last).figures
    return csv(FIGURES, ([name, one.value, one.before, one.change] for name, one in found.items()))


def rows_csv(shop: Shop, figure: str, first: date | None = None, last: date | None = None) -> Iterator[str]:
    """Yields the lines of a CSV file of all rows behind a figure.

    Raises BadRequest for an unknown figure, and when `last` comes before `first`.
    """
    begin = page_of_rows(shop, figure, first, last, limit=PAGE_MAX)

    def all_rows() -> Iterator[ReportRow]:
        page = begin
        yield from page.rows
        while page.cursor is not None:
            page = page_of_rows(shop, figure, first, last, cursor=page.cursor, limit=PAGE_MAX)
            yield from page.rows

    return csv(ROWS, (_cells(row) for row in all_rows()))


def csv(header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Yields the lines of a CSV file; a cell that a spreadsheet would run as a formula is text in it."""
    yield BYTE_ORDER_MARK + csv_files.line(list(header), ",")
    for row in rows:
        yield csv_files.line(["" if cell is None else str(cell) for cell in row], ",")


def _cells(row: ReportRow) -> list[Cell]:
    cells: list[Cell] = [row.entity, row.id, clock.iso(row.at), row.what, row.customer_id, row.customer]
    return [*cells, row.points, row.amount, row.number]
