"""A shop of any size in a database of its own: customers with ten movements each over two years, and all beside them.

Rows are written by executemany, outside the product's functions, in the form that these give them: accounts have the
sums of their rows, coupons and orders their movements, customers their search terms. Whether that is so, the books
say of the small one (`is_sealed`: its ledger is chained too, which takes as long as all the rest).
"""

import gc
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any

from tests.make import SECRET, World
from widget_server import clock, config, db, events, journal, ledger, migrate, reactions, totals, work
from widget_server.db import Row, Table, UtcDateTime
from widget_server.ledger import Account, Transaction, chain
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import folding
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.search_terms import SearchTerm
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards.coupon_orders import CouponOrder
from widget_server.loyalty.rewards.coupons import Coupon

NOW = datetime(2026, 11, 29, 15, 30, tzinfo=UTC)
BEGAN = NOW - timedelta(days=730)
AT_ONCE = 5_000
SEED = int(
    os.environ.get("SEED", "31250")
)  # customers who are made one by one; a larger shop has copies of them, by INSERT ... SELECT
MOVES = 10
LONG, LONG_NUMBER = 10_000, 999_999  # the movements of the one customer who has many, and the customer's number
FIRST, AFTER_FIRST = "00000000-0000", "00000000-0001"
FIRST_NAMES = [
    "Anna",
    "Ben",
    "Cora",
    "David",
    "Emma",
    "Finn",
    "Greta",
    "Hugo",
    "Ida",
    "Jonas",
    "Klara",
    "Lars",
    "Mia",
    "Nils",
    "Olga",
    "Paul",
    "Rosa",
    "Sven",
    "Tina",
    "Uwe",
]
SYLLABLES = tuple(first + last for first in "bdfklmnr" for last in "aeio")
FIRST_TOWN = "50"  # in phone numbers and codes; each copy has its own
COPIED: dict[type[Table], dict[str, str]] = {  # what copies have of their own, besides ids: ? is their town
    Customer: {
        "external_id": "? || external_id",
        **dict.fromkeys(("email", "email_key", "mailbox"), "REPLACE(email, '@', '@' || ? || '.')"),
        "phone": "REPLACE(phone, ' 150 ', ' 1' || ? || ' ')",
        "referral_code": "'R' || ? || SUBSTR(referral_code, 4)",
    },
    Account: {},
    Transaction: {"key": "? || key"},
    Order: {"external_id": "? || external_id", "number": "'#' || ? || SUBSTR(number, 2)"},
    Coupon: {
        "code": "REPLACE(code, 'FERN', 'F' || ? || 'N')",
        "code_key": "REPLACE(code_key, 'FERN', 'F' || ? || 'N')",
        "order_ref": "REPLACE(order_ref, ':', ':' || ?)",
    },
    CouponOrder: {"order_ref": "REPLACE(order_ref, ':', ':' || ?)"},
    Award: {},
    Referral: {},
    AuditEntry: {},
}
IDS = {"id", *(f"{one}_id" for one in ("account", "customer", "transaction", "coupon", "order", "cause"))}
IDS |= {"advocate_id", "friend_id", "subject_id"}
TERM = """CASE WHEN term LIKE '%@%' THEN REPLACE(term, '@', '@' || ? || '.')
WHEN term LIKE 'r50%x' AND LENGTH(term) = 10 THEN 'r' || ? || SUBSTR(term, 4)
WHEN term < ':' AND term > '0' THEN SUBSTR(term, 1, LENGTH(term) - 9) || ? || SUBSTR(term, LENGTH(term) - 6)
ELSE term END"""
FILLED = (
    Customer,
    Account,
    Transaction,
    Order,
    Coupon,
    CouponOrder,
    Award,
    Adjustment,
    Referral,
    SearchTerm,
    AuditEntry,
)


@dataclass(frozen=True)
class Built:
    """What a bench needs to know of the shop, whatever its size."""

    shop_id: str
    usual_id: str
    long_id: str


