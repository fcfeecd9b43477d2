"""Reports: the figures of the program for any span of days (acceptance 53).

A day's figures are what was booked on it, in the shop's zone: a past day never changes, so it is added up
once (`close_days`) and a report reads one row per day and kind, independent of the length of the ledger. `rows_of`
returns the rows behind each figure that counts something.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from peewee import Expression, Field, ModelSelect, Node, fn

from widget_server import clock, ledger, money
from widget_server.db import Int, Text, atomic, insert_once, new_id
from widget_server.errors import BadRequest
from widget_server.journal import Journaled
from widget_server.ledger import Account, Kind, Transaction
from widget_server.loyalty.earning.order_states import ZERO
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referrals import ENDED, Referral

DAYS_STILL_OPEN = 2  # today and yesterday, whose last booking may not be committed yet
FIGURES: dict[str, tuple[Kind, ...]] = {
    "earned": ("earn",),
    "redeemed": ("redeem", "refund"),
    "adjusted": ("adjust",),
    "expired": ("expire",),
}


class DayTotal(Journaled):
    """The sum of the signed amounts of one kind that were booked on one past local day."""

    id = Text(primary_key=True)
    day = Text()
    kind = Text()
    amount = Int()

    class Meta:
        indexes = ((("shop_id", "day", "kind"), True),)


@dataclass(frozen=True)
class Span:
    """A span of the shop's days: its first moment, and the first one after it; None is unlimited."""

    start: datetime | None
    end: datetime | None

    def holds(self, column: Field) -> Expression:
        """Returns the condition that the time in `column` is inside; an unknown time is not."""
        condition: Expression = column.is_null(False)
        if self.start is not None:
            condition &= column >= self.start
        if self.end is not None:
            condition &= column < self.end
        return condition


@dataclass(frozen=True)
class Totals:
    """The figures of a span of days; in points, but `liability` and `referral_revenue` in the shop's currency.

    `earned` is net of clawbacks, guests and gifts included; `redeemed` net of refunds. `unredeemed`, `liability` and
    `members` are those at its end; `pending` is always the present value. `redemption_rate` is redeemed by earned, None
    when nothing was earned; `liability` is None while a point has no value. `referral_revenue` is what referred friends
    paid for orders placed in the span, less refunds.
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


@dataclass(frozen=True)
class ProgramTotals:
    """The counters of all accounts together; `tiers` counts the accounts in each tier, first the base tier (None)."""

    balance: int
    earned: int
    adjusted: int
    redeemed: int
    expired: int
    tiers: tuple[tuple[str | None, int], ...]


def program_totals(shop: Shop) -> ProgramTotals:
    """Returns the counters of all accounts, and how many are in each tier (wix-api §1b); all in the base tier while
    the shop has no tiers."""
    names = ("balance", "earned", "adjusted", "redeemed", "expired")
    sums = [fn.COALESCE(fn.SUM(getattr(Account, name)), 0) for name in names]
    counters = {name: int(value) for name, value in zip(names, Account.of(shop, *sums).tuples().get(), strict=True)}
    signposts = Customer.of(shop, Customer.id).where(Customer.merged_into > "")
    people = Account.of(shop, Account.tier_id, fn.COUNT(Account.id)).where(Account.customer_id.not_in(signposts))
    counts = dict(people.group_by(Account.tier_id).tuples())
    known = tiers.listed(shop.id) if tiers.program_of(shop.id) else []
    placed = [(tier.id, int(counts.pop(tier.id, 0))) for tier in known]
    return ProgramTotals(**counters, tiers=((None, sum(map(int, counts.values()))), *placed))


def totals(shop: Shop, first: date | None = None, last: date | None = None) -> Totals:
    """Returns the figures of the shop's days from `first` to `last`, both included; None is unlimited.

    Raises BadRequest when `last` comes before `first`.
    """
    booked, ever = _booked(shop, first, last), _booked(shop, None, last)
    earned, redeemed, adjusted, expired = (_figure(name, booked) for name in FIGURES)
    unredeemed = sum(ever.values())
    value = programs.of(shop.id).rules.point_value
    return Totals(
        earned=earned,
        redeemed=redeemed,
        adjusted=adjusted,
        expired=expired,
        unredeemed=unredeemed,
        pending=int(Account.of(shop, fn.COALESCE(fn.SUM(Account.pending), 0)).scalar()),
        liability=None if value is None else money.whole_coins(value * max(unredeemed, 0), shop.currency),
        members=rows_of(shop, "members", first, last).count(),
        joined=rows_of(shop, "joined", first, last).count(),
        redemption_rate=round(Decimal(redeemed) / earned, 4) if earned > 0 else None,
        referral_revenue=sum(map(paid, rows_of(shop, "referral_revenue", first, last).iterator()), ZERO),
    )


def rows_of(shop: Shop, figure: str, first: date | None = None, last: date | None = None) -> ModelSelect:
    """Returns the rows of a figure of `totals`, as a query that may be ordered and paged.

    They are transactions (for `unredeemed` the last one of each account, with its `balance_after`), awards for
    `pending`, customers for `members` and `joined`, orders for `referral_revenue` (what each was worth: `paid`).
    Raises BadRequest for an unknown figure, and when `last` comes before `first`.
    """
    span = _span(shop, first, last)
    if figure in FIGURES:
        booked = Transaction.of(shop).where(Transaction.source != ledger.MERGE)  # merge rows are pairs that add up to 0
        return booked.where(Transaction.kind.in_(FIGURES[figure]), span.holds(Transaction.created_at))
    if figure not in ROWS:
        raise BadRequest("There is no such figure.", field="figure")
    return ROWS[figure](shop, span)


def paid(order: Order) -> Decimal:
    """Returns what was paid for an order, less refunds, in the shop's currency."""
    state = order.merged
    return max(state.total - sum((refund.amount for refund in state.given_back), ZERO), ZERO)


