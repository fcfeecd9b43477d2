"""Books what has expired on many accounts by a few statements: no reaction follows from it but its message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from widget_server import clock
from widget_server.db import Row, UtcDateTime, database, execute_many, insert_many
from widget_server.events import ManyPointsMoved, PointsMoved, emit
from widget_server.ledger.balances import move_accounts
from widget_server.ledger.chain import chain
from widget_server.ledger.tables import Account, Cause, Transaction


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
    moment, rows = clock.now(), []
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
        chain(account, row)
        rows.append(row)
    insert_many(Transaction, rows)
    move_accounts(shop_id, rows, [loss.account.unspent_since for loss in losses], moment)
    moves = (
        PointsMoved(shop_id, row.account_id, loss.account.customer_id, row.id, row.kind, row.amount)
        for loss, row in zip(losses, rows, strict=True)
    )
    emit(ManyPointsMoved(shop_id, tuple(moves)))
    return rows


def note_unspent_since_many(shop_id: str, since: Sequence[tuple[str, datetime | None]]) -> None:
    """Does `note_unspent_since` for many locked accounts, each with its time."""
    Account.will_write(shop_id, [account_id for account_id, _ in since])
    mark, time = database.param, UtcDateTime().db_value
    execute_many(
        f'UPDATE "account" SET "unspent_since" = {mark} WHERE "id" = {mark} AND "shop_id" = {mark}',  # noqa: S608
        [(time(at), account_id, shop_id) for account_id, at in since],
    )
    Account.wrote({"shop_id": shop_id, "id": account_id} for account_id, _ in since)