def built(
    url: str, count: int, *, is_sealed: bool, before_sealing: Callable[[World], None] = lambda world: None
) -> Built:
    """Make the shop in an empty database, or take the one that is there; it stays connected.

    `before_sealing` changes rows outside the product's functions, before the journal adopts what is there.
    """
    config.use(config.Settings(database_url=url, secret_key=SECRET))
    db.open_database(url, statement_timeout_ms=3_600_000)
    db.connect()
    migrate.upgrade()
    events.wire(reactions.react)
    shop_id = next((id for (id,) in db.database.execute_sql('SELECT "id" FROM "shop"')), None)
    if shop_id is None:
        began = perf_counter()
        with clock.at(BEGAN):
            world = World.create(name="Fjord & Fern")
            world.order_rule()
            tiers = [None, world.tier("Silver", 1000).id, world.tier("Gold", 1500).id]
            world.refer()
            reward = world.reward(cost=200, amount=Decimal(2))
        shop_id = world.shop.id
        with _bare(), clock.at(NOW):
            _Filling(shop_id, reward.id, tiers, is_sealed).fill(count)
        with clock.at(NOW), work.unhurried(db.database.obj), db.atomic():
            totals.fill()
            before_sealing(world)
            if is_sealed:
                journal.adopt()
        print(f"  {count:,} customers were made in {perf_counter() - began:,.0f} s", flush=True)
    return Built(shop_id, _id("c", 7), _id("c", LONG_NUMBER))


def _id(kind: str, number: int) -> str:
    return f"00000000-0000-4000-8000-{ord(kind):02x}{number:010x}"


@contextmanager
def _bare() -> Iterator[None]:
    """Without indexes, triggers and synced writes, which cost more than the rows; indexes are made again."""
    run = db.database.execute_sql
    names = {table._meta.table_name for table in FILLED}
    if db.on_sqlite():
        for pragma in ("synchronous = off", "journal_mode = off", "cache_size = -1000000", "temp_store = file"):
            run(f"PRAGMA {pragma}").fetchall()
        triggers = [sql for kind, table, sql in _master() if kind == "trigger"]
        for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            run(f'DROP TRIGGER "{name}"')
        indexes = [sql for kind, table, sql in _master() if kind == "index" and table in names and sql]
        for name, table in run("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql > ''").fetchall():
            if table in names:
                run(f'DROP INDEX "{name}"')
    else:
        run("SET session_replication_role = replica")
        run("SET synchronous_commit = off")
        run("SET maintenance_work_mem = '1GB'")
        triggers, indexes = [], []
        rows = run(
            "SELECT indexname, tablename, indexdef FROM pg_indexes WHERE indexname NOT LIKE '%%_pkey'"
        ).fetchall()
        for name, table, sql in rows:
            if table in names:
                indexes.append(sql)
                run(f'DROP INDEX "{name}"')
    yield
    began = perf_counter()
    for sql in (*indexes, *triggers):
        run(sql)
    if db.on_sqlite():
        run("PRAGMA journal_mode = wal").fetchall()
        run("PRAGMA synchronous = full").fetchall()
    else:
        run("SET session_replication_role = origin")
    run("ANALYZE")
    print(f"  indexes: {perf_counter() - began:,.0f} s", flush=True)


def _master() -> list[Any]:
    rows: list[Any] = db.database.execute_sql("SELECT type, tbl_name, sql FROM sqlite_master").fetchall()
    return rows


class _Writer:
    """Rows of one table, as tuples of some columns; the others have their defaults."""

    def __init__(self, table: type[Table], names: str) -> None:
        self.names, fields, self.rows = names.split(), table._meta.sorted_fields, list[tuple[Any, ...]]()
        rest = [field for field in fields if field.name not in self.names and not isinstance(field, db.Serial)]
        values = [field.default() if callable(field.default) else field.default for field in rest]
        self.rest = tuple(field.db_value(value) for field, value in zip(rest, values, strict=True))
        columns = [table._meta.fields[name].column_name for name in self.names] + [field.column_name for field in rest]
        listed, marks = ", ".join(f'"{one}"' for one in columns), ", ".join([db.database.param] * len(columns))
        self.insert = f'INSERT INTO "{table._meta.table_name}" ({listed}) VALUES ({marks})'

    def add(self, *values: Any) -> None:
        self.rows.append(values + self.rest)

    def write(self) -> None:
        if self.rows:
            db.database.connection().cursor().executemany(self.insert, self.rows)
            self.rows = []


