"""Who moved points: staff, an app, an import, a bulk change, the customer, the shop, or the server itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from widget_server.ledger import MERGE, Transaction
from widget_server.loyalty.people.api_keys import ApiKey
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.batches import Batch
from widget_server.loyalty.program.shops import Shop

AuthorKind = Literal["staff", "app", "import", "batch", "customer", "shop", "server"]
OF_SOURCE: dict[str, AuthorKind] = {"staff": "staff", "dashboard": "staff", "admin": "app", "widget": "customer"}


@dataclass(frozen=True)
class Author:
    """Who moved points. `name` is that of the member of staff or of the app, `id` that of the bulk change."""

    kind: AuthorKind
    name: str | None = None
    id: str | None = None


SERVER = Author("server")


def of_rows(shop: Shop, rows: Iterable[Transaction], notes: Mapping[str, Adjustment]) -> dict[str, Author]:
    """Returns the author of each row, by its id; `notes` are the rows' annotations by the id of the row.

    The copy of a row that a merge moved has the author of its original.
    """
    rows = list(rows)
    sources = _sources(shop, rows)
    wanted = {row.cause_id for row in rows if row.cause == "adjusted" and row.cause_id}
    batches = {batch.id: batch for batch in Batch.of(shop).where(Batch.id.in_(wanted))} if wanted else {}
    apps = _apps(shop, [*(note.app_id for note in notes.values()), *(batch.app_id for batch in batches.values())])
    return {
        row.id: _author(batches.get(row.cause_id or ""), notes.get(row.id), apps) or _of_source(sources[row.id])
        for row in rows
    }


def _author(batch: Batch | None, note: Adjustment | None, apps: Mapping[str, str]) -> Author | None:
    if batch is not None:
        name = batch.staff or apps.get(batch.app_id or "", batch.app_id)
        return Author("import" if batch.kind == "import" else "batch", name, batch.id)
    if note is not None and note.staff:
        return Author("staff", note.staff)
    if note is not None and note.app_id:
        return Author("app", apps.get(note.app_id, note.app_id))
    return None


def _of_source(source: str) -> Author:
    kind = OF_SOURCE.get(source) or ("shop" if source.startswith("store:") else "server")
    return Author(kind)


def _sources(shop: Shop, rows: Iterable[Transaction]) -> dict[str, str]:
    """The source of each row by its id; of a copied one, the source of the row it was copied from first."""
    found = {row.id: row.source for row in rows}
    open_ = {row.key: row.id for row in rows if row.source == MERGE}
    while open_:
        of_originals = Transaction.of(shop, Transaction.id, Transaction.source, Transaction.key)
        originals = list(of_originals.where(Transaction.id.in_(list(open_))).tuples())
        found |= {open_[id]: source for id, source, _ in originals}
        open_ = {key: open_[id] for id, source, key in originals if source == MERGE}
    return found


def _apps(shop: Shop, ids: Iterable[str | None]) -> dict[str, str]:
    """The names of the API keys among these apps, by id."""
    wanted = set(filter(None, ids))
    return dict(ApiKey.of(shop, ApiKey.id, ApiKey.name).where(ApiKey.id.in_(wanted)).tuples()) if wanted else {}
