"""The content of an entry: the row's name, and the keyed hash of all its columns, the same on both databases."""

import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring as _quoted
from typing import Any

from widget_server import config
from widget_server.db import Bool, Int, Money, ShopTable, UtcDateTime, canonical, database, on_sqlite

PAGE = 500

Key = tuple[str, ...]
DatabaseRow = tuple[Any, ...]  # values as the driver gives them
Portable = Callable[[Any], Any]  # makes a value equal on both databases


def name_of(table: type[ShopTable]) -> str:
    """The table's name, as used in findings."""
    return str(table._meta.table_name)


def subject_of(key: Key) -> str:
    """The name of a row in the journal and in findings: its id, or a composite key as a JSON list."""
    return key[0] if len(key) == 1 else canonical(list(key))


def keys_of(table: type[ShopTable], subjects: Iterable[str]) -> list[Key]:
    """The keys of these subjects; malformed subjects, which others wrote, are left out (the chain reports them)."""
    if len(key_names(table)) == 1:
        return [(subject,) for subject in subjects]
    return [key for key in map(_parts, subjects) if len(key) == len(key_names(table))]


def _parts(subject: str) -> Key:
    try:
        found = json.loads(subject)
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()


@cache
def key_names(table: type[ShopTable]) -> tuple[str, ...]:
    """The primary key's column names without `shop_id`."""
    return tuple(name for name in columns_of_key(table) if name != "shop_id")


def columns_of_key(table: type[ShopTable]) -> tuple[str, ...]:
    """Returns the names of the columns of the primary key."""
    return tuple(column.column_name for column in table._meta.get_primary_keys())


def _portable(column: Any) -> Callable[[Any], Any] | None:
    """The conversion that makes a column's value equal on both databases, or None. Invalid values stay unchanged."""
    if isinstance(column, Money):
        return _plain_amount
    return bool if isinstance(column, Bool) else None


def _plain_amount(value: Any) -> str:
    try:
        return format(Decimal(value).normalize(), "f")
    except ArithmeticError:
        return str(value)


def _as_read(column: Any, as_bytes: bool) -> str:
    """The column's SQL expression; a time as the text that SQLite stores."""
    name = quoted(column.column_name)
    if as_bytes and not isinstance(column, Int | Bool):
        return f"CAST({name} AS BLOB)"
    if on_sqlite() or not isinstance(column, UtcDateTime):
        return name
    return f"""COALESCE(to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), {name}::text)"""


@cache
def _columns(table: type[ShopTable]) -> tuple[tuple[str, Callable[[Any], Any] | None, Any], ...]:
    """Each column's name, its conversion (`_portable`) and its default."""
    found = []
    for column in table._meta.sorted_fields:
        default = None if callable(column.default) or column.default is None else column.db_value(column.default)
        found.append((column.column_name, _portable(column), default))
    return tuple(found)


def state_of(table: type[ShopTable], row: DatabaseRow) -> str:
    """The keyed hash of a whole row. Default values are left out, so that a new column changes no state."""
    written = ",".join(
        [
            name + (_quoted(value) if portable is None and type(value) is str else _json(portable, value))
            for place, name, portable, default in _written(table)
            if (value := row[place]) is not None and value != default
        ]
    )
    return hash_of_text(f"{_opening(table)}{written}}}]")


def _json(portable: Portable | None, value: object) -> str:
    """Returns `canonical` of a column's value, converted."""
    if portable is not None:
        value = portable(value)
    return str(value) if type(value) is int else canonical(value)


@cache
def _written(table: type[ShopTable]) -> tuple[tuple[int, str, Callable[[Any], Any] | None, Any], ...]:
    """Each column in the order of canonical text: its place in a row, how it begins, its conversion and default."""
    places = {name: place for place, (name, _, _) in enumerate(_columns(table))}
    by_name = sorted(_columns(table), key=lambda column: column[0])
    return tuple((places[name], f"{_quoted(name)}:", portable, default) for name, portable, default in by_name)


@cache
def _opening(table: type[ShopTable]) -> str:
    """How the text of each row of the table begins."""
    return f"[{_quoted(name_of(table))},{{"


def hash_of(value: object) -> str:
    """The journal's keyed hash of a JSON value, in hex."""
    return hash_of_text(canonical(value))


def hash_of_text(text: str) -> str:
    """The journal's keyed hash of a JSON value that is written as canonical text, in hex."""
    return config.keyed_digest("journal", text)


def is_hash_of(text: str, value: object) -> bool:
    """True when `text` is the hash of the value with the current key."""
    return hmac.compare_digest(text.encode(), hash_of(value).encode())


