"""The tables of the ledger: accounts, transactions and debts."""

from dataclasses import dataclass, field
from typing import Any, Literal

from peewee import SQL, Check, CompositeKey

from widget_server import clock
from widget_server.db import Int, Json, ShopTable, Text, UtcDateTime
from widget_server.journal import Journaled

Kind = Literal["earn", "redeem", "refund", "adjust", "expire"]
Shortfall = Literal["clamp", "negative"]

POINTS_MAX = 10**9
BALANCE_MAX = 10**15
MERGE = "merge"  # the source of the rows that a merge books: line 0 is a copy, line 1 the opposite of the original
COPY, OPPOSITE = 0, 1
COUNTER_OF: dict[Kind, tuple[str, int]] = {  # which counter a row moves, and in which direction
    "earn": ("earned", 1),
    "redeem": ("redeemed", -1),
    "refund": ("redeemed", -1),
    "adjust": ("adjusted", 1),
    "expire": ("expired", -1),
}


class Account(Journaled):
    """A customer's points. `pending` are points of waiting awards; later earnings repay `debt` first.

    `revision` counts the changes of balance and tier, `updated_at` is the time of the last one (wix-api §2, §3).
    `unspent_since` is a lower bound: no credit that still has points is older; None when there are no points. Expiry by
    age selects the accounts to check by it (loyalty/points/expiry.py). `granted_tier_id` is a tier that staff granted
    until `granted_until` (loyalty/points/tier_grants.py); both are None without a grant.
    """

    id = Text(primary_key=True)
    customer_id = Text(unique=True, constraints=[SQL("REFERENCES customer (id)")])
    balance = Int(default=0)
    earned = Int(default=0)
    adjusted = Int(default=0)
    redeemed = Int(default=0)
    expired = Int(default=0)
    pending = Int(default=0)
    debt = Int(default=0)
    sequence = Int(default=0)
    head = Text(default="")
    tier_id = Text(null=True)
    tier_points = Int(default=0)
    tier_until = UtcDateTime(null=True)
    created_at = UtcDateTime()
    last_activity_at = UtcDateTime()
    revision = Int(default=1)
    updated_at = UtcDateTime(default=clock.now)
    unspent_since = UtcDateTime(null=True)
    granted_tier_id = Text(null=True)
    granted_until = UtcDateTime(null=True)

    class Meta:
        refuses = ("DELETE",)
        indexes = (
            (("shop_id", "created_at", "id"), False),
            (("shop_id", "unspent_since", "id"), False),
            (("shop_id", "balance", "customer_id"), False),
            (("shop_id", "last_activity_at", "customer_id"), False),
            (("shop_id", "tier_id"), False),
        )
        constraints = [
            Check("balance = earned + adjusted - redeemed - expired"),
            Check("pending >= 0 AND debt >= 0 AND sequence >= 0"),
        ]


Account.add_index(
    Account.index(
        Account.shop_id,
        Account.granted_until,
        where=SQL("granted_until IS NOT NULL"),
        name="account_granted",
    )
)
Account.add_index(
    Account.index(
        Account.shop_id,
        Account.last_activity_at,
        Account.id,
        where=SQL('"balance" > 0'),
        name="account_with_points",
    )
)
Account.add_index(
    Account.index(
        Account.shop_id,
        Account.tier_until,
        Account.id,
        where=SQL("tier_until IS NOT NULL"),
        name="account_tier_ends",
    )
)


class Transaction(ShopTable):
    """One booking of points. `amount` is signed; `snapshot` stores the rule and rate behind it."""

    account_id = Text(constraints=[SQL("REFERENCES account (id)")])
    sequence = Int()
    id = Text(unique=True)
    kind = Text()
    amount = Int()
    balance_after = Int()
    source = Text()
    key = Text()
    line = Int(default=0)
    reverses_id = Text(null=True, column_name="takes_back")
    cause = Text()
    cause_id = Text(null=True)
    order_id = Text(null=True)
    snapshot = Json()
    event_at = UtcDateTime()
    created_at = UtcDateTime()
    digest = Text()

    class Meta:
        primary_key = CompositeKey("account_id", "sequence")
        clustered = True
        refuses = ("UPDATE", "DELETE")
        indexes = (
            (("shop_id", "source", "key", "line"), True),
            (("shop_id", "created_at"), False),
            (("account_id", "cause_id", "event_at"), False),
            (("account_id", "event_at", "sequence"), False),
            (("order_id",), False),
        )
        constraints = [
            Check("kind IN ('earn', 'redeem', 'refund', 'adjust', 'expire')"),
            Check(f"amount <> 0 AND amount BETWEEN -{POINTS_MAX} AND {POINTS_MAX}"),
            Check(
                f"source = '{MERGE}' OR CASE kind WHEN 'redeem' THEN amount < 0 WHEN 'expire' THEN amount < 0 "
                "WHEN 'refund' THEN amount > 0 ELSE amount <> 0 END"
            ),
        ]


Transaction.add_index(
    Transaction.index(
        Transaction.shop_id,
        Transaction.event_at,
        Transaction.account_id,
        where=SQL("kind = 'earn'"),
        name="transaction_earned",
    )
)


class Debt(Journaled):
    """Points that a clawback could not take back because they were spent (+), and repayments (-)."""

    id = Text(primary_key=True)
    account_id = Text(index=True, constraints=[SQL("REFERENCES account (id)")])
    amount = Int()
    transaction_id = Text(null=True)
    created_at = UtcDateTime()

    class Meta:
        refuses = ("UPDATE", "DELETE")


@dataclass(frozen=True)
class Cause:
    """Why points are booked: a stable name such as `redeemed`, the id of the object, its order, a snapshot."""

    reason: str
    id: str | None = None
    order_id: str | None = None
    snapshot: dict[str, Any] = field(default_factory=dict)
