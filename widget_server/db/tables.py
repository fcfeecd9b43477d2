"""Base classes: of all tables, and of tables whose rows belong to a shop."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import peewee
from peewee import SQL, SchemaManager

from widget_server.db.built import as_it_is, by_equalities
from widget_server.db.engines import database, on_sqlite
from widget_server.db.fields import Text
from widget_server.db.insertions import insert
from widget_server.db.locks import lock_rows, share_rows
from widget_server.db.transactions import in_transaction
from widget_server.errors import NotFound

R = TypeVar("R")
New = TypeVar("New")

Column = peewee.Node | type[peewee.Model]  # a field, a function or a whole table in a query
Condition = peewee.ColumnBase  # a boolean expression on a row
Changes = Mapping[Any, object]  # new values, all by column or all by column name


class Schema(SchemaManager):
    """Creates tables STRICT, and WITHOUT ROWID where clustered, on SQLite only: PostgreSQL has neither."""

    def _create_table(self, safe: bool = True, **options: Any) -> Any:
        meta = self.model._meta
        meta.strict_tables = on_sqlite()
        meta.without_rowid = on_sqlite() and getattr(meta, "clustered", False)
        return super()._create_table(safe, **options)  # type: ignore[misc]


if TYPE_CHECKING:

    class _Select(peewee.ModelSelect[Any], Generic[R]):
        """The type of peewee's select queries, generic in the class of a row."""

        def __iter__(self) -> Iterator[R]: ...
        def __getitem__(self, index: int) -> R: ...
        def __len__(self) -> int: ...
        def get(self, database: Any = None) -> R: ...
        def first(self, database: Any = None, n: int = 1) -> R | None: ...
        def tuples(self, as_tuple: bool = True) -> "Selection[Any]": ...
        def dicts(self, as_dict: bool = True) -> "Selection[dict[str, Any]]": ...  # type: ignore[override]
        def objects(self, constructor: Callable[..., New]) -> "Selection[New]": ...  # type: ignore[override]

else:

    class _Select(peewee.ModelSelect, Generic[R]):
        pass


class Selection(_Select[R]):
    """A query with rows of class `R`. Columns are written by a short way: it would take half of the time to build a
    query. The list of whole rows is one cached text.
    """

    def __sql_selection__(self, ctx: Any, is_subquery: bool = False) -> Any:
        aliases = ctx.alias_manager
        if is_subquery:
            return super().__sql_selection__(ctx, is_subquery)
        if self._is_default:  # type: ignore[attr-defined]
            table: type[Table] = self.model
            return ctx.literal(_columns(table, aliases[table._meta.table]))
        columns: Sequence[Any] = self._returning  # type: ignore[attr-defined]
        for number, one in enumerate(columns):
            ctx.literal(", " if number else "")
            if isinstance(one, peewee.Field):
                ctx.literal(f'"{aliases[one.model._meta.table]}"."{one.column_name}"')
            else:
                ctx.sql(one)
        return ctx


@cache
def _columns(table: "type[Table]", alias: str) -> str:
    return ", ".join(f'"{alias}"."{field.column_name}"' for field in table._meta.sorted_fields)


class Table(peewee.Model):
    """The base of all tables. Set Meta.clustered to store rows in the order of their primary key.

    Meta.refuses names the statements, UPDATE or DELETE, that the database rejects on the table for every client.
    """

    class Meta:
        database = database
        legacy_table_names = False
        schema_manager_class = Schema
        clustered = False
        refuses: tuple[str, ...] = ()

    @classmethod
    def select(cls, *columns: Column) -> Selection[Self]:
        """A query of these columns, or of whole rows."""
        return Selection(cls, columns or cls._meta.sorted_fields, is_default=not columns)

    @classmethod
    def is_there(cls) -> bool:
        """True when the table exists; no table does before the first migration."""
        return bool(database.table_exists(cls._meta.table_name))

    @classmethod
    def everywhere(cls, *columns: Column) -> Selection[Self]:
        """Select rows of all shops: for jobs, audit and the operator, never for a request."""
        return cls.select(*columns)

    def save(self, force_insert: bool = False, only: Sequence[object] | None = None) -> int | bool:
        """Write the row, or `only` these of its columns; returns how many rows were written."""
        if not force_insert or only is not None or self._meta.auto_increment:
            return super().save(force_insert=force_insert, only=only)
        with in_transaction():
            insert(type(self), self.__data__)
            self.wrote([self.__data__])
        self._dirty.clear()  # type: ignore[attr-defined]  # peewee's list of changed columns
        return 1

    @classmethod
    def wrote(cls, rows: Iterable[Mapping[str, object]]) -> None:
        """Called for rows written without peewee; journaled tables note them (journal/tables.py)."""


class ShopTable(Table):
    """A table in which each row belongs to one shop. Read it through `of()` and `one()` only.

    Only there are queries limited to their shop (acceptance 9).
    """

    shop_id = Text(constraints=[SQL("REFERENCES shop (id)")])

    @classmethod
    def of(cls, shop: Table | str, *columns: Column) -> Selection[Self]:
        """Select this shop's rows. `shop` is a Shop or its id."""
        return cls.select(*columns).where(cls.shop_id == _id_of(shop))

    @classmethod
    def across(cls, shop: Table | str | None, *columns: Column) -> Selection[Self]:
        """Select this shop's rows, or with None those of all shops: for audits."""
        return cls.everywhere(*columns) if shop is None else cls.of(shop, *columns)

    @classmethod
    def one(cls, shop: Table | str, *conditions: Condition) -> Self | None:
        """The first of this shop's rows that match `conditions`, or None."""
        return cls._first(shop, conditions, as_it_is)

    @classmethod
    def locked_one(cls, shop: Table | str, *conditions: Condition) -> Self | None:
        """Like `one`, and locks the row until the transaction ends (locks.py)."""
        return cls._first(shop, conditions, lock_rows)

    @classmethod
    def shared_one(cls, shop: Table | str, *conditions: Condition) -> Self | None:
        """Like `one`, and nobody changes the row until the transaction ends (locks.py)."""
        return cls._first(shop, conditions, share_rows)

    @classmethod
    def _first(cls, shop: Table | str, conditions: tuple[Condition, ...], ending: Callable[[Any], Any]) -> Self | None:
        found: Any = by_equalities(cls, lambda: cls.of(shop), _id_of(shop), conditions, ending=ending)
        if found is not None:
            return found[0] if found else None
        return ending(cls.of(shop).where(*conditions)).first()  # type: ignore[no-any-return]

    @classmethod
    def need(cls, shop: Table | str, *conditions: Condition) -> Self:
        """Like `one`, but raises NotFound."""
        row = cls.one(shop, *conditions)
        if row is None:
            name = re.sub("(?<=[a-z])(?=[A-Z])", " ", cls.__name__).lower()
            raise NotFound(f"There is no such {name} here.")
        return row

    @classmethod
    def change(cls, shop: Table | str, values: Changes, *conditions: Condition) -> int:
        """Update this shop's rows that match `conditions`; returns how many."""
        query = cls.update(values).where(cls.shop_id == _id_of(shop), *conditions)
        return int(query.execute())

    @classmethod
    def remove(cls, shop: Table | str, *conditions: Condition) -> int:
        """Delete this shop's rows that match `conditions`; returns how many."""
        return int(cls.delete().where(cls.shop_id == _id_of(shop), *conditions).execute())


def _id_of(shop: Table | str) -> str:
    if isinstance(shop, str):
        return shop
    row: Any = shop
    return str(row.id)
