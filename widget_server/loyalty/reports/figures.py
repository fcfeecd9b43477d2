"""The figures of a span of the shop's days, beside those of the period of equal length before it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from peewee import SQL, Case, fn

from widget_server import clock, ledger, money
from widget_server.db import Selection
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports import figure_rows
from widget_server.loyalty.reports.day_totals import COUNTERS, sums_of_spans
from widget_server.loyalty.reports.figure_rows import FIGURES
from widget_server.loyalty.reports.spans import BY_SPAN, DAY, Span, joint, number_of, period_before, span_of

SIGNS = {name: sign for kind, (name, sign) in ledger.COUNTER_OF.items() if kind in COUNTERS}
Days = tuple[date | None, date | None]


@dataclass(frozen=True)
class Totals:
    """The figures of a span of days; in points, but for money in the shop's currency, and counts.

    `earned` is net of clawbacks, guests and gifts included; `redeemed` net of refunds. `unredeemed`, `liability` and
    `members` are those at its end; `pending` is always the present value. `redemption_rate` is redeemed by earned, None
    when nothing was earned; `liability` is None while a point has no value. `referral_revenue` is what referred friends
    paid for orders placed in the span, `coupon_revenue` what was paid for the `coupon_orders`, those with a coupon
    of the program; both less refunds.
    """

    earned: int
    redeemed: int
    adjusted: int
    expired: int
    unredeemed: int
    pending: int
    liability: Decimal | None
    members: int
    joined: int
    redemption_rate: Decimal | None
    referral_revenue: Decimal
    coupon_orders: int
    coupon_revenue: Decimal


COMPARED = tuple(one.name for one in fields(Totals) if one.name != "pending")  # pending points have no past


@dataclass(frozen=True)
class Compared:
    """A figure, its value in the period before, and the change as a share of that: 0.25 is a quarter more.

    `before` is None without such a period, or where the figure had no value in it; `change` also when it was 0.
    """

    value: int | Decimal | None
    before: int | Decimal | None
    change: Decimal | None


@dataclass(frozen=True)
class Overview:
    """All figures of a span by name, as `Totals` describes them, and the days of the period before."""

    before: tuple[date, date] | None
    figures: dict[str, Compared]


def totals(shop: Shop, first: date | None = None, last: date | None = None) -> Totals:
    """Returns the figures of the shop's days from `first` to `last`, both included; None is unlimited.

    Raises BadRequest when `last` comes before `first`.
    """
    (found,) = _totals(shop, [(first, last)])
    return found


def overview(shop: Shop, first: date | None = None, last: date | None = None) -> Overview:
    """Returns each figure of `totals` beside its value in the period of equal length before `first`.

    Raises BadRequest when `last` comes before `first`.
    """
    before = period_before(shop, first, last)
    now, *earlier = _totals(shop, [(first, last)] + ([before] if before else []))
    return Overview(before, {one.name: _compared(one.name, now, earlier) for one in fields(Totals)})


@dataclass(frozen=True)
class SoFar:
    """The points of the program's whole life; all of them are 0 in a shop where nothing has happened yet."""

    earned: int
    redeemed: int
    unredeemed: int


def so_far(shop: Shop) -> SoFar:
    """Returns the points that were given to customers so far, and what became of them."""
    (booked,) = sums_of_spans(shop, [(None, None)])
    return SoFar(net("earned", booked), net("redeemed", booked), sum(booked.values()))


def net(figure: str, booked: dict[str, int]) -> int:
    """Returns a figure of FIGURES from the signed points by part, with the figure's own sign."""
    return SIGNS[figure] * sum(booked[part] for part in FIGURES[figure])


def _compared(name: str, now: Totals, earlier: list[Totals]) -> Compared:
    value = getattr(now, name)
    before = getattr(earlier[0], name) if earlier and name in COMPARED else None
    if value is None or not before:
        return Compared(value, before, None)
    return Compared(value, before, round((Decimal(value) - Decimal(before)) / abs(Decimal(before)), 4))


def _totals(shop: Shop, days: Sequence[Days]) -> list[Totals]:
    """The figures of each of these spans, which follow one another backwards in time, by one query for each kind."""
    spans = [span_of(shop, *one) for one in days]
    booked = sums_of_spans(shop, [*days, *_past(days[-1][0])])
    value = programs.of(shop.id).rules.point_value
    pending = int(figure_rows.waiting(shop).select(fn.COALESCE(fn.SUM(Award.points), 0)).scalar())
    members, joined = _members(shop, spans), _counts(spans, figure_rows.joined(shop, joint(spans)))
    of_friends = _paid(shop, spans, figure_rows.orders_of_friends(shop, joint(spans)))
    with_coupons = _paid(shop, spans, figure_rows.coupon_orders(shop, joint(spans)))
    found = []
    for index in range(len(spans)):
        points = {name: net(name, booked[index]) for name in FIGURES}
        unredeemed = sum(sum(sums.values()) for sums in booked[index:])
        earned, redeemed = points["earned"], points["redeemed"]
        found.append(
            Totals(
                **points,
                unredeemed=unredeemed,
                pending=pending,
                liability=None if value is None else money.whole_coins(value * max(unredeemed, 0), shop.currency),
                members=members[index],
                joined=joined[index],
                redemption_rate=round(Decimal(redeemed) / earned, 4) if earned > 0 else None,
                referral_revenue=of_friends[index][1],
                coupon_orders=with_coupons[index][0],
                coupon_revenue=with_coupons[index][1],
            )
        )
    return found


def _past(first: date | None) -> list[Days]:
    return [(None, first - DAY)] if first is not None and first > date.min else []


def _members(shop: Shop, spans: Sequence[Span]) -> list[int]:
    """The members at the end of each span, by one query."""
    counts = []
    for span in spans:
        end = span.end or clock.now()
        stayed = (Customer.status == "member") | (Customer.left_at >= end)
        inside = Span(None, span.end).holds(Customer.joined_at) & stayed
        counts.append(fn.COUNT(Case(None, [(inside, SQL("1"))])))
    rows = Customer.of(shop, *counts).where(Customer.joined_at.is_null(False), Customer.merged_into.is_null())
    return list(map(int, rows.tuples().get()))


def _counts(spans: Sequence[Span], rows: Selection[Any]) -> list[int]:
    counts = [0] * len(spans)
    number = number_of(Customer.joined_at, spans)
    for index, count in rows.select(number, fn.COUNT(Customer.id)).group_by(BY_SPAN).tuples():
        counts[index] = int(count)
    return counts


def _paid(shop: Shop, spans: Sequence[Span], rows: Selection[Any]) -> list[tuple[int, Decimal]]:
    """The number of these orders in each span, and what was paid for them, less refunds."""
    found = [(0, Decimal(0))] * len(spans)
    number, sums = number_of(Order.placed_at, spans), (fn.COUNT(Order.id), fn.COALESCE(fn.SUM(Order.paid), 0))
    for index, count, coins in rows.select(number, *sums).group_by(BY_SPAN).tuples():
        found[index] = int(count), money.of_coins(int(coins), shop.currency)
    return found
