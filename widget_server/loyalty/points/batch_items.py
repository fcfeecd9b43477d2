"""The items of a batch: those that come next, and what became of them. Each step of a long job runs these statements,
so they are plain SQL."""

from collections.abc import Sequence

from widget_server.db import Row, database, fetched, is_among, listed
from widget_server.loyalty.points.batch_lines import Place
from widget_server.loyalty.points.batch_tables import Batch, BatchItem

PROGRESS = ("succeeded", "failed", "skipped", "undone", "kept", "reached", "reached_account", "turn")


def at(batch: Batch, places: Sequence[Place]) -> list[Row]:
    """Returns the items at these places, in their order."""
    fields = BatchItem._meta.sorted_fields
    names = ", ".join(field.column_name for field in fields)
    these = f'WHERE "batch_id" = ? AND {is_among("line")} AND "shop_id" = ?'
    lines = [place.line for place in places]
    rows = fetched(f'SELECT {names} FROM "batch_item" {these}', batch.id, listed(lines), batch.shop_id)  # noqa: S608
    keys = [field.name for field in fields]
    items = {item.line: item for item in (Row(**dict(zip(keys, row, strict=True))) for row in rows)}
    for item in items.values():
        if item.event_at is not None:
            item.event_at = BatchItem.event_at.python_value(item.event_at)
    return [items[line] for line in lines]


def save_progress(batch: Batch) -> None:
    """Store how far the batch came: the columns PROGRESS."""
    values = [getattr(batch, name) for name in PROGRESS]
    settings = ", ".join(f'"{name}" = {database.param}' for name in PROGRESS)
    these = f'"id" = {database.param} AND "shop_id" = {database.param}'
    database.execute_sql(f'UPDATE "batch" SET {settings} WHERE {these}', (*values, batch.id, batch.shop_id))  # noqa: S608


def note_outcomes(batch: Batch, items: Sequence[Row]) -> None:
    """Store status and code of the items; their notes are beside the ledger's rows now."""
    lines: dict[tuple[str, str | None], list[int]] = {}
    for item in items:
        lines.setdefault((item.status, item.code), []).append(item.line)
    these = f'WHERE "batch_id" = ? AND {is_among("line")} AND "shop_id" = ?'
    update = f'UPDATE "batch_item" SET "status" = ?, "code" = ?, "note" = NULL {these}'.replace("?", database.param)  # noqa: S608
    for outcome, some in lines.items():
        database.execute_sql(update, (*outcome, batch.id, listed(some), batch.shop_id))


def merged(shop_id: str, account_ids: list[str]) -> set[str]:
    """Returns the accounts whose customer was merged into another one: their points moved there."""
    gone = f'a."shop_id" = ? AND {is_among("a.id")} AND c."merged_into" IS NOT NULL'
    joined = '"account" AS a INNER JOIN "customer" AS c ON c."id" = a."customer_id"'
    rows = fetched(f'SELECT a."id" FROM {joined} WHERE {gone}', shop_id, listed(account_ids))  # noqa: S608
    return {account_id for (account_id,) in rows}
