"""Changes of the program: `/loyalty-changes/v1`, our addition to Wix's API (acceptance 59).

Its versions and how one is taken back; the program file, planned and applied; drafts of the whole program, which are
prepared, tried on past orders, and published at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from widget_server.admin.routes import MANAGE, READ, Service
from widget_server.admin.wire import changes as shapes
from widget_server.db import atomic
from widget_server.errors import (
    BadRequest,
    BadTransition,
    CannotTakeBack,
    DraftOutdated,
    NotFound,
    Refusal,
    StaleRevision,
    TierTaken,
)
from widget_server.loyalty import taking_back, versions
from widget_server.loyalty.backtest import trials
from widget_server.loyalty.backtest.drafts import Draft
from widget_server.program_file import dumping, stored_drafts, texts
from widget_server.program_file.checks import MISFITS
from widget_server.program_file.drafts import of_file
from widget_server.program_file.schema import parse
from widget_server.web.callers import Caller
from widget_server.web.wire import Empty

service = Service("changes", "/loyalty-changes/v1", "Changes of the program, and drafts")


@service.route("GET", "/versions", READ, query=shapes.VersionsQuery, returns=shapes.VersionsPage, refuses=(NotFound,))
def list_versions(caller: Caller, body: shapes.VersionsQuery) -> shapes.VersionsPage:
    """List the changes of the program, newest first, with what each changed and whether it can be taken back."""
    nouns = (body.noun,) if body.noun else tuple(versions.TABLES)
    found = versions.listed(caller.shop, after_id=body.after, nouns=nouns)
    return {"versions": [shapes.version(one) for one in found]}


@service.route(
    "POST",
    "/versions/<entry_id>/take-back",
    MANAGE,
    returns=Empty,
    refuses=(NotFound, CannotTakeBack, BadTransition, TierTaken),
)
def take_back(caller: Caller, entry_id: str) -> Empty:
    """Write the values before a change again, as a new change; booked points stay."""
    taking_back.take_back(caller.shop, entry_id)
    return {}


@service.route("GET", "/program-file", READ, returns=shapes.FileResponse)
def get_program_file(caller: Caller) -> shapes.FileResponse:
    """Get the whole program as one YAML text (docs/program-file.md)."""
    return {"file": texts.present(caller.shop)}


@service.route(
    "POST",
    "/program-file/plan",
    READ,
    takes=shapes.FileBody,
    returns=shapes.PlanResponse,
    refuses=MISFITS,
)
def plan_program_file(caller: Caller, body: shapes.FileBody) -> shapes.PlanResponse:
    """Get what a program file would change, without changing it."""
    with _in_file():
        found = texts.plan_text(caller.shop, body.file)
    return {"changes": [shapes.drafted_change(one) for one in found.changes], "mark": found.mark}


@service.route(
    "POST",
    "/program-file/apply",
    MANAGE,
    takes=shapes.MarkedFile,
    returns=shapes.ChangesResponse,
    refuses=(*MISFITS, StaleRevision),
)
def apply_program_file(caller: Caller, body: shapes.MarkedFile) -> shapes.ChangesResponse:
    """Make the program match a file, if it still makes exactly the changes of its plan."""
    with _in_file():
        made = texts.apply_text(caller.shop, body.file, body.mark)
    return {"changes": [shapes.drafted_change(one) for one in made.changes]}


@service.route(
    "POST",
    "/program-file/backtest",
    READ,
    takes=shapes.TryFile,
    returns=shapes.BacktestResponse,
    refuses=MISFITS,
)
def try_program_file(caller: Caller, body: shapes.TryFile) -> shapes.BacktestResponse:
    """Try a program file on the shop's past orders, in slices; nothing is saved."""
    with _in_file():
        tried = of_file(caller.shop, parse(body.file))
    return _tried(caller, tried, [body.file], body.months, body.progress)


@service.route("POST", "/drafts", MANAGE, takes=shapes.NewDraft, returns=shapes.DraftResponse)
def create_draft(caller: Caller, body: shapes.NewDraft) -> shapes.DraftResponse:
    """Make a draft of today's program; at most 20 drafts can exist."""
    return _opened(caller, stored_drafts.create(caller.shop, body.name))


@service.route("GET", "/drafts", READ, returns=shapes.DraftsResponse)
def list_drafts(caller: Caller) -> shapes.DraftsResponse:
    """List the drafts of the program, newest first."""
    return {"drafts": [shapes.draft(one) for one in stored_drafts.all_of(caller.shop)]}


