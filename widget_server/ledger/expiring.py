"""Books what has expired on many accounts by a few statements: no reaction follows from it but its message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from widget_server import clock
from widget_server.db import Row, UtcDateTime, database, execute_many
from widget_server.events import ManyPointsMoved, emit
from widget_server.ledger.balances import book_many
from widget_server.ledger.tables import Account, Cause


@dataclass(frozen=True)
class Loss:
    """The points (> 0) that expired on one account, which is locked by `locked_many`."""

    account: Row
    points: int


def expire_many(shop_id: str, losses: Sequence[Loss], cause: Cause) -> list[Row]:
    """Book one `expire` row for each loss, of different accounts; returns the rows.

    Each has the key `expire:<account>:<sequence before it>`. Nothing is checked again: no loss is larger than the
    balance or than POINTS_MAX.
    """
    moment, booked = clock.now(), list[tuple[Row, Row]]()
    for loss in losses:
        account = loss.account
        row = Row(
            shop_id=shop_id,
            account_id=account.id,
            kind="expire",
            amount=-loss.points,
            source="job",
            key=f"expire:{account.id}:{account.sequence}",
            line=0,
            reverses_id=None,
            cause=cause.reason,
            cause_id=cause.id,
            order_id=cause.order_id,
            snapshot=cause.snapshot,
            event_at=moment,
            created_at=moment,
        )
        booked.append((account, row))
    emit(ManyPointsMoved(shop_id, book_many(shop_id, booked, moment)))
    return [row for _, row in booked]


def note_unspent_since_many(shop_id: str, since: Sequence[tuple[str, datetime | None]]) -> None:
    """Does `note_unspent_since` for many locked accounts, each with its time."""
    Account.will_write(shop_id, [account_id for account_id, _ in since])
    mark, time = database.param, UtcDateTime().db_value
    execute_many(
        f'UPDATE "account" SET "unspent_since" = {mark} WHERE "id" = {mark} AND "shop_id" = {mark}',  # noqa: S608
        [(time(at), account_id, shop_id) for account_id, at in since],
    )
    Account.wrote({"shop_id": shop_id, "id": account_id} for account_id, _ in since)
