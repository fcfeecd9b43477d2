"""The journal: what each row that matters was, when this server last wrote it. By it `audit` names what others changed.

Tables that derive from `Journaled` are covered. Whatever is written to them through peewee, `insert_many` or
`insert_once` is noted; just before the outermost transaction commits each changed row gets one entry with the keyed
hash of the row as it then is (docs/decisions/010-journal.md, contracts §15). The entries of a shop are numbered without
gaps and chained with the server's key, so that none can be changed, removed or put in between.
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import peewee

from widget_server import clock, config, data_keys, db
from widget_server.db import (
    Bool,
    Int,
    Money,
    Row,
    ShopTable,
    Text,
    UtcDateTime,
    atomic,
    canonical,
    database,
    in_transaction,
    insert_many,
    lock_rows,
    on_sqlite,
)

PAGE = 500
REMOVED = ""  # the state of a row that this server deleted
ALTERED = "altered"  # the state of a row that others had changed when this server was about to write it
ACCEPTED = ("", "accepted")  # table and subject of an entry: what was found until then was looked into

Key = tuple[str, ...]


class Journal(ShopTable):
    """One row of a covered table was written: which, and the keyed hash of what it then was (`state`)."""

    number = Int()
    subject_table = Text()
    subject = Text()
    state = Text()
    created_at = UtcDateTime()
    digest = Text()

    class Meta:
        primary_key = peewee.CompositeKey("shop_id", "number")
        clustered = True
        refuses = ("UPDATE", "DELETE")
        indexes = ((("shop_id", "subject_table", "subject", "number"), False),)


class Journaled(ShopTable):
    """A table whose rows the journal covers, all columns of them. Derive from it; nothing else is to be done.

    Only SQL of one's own (`db.execute_many`) must tell `wrote` which rows it changed.
    """

    @classmethod
    def insert(cls, __data: Any = None, **insert: Any) -> Any:
        """An INSERT that notes its row."""
        plain: Any = super().insert(__data, **insert)
        return _NotedInsert(cls, plain._insert)

    @classmethod
    def update(cls, __data: Any = None, **update: Any) -> Any:
        """An UPDATE that notes its rows."""
        plain: Any = super().update(__data, **update)
        return _NotedUpdate(cls, plain._update)

    @classmethod
    def delete(cls) -> Any:
        """A DELETE that notes its rows."""
        return _NotedDelete(cls)

    @classmethod
    def wrote(cls, rows: Iterable[Mapping[str, Any]]) -> None:
        """These rows were written in the transaction that is open; each names its shop and its primary key."""
        names = _key_names(cls)
        for row in rows:
            _note(cls, row["shop_id"], tuple(row[name] for name in names), is_removed=False)

    @classmethod
    def will_write(cls, shop_id: str, ids: Iterable[str]) -> None:
        """SQL of one's own is about to change these rows: what others did to them before is noted."""
        _look(cls, shop_id, [(id,) for id in ids])

    def _pk_expr(self) -> Any:
        """How `save` finds the row: in its shop only, as every query does."""
        return (type(self).shop_id == self.shop_id) & super()._pk_expr()  # type: ignore[misc]


class _Noted:
    """A write that notes which rows it wrote, in a transaction whatever the caller does."""

    model: type[Journaled]
    removes = False

    def _execute(self, opened: Any) -> Any:
        this: Any = self
        names = ("shop_id", *_key_names(self.model))
        query: Any = this.returning(*(getattr(self.model, name) for name in names)).tuples()
        with in_transaction():
            _look_before(self.model, this._where)
            written = list(super(_Noted, query)._execute(opened))  # type: ignore[misc]
            for shop_id, *key in written:
                _note(self.model, shop_id, tuple(key), is_removed=self.removes)
        return len(written)


class _NotedUpdate(_Noted, peewee.ModelUpdate):
    pass


class _NotedDelete(_Noted, peewee.ModelDelete):
    removes = True


class _NotedInsert(peewee.ModelInsert):
    def _execute(self, opened: Any) -> Any:
        this: Any = self
        with in_transaction():
            done = super()._execute(opened)  # type: ignore[misc]
            if this._on_conflict is None:  # `insert_once` notes what it inserted
                self.model.wrote([{column.name: value for column, value in this._insert.items()}])
        return done


# What the open transaction wrote


State = tuple[str, str, str]  # table, subject and state of a row


