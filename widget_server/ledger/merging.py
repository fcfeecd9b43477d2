"""Merges two accounts of one person (contracts §11, docs/decisions/008-merging.md)."""

from collections.abc import Mapping
from datetime import datetime

from widget_server import clock
from widget_server.db import Row, atomic, insert_many
from widget_server.ledger.accounts import locked
from widget_server.ledger.chain import chain
from widget_server.ledger.debts import move_debts, repay
from widget_server.ledger.tables import COPY, MERGE, OPPOSITE, Account, Transaction


def merge(shop_id: str, from_id: str, to_id: str) -> dict[str, str]:
    """Merge two accounts of one person: the second becomes what it would be if it had been the only one.

    Rows, counters, debts and their history go to `to_id`; `from_id` ends with 0 in every counter. The debt of one
    account is repaid at once from the balance of the other, as a single account would have done. The caller moves
    awards and other references to rows: returns the id of each row's copy, by the id of the row (contracts §11).
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
    """Book each row of `old` unchanged on `new`, and its exact opposite on `old`; returns copy ids by original id.

    Kind, amount, time, cause and snapshot stay, so that counters, age of points, tier and reports are those of one
    account, and all sums of the shop do not change. Both accounts are locked. No event is emitted: nobody gains or
    loses a point.
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
    """Save the new end of a merged account's chain, and its other changed columns."""
    ends = {name: getattr(account, name) for name in ("sequence", "head", "unspent_since")}
    changes = {**ends, **columns, "updated_at": moment, "revision": Account.revision + 1}
    values = {getattr(Account, name): value for name, value in changes.items()}
    Account.change(account.shop_id, values, Account.id == account.id)