@service.route("GET", "/drafts/<draft_id>", READ, returns=shapes.DraftResponse, refuses=(NotFound,))
def get_draft(caller: Caller, draft_id: str) -> shapes.DraftResponse:
    """Get a draft with its file, what publishing it would change now, and what stands against it."""
    return _opened(caller, stored_drafts.need(caller.shop, draft_id))


@service.route(
    "PATCH",
    "/drafts/<draft_id>",
    MANAGE,
    takes=shapes.DraftChange,
    returns=shapes.DraftResponse,
    refuses=(NotFound, StaleRevision, *MISFITS),
)
def update_draft(caller: Caller, body: shapes.DraftChange, draft_id: str) -> shapes.DraftResponse:
    """Change the name of a draft, or the sections that the sent program file has."""
    with atomic():
        draft, revision = stored_drafts.need(caller.shop, draft_id), body.revision
        if body.name is not None:
            draft = stored_drafts.rename(caller.shop, draft_id, revision, body.name)
            revision = draft.revision
        if body.file is not None:
            with _in_file():
                draft = stored_drafts.set_text(caller.shop, draft_id, revision, body.file)
        return _opened(caller, draft)


@service.route("DELETE", "/drafts/<draft_id>", MANAGE, returns=Empty, refuses=(NotFound,))
def discard_draft(caller: Caller, draft_id: str) -> Empty:
    """Delete a draft; the program stays as it is."""
    stored_drafts.discard(caller.shop, draft_id)
    return {}


@service.route(
    "POST",
    "/drafts/<draft_id>/settle",
    MANAGE,
    takes=shapes.Settlement,
    returns=shapes.DraftResponse,
    refuses=(NotFound, StaleRevision),
)
def settle_draft(caller: Caller, body: shapes.Settlement, draft_id: str) -> shapes.DraftResponse:
    """Settle conflicts: each object keeps what the draft has, or what the shop has now."""
    sides = dict.fromkeys(body.objects, body.side)
    return _opened(caller, stored_drafts.settle(caller.shop, draft_id, body.revision, sides))


@service.route(
    "POST",
    "/drafts/<draft_id>/backtest",
    READ,
    takes=shapes.TrySpan,
    returns=shapes.BacktestResponse,
    refuses=(NotFound, *MISFITS),
)
def try_draft(caller: Caller, body: shapes.TrySpan, draft_id: str) -> shapes.BacktestResponse:
    """Try a draft on the shop's past orders, in slices; nothing is saved."""
    draft = stored_drafts.need(caller.shop, draft_id)
    file = stored_drafts.outlook(caller.shop, draft).file
    with _in_file():
        tried = of_file(caller.shop, file)
    return _tried(caller, tried, [dumping.text_of(file)], body.months, body.progress)


@service.route(
    "POST",
    "/drafts/<draft_id>/publish",
    MANAGE,
    takes=shapes.RevisionBody,
    returns=shapes.ChangesResponse,
    refuses=(NotFound, StaleRevision, DraftOutdated, *MISFITS),
)
def publish_draft(caller: Caller, body: shapes.RevisionBody, draft_id: str) -> shapes.ChangesResponse:
    """Make the program what a draft says, all at once, and delete the draft; booked points stay."""
    with _in_file():
        made = stored_drafts.publish(caller.shop, draft_id, body.revision)
    return {"changes": [shapes.drafted_change(one) for one in made]}


def _opened(caller: Caller, row: stored_drafts.ProgramDraft) -> shapes.DraftResponse:
    return shapes.opened(row, stored_drafts.outlook(caller.shop, row))


def _tried(
    caller: Caller, tried: Draft, facts: list[object], months: int | None, progress: str | None
) -> shapes.BacktestResponse:
    trial = trials.go_on(caller.shop, tried, facts, months or trials.MONTHS_USUAL, progress or "")
    return {
        "today": shapes.figures(trial.today),
        "draft": shapes.figures(trial.draft),
        "orders": trial.found.orders,
        "left_out": trial.found.left_out,
        "sales": trial.found.sales,
        "is_done": trial.found.done,
        "progress": trial.progress,
    }


@contextmanager
def _in_file() -> Iterator[None]:
    """Puts the path of a fault in a program file below `file`, as it is written there."""
    try:
        yield
    except Refusal as refusal:
        if refusal.field and refusal.field != "file":
            refusal.field = f"file.{refusal.field}"
        elif isinstance(refusal, BadRequest):
            refusal.field = "file"
        raise