@dataclass
class _Changes:
    """What a transaction did in one shop."""

    written: dict[type[Journaled], dict[Key, bool]] = field(default_factory=dict)  # and whether it was deleted
    looked_at: set[tuple[type[Journaled], Key]] = field(default_factory=set)
    altered: list[State] = field(default_factory=list)


class _Open(threading.local):
    """The changes of the thread's open transaction, by shop."""

    def __init__(self) -> None:
        self.changes: dict[str, _Changes] = {}

    def of(self, shop_id: str) -> _Changes:
        return self.changes.setdefault(shop_id, _Changes())


_open = _Open()


def _note(table: type[Journaled], shop_id: str, key: Key, *, is_removed: bool) -> None:
    rows = _open.of(shop_id).written.setdefault(table, {})
    rows[key] = rows.get(key, False) or is_removed


def _forget() -> None:
    _open.changes = {}


def append_noted() -> None:
    """Append an entry for each row that the open transaction wrote, as the row is now."""
    noted, _open.changes = _open.changes, {}
    for shop_id, changes in sorted(noted.items()):
        written = [state for table, keys in changes.written.items() for state in _states_now(table, shop_id, keys)]
        _append(shop_id, [*changes.altered, *written])


def _look_before(table: type[Journaled], conditions: Any) -> None:
    """Look at the rows for which the conditions hold, which are about to be written."""
    named = _equalities(conditions)
    if all(name in named for name in ("shop_id", *_key_names(table))):
        _look(table, named["shop_id"], [tuple(named[name] for name in _key_names(table))])
        return
    names = ("shop_id", *_key_names(table))
    rows = table.select(*(getattr(table, name) for name in names)).where(conditions)
    by_shop: dict[str, list[Key]] = {}
    for shop_id, *key in list(lock_rows(rows).tuples()):
        by_shop.setdefault(shop_id, []).append(tuple(key))
    for shop_id, keys in by_shop.items():
        _look(table, shop_id, keys)


def _equalities(conditions: Any) -> dict[str, Any]:
    """The columns that must equal a value, by name, so that the conditions hold."""
    if isinstance(conditions, peewee.Expression):
        told: Any = conditions
        if told.op == peewee.OP.AND:
            return _equalities(told.lhs) | _equalities(told.rhs)
        if told.op == peewee.OP.EQ and isinstance(told.lhs, peewee.Field) and isinstance(told.rhs, str):
            return {told.lhs.name: told.rhs}
    return {}


def _look(table: type[Journaled], shop_id: str, keys: list[Key]) -> None:
    """Note which of these rows others have changed, since the entry of what is about to be written would hide it."""
    changes = _open.of(shop_id)
    new = [key for key in keys if (table, key) not in changes.looked_at and key not in changes.written.get(table, {})]
    for some in _chunks(new):
        changes.looked_at.update((table, key) for key in some)
        rows = _read(table, shop_id, some, lock=True)
        entries = _newest_states(table, shop_id, [subject_of(key) for key in rows])
        for key, state in rows.items():
            entry = entries.get(subject_of(key))
            if entry != ALTERED and judge(state, entry) is not None:
                changes.altered.append((name_of(table), subject_of(key), ALTERED))


db.at_commit(append_noted, _forget)


def _states_now(table: type[Journaled], shop_id: str, keys: dict[Key, bool]) -> Iterator[State]:
    """The state of each row. One that was made in a part that was rolled back has none."""
    rows: dict[Key, str] = {}
    for some in _chunks(list(keys)):
        rows |= _read(table, shop_id, some)
    for key, was_removed in keys.items():
        if key in rows or was_removed:
            yield name_of(table), subject_of(key), rows.get(key, REMOVED)


def _chunks(keys: list[Key]) -> Iterator[list[Key]]:
    for first in range(0, len(keys), PAGE):
        yield keys[first : first + PAGE]


def _append(shop_id: str, states: list[State]) -> None:
    if not states:
        return
    number, digest = _last_locked(shop_id)
    moment, entries = clock.now(), list[Row]()
    for subject_table, subject, state in states:
        number += 1
        facts = {"subject_table": subject_table, "subject": subject, "state": state, "created_at": moment}
        entry = Row(shop_id=shop_id, number=number, **facts)
        entry.digest = digest = digest_of(digest, entry)
        entries.append(entry)
    insert_many(Journal, entries)


