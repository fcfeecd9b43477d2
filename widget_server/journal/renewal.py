"""A new key for the journal, and the only way to change rows that are otherwise immutable."""

from collections.abc import Iterator
from contextlib import contextmanager

from widget_server import data_keys, db
from widget_server.db import atomic, database
from widget_server.journal.auditing import adopt, below
from widget_server.journal.entries import Journal, digest_of, pages_of_entries


def rechain() -> None:
    """Create a new key, chain all entries again with it, and accept all current rows (inside `rewriting`)."""
    data_keys.renew("journal")
    mark = database.param
    for (shop_id,) in list(Journal.everywhere(Journal.shop_id).distinct().tuples()):
        digest = ""
        for page in pages_of_entries(shop_id, 0):
            for entry in page:
                entry.digest = digest = digest_of(digest, entry)
            db.execute_many(
                f'UPDATE "journal" SET "digest" = {mark} WHERE "shop_id" = {mark} AND "number" = {mark}',  # noqa: S608
                [(entry.digest, shop_id, entry.number) for entry in page],
            )
    adopt()


@contextmanager
def rewriting() -> Iterator[None]:
    """Allow changes of immutable rows: the triggers that reject them are dropped until the block ends.

    For a new server key and for tests, never for a request: other writers wait, on PostgreSQL even readers.
    """
    with atomic():
        tables = sorted(below(db.Table), key=lambda table: str(table._meta.table_name))
        guarded = [guard for table in tables for guard in db.guards(table)]
        for guard in guarded:
            database.execute_sql(guard.drop)
        yield
        for guard in guarded:
            database.execute_sql(guard.create)