def read(table: type[ShopTable], shop_id: str, keys: list[Key]) -> dict[Key, str]:
    """The current state of each of the shop's rows with these keys, by key."""
    found = select(table, *_of_these(table, shop_id, keys)) if keys else ()
    return {key: state for _, key, state in found}


def locked_rows(table: type[ShopTable], shop_id: str, keys: list[Key]) -> dict[Key, DatabaseRow]:
    """Whole rows by key, locked until the transaction ends: by ascending key if it is one column."""
    conditions, values = _of_these(table, shop_id, keys)
    order = f" ORDER BY {quoted(key_names(table)[0])}" if len(key_names(table)) == 1 else ""
    _, places = _key_places(table)
    rows = fetched(table, f"{conditions}{order}{'' if on_sqlite() else ' FOR NO KEY UPDATE'}", values)
    return {tuple([row[place] for place in places]): row for row in rows}


def present(table: type[ShopTable], shop_id: str, keys: list[Key]) -> set[Key]:
    """Those of the keys that have a row in the shop."""
    if not keys:
        return set()
    conditions, values = _of_these(table, shop_id, keys)
    names = ", ".join(map(quoted, key_names(table)))
    found = database.execute_sql(f'SELECT {names} FROM "{name_of(table)}" {conditions}', values)  # noqa: S608
    return {tuple(row) for row in found.fetchall()}


def _of_these(table: type[ShopTable], shop_id: str, keys: list[Key]) -> tuple[str, list[Any]]:
    """The SQL condition of the shop's rows with these keys, and its parameters."""
    if len(keys) == 1:
        return _of_one(table, on_sqlite()), [shop_id, *keys[0]]
    names, mark = key_names(table), database.param
    if len(names) == 1:
        ids = [key[0] for key in keys]
        some = f'"{names[0]}" IN (SELECT value FROM json_each(?))' if on_sqlite() else f'"{names[0]}" = ANY(%s)'  # noqa: S608
        values: list[Any] = [json.dumps(ids) if on_sqlite() else ids]
    else:
        row = f"({', '.join([mark] * len(names))})"
        some = f"({', '.join(map(quoted, names))}) IN (VALUES {', '.join([row] * len(keys))})"
        values = [part for key in keys for part in key]
    return f"WHERE {_of_shop(table)} = {mark} AND {some}", [shop_id, *values]


@cache
def _of_one(table: type[ShopTable], as_on_sqlite: bool) -> str:
    """The SQL condition of one of the shop's rows."""
    mark = "?" if as_on_sqlite else "%s"
    return f"WHERE {_of_shop(table)} = {mark}" + "".join(f" AND {quoted(name)} = {mark}" for name in key_names(table))


def _of_shop(table: type[ShopTable]) -> str:
    """The column of the shop in a condition that names keys."""
    # where the key has no shop, it leads to the rows: never the index of the shop, which has many
    return '+"shop_id"' if on_sqlite() and "shop_id" not in columns_of_key(table) else '"shop_id"'


def select(table: type[ShopTable], conditions: str, values: Sequence[object]) -> Iterator[tuple[str, Key, str]]:
    """Yields shop id, key and state of each row."""
    shop_at, places = _key_places(table)
    for row in fetched(table, conditions, values):
        yield row[shop_at], tuple(row[place] for place in places), state_of(table, row)


@cache
def _key_places(table: type[ShopTable]) -> tuple[int, tuple[int, ...]]:
    """Where in a row its shop id and the columns of its key are."""
    columns = [name for name, _, _ in _columns(table)]
    return columns.index("shop_id"), tuple(columns.index(name) for name in key_names(table))


def fetched(table: type[ShopTable], conditions: str, values: Sequence[object]) -> list[DatabaseRow]:
    """Whole rows, as they are hashed; invalid UTF-8, which this server never writes, is escaped."""
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
    """The SELECT ... FROM part of a query for whole rows."""
    names = [_as_read(column, as_bytes) for column in table._meta.sorted_fields]
    return f'SELECT {", ".join(names)} FROM "{table._meta.table_name}"'  # noqa: S608


@cache
def place_of(table: type[ShopTable], name: str) -> int:
    """Returns the place of a column in a whole row."""
    return [column for column, _, _ in _columns(table)].index(name)


def quoted(name: str) -> str:
    """Returns the column name in double quotes, for SQL."""
    return f'"{name}"'


def chunks(keys: list[Key]) -> Iterator[list[Key]]:
    """Yields the keys in lists of at most PAGE."""
    for first in range(0, len(keys), PAGE):
        yield keys[first : first + PAGE]
