"""Dry runs: what a change of many accounts would do, before it is started (batches.bulk_adjust)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peewee import SQL, Case, ModelSelect, Value, fn

from widget_server.db import Condition
from widget_server.ledger import BALANCE_MAX, POINTS_MAX, Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import batch_lists, batches
from widget_server.loyalty.program.shops import Shop

BELOW_ZERO_SHOWN = 20


@dataclass(frozen=True)
class DryRun:
    """What a change would do: how many of the `customers` get other balances, and by how many `points` in sum.

    The others keep theirs: `below_zero` and `too_large` by refusal, `unchanged` because they have that balance,
    `left_out` because they have no account and no points to get. `opened` accounts would be opened, of those changed.
    `first_below_zero` has the ids of some customers, those with the lowest balances.
    """

    customers: int
    changed: int
    points: int
    below_zero: int
    too_large: int
    opened: int
    left_out: int
    first_below_zero: list[str]

    @property
    def unchanged(self) -> int:
        """How many have the balance already."""
        return self.customers - self.changed - self.below_zero - self.too_large - self.left_out


def dry_run(
    shop: Shop,
    accounts: "ModelSelect[Account] | Sequence[str] | None",
    *,
    by: int | None = None,
    to_balance: int | None = None,
    without_account: "ModelSelect[Customer] | None" = None,
) -> DryRun:
    """Returns what `batches.bulk_adjust` with these arguments would do now; changes nothing. `accounts` None means all.

    Raises BadRequest naming the figure that is out of range.
    """
    mode, points = batches.change_of(by, to_balance)
    amount: Any = Value(points) if mode == "add" else Value(points) - Account.balance
    after = Account.balance + amount
    too_large = (fn.ABS(amount) > POINTS_MAX) | (fn.ABS(after) > BALANCE_MAX)
    is_short = (amount < 0) & (after < 0)
    outcome = Case(None, [(amount == 0, "same"), (too_large, "large"), (is_short, "short")], "booked")
    counted: Any = batch_lists.present_accounts(shop.id, outcome, fn.COUNT(Account.id), fn.SUM(amount))
    meant = () if accounts is None else (Account.id.in_(accounts),)
    rows = counted.where(*meant).group_by(SQL("1")).tuples()
    figures = {name: (int(count), int(moved)) for name, count, moved in rows}
    counts = {name: figures.get(name, (0, 0))[0] for name in ("same", "large", "short", "booked")}
    without = 0 if without_account is None else int(without_account.count())
    opened = without if points > 0 else 0
    return DryRun(
        customers=sum(counts.values()) + without,
        changed=counts["booked"] + opened,
        points=figures.get("booked", (0, 0))[1] + opened * points,
        below_zero=counts["short"],
        too_large=counts["large"],
        opened=opened,
        left_out=without - opened,
        first_below_zero=_first(shop, (*meant, is_short)) if counts["short"] else [],
    )


def _first(shop: Shop, conditions: tuple[Condition, ...]) -> list[str]:
    rows: Any = batch_lists.present_accounts(shop.id, Account.customer_id).where(*conditions)
    ordered = rows.order_by(Account.balance, Account.customer_id).limit(BELOW_ZERO_SHOWN)
    return [customer_id for (customer_id,) in ordered.tuples()]