class _Filling:
    """Makes the customers one after the other; what happens to each depends on its number alone."""

    def __init__(self, shop_id: str, reward_id: str, tiers: list[str | None], is_sealed: bool) -> None:
        self.shop_id, self.reward_id, self.tiers, self.is_sealed = shop_id, reward_id, tiers, is_sealed
        self.time = UtcDateTime().db_value
        bool_of, self.state = (int if db.on_sqlite() else bool), '{"id":"o"}'
        self.no, self.yes = bool_of(0), bool_of(1)
        self.customers = _Writer(
            Customer,
            "id shop_id status external_id email email_key mailbox email_verified name phone labels accepts_marketing "
            "referral_code joined_at left_at created_at updated_at name_key account_id",
        )
        self.accounts = _Writer(
            Account,
            "id shop_id customer_id balance earned adjusted redeemed expired pending sequence head tier_id tier_points "
            "created_at last_activity_at updated_at unspent_since",
        )
        self.transactions = _Writer(
            Transaction,
            "shop_id account_id sequence id kind amount balance_after source key cause cause_id order_id snapshot "
            "event_at created_at digest",
        )
        self.orders = _Writer(
            Order,
            "id shop_id platform external_id number status customer_id state placed_at created_at updated_at "
            "owner_by_id billing_email was_paid paid",
        )
        self.coupons = _Writer(
            Coupon,
            "id shop_id customer_id reward_id code code_key status kind amount cost_points transaction_id collections "
            "order_ref order_number created_at updated_at",
        )
        self.coupon_orders = _Writer(
            CouponOrder, "coupon_id order_ref shop_id number since living called hold taken_at"
        )
        self.awards = _Writer(
            Award,
            "id shop_id account_id cause rule_id order_id status points due_at snapshot event_at created_at updated_at",
        )
        self.adjustments = _Writer(Adjustment, "id shop_id transaction_id salt created_at")
        self.referrals = _Writer(Referral, "id shop_id advocate_id friend_id status created_at updated_at")
        self.terms = _Writer(SearchTerm, "shop_id term customer_id")
        self.audit = _Writer(AuditEntry, "id shop_id created_at actor verb noun subject_id")

    def fill(self, count: int) -> None:
        """Write all rows; terms are sorted first, since their table is stored in their order."""
        terms = self.terms.insert.replace('"search_term"', '"unsorted"')
        run = db.database.execute_sql
        run('CREATE TABLE "unsorted" ("shop_id" TEXT, "term" TEXT, "customer_id" TEXT)')
        self.terms.insert = terms
        seeds = min(count, SEED)
        gc.disable()
        for begin in range(1, seeds + 1, AT_ONCE):
            for number in range(begin, min(begin + AT_ONCE, seeds + 1)):
                self._customer(number, MOVES)
            with db.database.atomic():
                for writer in vars(self).values():
                    if isinstance(writer, _Writer):
                        writer.write()
        gc.enable()
        for copy in range(1, -(-count // seeds)):
            self._copy(copy)
        self._customer(LONG_NUMBER, LONG)
        with db.database.atomic():
            for writer in vars(self).values():
                if isinstance(writer, _Writer):
                    writer.write()
        print("  terms", flush=True)
        order = '"term"' if db.on_sqlite() else '"term" COLLATE "C"'
        run(
            'INSERT INTO "search_term" ("shop_id", "term", "customer_id") '
            f'SELECT "shop_id", "term", "customer_id" FROM "unsorted" ORDER BY {order}, "customer_id"'
        )
        run('DROP TABLE "unsorted"')
        for number in range(20 + count // 5_000):
            at = BEGAN + (NOW - BEGAN) * number / (20 + count // 5_000)
            facts = {"kind": "bulk", "mode": "add", "points": 10, "status": "done", "source": "staff"}
            Batch.insert(id=_id("b", number), shop_id=self.shop_id, key=f"b{number}", created_at=at, **facts).execute()

    def _copy(self, copy: int) -> None:
        """Copy all who were made one by one, with ids, addresses, numbers and codes of their own."""
        town, begin = str(int(FIRST_TOWN) + copy), f"{copy:08x}"
        print(f"  {copy}", end="", flush=True)
        with db.database.atomic():
            for table, own in COPIED.items():
                names, values = [], []
                for field in table._meta.sorted_fields:
                    name = field.column_name
                    names.append(f'"{name}"')
                    values.append(f"'{begin}' || SUBSTR(\"{name}\", 9)" if name in IDS else own.get(name, f'"{name}"'))
                key = "account_id" if table is Transaction else "coupon_id" if table is CouponOrder else "id"
                name, listed = table._meta.table_name, ", ".join(names)
                chosen = ", ".join(values).replace("?", f"'{town}'")
                db.database.execute_sql(
                    f'INSERT INTO "{name}" ({listed}) SELECT {chosen} FROM "{name}" '
                    f"WHERE \"{key}\" >= '{FIRST}' AND \"{key}\" < '{AFTER_FIRST}'"
                )
            term = TERM.replace("?", f"'{town}'").replace("%", "%" if db.on_sqlite() else "%%")
            db.database.execute_sql(
                f"INSERT INTO \"unsorted\" SELECT shop_id, {term}, '{begin}' || SUBSTR(customer_id, 9) "
                f"FROM \"unsorted\" WHERE customer_id < '{AFTER_FIRST}'"
            )

    def _customer(self, number: int, moves: int) -> None:
        chance = random.Random(number)
        id, account_id, shop_id = _id("c", number), _id("a", number), self.shop_id
        born = BEGAN + timedelta(seconds=chance.randrange(int((NOW - BEGAN).total_seconds()) - 86_400))
        last = "".join(chance.choice(SYLLABLES) for _ in range(3)).title()
        first = FIRST_NAMES[int(len(FIRST_NAMES) * chance.random() ** 2)]
        name, email, phone = (
            f"{first} {last}",
            f"{first}.{last}{number}@example.com".lower(),
            f"+49 1{FIRST_TOWN} {number:07d}",
        )
        status = chance.choices(("member", "visitor", "pending"), (75, 22, 3))[0]
        code = f"R{FIRST_TOWN}{number:06d}X" if status == "member" else None
        has_left = status == "visitor" and number % 10 == 0
        joined = born if status == "member" or has_left else None
        left = born + (NOW - born) / 2 if has_left else None
        labels = ["vip"] if number % 50 == 0 else []
        wants_mail = number % 5 == 0
        at, mark = self.time, self.yes if wants_mail else self.no
        self.customers.add(
            *(id, shop_id, status, f"x{number}", email, email, email, self.yes, name, phone),
            *('["vip"]' if labels else "[]", mark, code, at(joined), at(left), at(born), at(born)),
            *(folding.name_key(name, email), account_id),
        )
        found = folding.terms(
            name=name, email=email, email_key=email, phone=phone, referral_code=code, labels=labels,
            flags=["accepts_marketing"] if wants_mail else [],
        )  # fmt: skip
        for term in found:
            self.terms.add(shop_id, term, id)
        if number % 10 == 0:
            self.audit.add(_id("e", number), shop_id, at(born), "server", "update", "customer", id)
        if number % 20 == 0 and number > 20:
            how = ("joined", "completed", "pending", "blocked")[number // 20 % 4]
            self.referrals.add(_id("f", number), shop_id, _id("c", number - 19), id, how, at(born), at(born))
        self._points(number, id, account_id, born, email, moves, chance)

    def _points(
        self, number: int, id: str, account_id: str, born: datetime, email: str, moves: int, chance: random.Random
    ) -> None:
        sums = {"earned": 0, "adjusted": 0, "redeemed": 0, "expired": 0}
        moments = sorted(born + (NOW - born) * chance.random() for _ in range(moves))
        account = Row(id=account_id, sequence=0, balance=0, head="", unspent_since=None)
        for place, moment in enumerate(moments):
            kind, amount = self._move(place, chance, account.balance)
            counter, sign = ledger.COUNTER_OF[kind]
            sums[counter] += sign * amount
            tid = _id("t", number * LONG * 2 + place)
            row = Row(
                shop_id=self.shop_id, account_id=account_id, kind=kind, amount=amount, source="staff", key=tid, line=0,
                reverses_id=None, cause="gift", cause_id=None, order_id=None, snapshot={}, event_at=moment,
                created_at=moment, id=tid,
            )  # fmt: skip
            self._beside(row, number, place, id, email)
            self._chained(account, row)
            self.transactions.add(
                *(self.shop_id, account_id, row.sequence, tid, kind, amount, row.balance_after, row.source, row.key),
                *(row.cause, row.cause_id, row.order_id, db.canonical(row.snapshot) if row.snapshot else "{}"),
                *(self.time(moment), self.time(moment), row.digest),
            )
        waits = 50 if number % 100 == 3 else 0
        if waits:
            facts = self.time(moments[-1])
            self.awards.add(
                *(_id("w", number), self.shop_id, account_id, "order", "rule", _id("o", number), "waiting", waits),
                *(self.time(NOW + timedelta(days=1 + number % 20)), "{}", facts, facts, facts),
            )
        tier = self.tiers[0 if sums["earned"] < 1000 else 1 if sums["earned"] < 1500 else 2]
        active = self.time(moments[-1])
        self.accounts.add(
            *(account_id, self.shop_id, id, account.balance, *sums.values(), waits, account.sequence, account.head),
            *(tier, sums["earned"], self.time(born), active, active, self.time(account.unspent_since)),
        )

    def _move(self, place: int, chance: random.Random, balance: int) -> tuple[Any, int]:
        match place % MOVES:
            case 5 if balance >= 200:
                return "redeem", -200
            case 7:
                return "adjust", chance.randrange(1, 50)
            case 8 if balance >= 30:
                return "earn", -chance.randrange(1, 30)
            case 9 if balance >= 60:
                return "expire", -chance.randrange(1, 60)
            case _:
                return "earn", chance.randrange(20, 300)

    def _chained(self, account: Row, row: Row) -> None:
        account.sequence, account.balance = account.sequence + 1, account.balance + row.amount
        row.sequence, row.balance_after = account.sequence, account.balance
        row.digest = account.head = chain.digest(account.head, row) if self.is_sealed else "0" * 64
        account.unspent_since = account.unspent_since or row.event_at

    def _beside(self, row: Row, number: int, place: int, id: str, email: str) -> None:
        """The order, the coupon or the note that belongs to a movement."""
        at, shop_id, oid = self.time(row.created_at), self.shop_id, _id("o", number)
        if place == 2:
            ref, paid = f"x{number}", row.amount * 10
            self.orders.add(
                *(
                    oid,
                    shop_id,
                    "generic",
                    ref,
                    f"#{100_000 + number}",
                    "paid",
                    id,
                    self._state(ref, number, paid, row),
                ),
                *(at, at, at, self.yes, email, self.yes, paid),
            )
            row.source, row.cause, row.order_id, row.key = "job", "order", oid, f"award:{oid}"
            row.snapshot = {"number": f"#{100_000 + number}", "points": row.amount}
        elif row.kind == "redeem" and place == 5:
            coupon_id, code = _id("k", number), f"FERN-{number:08X}"
            is_used = number % 2 == 0
            self.coupons.add(
                *(coupon_id, shop_id, id, self.reward_id, code, code.replace("-", ""), "used" if is_used else "active"),
                *("amount", "2" if db.on_sqlite() else Decimal(2), 200, row.id, "[]"),
                *(f"generic:x{number}" if is_used else None, f"#{100_000 + number}" if is_used else None, at, at),
            )
            if is_used:
                self.coupon_orders.add(
                    coupon_id,
                    f"generic:x{number}",
                    shop_id,
                    f"#{100_000 + number}",
                    at,
                    self.yes,
                    self.yes,
                    "holding",
                    at,
                )
            row.source, row.cause, row.cause_id = "widget", "redeemed", coupon_id
            row.snapshot = {"reward": self.reward_id, "title": None}
        elif row.kind == "adjust":
            row.source, row.cause = "staff", "adjusted"

    def _state(self, ref: str, number: int, paid: int, row: Row) -> str:
        at, amount = str(row.created_at), f"{paid / 100:.2f}"
        return (
            '{"carried":[],"children":{},"codes_as_of":null,"complete_as_of":null,"coupon_codes":null,"currency":"EUR",'
            f'"discount":"0","held":[],"id":"{ref}","landing_referral":null,"lines":[{{"collection_ids":[],"discount":"0",'
            f'"gift_card":false,"id":"1","name":"Fern","product_id":"p1","quantity":1,"subtotal":"{amount}","tax":"0"}}],'
            f'"loose_discount":null,"modified_at":"{at}","number":"#{100_000 + number}","parent_id":null,'
            f'"payment_due":false,"placed_at":"{at}","reached":{{"paid":"{at}","placed":"{at}","settled":"{at}"}},'
            '"refund_parts":[],"refunds":[],"refunds_complete":false,"revision":null,"seen_lines":["1"],"shipping":"0",'
            f'"source":"web","status":"paid","tax":"0","tax_included":null,"told_refunds":0,"total":"{amount}"}}'
        )