def _last_locked(shop_id: str) -> tuple[int, str]:
    """The number and digest of the shop's newest entry; nobody else appends until the transaction ends.

    It is the last lock that a transaction takes, so nobody waits in a ring.
    """
    if not on_sqlite():  # there the writer has the only lock
        number = int.from_bytes(hashlib.sha256(f"journal {shop_id}".encode()).digest()[:8], "big", signed=True)
        database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (number,))
    return last_of(shop_id)


def last_of(shop_id: str) -> tuple[int, str]:
    """The number and digest of the shop's newest entry; 0 and empty when it has none."""
    found = _run('SELECT "number", "digest" FROM "journal" WHERE "shop_id" = ? ORDER BY "number" DESC LIMIT 1', shop_id)
    return (int(found[0][0]), str(found[0][1])) if found else (0, "")


def _run(statement: str, *values: Any) -> list[Any]:
    """The rows of a query of our own, whose places are marked by ?; as each write needs them, they cost little."""
    return list(database.execute_sql(statement.replace("?", database.param), values).fetchall())


# What an entry says of a row


def name_of(table: type[Journaled]) -> str:
    """The table's name, as findings have it."""
    return str(table._meta.table_name)


def subject_of(key: Key) -> str:
    """How the journal and findings name a row: its id, or the JSON list of a longer key."""
    return key[0] if len(key) == 1 else canonical(list(key))


def _keys_of(table: type[Journaled], subjects: Iterable[str]) -> list[Key]:
    """The keys that these subjects stand for; what stands for none is not of our making, and the chain says so."""
    if len(_key_names(table)) == 1:
        return [(subject,) for subject in subjects]
    return [key for key in map(_parts, subjects) if len(key) == len(_key_names(table))]


def _parts(subject: str) -> Key:
    try:
        found = json.loads(subject)
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()


@cache
def _key_names(table: type[Journaled]) -> tuple[str, ...]:
    """The primary key's columns but for the shop."""
    return tuple(name for name in _columns_of_key(table) if name != "shop_id")


def _portable(column: Any) -> Callable[[Any], Any] | None:
    """What makes a column's value the same on both databases; None where it is. What is no value of it stays."""
    if isinstance(column, Money):
        return _plain_amount
    return bool if isinstance(column, Bool) else None


def _plain_amount(value: Any) -> str:
    try:
        return format(Decimal(value).normalize(), "f")
    except ArithmeticError:
        return str(value)


def _as_read(column: Any, as_bytes: bool) -> str:
    """The column in a query; a time as the text that SQLite keeps of it."""
    name = _quoted(column.column_name)
    if as_bytes and not isinstance(column, Int | Bool):
        return f"CAST({name} AS BLOB)"
    if on_sqlite() or not isinstance(column, UtcDateTime):
        return name
    return f"""COALESCE(to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), {name}::text)"""


def _time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@cache
def _columns(table: type[Journaled]) -> tuple[tuple[str, Callable[[Any], Any] | None, Any], ...]:
    """Each column's name, what makes its value portable, and its default."""
    found = []
    for column in table._meta.sorted_fields:
        default = None if callable(column.default) or column.default is None else column.db_value(column.default)
        found.append((column.column_name, _portable(column), default))
    return tuple(found)


def _state(table: type[Journaled], row: tuple[Any, ...]) -> str:
    """The keyed hash of a whole row. What holds its default is left out, so that a later column changes no state."""
    values = {
        name: portable(value) if portable else value
        for (name, portable, default), value in zip(_columns(table), row, strict=True)
        if value is not None and value != default
    }
    return hash_of([name_of(table), values])


def digest_of(previous: str, entry: Any) -> str:
    """The keyed hash that chains an entry to the one before it."""
    at = entry.created_at if isinstance(entry.created_at, str) else _time_text(entry.created_at)
    facts = [entry.shop_id, entry.number, entry.subject_table, entry.subject, entry.state, at]
    return hash_of([previous, *facts])


def hash_of(value: Any) -> str:
    """The journal's keyed hash of a JSON value, in hex."""
    return hmac.digest(config.derived_key("journal"), canonical(value).encode(), "sha256").hex()


def is_hash_of(text: str, value: Any) -> bool:
    """True when this server, with the key in use, made `text` of the value."""
    return hmac.compare_digest(text.encode(), hash_of(value).encode())


