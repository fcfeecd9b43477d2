"""How far an import is, for whoever waits for it."""

from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.points.batch_tables import Batch, BatchItem
from widget_server.loyalty.program.shops import Shop

PAGE = 20


@dataclass(frozen=True)
class Progress:
    """Steps that are done, of how many; `total` 0: not known yet. Each row of a file is listed, then booked."""

    done: int
    total: int

    @property
    def percent(self) -> int | None:
        """The part that is done, from 0 to 100; None while it is not known."""
        return min(100 * self.done // self.total, 100) if self.total else None


def of(made: Import, batch: Batch | None) -> Progress:
    """Returns how far the reading, preview, booking or undoing of the import is; `batch` is that of the import."""
    rows = made.row_count or 0
    if batch is None:
        return Progress(made.previewed, rows if made.preview_status == "running" else 0)
    if batch.status in ("undoing", "undone"):
        return Progress(batch.undone + batch.kept, batch.succeeded)
    if batch.status == "running":
        booked = batch.succeeded + batch.failed + batch.skipped if batch.total else 0
        return Progress((rows if batch.total else _listed(batch)) + booked, 2 * rows)
    return Progress(1, 1)


def batch_of(made: Import) -> Batch | None:
    """Returns the batch that books the import; None before it was executed."""
    return None if made.batch_id is None else Batch.need(made.shop_id, Batch.id == made.batch_id)


def newest(shop: Shop, *, before: datetime | None = None, limit: int = PAGE) -> list[tuple[Import, Batch | None]]:
    """Returns the newest imports of the shop with their batches, or the next ones, created before a moment."""
    rows = Import.of(shop).order_by(Import.created_at.desc()).limit(limit)
    found = list(rows if before is None else rows.where(Import.created_at < before))
    ids = [made.batch_id for made in found if made.batch_id]
    batches = {batch.id: batch for batch in Batch.of(shop).where(Batch.id.in_(ids))} if ids else {}
    return [(made, batches.get(made.batch_id)) for made in found]


def _listed(batch: Batch) -> int:
    lines = BatchItem.of(batch.shop_id, fn.MAX(BatchItem.line)).where(BatchItem.batch_id == batch.id)
    return int(lines.scalar() or 0)
