"""Two accounts that turned out to be one person's (contracts §11, docs/decisions/008-merging.md)."""

from collections.abc import Mapping
from datetime import datetime

from widget_server import clock
from widget_server.db import Row, atomic, insert_many
from widget_server.ledger.accounts import locked
from widget_server.ledger.chain import chain
from widget_server.ledger.debts import move_debts, repay
from widget_server.ledger.tables import COPY, MERGE, OPPOSITE, Account, Transaction


def merge(shop_id: str, from_id: str, to_id: str) -> dict[str, str]:
    """Two accounts turned out to be one person's: the second becomes what it would be had it been the only one.

    Rows, counters, debts and their history go to `to_id`; `from_id` ends with 0 in every counter. What one account owes
    is repaid from what the other has at once, as a single account would have paid it. Awards, and whatever else names
    a row, are the caller's to move: returns the id of each row's copy, by the id of the row (contracts §11).
    """
    with atomic():
        accounts = {account_id: locked(shop_id, account_id) for account_id in sorted((from_id, to_id))}
        old, new = accounts[from_id], accounts[to_id]
        due = min(old.debt, max(new.balance, 0)) + min(new.debt, max(old.balance, 0))
        copies = replay(old, new)
        move_debts(old, new, copies)
        if due:
            repay(new, due, source="job", cause_id=old.id, at=clock.now())
        return copies


def replay(old: Account, new: Account) -> dict[str, str]:
    """Book each row of `old` again on `new`, as it is, and its exact opposite on `old`; returns copies by original.

    Kind, amount, time, cause and figures stay, so that counters, age of points, tier and reports are those of one
    account, and all sums of the shop stay what they were. Both accounts are locked. Nothing is emitted: nobody won or
    lost a point.
    """
    moment, copies, written = clock.now(), dict[str, str](), list[Row]()
    before = {name: getattr(old, name) for name in ("balance", "earned", "adjusted", "redeemed", "expired")}
    rows = Transaction.of(old.shop_id).where(Transaction.account_id == old.id).order_by(Transaction.sequence)
    for row in list(rows.objects(Row)):
        shared = {**vars(row), "source": MERGE, "key": row.id, "created_at": moment}
        named = {name: copies.get(getattr(row, name), getattr(row, name)) for name in ("reverses_id", "cause_id")}
        copy = Row(**{**shared, **named, "account_id": new.id, "line": COPY})
        reason = {"reverses_id": row.id, "cause": "merged", "cause_id": new.id, "order_id": None, "snapshot": {}}
        opposite = Row(**{**shared, **reason, "amount": -row.amount, "line": OPPOSITE})
        chain(new, copy)
        chain(old, opposite)
        copies[row.id] = copy.id
        written += (copy, opposite)
    insert_many(Transaction, written)
    _save_merged(old, dict.fromkeys(before, 0), moment)
    joint = {name: getattr(Account, name) + value for name, value in before.items()}
    times = {
        "created_at": min(old.created_at, new.created_at),
        "last_activity_at": max(old.last_activity_at, new.last_activity_at),
    }
    _save_merged(new, {**joint, **times}, moment)
    return copies


def _save_merged(account: Account, columns: Mapping[str, object], moment: datetime) -> None:
    """Where the chain of a merged account ends now, with what else changed."""
    ends = {name: getattr(account, name) for name in ("sequence", "head", "unspent_since")}
    changes = {**ends, **columns, "updated_at": moment, "revision": Account.revision + 1}
    values = {getattr(Account, name): value for name, value in changes.items()}
    Account.change(account.shop_id, values, Account.id == account.id)
