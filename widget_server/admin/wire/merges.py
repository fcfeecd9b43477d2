"""The dry run of a merge on the wire: our addition to Wix's API (contracts §11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypedDict

from marshmallow import fields

from widget_server.loyalty.people import merging
from widget_server.web.wire import Guid, PointsAmount, camel, wire_time

Value = Annotated[
    object, fields.Raw(allow_none=True, metadata={"type": ["string", "number", "boolean", "array", "object"]})
]


@dataclass(frozen=True)
class MergePreviewQuery:
    """The customer to merge into."""

    into_id: Guid


class MergeFigures(TypedDict, total=False):
    """The points of a customer, and the tier; without an id in the base tier."""

    balance: PointsAmount
    pending: PointsAmount
    debt: PointsAmount
    earned: PointsAmount
    redeemed: PointsAmount
    adjusted: PointsAmount
    expired: PointsAmount
    tier_id: Guid | None


class MergeMoves(TypedDict):
    """How many rows of each kind would move."""

    transactions: int
    waiting: int
    orders: int
    coupons: int
    friends: int
    referrals: int


class MergeFact(TypedDict, total=False):
    """A field in which the two differ, and the value that would be kept; an empty value is absent."""

    name: str
    source: Value
    target: Value
    kept: Value


class MergePreview(TypedDict):
    """What a merge would do. `takenBack` are points that both were given, but one person gets only once."""

    source_id: Guid
    target_id: Guid
    source_points: MergeFigures
    target_points: MergeFigures
    joint_points: MergeFigures
    taken_back: PointsAmount
    moves: MergeMoves
    facts: list[MergeFact]
    sessions_end: int


class MergePreviewResponse(TypedDict):
    """The dry run of a merge."""

    preview: MergePreview


def preview(found: merging.MergePreview) -> MergePreview:
    """Returns the dry run as the wire has it."""
    return {
        "source_id": found.source.id,
        "target_id": found.target.id,
        "source_points": _figures(found.source_points),
        "target_points": _figures(found.target_points),
        "joint_points": _figures(found.joint_points),
        "taken_back": found.taken_back,
        "moves": {
            "transactions": found.moved.transactions,
            "waiting": found.moved.waiting,
            "orders": found.moved.orders,
            "coupons": found.moved.coupons,
            "friends": found.moved.friends,
            "referrals": found.moved.referrals,
        },
        "facts": [_fact(fact) for fact in found.facts],
        "sessions_end": found.sessions_end,
    }


def _figures(of: merging.Figures) -> MergeFigures:
    return {
        "balance": of.balance,
        "pending": of.pending,
        "debt": of.debt,
        "earned": of.earned,
        "redeemed": of.redeemed,
        "adjusted": of.adjusted,
        "expired": of.expired,
        "tier_id": of.tier_id,
    }


def _fact(fact: merging.Fact) -> MergeFact:
    source, target, kept = (_plain(one) for one in (fact.source, fact.target, fact.kept))
    return {"name": camel(fact.name), "source": source, "target": target, "kept": kept}


def _plain(value: object) -> object:
    return wire_time(value) if isinstance(value, datetime) else value
