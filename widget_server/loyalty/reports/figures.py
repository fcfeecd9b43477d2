"""The figures of a span of the shop's days, beside those of the period of equal length before it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from widget_server import ledger, money
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.reports.day_totals import COUNTERS, PARTS, sums_of_spans
from widget_server.loyalty.reports.figure_rows import FIGURES
from widget_server.loyalty.reports.spans import period_before, span_of
from widget_server.totals import in_all, of_spans

SIGNS = {name: sign for kind, (name, sign) in ledger.COUNTER_OF.items() if kind in COUNTERS}
COUNTED = (*PARTS, "joined", "referral_revenue", "coupon_orders", "coupon_revenue")  # in the days of a span
HELD = (*PARTS, "members")  # since ever, to the end of a span
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
    """The figures of each of these spans, from the totals; the present ones are those of all times."""
    for one in days:
        span_of(shop, *one)
    sums, held = of_spans(shop.id, COUNTED, days), of_spans(shop.id, HELD, [(None, last) for _, last in days])
    value, pending = programs.of(shop.id).rules.point_value, in_all(shop.id, ["pending"])["pending"]
    found = []
    for booked, end in zip(sums, held, strict=True):
        points = {name: net(name, booked) for name in FIGURES}
        unredeemed = sum(end[part] for part in PARTS)
        earned, redeemed = points["earned"], points["redeemed"]
        found.append(
            Totals(
                **points,
                unredeemed=unredeemed,
                pending=pending,
                liability=None if value is None else money.whole_coins(value * max(unredeemed, 0), shop.currency),
                members=end["members"],
                joined=booked["joined"],
                redemption_rate=round(Decimal(redeemed) / earned, 4) if earned > 0 else None,
                referral_revenue=money.of_coins(booked["referral_revenue"], shop.currency),
                coupon_orders=booked["coupon_orders"],
                coupon_revenue=money.of_coins(booked["coupon_revenue"], shop.currency),
            )
        )
    return found