def _read(table: type[Journaled], shop_id: str, keys: list[Key], *, lock: bool = False) -> dict[Key, str]:
    """The state of each of the shop's rows with these keys, as the database has them; locked if need be."""
    names, mark = _key_names(table), database.param
    if len(names) == 1:
        ids = [key[0] for key in keys]
        some = f'"{names[0]}" IN (SELECT value FROM json_each(?))' if on_sqlite() else f'"{names[0]}" = ANY(%s)'  # noqa: S608
        values: list[Any] = [json.dumps(ids) if on_sqlite() else ids]
    else:
        row = f"({', '.join([mark] * len(names))})"
        some = f"({', '.join(map(_quoted, names))}) IN (VALUES {', '.join([row] * len(keys))})"
        values = [part for key in keys for part in key]
    ending = " FOR NO KEY UPDATE" if lock and not on_sqlite() else ""
    found = _select(table, f'WHERE "shop_id" = {mark} AND {some}{ending}', [shop_id, *values]) if keys else ()
    return {key: state for _, key, state in found}


def _select(table: type[Journaled], conditions: str, values: list[Any]) -> Iterator[tuple[str, Key, str]]:
    """Shop, key and state of each row."""
    columns = [name for name, _, _ in _columns(table)]
    places, shop_at = [columns.index(name) for name in _key_names(table)], columns.index("shop_id")
    for row in _fetched(table, conditions, values):
        yield row[shop_at], tuple(row[place] for place in places), _state(table, row)


def _fetched(table: type[ShopTable], conditions: str, values: Sequence[Any]) -> list[Any]:
    """Whole rows, as they are hashed; text that is no UTF-8, which nobody of ours wrote, in another spelling."""
    try:
        return list(database.execute_sql(f"{_selecting(table, on_sqlite(), False)} {conditions}", values).fetchall())
    except UnicodeDecodeError:
        rows = database.execute_sql(f"{_selecting(table, on_sqlite(), True)} {conditions}", values).fetchall()
        return [
            tuple(one.decode("utf-8", "backslashreplace") if isinstance(one, bytes) else one for one in row)
            for row in rows
        ]


@cache
def _selecting(table: type[ShopTable], as_on_sqlite: bool, as_bytes: bool) -> str:
    """How a query of whole rows begins."""
    names = [_as_read(column, as_bytes) for column in table._meta.sorted_fields]
    return f'SELECT {", ".join(names)} FROM "{table._meta.table_name}"'  # noqa: S608


def _quoted(name: str) -> str:
    return f'"{name}"'


# What others changed


@dataclass(frozen=True)
class Doubt:
    """A row that is not what its newest entry says."""

    table: type[Journaled]
    shop_id: str
    key: Key
    what: str

    def __str__(self) -> str:
        return f"{name_of(self.table)} {subject_of(self.key)}: {self.what}"


def audit_chain(shop_id: str, after: tuple[int, str] = (0, "")) -> Iterator[str]:
    """Yields one sentence for each entry of the shop that was changed, removed or put in, behind the entry `after`."""
    number, digest = after
    if number and Journal.one(shop_id, Journal.number == number, Journal.digest == digest) is None:
        yield f"journal {shop_id} {number}: is gone or was changed since it was last found good"
    accepted = _accepted(shop_id)
    for page in _pages_of_entries(shop_id, number):
        for entry in page:
            if entry.state == ALTERED and entry.number > accepted:
                what = f"was changed before this server wrote it (entry {entry.number})"
                yield f"{entry.subject_table} {entry.subject}: {what}"
            wrong = breaks(number, digest, entry)
            if wrong is not None:
                yield f"journal {shop_id} {wrong}"
            number, digest = entry.number, entry.digest


def breaks(number: int, digest: str, entry: Any) -> str | None:
    """How the entry breaks the chain behind the one with this number and digest; None when it does not."""
    if entry.number != number + 1:
        return f"{number + 1}: is gone"  # what this one was chained to is not there to be compared
    if not hmac.compare_digest(entry.digest.encode(), digest_of(digest, entry).encode()):
        return f"{entry.number}: was changed, or not written by this server"
    return None


def audit_rows(shop_id: str | None = None) -> Iterator[str]:
    """Yields one sentence for each covered row that was changed, made or deleted by others than this server.

    Shoppers may go on meanwhile: a row in doubt is read once more while nobody else can append.
    """
    for doubt in _doubts(shop_id):
        yield from _certain([doubt])


