"""Changes of the program on the wire: its versions, its file, its drafts and their backtests; our addition."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, NotRequired, TypedDict, get_args

from marshmallow import fields, validate

from widget_server.admin.wire.audit import AuditEntry, audit_entry
from widget_server.loyalty import versions
from widget_server.loyalty.backtest import progress_texts
from widget_server.loyalty.backtest.figures import Figures
from widget_server.loyalty.backtest.replay import MONTHS_MAX
from widget_server.program_file import changes, stored_drafts
from widget_server.program_file.changes import plain
from widget_server.program_file.facts import Facts
from widget_server.program_file.stored_drafts import NAME_LENGTH_MAX, Outlook, Side
from widget_server.program_file.texts import LENGTH_MAX
from widget_server.program_file.three_way import Conflict
from widget_server.web.texts import line, text
from widget_server.web.wire import MONEY, Choice, DecimalText, Guid, Points, PointsAmount, Revision

NOUNS = {name.upper(): name for name in versions.TABLES}
OBSTACLES = {name.upper(): name for name in get_args(versions.Obstacle)}
KINDS = {"ADD": "add", "CHANGE": "change", "REMOVE": "remove"}
SIDES: dict[str, Side] = {"DRAFT": "draft", "LIVE": "live"}
VALUE = {"type": ["string", "number", "boolean", "array", "object"]}
Value = Annotated[object, fields.Raw(allow_none=True, metadata=VALUE)]
Object = Annotated[dict[str, object] | None, fields.Dict(keys=fields.String())]
Money = Annotated[Decimal | None, DecimalText(pattern=MONEY)]
FileText = Annotated[str, text(1, LENGTH_MAX)]
Months = Annotated[int | None, fields.Integer(validate=validate.Range(min=1, max=MONTHS_MAX))]


class Difference(TypedDict):
    """One setting with its values before and after; a value that is absent was not set."""

    name: str
    before: NotRequired[Value]
    after: NotRequired[Value]


class Version(TypedDict):
    """One change of the program. `obstacle` says why it cannot be taken back, `changedSince` which settings differ."""

    entry: AuditEntry
    name: NotRequired[str | None]
    differences: list[Difference]
    obstacle: NotRequired[Annotated[str | None, Choice(OBSTACLES)]]
    changed_since: list[str]


@dataclass(frozen=True)
class VersionsQuery:
    """What is listed: changes of one kind of object, and those older than the entry `after`."""

    after: Guid | None = None
    noun: Annotated[str | None, Choice(NOUNS)] = None


class VersionsPage(TypedDict):
    """Changes, newest first, at most 50; the next page is the one with `after` = the last entry's id."""

    versions: list[Version]


class FileResponse(TypedDict):
    """The program as the text of a program file."""

    file: str


@dataclass(frozen=True)
class FileBody:
    """A program file (docs/program-file.md)."""

    file: FileText


class DraftedChange(TypedDict):
    """One change: of a fact (`field`), or of a whole object, whose facts are then in `before` or `after`."""

    kind: Annotated[str, Choice(KINDS)]
    what: str
    field: NotRequired[str | None]
    before: NotRequired[Value]
    after: NotRequired[Value]


class PlanResponse(TypedDict):
    """What a file would change, and the mark of exactly these changes."""

    changes: list[DraftedChange]
    mark: str


@dataclass(frozen=True)
class MarkedFile:
    """A program file, and the mark of its plan."""

    file: FileText
    mark: Annotated[str, text(64, 64)]


class ChangesResponse(TypedDict):
    """The changes that were made."""

    changes: list[DraftedChange]


class ProgramDraft(TypedDict):
    """A draft of the whole program."""

    id: Guid
    name: str
    revision: Annotated[int, Revision()]
    created_date: datetime
    updated_date: datetime


class DraftsResponse(TypedDict):
    """Every draft, newest first."""

    drafts: list[ProgramDraft]


class DraftConflict(TypedDict):
    """An object that the draft and the shop changed in different ways; absent where it does not exist."""

    what: str
    base: NotRequired[Object]
    live: NotRequired[Object]
    draft: NotRequired[Object]


class DraftResponse(TypedDict):
    """A draft: its program file, what publishing it would change now, and what stands against it."""

    draft: ProgramDraft
    file: str
    changes: list[DraftedChange]
    conflicts: list[DraftConflict]


