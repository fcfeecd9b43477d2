"""Who moved points: staff, an app, an import, a bulk change, the customer, the shop, or the server itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from widget_server.ledger import MERGE, Transaction
from widget_server.loyalty.people.api_keys import ApiKey
from widget_server.loyalty.points.adjustments import Adjustment
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff.accounts import StaffAccount
from widget_server.loyalty.staff.members import StaffMember

AuthorKind = Literal["staff", "app", "import", "batch", "customer", "shop", "server"]
ID_LENGTH = 36
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
    said: list[Batch | Adjustment] = [*batches.values(), *notes.values()]
    names = {**_apps(shop, [one.app_id for one in said]), **_staff(shop, [one.staff for one in said])}
    return {
        row.id: _author(batches.get(row.cause_id or ""), notes.get(row.id), names) or _of_source(sources[row.id])
        for row in rows
    }


def _author(batch: Batch | None, note: Adjustment | None, names: Mapping[str, str]) -> Author | None:
    """The author whom a bulk change or an annotation names; `names` has those of staff and API keys by id."""
    said = batch or note
    if said is None or (batch is None and not (said.staff or said.app_id)):
        return None
    name = _name(said.staff, names) if said.staff else _name(said.app_id, names)
    if batch is not None:
        return Author("import" if batch.kind == "import" else "batch", name, batch.id)
    return Author("staff" if said.staff else "app", name)


def _name(id: str | None, names: Mapping[str, str]) -> str | None:
    """The name behind an id; a text that is no id is a name itself, and staff who left have none."""
    return names.get(id or "", None if id is None or len(id) == ID_LENGTH else id)


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


def _staff(shop: Shop, ids: Iterable[str | None]) -> dict[str, str]:
    """The names of these members of staff, by id."""
    wanted = set(filter(None, ids))
    members = StaffMember.of(shop).where(StaffMember.id.in_(wanted)) if wanted else ()
    accounts = {member.account_id: member.id for member in members}
    if not accounts:
        return {}
    people = StaffAccount.select().where(StaffAccount.id.in_(list(accounts)))
    return {accounts[person.id]: person.shown_name for person in people}


def _apps(shop: Shop, ids: Iterable[str | None]) -> dict[str, str]:
    """The names of the API keys among these apps, by id."""
    wanted = set(filter(None, ids))
    return dict(ApiKey.of(shop, ApiKey.id, ApiKey.name).where(ApiKey.id.in_(wanted)).tuples()) if wanted else {}