def audit_written(shop_id: str, after: int) -> Iterator[str]:
    """Like `audit_rows`, for the rows of the shop that have an entry behind number `after`."""
    for keys in written_since(shop_id, after):
        for table, some in keys.items():
            yield from _certain(_compared(table, shop_id, some, _read(table, shop_id, some)))


def written_since(shop_id: str, after: int) -> Iterator[dict[type[Journaled], list[Key]]]:
    """The keys of the rows that have an entry behind number `after`, by table, for a page of entries at a time."""
    tables = {name_of(table): table for table in covered()}
    for page in _pages_of_entries(shop_id, after):
        subjects = dict.fromkeys((entry.subject_table, entry.subject) for entry in page)
        found: dict[type[Journaled], list[Key]] = {}
        for name, subject in subjects:
            if name in tables:
                found.setdefault(tables[name], []).extend(_keys_of(tables[name], [subject]))
        yield found


def adopt() -> int:
    """Take all covered rows as they are: append an entry for each that has none or another; returns how many.

    For rows that a migration or an earlier version wrote. What others had changed before is taken too (contracts §15).
    """
    count = 0
    with atomic():
        for doubt in _doubts(None):
            _note(doubt.table, doubt.shop_id, doubt.key, is_removed=True)
            count += 1
            if not count % PAGE:
                append_noted()
    return count


def accept(shop_id: str) -> None:
    """Take the shop's covered rows as they are, and what was found before as looked into."""
    with atomic():
        for doubt in list(_doubts(shop_id)):
            _note(doubt.table, doubt.shop_id, doubt.key, is_removed=True)
        append_noted()
        _append(shop_id, [(*ACCEPTED, REMOVED)])


def _accepted(shop_id: str) -> int:
    """The number of the entry up to which all that was found was looked into."""
    subject = (Journal.subject_table == ACCEPTED[0]) & (Journal.subject == ACCEPTED[1])
    return int(Journal.of(shop_id, peewee.fn.COALESCE(peewee.fn.MAX(Journal.number), 0)).where(subject).scalar())


def rechain() -> None:
    """Begin a new key, chain all entries anew with it, and take all rows as they are (`rewriting` must be open)."""
    data_keys.renew("journal")
    mark = database.param
    for (shop_id,) in list(Journal.everywhere(Journal.shop_id).distinct().tuples()):
        digest = ""
        for page in _pages_of_entries(shop_id, 0):
            for entry in page:
                entry.digest = digest = digest_of(digest, entry)
            db.execute_many(
                f'UPDATE "journal" SET "digest" = {mark} WHERE "shop_id" = {mark} AND "number" = {mark}',  # noqa: S608
                [(entry.digest, shop_id, entry.number) for entry in page],
            )
    adopt()


@cache
def covered() -> tuple[type[Journaled], ...]:
    """All tables that the journal covers, by name."""
    found = {table for table in _below(Journaled) if table._meta.table_name}
    return tuple(sorted(found, key=name_of))


def _pages_of_entries(shop_id: str, after: int) -> Iterator[list[Row]]:
    """The shop's entries behind number `after`, up to the newest one there is now."""
    newest, _ = last_of(shop_id)
    names, mark = [column.column_name for column in Journal._meta.sorted_fields], database.param
    these = f'WHERE "shop_id" = {mark} AND "number" > {mark} AND "number" <= {mark} ORDER BY "number" LIMIT {PAGE}'
    while after < newest and (rows := _fetched(Journal, these, (shop_id, after, newest))):
        yield [Row(**dict(zip(names, row, strict=True))) for row in rows]
        after = rows[-1][names.index("number")]


def _doubts(shop_id: str | None) -> Iterator[Doubt]:
    for table in covered():
        yield from _rows_in_doubt(table, shop_id)
        yield from _rows_gone(table, shop_id)


def _rows_in_doubt(table: type[Journaled], only_shop: str | None) -> Iterator[Doubt]:
    """Rows that have no entry or another one, a page of rows at a time."""
    key = [name for name in _columns_of_key(table) if only_shop is None or name != "shop_id"]
    marks = ", ".join([database.param] * len(key))
    order = f"ORDER BY {', '.join(map(_quoted, key))} LIMIT {PAGE}"
    scope = [] if only_shop is None else [f'"shop_id" = {database.param}']
    last: Key | None = None
    while True:
        behind = [] if last is None else [f"({', '.join(map(_quoted, key))}) > ({marks})"]
        conditions = " AND ".join([*scope, *behind])
        values = [*([] if only_shop is None else [only_shop]), *(last or ())]
        page = list(_select(table, f"{'WHERE ' + conditions if conditions else ''} {order}", values))
        by_shop: dict[str, dict[Key, str]] = {}
        for shop_id, row_key, state in page:
            by_shop.setdefault(shop_id, {})[row_key] = state
        for shop_id, rows in by_shop.items():
            yield from _compared(table, shop_id, list(rows), rows)
        if len(page) < PAGE:
            return
        shop_id, row_key, _ = page[-1]
        last = (shop_id, *row_key) if "shop_id" in key else row_key