@dataclass(frozen=True)
class NewDraft:
    """The name of a new draft."""

    name: Annotated[str, line(1, NAME_LENGTH_MAX)]


@dataclass(frozen=True)
class DraftChange:
    """What changes of a draft: its name, or sections of its program file; and the revision that was read."""

    revision: Annotated[int, Revision()]
    name: Annotated[str | None, line(1, NAME_LENGTH_MAX)] = None
    file: Annotated[str | None, text(1, LENGTH_MAX)] = None


@dataclass(frozen=True)
class RevisionBody:
    """The revision that the caller read."""

    revision: Annotated[int, Revision()]


@dataclass(frozen=True)
class Settlement:
    """Objects in conflict, and the side that each keeps."""

    revision: Annotated[int, Revision()]
    objects: Annotated[list[Annotated[str, text(1, 300)]], validate.Length(min=1, max=200)]
    side: Annotated[Literal["draft", "live"], Choice(SIDES)]


@dataclass(frozen=True)
class TrySpan:
    """The months to replay, by default 3, and the `progress` of the last response while it was not done."""

    months: Months = None
    progress: Annotated[str | None, text(0, progress_texts.LENGTH_MAX)] = None


@dataclass(frozen=True)
class TryFile:
    """A program file to try on past orders, with the span as in the backtest of a draft."""

    file: FileText
    months: Months = None
    progress: Annotated[str | None, text(0, progress_texts.LENGTH_MAX)] = None


class TierCount(TypedDict):
    """The replayed customers in one tier; without a name in the base tier."""

    name: NotRequired[str | None]
    customers: Annotated[int, Points()]


class BacktestFigures(TypedDict):
    """What one version gives. Money is absent while a point has no value, or no reward is worth money."""

    points: PointsAmount
    pending: PointsAmount
    customers: Annotated[int, Points()]
    liability: NotRequired[Money]
    reward_cost: NotRequired[Money]
    percent_of_sales: NotRequired[Annotated[Decimal | None, fields.Float()]]
    tiers: list[TierCount]


class BacktestResponse(TypedDict):
    """Today's program beside the draft, for the orders replayed so far; send `progress` again until `isDone`."""

    today: BacktestFigures
    draft: BacktestFigures
    orders: Annotated[int, Points()]
    left_out: Annotated[int, Points()]
    sales: Annotated[Decimal, DecimalText(pattern=MONEY)]
    is_done: bool
    progress: str


def version(one: versions.Version) -> Version:
    """Returns a version as the wire has it."""
    differences: list[Difference] = [
        {"name": each.name, "before": each.before, "after": each.after} for each in one.differences
    ]
    return {
        "entry": audit_entry(one.entry),
        "name": one.name,
        "differences": differences,
        "obstacle": one.obstacle,
        "changed_since": list(one.fields),
    }


def drafted_change(one: changes.Change) -> DraftedChange:
    """Returns a change as the wire has it."""
    return {"kind": one.kind, "what": one.what, "field": one.field, "before": one.before, "after": one.after}


def draft(row: stored_drafts.ProgramDraft) -> ProgramDraft:
    """Returns the row as the wire has it, without its file."""
    return {
        "id": row.id,
        "name": row.name,
        "revision": row.revision,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def opened(row: stored_drafts.ProgramDraft, found: Outlook) -> DraftResponse:
    """Returns a draft with its file and what publishing it would do."""
    return {
        "draft": draft(row),
        "file": row.document,
        "changes": [drafted_change(one) for one in found.changes],
        "conflicts": [_conflict(one) for one in found.conflicts],
    }


def figures(found: Figures) -> BacktestFigures:
    """Returns the figures of one version as the wire has them."""
    return {
        "points": found.points,
        "pending": found.pending,
        "customers": found.customers,
        "liability": found.liability,
        "reward_cost": found.reward_cost,
        "percent_of_sales": found.percent,
        "tiers": [{"name": name, "customers": count} for name, count in found.tiers.items()],
    }


def _conflict(one: Conflict) -> DraftConflict:
    return {"what": one.what, "base": _object(one.base), "live": _object(one.live), "draft": _object(one.draft)}


def _object(facts: Facts | None) -> dict[str, object] | None:
    return None if facts is None else {name: plain(value) for name, value in facts.items()}
