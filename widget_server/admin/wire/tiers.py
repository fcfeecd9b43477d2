"""Tiers and the settings of their program on the wire (wix-api §2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Required, TypedDict, cast

from marshmallow import validate

from widget_server.admin.wire.program import own_icon
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import Status
from widget_server.web.texts import Prose, at_most
from widget_server.web.typed_schemas import Partial, ReadOnly, together
from widget_server.web.wire import NAME_MAX, POINTS_MAX, Choice, Guid, Image, Number, Points, Revised, Revision

STATUSES = {"DISABLED": "disabled", "DRAFT": "draft", "ACTIVE": "active", "PAUSED": "paused"}
MONTHS_MAX = 36
BULK_MAX = 20


class TierDefinition(TypedDict, total=False):
    """What a tier is called and how it is shown."""

    name: Annotated[str | None, Prose(1, 50)]
    description: Annotated[str | None, at_most(70)]
    icon: Image


@together(Revised())
class LoyaltyTier(TypedDict, total=False):
    """A tier, reached by points earned in the rolling window. `multiplier` and `benefits` are additions to Wix's."""

    id: Annotated[Guid, ReadOnly]
    tier_definition: Required[TierDefinition]
    required_points: Required[Annotated[int, Points(low=1, high=POINTS_MAX)]]
    multiplier: Annotated[Decimal | None, Number(low="0", high="1000", places=4)]
    benefits: Annotated[str | None, Prose(0, 500)]
    revision: Annotated[int, Revision()]
    created_date: Annotated[datetime, ReadOnly]
    updated_date: Annotated[datetime, ReadOnly]


@dataclass(frozen=True)
class NewTierDefinition:
    """What a new tier is called and how it is shown; the name is required."""

    name: Annotated[str, Prose(1, 50)]
    description: Annotated[str | None, at_most(70)] = None
    icon: Image | None = None


@dataclass(frozen=True)
class NewTier:
    """The fields of a new tier."""

    tier_definition: NewTierDefinition
    required_points: Annotated[int, Points(low=1, high=POINTS_MAX)]
    id: Annotated[Guid | None, ReadOnly] = None
    multiplier: Annotated[Decimal | None, Number(low="0", high="1000", places=4)] = None
    benefits: Annotated[str | None, Prose(0, 500)] = None
    revision: Annotated[int | None, Revision()] = None
    created_date: Annotated[datetime | None, ReadOnly] = None
    updated_date: Annotated[datetime | None, ReadOnly] = None


@dataclass(frozen=True)
class NewTierBody:
    """The tier to create."""

    tier: NewTier


@dataclass(frozen=True)
class NewTiers:
    """The tiers to create, 1 to 20."""

    tiers: Annotated[list[NewTier], validate.Length(min=1, max=BULK_MAX)]


@dataclass(frozen=True)
class TierChange:
    """The fields of a tier to change."""

    tier: Annotated[LoyaltyTier, Partial]


class TierResponse(TypedDict):
    """One tier."""

    tier: LoyaltyTier


class TiersResponse(TypedDict):
    """Every tier, lowest first, without the base tier."""

    tiers: list[LoyaltyTier]


class RollingWindow(TypedDict):
    """How many months back points count."""

    duration_in_months: Annotated[int, Points(low=1, high=MONTHS_MAX)]


class TiersProgramSettings(TypedDict, total=False):
    """Whether there are tiers, how far back points count, and what the base tier is called."""

    rolling_window: RollingWindow
    status: Annotated[Status, Choice(STATUSES)]
    revision: Annotated[int, Revision()]
    base_tier_definition: TierDefinition
    created_date: Annotated[datetime, ReadOnly]
    updated_date: Annotated[datetime, ReadOnly]


@dataclass(frozen=True)
class NewSettings:
    """Settings to create; `rolling_window` is required."""

    rolling_window: RollingWindow
    status: Annotated[Status | None, Choice(STATUSES)] = None
    revision: Annotated[int | None, Revision()] = None
    base_tier_definition: TierDefinition | None = None
    created_date: Annotated[datetime | None, ReadOnly] = None
    updated_date: Annotated[datetime | None, ReadOnly] = None


@dataclass(frozen=True)
class ChangedSettings:
    """The changed settings; a change sends all of them (wix-api §1a)."""

    rolling_window: RollingWindow
    status: Annotated[Status, Choice(STATUSES)]
    revision: Annotated[int, Revision()]
    base_tier_definition: TierDefinition | None = None
    created_date: Annotated[datetime | None, ReadOnly] = None
    updated_date: Annotated[datetime | None, ReadOnly] = None


@dataclass(frozen=True)
class NewSettingsBody:
    """The settings to create where there are none."""

    program_settings: NewSettings


@dataclass(frozen=True)
class SettingsChange:
    """The settings that replace the present ones."""

    program_settings: ChangedSettings


class SettingsResponse(TypedDict):
    """The settings of tiers."""

    program_settings: TiersProgramSettings


class TiersProgram(TypedDict):
    """Every tier, lowest first, and the settings."""

    tiers: list[LoyaltyTier]
    program_settings: TiersProgramSettings


class TierColumns(TypedDict, total=False):
    """The fields of a tier that were sent, by the names of their columns."""

    name: str
    description: str | None
    icon: Image
    required_points: int
    multiplier: Decimal | None
    benefits: str | None


class SettingsColumns(TypedDict, total=False):
    """The settings that were sent, by the names of their columns."""

    base_name: str | None
    base_description: str | None
    base_icon: Image | None
    window_months: int
    status: Status


def tier(row: tiers.Tier) -> LoyaltyTier:
    """Returns the row in the shape of LoyaltyTier."""
    return {
        "id": row.id,
        "tier_definition": {
            "name": row.name[:NAME_MAX],
            "description": row.description,
            "icon": row.icon or own_icon(),
        },
        "required_points": row.required_points,
        "multiplier": row.multiplier,
        "benefits": row.benefits,
        "revision": row.revision,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def settings(row: tiers.TierProgram) -> TiersProgramSettings:
    """Returns the row in the shape of TiersProgramSettings."""
    base: TierDefinition = {
        "name": row.base_name and row.base_name[:NAME_MAX],
        "description": row.base_description,
        "icon": row.base_icon or own_icon(),
    }
    return {
        "rolling_window": {"duration_in_months": row.months},
        "status": row.state,
        "revision": row.revision,
        "base_tier_definition": base,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def columns(sent: LoyaltyTier) -> TierColumns:
    """Returns the fields of a tier that were sent, by the names of their columns."""
    figures = {name: value for name, value in sent.items() if name in ("required_points", "multiplier", "benefits")}
    return cast(TierColumns, {**figures, **sent.get("tier_definition", {})})


def settings_columns(sent: NewSettings | ChangedSettings) -> SettingsColumns:
    """Returns the columns to set; a field missing in the base tier's definition is set to null (wix-api §1a)."""
    base: TierDefinition = sent.base_tier_definition or {}
    found: SettingsColumns = {
        "base_name": base.get("name"),
        "base_description": base.get("description"),
        "base_icon": base.get("icon"),
        "window_months": sent.rolling_window["duration_in_months"],
    }
    return found if sent.status is None else {**found, "status": sent.status}
