"""The base class of tables that the journal covers: every write is noted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import peewee

from widget_server.db import Changes, ShopTable, in_transaction
from widget_server.journal.changes import look, look_before, new_to, note
from widget_server.journal.states import DatabaseRow, key_names, place_of


class Journaled(ShopTable):
    """A table of which the journal covers all rows and columns. Deriving from it is enough.

    Only code that runs plain SQL (`db.execute_many`) must pass the changed rows to `wrote`.
    """

    @classmethod
    def insert(cls, data: Changes | None = None, /, **columns: object) -> peewee.ModelInsert:
        """Returns an INSERT that notes its row for the journal."""
        plain: Any = super().insert(data, **columns)
        return _NotedInsert(cls, plain._insert)

    @classmethod
    def update(cls, data: Changes | None = None, /, **columns: object) -> peewee.ModelUpdate:
        """Returns an UPDATE that notes its rows for the journal."""
        plain: Any = super().update(data, **columns)
        return _NotedUpdate(cls, plain._update)

    @classmethod
    def delete(cls) -> peewee.ModelDelete:
        """Returns a DELETE that notes its rows for the journal."""
        return _NotedDelete(cls)

    @classmethod
    def wrote(cls, rows: Iterable[Mapping[str, object]]) -> None:
        """Note rows that the open transaction wrote; each has `shop_id` and its primary key."""
        names = key_names(cls)
        for row in cast("Iterable[Mapping[str, str]]", rows):
            note(cls, row["shop_id"], tuple(row[name] for name in names), is_removed=False)

    @classmethod
    def locked_values(cls, shop_id: str, ids: Iterable[str], names: Sequence[str]) -> Iterator[DatabaseRow]:
        """Yields these columns of rows, as the driver gives them, locked by ascending id until the transaction ends.

        Does what `will_write` does with the same rows, which are so read once.
        """
        places = [place_of(cls, name) for name in names]
        for row in look(cls, shop_id, [(id,) for id in ids]):
            yield tuple([row[place] for place in places])

    @classmethod
    def will_write(cls, shop_id: str, ids: Iterable[str]) -> None:
        """Call before plain SQL changes these rows: notes earlier changes by others."""
        look(cls, shop_id, new_to(cls, shop_id, [(id,) for id in ids]))

    def _pk_expr(self) -> Any:
        """The condition by which `save` finds the row: in its shop only, like every query."""
        return (type(self).shop_id == self.shop_id) & super()._pk_expr()  # type: ignore[misc]


class _Noted:
    """A write that notes its rows, always inside a transaction."""

    model: type[Journaled]
    removes = False

    def _execute(self, opened: Any) -> Any:
        this: Any = self
        names = ("shop_id", *key_names(self.model))
        query: Any = this.returning(*(getattr(self.model, name) for name in names)).tuples()
        with in_transaction():
            look_before(self.model, this._where)
            written = list(super(_Noted, query)._execute(opened))  # type: ignore[misc]
            for shop_id, *key in written:
                note(self.model, shop_id, tuple(key), is_removed=self.removes)
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
