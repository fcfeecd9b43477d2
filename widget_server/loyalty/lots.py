"""Lots: the points of an account by their age, with what is left of each (acceptance 50, contracts §11).

Every credit is a lot. A row that names a lot changes that one: a clawback eats the points it takes back. Every other
debit eats the oldest points, and points that come back lower what was spent, so they have the age they had. What is
left does not depend on the order in which any of this was booked.
"""

from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from widget_server import ledger
from widget_server.ledger import Account, Transaction


@dataclass(frozen=True)
class Lot:
    """Points that are left of one credit, and when they were earned."""

    earned_at: datetime
    points: int


def of(account: Account) -> list[Lot]:
    """What is left of the account's credits, the oldest first; together they are its balance.

    Since debits eat the oldest, the newest credits that make up the balance are left. Points that came back from a row
    of another account, as before merges kept rows, belong to no lot here and have no age.
    """
    changes, left, lots = changes_of_lots(account), account.balance, list[Lot]()
    columns = (Transaction.id, Transaction.kind, Transaction.takes_back, Transaction.amount, Transaction.event_at)
    gains = Transaction.of(account.shop_id, *columns).where(
        Transaction.account_id == account.id, Transaction.amount > 0
    )
    newest_first = gains.order_by(Transaction.event_at.desc(), Transaction.sequence.desc())
    for row_id, kind, takes_back, amount, earned_at in newest_first.tuples().iterator():
        if left <= 0:
            break
        if ledger.is_credit(amount, kind, takes_back):
            points = min(amount + changes.get(row_id, 0), left)
            if points > 0:
                lots.append(Lot(earned_at, points))
                left -= points
    return lots[::-1]


def changes_of_lots(account: Account) -> dict[str, int]:
    """What later rows took from each row they name (-), or gave back to it (+)."""
    named = Transaction.of(account.shop_id, Transaction.takes_back, fn.SUM(Transaction.amount)).where(
        Transaction.account_id == account.id, Transaction.takes_back.is_null(False)
    )
    return {row_id: int(points) for row_id, points in named.group_by(Transaction.takes_back).tuples()}
