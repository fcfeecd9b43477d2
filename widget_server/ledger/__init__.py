"""The ledger: accounts, and the transactions that are their only history. Only this package changes points.

An account's counters are the sums of its rows: balance = earned + adjusted - redeemed - expired. A row is
never edited; a correction is a new row that references the old one. Rows are chained per account with the
server's key, so that `audit()` finds a change by others (contracts §2).

When two accounts belong to one person, `merge` books the rows of the first again on the second
(contracts §11, docs/decisions/008-merging.md).
"""

from widget_server.ledger.accounts import (
    account_of,
    grant_tier,
    locked,
    locked_many,
    locked_of,
    move_pending,
    note_activity,
    note_unspent_since,
    open_account,
    open_accounts,
    set_activity,
    set_tier,
    set_tiers,
)
from widget_server.ledger.auditing import account_steps, audit, audit_some
from widget_server.ledger.chain import AGE_UNKNOWN, CREDIT, is_credit, rechain
from widget_server.ledger.expiring import Loss, expire_many, note_unspent_since_many
from widget_server.ledger.gains import Gain, can_gain, earn_many
from widget_server.ledger.merging import merge
from widget_server.ledger.posting import Move, MoveKind, claw_back, post, post_locked, post_many, post_new, reverse
from widget_server.ledger.rows import current, current_many, find_by_key, find_by_keys, history, newest, older
from widget_server.ledger.tables import (
    BALANCE_MAX,
    COPY,
    COUNTER_OF,
    MERGE,
    OPPOSITE,
    POINTS_MAX,
    Account,
    Cause,
    Debt,
    Kind,
    Shortfall,
    Transaction,
)

__all__ = [
    "AGE_UNKNOWN",
    "BALANCE_MAX",
    "COPY",
    "COUNTER_OF",
    "CREDIT",
    "MERGE",
    "OPPOSITE",
    "POINTS_MAX",
    "Account",
    "Cause",
    "Debt",
    "Gain",
    "Kind",
    "Loss",
    "Move",
    "MoveKind",
    "Shortfall",
    "Transaction",
    "account_of",
    "account_steps",
    "audit",
    "audit_some",
    "can_gain",
    "claw_back",
    "current",
    "current_many",
    "earn_many",
    "expire_many",
    "find_by_key",
    "find_by_keys",
    "grant_tier",
    "history",
    "is_credit",
    "locked",
    "locked_many",
    "locked_of",
    "merge",
    "move_pending",
    "newest",
    "note_activity",
    "note_unspent_since",
    "note_unspent_since_many",
    "older",
    "open_account",
    "open_accounts",
    "post",
    "post_locked",
    "post_many",
    "post_new",
    "rechain",
    "reverse",
    "set_activity",
    "set_tier",
    "set_tiers",
]