def close_days(shop: Shop) -> int:
    """Add up past days that were not added up yet; returns how many had bookings."""
    newest, count = clock.local_date(clock.now(), shop.timezone) - timedelta(days=DAYS_STILL_OPEN), 0
    while True:
        oldest = _not_closed(shop, _closed_until(shop)).order_by(Transaction.created_at).first()
        day = clock.local_date(oldest.created_at, shop.timezone) if oldest else None
        if day is None or day > newest:
            return count
        _close(shop, day)
        count += 1


def audit_days(shop_id: str | None = None) -> Iterator[str]:
    """Yields one sentence for each shop whose days do not add up to the sums of its accounts."""
    some = Shop.everywhere().order_by(Shop.id)
    for shop in some if shop_id is None else some.where(Shop.id == shop_id):
        booked, held = _booked(shop, None, None), program_totals(shop)
        for name in FIGURES:
            if _figure(name, booked) != getattr(held, name):
                yield f"shop {shop.id}: the points {name} of its days are not those of its accounts"


def _span(shop: Shop, first: date | None, last: date | None) -> Span:
    if first is not None and last is not None and last < first:
        raise BadRequest("The last day comes before the first.", field="last")
    return Span(
        None if first is None else clock.start_of(first, shop.timezone),
        None if last is None else clock.start_of(last + timedelta(days=1), shop.timezone),
    )


def _figure(name: str, booked: dict[str, int]) -> int:
    """Returns a counter's figure from sums by kind, with the counter's sign."""
    return sum(ledger.COUNTER_OF[kind][1] * booked.get(kind, 0) for kind in FIGURES[name])


def _booked(shop: Shop, first: date | None, last: date | None) -> dict[str, int]:
    """Returns the points by kind: of closed days from their sums, of the others from the ledger."""
    closed = _closed_until(shop)
    totals = DayTotal.of(shop, DayTotal.kind, fn.SUM(DayTotal.amount)).group_by(DayTotal.kind)
    totals = totals.where(DayTotal.day >= first.isoformat()) if first else totals
    totals = totals.where(DayTotal.day <= last.isoformat()) if last else totals
    rows = _not_closed(shop, closed, Transaction.kind, fn.SUM(Transaction.amount)).group_by(Transaction.kind)
    rows = rows.where(_span(shop, first, last).holds(Transaction.created_at))
    sums: dict[str, int] = {}
    for kind, amount in [*totals.tuples(), *rows.tuples()]:
        sums[kind] = sums.get(kind, 0) + int(amount)
    return sums


def _closed_until(shop: Shop) -> date | None:
    day = DayTotal.of(shop, fn.MAX(DayTotal.day)).scalar()
    return date.fromisoformat(day) if day else None


def _not_closed(shop: Shop, closed: date | None, *columns: Node) -> ModelSelect:
    rows = Transaction.of(shop, *columns)
    if closed is None:
        return rows
    return rows.where(Transaction.created_at >= clock.start_of(closed + timedelta(days=1), shop.timezone))


def _close(shop: Shop, day: date) -> None:
    with atomic():
        rows = Transaction.of(shop, Transaction.kind, fn.SUM(Transaction.amount)).group_by(Transaction.kind)
        for kind, amount in rows.where(_span(shop, day, day).holds(Transaction.created_at)).tuples():
            total = {"day": day.isoformat(), "kind": kind, "amount": int(amount)}
            insert_once(DayTotal, {"id": new_id(), "shop_id": shop.id, **total})


def _last_rows(shop: Shop, span: Span) -> ModelSelect:
    """Returns the last row of each account at the end of the span, if the account held points or a debt."""
    rows = Transaction.of(shop).where(Transaction.balance_after != 0)
    if span.end is None or span.end > clock.now():
        on = (Account.id == Transaction.account_id) & (Account.sequence == Transaction.sequence)
        return rows.join(Account, on=on)
    last = (
        Transaction.of(shop, Transaction.account_id, fn.MAX(Transaction.sequence).alias("sequence"))
        .where(Transaction.created_at < span.end)
        .group_by(Transaction.account_id)
        .alias("last")
    )
    on = (last.c.account_id == Transaction.account_id) & (last.c.sequence == Transaction.sequence)
    return rows.join(last, on=on)


def _waiting(shop: Shop, span: Span) -> ModelSelect:
    return Award.of(shop).where(Award.status == "waiting")


def _members(shop: Shop, span: Span) -> ModelSelect:
    """Returns the members at the end of the span: present members, and those who left later."""
    until = Span(None, span.end)
    stayed = (Customer.status == "member") | (Customer.left_at >= (span.end or clock.now()))
    return Customer.of(shop).where(until.holds(Customer.joined_at), stayed, Customer.merged_into.is_null())


def _joined(shop: Shop, span: Span) -> ModelSelect:
    return Customer.of(shop).where(span.holds(Customer.joined_at), Customer.merged_into.is_null())


def _orders_of_friends(shop: Shop, span: Span) -> ModelSelect:
    brought = Referral.of(shop, Referral.friend_id).where(Referral.status.not_in(ENDED))
    return Order.of(shop).where(
        Order.customer_id.in_(brought), Order.status.in_(("paid", "fulfilled")), span.holds(Order.placed_at)
    )


ROWS: dict[str, Callable[[Shop, Span], ModelSelect]] = {
    "unredeemed": _last_rows,
    "pending": _waiting,
    "members": _members,
    "joined": _joined,
    "referral_revenue": _orders_of_friends,
}
