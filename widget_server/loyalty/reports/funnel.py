"""What became of the friends who came by a referral link."""

from dataclasses import dataclass
from datetime import date

from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.figure_rows import REFERRALS
from widget_server.loyalty.reports.spans import span_of
from widget_server.totals import of_spans


@dataclass(frozen=True)
class Funnel:
    """The visits of referral links in a span of days, and the referrals that began in it by their present status.

    `friends` is the number of these referrals in all, `joined` those of which nothing more is known yet.
    """

    visited: int
    friends: int
    joined: int
    pending: int
    completed: int
    blocked: int
    cancelled: int


def funnel(shop: Shop, first: date | None = None, last: date | None = None) -> Funnel:
    """Returns the funnel of the days from `first` to `last`, both included; None is unlimited.

    Raises BadRequest when `last` comes before `first`.
    """
    span_of(shop, first, last)
    names = {status: f"friends_{status}" for status in REFERRALS}
    (sums,) = of_spans(shop.id, ("visited", *names.values()), [(first, last)])
    by_status = {status: sums[name] for status, name in names.items()}
    return Funnel(visited=sums["visited"], friends=sum(by_status.values()), **by_status)
