"""Books what many accounts earned by a few statements, with the same reactions as each alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from widget_server import clock
from widget_server.db import Row
from widget_server.events import ManyPointsEarned, emit
from widget_server.ledger.balances import book_many
from widget_server.ledger.tables import BALANCE_MAX, POINTS_MAX, Cause


@dataclass(frozen=True)
class Gain:
    """The points (> 0) that one account earned, which is locked by `locked_many`; `key` is a new request key."""

    account: Row
    points: int
    key: str
    cause: Cause


def can_gain(account: Row, times: int) -> bool:
    """Whether the locked account can be in `earn_many` so many times: no debt to repay first, and never full."""
    return bool(account.debt == 0 and account.balance <= BALANCE_MAX - times * POINTS_MAX)


def earn_many(shop_id: str, gains: Sequence[Gain], *, source: str, at: datetime) -> list[Row]:
    """Book one `earn` row for each gain, of different accounts, for which `can_gain`; returns the rows.

    `at` is the time of the event. Nothing is checked again: no gain is larger than POINTS_MAX.
    """
    moment = clock.now()
    booked = [
        (
            gain.account,
            Row(
                shop_id=shop_id,
                account_id=gain.account.id,
                kind="earn",
                amount=gain.points,
                source=source,
                key=gain.key,
                line=0,
                reverses_id=None,
                cause=gain.cause.reason,
                cause_id=gain.cause.id,
                order_id=gain.cause.order_id,
                snapshot=gain.cause.snapshot,
                event_at=at,
                created_at=moment,
            ),
        )
        for gain in gains
    ]
    if booked:
        emit(ManyPointsEarned(shop_id, book_many(shop_id, booked, moment)))
    return [row for _, row in booked]
