"""What is counted: the rows of each table that give something to a total, as SQL for triggers and for plain sums.

In each text `{r}` stands for the row: NEW or OLD in a trigger, the table itself in a sum. A total that depends on
two tables has a source in each; the one whose rows are many counts in plain sums (`of_others` is False there).
"""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns

from dataclasses import dataclass

from widget_server.db import on_sqlite

OTHER_CURRENCY = "other_currency"  # loyalty/earning/orders.py
PAID = f"{{o}}.status IN ('paid', 'fulfilled') AND COALESCE({{o}}.why_nothing, '') <> '{OTHER_CURRENCY}'"
CARRIES = "{r}.living AND ({r}.listed OR {r}.called)"
COUNTS = "{r}.status NOT IN ('blocked', 'cancelled')"
PRESENT = "{r}.merged_into IS NULL"
STAYED = "({r}.status = 'member' OR {r}.left_at >= {r}.joined_at)"
PART = """CASE {r}.kind WHEN 'earn' THEN CASE WHEN {r}.amount > 0 THEN 'earned' ELSE 'reversed' END
WHEN 'redeem' THEN 'redeemed' WHEN 'refund' THEN 'returned' WHEN 'expire' THEN 'expired' ELSE 'adjusted' END"""


@dataclass(frozen=True)
class Count:
    """One contribution of a row: to which total, when, how much, and on which condition.

    `source` joins another table. `of_others`: the contribution belongs to rows of that table, which count it too.
    """

    name: str
    at: str
    amount: str
    where: str
    source: str = ""
    of_others: bool = False


@dataclass(frozen=True)
class Source:
    """A counted table. `columns` are those that its contributions depend on, empty for rows that never change."""

    table: str
    columns: tuple[str, ...]
    counts: tuple[Count, ...]
    key: str = "id"  # by which a sum reads it in slices


def quarter(column: str) -> str:
    """Returns the SQL of the quarter of an hour that the time in a column is in."""
    if on_sqlite():
        minute = f"SUBSTR({column}, 15, 2)"
        hour = f"SUBSTR({column}, 1, 14)"
    else:
        minute = f"TO_CHAR({column} AT TIME ZONE 'UTC', 'MI')"
        hour = f"TO_CHAR({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:')"
    begin = f"CASE WHEN {minute} < '15' THEN '00' WHEN {minute} < '30' THEN '15' WHEN {minute} < '45' THEN '30'"
    return f"{hour} || {begin} ELSE '45' END"


def sources() -> tuple[Source, ...]:
    """Returns all counted tables, for the database in use."""
    return (
        _transactions(),
        _accounts(),
        _customers(),
        Source("award", ("status", "points"), (Count("'pending'", "''", "{r}.points", "{r}.status = 'waiting'"),)),
        _orders(),
        _coupon_orders(),
        _referrals(),
        Source("referral_visit", ("visits",), (Count("'visited'", "{r}.day", "{r}.visits", "{r}.visits <> 0"),)),
    )


def _transactions() -> Source:
    count = Count(PART, quarter("{r}.created_at"), "{r}.amount", "{r}.source <> 'merge'")
    return Source("transaction", (), (count,), key="account_id")


def _accounts() -> Source:
    merged = "EXISTS (SELECT 1 FROM customer c WHERE c.id = {r}.customer_id AND c.merged_into IS NOT NULL)"
    return Source("account", ("tier_id",), (Count(_tier("{r}"), "''", "1", f"NOT {merged}"),))


def _tier(account: str) -> str:
    return f"'tier:' || COALESCE({account}.tier_id, 'none')"


def _customers() -> Source:
    joined, left = quarter("{r}.joined_at"), quarter("{r}.left_at")
    known = f"{{r}}.joined_at IS NOT NULL AND {PRESENT}"
    return Source(
        "customer",
        ("joined_at", "left_at", "status", "merged_into", "erased_at"),
        (
            Count("'joined'", joined, "1", known),
            Count("'members'", joined, "1", f"{known} AND {STAYED}"),
            Count("'members'", left, "-1", f"{known} AND {STAYED} AND {{r}}.status <> 'member'"),
            Count("'listed'", "''", "1", f"{PRESENT} AND {{r}}.erased_at IS NULL"),
            Count(_tier("a"), "''", "1", f"a.customer_id = {{r}}.id AND {PRESENT}", "account a", of_others=True),
        ),
    )


def _orders() -> Source:
    carried = (
        "EXISTS (SELECT 1 FROM coupon_order c WHERE c.shop_id = {r}.shop_id "
        f"AND c.order_ref = {{r}}.platform || ':' || {{r}}.external_id AND {CARRIES.format(r='c')})"
    )
    brought = (
        "EXISTS (SELECT 1 FROM referral f WHERE f.shop_id = {r}.shop_id AND f.friend_id = {r}.customer_id "
        f"AND {COUNTS.format(r='f')})"
    )
    at, paid = quarter("{r}.placed_at"), PAID.format(o="{r}")
    return Source(
        "order",
        ("status", "paid", "placed_at", "customer_id", "why_nothing"),
        (
            Count("'coupon_orders'", at, "1", f"{paid} AND {carried}"),
            Count("'coupon_revenue'", at, "{r}.paid", f"{paid} AND {carried}"),
            Count("'referral_revenue'", at, "{r}.paid", f"{paid} AND {brought}"),
        ),
    )


def _coupon_orders() -> Source:
    """An order counts once, whatever the number of its coupons: a row counts when it is the only one that does."""
    at = "INSTR({r}.order_ref, ':')" if on_sqlite() else "STRPOS({r}.order_ref, ':')"  # 0 of a use without an order
    platform = f"SUBSTR({{r}}.order_ref, 1, {at} - 1)" if on_sqlite() else "SPLIT_PART({r}.order_ref, ':', 1)"
    order = (
        f"o.shop_id = {{r}}.shop_id AND o.platform = {platform} "
        f"AND o.external_id = SUBSTR({{r}}.order_ref, {at} + 1) AND {PAID.format(o='o')}"
    )
    others = (
        "EXISTS (SELECT 1 FROM coupon_order c WHERE c.shop_id = {r}.shop_id AND c.order_ref = {r}.order_ref "
        f"AND c.coupon_id <> {{r}}.coupon_id AND {CARRIES.format(r='c')})"
    )
    where, when = f"{CARRIES} AND {order} AND NOT {others}", quarter("o.placed_at")
    return Source(
        "coupon_order",
        ("living", "listed", "called", "order_ref", "coupon_id"),
        (
            Count("'coupon_orders'", when, "1", where, '"order" o', of_others=True),
            Count("'coupon_revenue'", when, "o.paid", where, '"order" o', of_others=True),
        ),
        key="coupon_id",
    )


def _referrals() -> Source:
    of_friend = f"o.shop_id = {{r}}.shop_id AND o.customer_id = {{r}}.friend_id AND {PAID.format(o='o')}"
    return Source(
        "referral",
        ("status", "friend_id", "created_at"),
        (
            Count("'friends_' || {r}.status", quarter("{r}.created_at"), "1", "1 = 1"),
            Count(
                "'referral_revenue'",
                quarter("o.placed_at"),
                "o.paid",
                f"{COUNTS} AND {of_friend}",
                '"order" o',
                of_others=True,
            ),
        ),
    )
