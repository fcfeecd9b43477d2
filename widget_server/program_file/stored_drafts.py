"""Drafts of the whole program: changes of many objects that are prepared, tried, and published at once.

A draft is a program file, beside the file that it began with. Until it is published it changes nothing: no shopper
sees it, and nothing is booked by it. What the shop changes meanwhile at other objects stays (`three_way`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from widget_server import clock
from widget_server.db import Int, ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.errors import BadRequest, DraftOutdated
from widget_server.json_types import JsonObject
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import lines
from widget_server.loyalty.program import programs, revisions
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file import apply, checks, current, dumping, three_way
from widget_server.program_file.changes import Change, differences
from widget_server.program_file.facts import Facts, ProgramFile
from widget_server.program_file.schema import parse
from widget_server.program_file.texts import LENGTH_MAX, NOTED_MAX
from widget_server.program_file.three_way import Conflict

NAME_LENGTH_MAX = 60
DRAFTS_MAX = 20
Side = Literal["draft", "live"]


class ProgramDraft(ShopTable):
    """A draft: the texts of the program file that it began with (`base`), and of the edited one (`document`)."""

    id = Text(primary_key=True)
    name = Text()
    base = Text()
    document = Text()
    revision = Int(default=1)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "created_at"), False),)


@dataclass(frozen=True)
class Outlook:
    """What publishing a draft would do now: the program after it, its changes, and what stands against it.

    `changes` are those of today's program; an object in conflict is in them as the draft has it.
    """

    file: ProgramFile
    changes: list[Change]
    conflicts: list[Conflict]


def create(shop: Shop, name: str) -> ProgramDraft:
    """Create a draft of today's program. Raises BadRequest (name) for an empty or long name, or one draft too many."""
    name = _named(name)
    with atomic():
        programs.locked(shop.id)
        if ProgramDraft.of(shop).count() >= DRAFTS_MAX:
            raise BadRequest(f"A shop has at most {DRAFTS_MAX} drafts.", field="name")
        text, now = dumping.text_of(current.of(shop)), clock.now()
        draft = ProgramDraft(
            id=new_id(), shop_id=shop.id, name=name, base=text, document=text, created_at=now, updated_at=now
        )
        draft.save(force_insert=True)
        audit_log.note(shop.id, "create", "program_draft", draft.id, after={"name": name})
        return draft


def all_of(shop: Shop) -> list[ProgramDraft]:
    """Returns the shop's drafts, newest first."""
    return list(ProgramDraft.of(shop).order_by(ProgramDraft.created_at.desc(), ProgramDraft.id))


def need(shop: Shop, draft_id: str) -> ProgramDraft:
    """Returns one draft; raises NotFound."""
    return ProgramDraft.need(shop, ProgramDraft.id == draft_id)


def file_of(shop: Shop, draft: ProgramDraft) -> ProgramFile:
    """Returns the program file of a draft, with every section, its days in the shop's zone."""
    return _read(shop, draft.document)


def outlook(shop: Shop, draft: ProgramDraft) -> Outlook:
    """Returns what publishing the draft would do now; changes nothing."""
    base, wanted, live = _read(shop, draft.base), file_of(shop, draft), _live(shop)
    file = three_way.merged(base, wanted, live)
    return Outlook(file, list(differences(live, file)), three_way.conflicts(base, wanted, live))


def rename(shop: Shop, draft_id: str, revision: int | None, name: str) -> ProgramDraft:
    """Give a draft another name. Raises NotFound, StaleRevision, BadRequest (name)."""
    name = _named(name)
    with atomic():
        draft = _locked(shop, draft_id, revision)
        return _save(draft, name=name)


def set_text(shop: Shop, draft_id: str, revision: int | None, text: str) -> ProgramDraft:
    """Replace the sections that this program file has; those that it leaves out stay as they are in the draft.

    Raises NotFound, StaleRevision, and BadRequest and MISFITS as `apply.plan` does.
    """
    if len(text) > LENGTH_MAX:
        raise BadRequest(f"A program file has up to {LENGTH_MAX:,} characters.", field="file")
    sent = parse(text)
    with atomic():
        draft = _locked(shop, draft_id, revision)
        return _set(shop, draft, three_way.completed(sent, file_of(shop, draft)))


