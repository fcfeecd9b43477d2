"""The daily points accounting: what the shop owes its customers at the begin and the end of each day, and why."""

from dataclasses import dataclass
from datetime import date

from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.day_totals import sums_of_days, sums_of_spans
from widget_server.loyalty.reports.report_days import each_day, listed_days
from widget_server.loyalty.reports.spans import DAY


@dataclass(frozen=True)
class AccountingDay:
    """The points of all customers on one local day; all figures are signed, so that opening and parts are the closing.

    `reversed` are clawbacks of earned points and repayments of debt, `returned` refunds of redeemed points. What a
    clawback could not take, because it was spent, is in no figure until later earnings repay it.
    """

    day: date
    opening: int
    earned: int
    reversed: int
    redeemed: int
    returned: int
    expired: int
    adjusted: int

    @property
    def closing(self) -> int:
        """The points of all customers at the end of the day: the opening of the next."""
        moved = self.earned + self.reversed + self.redeemed + self.returned + self.expired + self.adjusted
        return self.opening + moved


def accounting(shop: Shop, first: date | None = None, last: date | None = None) -> list[AccountingDay]:
    """Returns a row for each day from `first` to `last`, oldest first; days after today are left out.

    Without `first`, and in a span of more than a year, it begins with the shop's first day. The closing of the present
    day is the sum of all balances. Raises BadRequest when `last` comes before `first`.
    """
    listed = listed_days(shop, first, last)
    if listed is None:
        return []
    begin, end = listed
    (before,) = sums_of_spans(shop, [(None, begin - DAY)])
    balance, sums, rows = sum(before.values()), sums_of_days(shop, begin, end), list[AccountingDay]()
    nothing = dict.fromkeys(before, 0)
    for day in each_day(begin, end):
        row = AccountingDay(day=day, opening=balance, **sums.get(day.isoformat(), nothing))
        balance = row.closing
        rows.append(row)
    return rows


def joint(rows: list[AccountingDay]) -> AccountingDay | None:
    """Returns one row for all these days: opening of the first, closing of the last; None without rows."""
    if not rows:
        return None
    names = ("earned", "reversed", "redeemed", "returned", "expired", "adjusted")
    sums = {name: sum(getattr(row, name) for row in rows) for name in names}
    return AccountingDay(day=rows[0].day, opening=rows[0].opening, **sums)
