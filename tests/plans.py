"""How the database would run a statement: which rows it reads to find those that are meant."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.crowd import SMALL
from widget_server import db, migrate
from widget_server.db import database

WIDE = 100  # rows: more than any one person, order or code has
GROWING = {table._meta.table_name for table in migrate.TABLES} - SMALL
READING = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
NAMED = re.compile(r'"(\w+)"(?: AS "(\w+)")?')
SEARCH = re.compile(r"SEARCH (\S+) USING (?:.*?)(?:INDEX (\S+)|PRIMARY KEY) \((.*)\)$")
SCAN = re.compile(r"SCAN (\S+)(?: USING (?:COVERING )?INDEX (\S+))?$")


ALLOWED = {  # what reads many rows because many are meant
    r'AS "sort_0"': "a list that a key's holder asked for: it has a price (contracts §17)",
    r'^SELECT COUNT\(1\) FROM \(SELECT 1 FROM "(customer|account)"': "a count or figure of a report",
    r"^SELECT COALESCE\(SUM\(": "the figures of a report",
    r'^SELECT "t1"\."balance", COUNT\(\*\)': "an aggregation that a key's holder asked for",
    r'^SELECT ("t1"\."status", COUNT|COUNT\(CASE)': "the same",
    r'"source" != [?%s]+.* ORDER BY "t1"\."created_at" DESC, "t1"\."id" DESC LIMIT': "an index's first rows",
    r'FROM "account" AS "t1" WHERE .*\("t1"\."(earned|tier_points)" > ': "the daily recheck of all tiers",
    r'^UPDATE "account" SET "tier_id" = .*NOT IN': "a tier was deleted: everybody's is checked",
    r'^(DELETE|SELECT|UPDATE).*"(lane|message)".*"endpoint_id"\)? (=|NOT IN)': "all that waits for one receiver",
    r'"message"\."subject" IN': "a customer's messages; only the lane of the program has many",
    r"FROM \"message\" AS \"t1\" WHERE status = 'new'": "all that is new is put into its lanes",
    r"WHERE \(\(0 = 1\) AND": "nothing at all",
    r"AND \(0 = 1\)\)$": "the same: an erasure of somebody without an account",
    r'^DELETE FROM "parked" WHERE .*"platform" = [?%s]+\)\)$': "Shopify demands that all its messages go",
    r'FROM "checkout_discount" AS "t1" INNER JOIN "coupon"': "what waits for its end, once a minute",
    r'FROM "job" AS "t1" WHERE \(+"t1"\."name"': "jobs of a name that wait one at a time",
    r'(FROM|UPDATE) "(request|adjustment|order)".* I?LIKE ': "an erasure looks into every text that may name somebody",
    r'^SELECT "t1"\."id", "t1"\."waits_for", "t1"\."body"': "an erasure reads every message that waits",
    r'FROM "import" AS "t1" WHERE \("t1"\."shop_id" = [?%s]+\)$': "an erasure reads every file of an import",
    r'FROM "batch" AS "t1" WHERE .*"reason" IS NOT NULL': "an erasure reads what was said of a bulk change",
    r'FROM "job" AS "t1" WHERE \("t1"\."last_error" IS NOT NULL\)': "an erasure reads why jobs failed",
    r'^SELECT "t1"\."shop_id", "t1"\."id" FROM "account" .*NOT IN': "the same, looked at first",
    r'FROM "\w+" WHERE "shop_id" = [?%s]+ ORDER BY ': "the journal's newest entry; the audit's next page of all rows",
    r'HAVING \(COALESCE\(SUM\("t2"\."points"\)': "the audit: pending points of all accounts",
    r'INNER JOIN "transaction" AS "t2" .*"reason" IS NOT NULL': "the audit: the words beside all rows",
    r'FROM "coupon" AS "t1" WHERE .*"refund_id" IS (NOT )?NULL\)+ AND \("t1"\."status" IN': "the audit: all coupons",
    r'^SELECT "t1"\."id", "t1"\."status" FROM "coupon" .*"status" != ': "the audit: all coupons",
    r'^SELECT DISTINCT "t1"\."coupon_id" FROM "coupon_order"': "the audit: all orders with coupons",
    r'"id" > [?%s]+\).* ORDER BY "t1"\."id" LIMIT': "orders in their turn, so many of all",
    r'NOT IN \(SELECT "t1"\."takes_back"': "an erasure or export: the shop's merges",
    r' ORDER BY "t1"\."\w+_at" DESC, "t1"\."id" (DESC )?LIMIT': "a page of the dashboard: the first rows of an index",
    r'^SELECT COUNT\(1\) FROM \(SELECT 1 FROM "parked"': "how many parked messages wait for staff",
    r'FROM "search_term" AS "t1" (CROSS JOIN|INNER JOIN) "customer"': "a text: as many as fit, up to a limit",
    r'^SELECT CASE WHEN .* COUNT\("t1"\."id"\), SUM': "a dry run looks at all who are chosen",
    r'^UPDATE "batch_item" SET "note"': "an erasure looks into every text that may name somebody",
    r'FROM "referral_reply"': "what members said of referrals: an erasure reads all, the list those that wait",
    r'^SELECT "t1"\."id" FROM "order" .*"platform" = [?%s]+\)\) LIMIT': "whether there is any order of the till",
    r'^SELECT "t1"\."customer_id" FROM "order" .*"number" IN': "orders of a number that was typed, up to a limit",
    r'^SELECT "t1"\."id" FROM "account" .*"merged_into" IS NULL.* ORDER BY "t1"\."id"$': "a bulk change reads all",
    r'^SELECT "t1"\."id" FROM "customer" .*"account_id" IS NULL.* ORDER BY "t1"\."id"$': "those without an account too",
    r'"tier_until" > [?%s]+\)+ AND \("t1"\."tier_until" < ': "once a day: members whose tier ends within a month",
    r'WHERE \(("t1"\.)?"shop_id" = [?%s]+\) ORDER BY "t1"\."\w+" (DESC )?LIMIT': "an index's first rows, in its order",
}


@dataclass
class Statements:
    """The statements that ran, each once, with the first parameters it had."""

    heard: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> "Statements":
        database.obj.query_hooks.append(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        database.obj.query_hooks.remove(self._hear)

    def _hear(self, event: Any) -> None:
        if READING.match(event.sql):
            self.heard.setdefault(event.sql, event.params or ())


@dataclass(frozen=True)
class Access:
    """How one table is reached: rows whose `equal` columns have a given value, among those of `where`.

    `ranged`: an index narrows them further by an order. `nulls` are columns that may be equal to nothing;
    `values`: what is looked for, where the plan says so; `listed`: how many values of a list that is.
    """

    table: str
    equal: frozenset[str]
    where: str
    ranged: bool = False
    nulls: frozenset[str] = frozenset()
    values: str = ""
    listed: int = 1


def faults(statements: dict[str, Any]) -> dict[str, str]:
    """The statements that read many rows to find few: each with the table and what leads to it."""
    widths: dict[Access, int] = {}
    found: dict[str, str] = {}
    if not db.on_sqlite():
        database.execute_sql("SET enable_seqscan = off")  # what is read whole now has no index that helps
    for sql, params in statements.items():
        if any(fits(pattern, {sql: params}) for pattern in ALLOWED):
            continue
        for access in _accesses(sql, params):
            narrow = access.ranged or "rowid" in access.equal
            if access.table in GROWING and not narrow and _width(access, widths) > WIDE * access.listed:
                found[sql] = f"{access.table} by {', '.join(sorted(access.equal)) or 'nothing'}"
    return found


def fits(pattern: str, statements: dict[str, Any]) -> bool:
    """True when one of the statements is what the pattern allows."""
    return any(re.search(pattern, sql) for sql in statements)


def _width(access: Access, known: dict[Access, int]) -> int:
    """How many rows such an access reads at most."""
    if access not in known:
        if access.values:
            ((known[access],),) = database.execute_sql(f'SELECT COUNT(*) FROM "{access.table}" WHERE {access.values}')
            return known[access]
        columns = ", ".join(f'"{one}"' for one in sorted(access.equal))
        there = [access.where or "1 = 1", *(f'"{one}" IS NOT NULL' for one in access.equal - access.nulls)]
        grouped = f" GROUP BY {columns}" if columns else ""
        counted = f'SELECT COUNT(*) FROM "{access.table}" WHERE {" AND ".join(there)}{grouped}'
        rows = list(database.execute_sql(f"{counted} ORDER BY 1 DESC LIMIT 1"))
        known[access] = rows[0][0] if rows else 0
    return known[access]


def _accesses(sql: str, params: Any) -> Iterator[Access]:
    return _of_sqlite(sql, params) if db.on_sqlite() else _of_postgres(sql, params)


def _of_sqlite(sql: str, params: Any) -> Iterator[Access]:
    names: dict[str, set[str]] = {}
    for table, alias in NAMED.findall(sql):
        if table in GROWING:
            names.setdefault(alias or table, set()).add(table)
    for *_, detail in database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params):
        if scan := SCAN.match(detail):
            table, where = _index(scan[2]) if scan[2] else ("", "")
            for one in [table] if table else names.get(scan[1], ()):
                yield Access(one, frozenset(), where)
        elif search := SEARCH.match(detail):
            alias, index, terms = search.groups()
            table, where = _index(index) if index else ("", "")
            equal = frozenset(re.findall(r"(\w+)=\?", terms))
            ranged = ">?" in terms or ")>(?" in terms or "<?" in terms or "<expr>=?" in terms
            for one in [table] if table else names.get(alias, ()):
                yield Access(one, equal, where, ranged, _nulls(sql))


def _nulls(sql: str) -> frozenset[str]:
    """Columns that the statement compares with NULL."""
    return frozenset(re.findall(r'"(\w+)" IS NULL', sql))


def _index(name: str) -> tuple[str, str]:
    """The table of an index, and what its rows have in common."""
    ((table, sql),) = database.execute_sql("SELECT tbl_name, sql FROM sqlite_master WHERE name = ?", (name,))
    return table, (sql or "").partition(" WHERE ")[2]


def _of_postgres(sql: str, params: Any) -> Iterator[Access]:
    ((plan,),) = database.execute_sql(f"EXPLAIN (FORMAT JSON) {sql}", params)
    plan = json.loads(plan) if isinstance(plan, str) else plan
    yield from _nodes([plan[0]["Plan"]], frozenset())


def _nodes(plans: Iterable[dict[str, Any]], outer: frozenset[str]) -> Iterator[Access]:
    for plan in plans:
        kind, table = plan["Node Type"], plan.get("Relation Name", "")
        if kind == "Seq Scan":
            yield Access(table, frozenset(), "")
        elif kind in ("Index Scan", "Index Only Scan", "Bitmap Index Scan"):
            owner, where = _postgres_index(plan["Index Name"])
            terms = plan.get("Index Cond", "")
            equal = frozenset(re.findall(r"\(?(?:\w+\.)?(\w+) (?:= |IS NULL)", terms))
            ranged = bool(re.search(r" (<|>|<=|>=) |IS NOT NULL", terms))
            # of another table, or known only when it runs; an array that is written out can be counted
            others = re.search(r"\$\d|\b[a-z]\w*\.\w+|ANY(?! \('\{)|\*VALUES\*", terms)
            listed = sum(array.count(",") + 1 for array in re.findall(r"ANY \('\{(.*?)\}'", terms))
            yield Access(owner, equal, where, ranged, frozenset(), "" if others else terms, listed or 1)
        yield from _nodes(plan.get("Plans", ()), outer)


def _postgres_index(name: str) -> tuple[str, str]:
    ((table, sql),) = database.execute_sql("SELECT tablename, indexdef FROM pg_indexes WHERE indexname = %s", (name,))
    return table, sql.partition(" WHERE ")[2]