def set_object(shop: Shop, draft_id: str, revision: int | None, what: str, facts: Facts | None) -> ProgramDraft:
    """Set one object of a draft, such as `rewards.mug`; None removes it, which only an entry of a list can be.

    Raises NotFound, StaleRevision, and BadRequest and MISFITS with the path of what does not fit.
    """
    with atomic():
        draft = _locked(shop, draft_id, revision)
        return _set(shop, draft, three_way.with_object(file_of(shop, draft), what, facts))


def settle(shop: Shop, draft_id: str, revision: int | None, sides: Mapping[str, Side]) -> ProgramDraft:
    """Settle conflicts: for each object, keep what the draft has, or what the shop has now (`live`).

    Objects that are in no conflict do not change. Raises NotFound, StaleRevision.
    """
    with atomic():
        draft = _locked(shop, draft_id, revision)
        base, wanted = _read(shop, draft.base), file_of(shop, draft)
        for one in three_way.conflicts(base, wanted, _live(shop)):
            if one.what in sides:
                base = three_way.with_object(base, one.what, one.live)
            if sides.get(one.what) == "live":
                wanted = three_way.with_object(wanted, one.what, one.live)
        return _save(draft, base=dumping.text_of(base), document=dumping.text_of(wanted))


def publish(shop: Shop, draft_id: str, revision: int | None) -> list[Change]:
    """Make the program what the draft says, in one transaction, and delete the draft; returns the changes.

    Each changed object gets its version, as if it was edited by hand. Booked points and issued coupons stay. Raises
    NotFound, StaleRevision, DraftOutdated (`objects`) when the shop changed the same objects meanwhile, and BadRequest
    and MISFITS as `apply.apply` does.
    """
    with atomic():
        draft = _locked(shop, draft_id, revision)
        found = outlook(shop, draft)
        if found.conflicts:
            raise DraftOutdated(objects=[one.what for one in found.conflicts])
        made = apply.apply(shop, found.file)
        lines_noted = [f"{one.kind} {one.what}" + (f" {one.field}" if one.field else "") for one in made]
        facts: JsonObject = {"name": draft.name, "count": len(made), "changes": lines_noted[:NOTED_MAX]}
        audit_log.note(shop.id, "publish", "program_draft", draft.id, after=facts)
        ProgramDraft.remove(shop, ProgramDraft.id == draft.id)
        return made


def discard(shop: Shop, draft_id: str) -> None:
    """Delete a draft; the program stays as it is. Raises NotFound."""
    with atomic():
        draft = need(shop, draft_id)
        audit_log.note(shop.id, "delete", "program_draft", draft.id, before={"name": draft.name})
        ProgramDraft.remove(shop, ProgramDraft.id == draft.id)


def _named(name: str) -> str:
    name = name.strip()
    lines.check("name", name)
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        raise BadRequest(f"The name of a draft has 1 to {NAME_LENGTH_MAX} characters.", field="name")
    return name


def _locked(shop: Shop, draft_id: str, revision: int | None) -> ProgramDraft:
    """The draft, with the program locked: nobody edits either of them until the transaction ends."""
    programs.locked(shop.id)
    need(shop, draft_id)
    draft: ProgramDraft = lock_rows(ProgramDraft.of(shop).where(ProgramDraft.id == draft_id)).get()
    revisions.check_revision(draft, revision)
    return draft


def _set(shop: Shop, draft: ProgramDraft, file: ProgramFile) -> ProgramDraft:
    """Store the file as the draft's, if it fits the shop; its days become moments of the shop's zone."""
    wanted = checks.in_zone(file, shop.timezone)
    checks.check(shop, _live(shop), wanted)
    text = dumping.text_of(wanted)
    parse(text)  # what fits the shop must fit the schema too: each name once, each figure within its bounds
    return _save(draft, document=text)


def _save(draft: ProgramDraft, **columns: str) -> ProgramDraft:
    if revisions.set_columns(draft, columns):
        draft.save()
    return draft


def _live(shop: Shop) -> ProgramFile:
    """What the shop has, read from its text: so it is written like the files of a draft."""
    return _read(shop, dumping.text_of(current.of(shop)))


def _read(shop: Shop, text: str) -> ProgramFile:
    return checks.in_zone(parse(text), shop.timezone)