def _rows_gone(table: type[Journaled], only_shop: str | None) -> Iterator[Doubt]:
    """Entries whose row is not there, a page of subjects at a time."""
    shops = [only_shop] if only_shop else [one for (one,) in Journal.everywhere(Journal.shop_id).distinct().tuples()]
    for shop_id in shops:
        last = ""
        while True:
            entries = Journal.of(shop_id, Journal.subject).where(
                Journal.subject_table == name_of(table), Journal.subject > last
            )
            subjects = [one for (one,) in entries.distinct().order_by(Journal.subject).limit(PAGE).tuples()]
            keys = _keys_of(table, subjects)
            rows = _read(table, shop_id, keys)
            yield from _compared(table, shop_id, [key for key in keys if key not in rows], {})
            if len(subjects) < PAGE:
                break
            last = subjects[-1]


def _compared(table: type[Journaled], shop_id: str, keys: list[Key], rows: dict[Key, str]) -> Iterator[Doubt]:
    entries = _newest_states(table, shop_id, [subject_of(key) for key in keys])
    for key in keys:
        what = judge(rows.get(key), entries.get(subject_of(key)))
        if what is not None:
            yield Doubt(table, shop_id, key, what)


def judge(row: str | None, entry: str | None) -> str | None:
    """What others did to a row, by the state it has and the one its newest entry says; None when they are the same."""
    if row is None:
        return None if entry in (None, REMOVED) else "is gone"
    if entry is None:
        return "was not written by this server"
    if entry == REMOVED:
        return "was deleted, and is there again"
    return None if hmac.compare_digest(row.encode(), entry.encode()) else "was changed"


def _certain(doubts: Iterable[Doubt]) -> Iterator[str]:
    for doubt in doubts:
        with atomic():
            _last_locked(doubt.shop_id)  # who wrote the row appends in the same transaction
            again = list(
                _compared(doubt.table, doubt.shop_id, [doubt.key], _read(doubt.table, doubt.shop_id, [doubt.key]))
            )
        yield from map(str, again)


def _newest_states(table: type[Journaled], shop_id: str, subjects: list[str]) -> dict[str, str]:
    mine = 'FROM "journal" WHERE "shop_id" = ? AND "subject_table" = ? AND "subject"'
    if len(subjects) == 1:
        one = f'SELECT "subject", "state" {mine} = ? ORDER BY "number" DESC LIMIT 1'
        return dict(_run(one, shop_id, name_of(table), subjects[0]))
    some = "IN (SELECT value FROM json_each(?))" if on_sqlite() else "= ANY(?)"
    newest = f'SELECT MAX("number") {mine} {some} GROUP BY "subject"'
    found = f'SELECT "subject", "state" FROM "journal" WHERE "shop_id" = ? AND "number" IN ({newest})'  # noqa: S608
    named = json.dumps(subjects) if on_sqlite() else subjects
    return dict(_run(found, shop_id, shop_id, name_of(table), named)) if subjects else {}


def _columns_of_key(table: type[Journaled]) -> tuple[str, ...]:
    return tuple(column.column_name for column in table._meta.get_primary_keys())


def _below(table: Any) -> set[Any]:
    return {one for child in table.__subclasses__() for one in (child, *_below(child))}


@contextmanager
def rewriting() -> Iterator[None]:
    """The one door to rows that are otherwise never changed: what refuses it is taken away until the block ends.

    For a new server key and for tests, never for a request: others wait, or on PostgreSQL may not even read.
    """
    with atomic():
        tables = sorted(_below(db.Table), key=lambda table: str(table._meta.table_name))
        guarded = [guard for table in tables for guard in db.guards(table)]
        for guard in guarded:
            database.execute_sql(guard.drop)
        yield
        for guard in guarded:
            database.execute_sql(guard.create)
