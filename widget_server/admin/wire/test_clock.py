"""The preview copy of a shop and its test clock on the wire: our addition to Wix's API."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_args

from marshmallow import fields, validate

from widget_server import clock
from widget_server.admin.wire import timeline
from widget_server.loyalty.preview import copies, spans
from widget_server.loyalty.preview.copies import NAME_LENGTH_MAX, POINTS_MAX, PreviewCopy
from widget_server.loyalty.preview.happenings import Happening, HappeningKind
from widget_server.loyalty.preview.steps import OrderStatus
from widget_server.web.texts import line
from widget_server.web.typed_schemas import together
from widget_server.web.wire import Choice, Guid, Number, OneOf, Points, PointsAmount, Revision

KINDS = {one.upper(): one for one in get_args(HappeningKind)}
STATUSES: dict[str, OrderStatus] = {one.upper(): one for one in get_args(OrderStatus)}
SPANS: dict[str, spans.Span] = {one.upper(): one for one in get_args(spans.Span)}
Name = Annotated[str, line(1, NAME_LENGTH_MAX)]
Day = Annotated[date | None, fields.Date(metadata={"example": "2026-03-10"})]
Position = Annotated[int | None, fields.Integer(validate=validate.Range(min=1, max=10**9))]
Limit = Annotated[int | None, fields.Integer(validate=validate.Range(min=1, max=copies.PAGE))]


@dataclass(frozen=True)
class NewSample:
    """A sample customer with points that were earned on a day (by default now); the year of a birthday is not used."""

    name: Name
    points: Annotated[int, Points(low=0, high=POINTS_MAX)] = 0
    earned_on: Day = None
    birthday: Day = None


@dataclass(frozen=True)
class CopiedCustomer:
    """A customer of the shop whose points are copied; `name` is the one in the copy, which keeps nothing else."""

    customer_id: Guid
    name: Name


@dataclass(frozen=True)
class SampleOrder:
    """An order of a customer of the copy, in the shop's currency."""

    customer_id: Guid
    amount: Annotated[Decimal, Number(low="0", places=3)]
    status: Annotated[Literal["placed", "paid", "fulfilled"], Choice(STATUSES)] = "paid"


@dataclass(frozen=True)
class SampleRedemption:
    """A reward that a customer of the copy redeems."""

    customer_id: Guid
    reward_id: Guid


@together(OneOf(("span", "day", "until", "to_first_within_days")))
@dataclass(frozen=True)
class ClockMove:
    """How far the time moves, at most 400 days: by a span, to the start of a day of the shop's zone, to a time, or to
    the first thing that happens within as many days.
    """

    span: Annotated[Literal["day", "week", "month"] | None, Choice(SPANS)] = None
    day: Day = None
    until: datetime | None = None
    to_first_within_days: Annotated[int | None, fields.Integer(validate=validate.Range(min=1, max=spans.DAYS_MAX))] = (
        None
    )


@dataclass(frozen=True)
class HappeningsQuery:
    """The page: at most `limit` (50) happenings that are older than the one with the number `before`."""

    before: Position = None
    limit: Limit = None


class NextExpiry(TypedDict):
    """The next points of a customer that expire."""

    points: PointsAmount
    date: datetime


class CopyCustomer(TypedDict):
    """A customer of the copy with what they have now."""

    id: Guid
    name: str
    birthday: NotRequired[str | None]
    balance: PointsAmount
    pending: PointsAmount
    tier: NotRequired[str | None]
    expires: NotRequired[NextExpiry | None]


class CopyReward(TypedDict):
    """A reward that can be redeemed in the copy."""

    id: Guid
    title: str
    cost: PointsAmount


class Copy(TypedDict):
    """The preview copy: `date` is its own present time."""

    id: Guid
    revision: Annotated[int, Revision()]
    started_date: datetime
    date: datetime
    customers: list[CopyCustomer]
    rewards: list[CopyReward]


class CopyResponse(TypedDict):
    """The preview copy."""

    preview_copy: Copy


class HappenedMail(TypedDict):
    """A mail that would have been sent."""

    template: str
    language: str
    subject: str
    text: str


class HappenedTier(TypedDict):
    """A change of the tier; absent is the base tier."""

    before: NotRequired[str | None]
    after: NotRequired[str | None]


class HappenedCoupon(TypedDict):
    """A coupon, and what became of it."""

    title: NotRequired[str | None]
    code: NotRequired[str | None]
    status: str


class HappeningShape(TypedDict):
    """One thing that happened in the copy, with the facts of its kind."""

    number: int
    kind: Annotated[str, Choice(KINDS)]
    date: datetime
    customer: str
    entry: NotRequired[timeline.Entry | None]
    tier: NotRequired[HappenedTier | None]
    coupon: NotRequired[HappenedCoupon | None]
    mail: NotRequired[HappenedMail | None]


class StepResponse(TypedDict):
    """The copy after a step, and what happened in it; a long move that stopped on its way to `until` is not `done`."""

    preview_copy: Copy
    happened: int
    done: bool
    until: NotRequired[datetime | None]


class HappeningsPage(TypedDict):
    """What happened, newest first."""

    happenings: list[HappeningShape]
    has_more: bool


def shown(row: PreviewCopy) -> Copy:
    """Returns the copy as the wire has it."""
    state: dict[str, Any] = row.state
    return {
        "id": row.id,
        "revision": row.revision,
        "started_date": row.started_at,
        "date": row.moment,
        "customers": [_customer(one) for one in state["customers"]],
        "rewards": [{"id": one["id"], "title": one["title"], "cost": one["cost"]} for one in state["rewards"]],
    }


def happening(number: int, one: Happening, mail: HappenedMail | None) -> HappeningShape:
    """Returns a happening as the wire has it; `mail` is its text, of the kind `mail`."""
    facts = one.facts
    coupon: HappenedCoupon = {"title": facts.get("title"), "code": facts.get("code"), "status": facts.get("status", "")}
    return {
        "number": number,
        "kind": one.kind,
        "date": one.at,
        "customer": one.customer,
        "entry": timeline.entry(one.entry) if one.entry else None,
        "tier": {"before": facts["before"], "after": facts["after"]} if one.kind == "tier" else None,
        "coupon": coupon if one.kind == "coupon" else None,
        "mail": mail,
    }


def _customer(known: dict[str, Any]) -> CopyCustomer:
    expires = known["expires"]
    return {
        "id": known["id"],
        "name": known["name"],
        "birthday": known["birthday"],
        "balance": known["balance"],
        "pending": known["pending"],
        "tier": known["tier"],
        "expires": {"points": expires["points"], "date": clock.parse(expires["at"])} if expires else None,
    }
