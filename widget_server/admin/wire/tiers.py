"""Tiers and the settings of their program on the wire (wix-api §2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Required, TypedDict, cast

from marshmallow import validate

from widget_server.admin.wire.program import own_icon
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import Status
from widget_server.web.typed_schemas import Partial, ReadOnly, together
from widget_server.web.wire import (
    NAME_MAX,
    POINTS_MAX,
    Choice,
    Guid,
    Image,
    Number,
    Points,
    Revised,
    Revision,
    at_most,
    text,
)

STATUSES = {"DISABLED": "disabled", "DRAFT": "draft", "ACTIVE": "active", "PAUSED": "paused"}
MONTHS_MAX = 36
BULK_MAX = 20


class TierDefinition(TypedDict, total=False):
    """What a tier is called and how it is shown."""

    name: Annotated[str | None, text(1, 50)]
    description: Annotated[str | None, at_most(70)]
    icon: Image


@together(Revised())
class LoyaltyTier(TypedDict, total=False):
    """A tier, reached by points earned in the rolling window. `multiplier` and `benefits` are not in Wix's."""

    id: Annotated[Guid, ReadOnly]
    tier_definition: Required[TierDefinition]
    required_points: Required[Annotated[int, Points(low=1, high=POINTS_MAX)]]
    multiplier: Annotated[Decimal | None, Number(low="0", high="1000", places=4)]
    benefits: Annotated[str | None, at_most(500)]
    revision: Annotated[int, Revision()]
    created_date: Annotated[datetime, ReadOnly]
    updated_date: Annotated[datetime, ReadOnly]


@dataclass(frozen=True)
class NewTierDefinition:
    """What a tier is called and how it is shown; it has a name."""

    name: Annotated[str, text(1, 50)]
    description: Annotated[str | None, at_most(70)] = None
    icon: Image | None = None


@dataclass(frozen=True)
class NewTier:
    """A new tier."""

    tier_definition: NewTierDefinition
    required_points: Annotated[int, Points(low=1, high=POINTS_MAX)]
    id: Annotated[Guid | None, ReadOnly] = None
    multiplier: Annotated[Decimal | None, Number(low="0", high="1000", places=4)] = None
    benefits: Annotated[str | None, at_most(500)] = None
    revision: Annotated[int | None, Revision()] = None
    created_date: Annotated[datetime | None, ReadOnly] = None
    updated_date: Annotated[datetime | None, ReadOnly] = None


@dataclass(frozen=True)
class NewTierBody:
    """A new tier."""

    tier: NewTier


@dataclass(frozen=True)
class NewTiers:
    """New tiers."""

    tiers: Annotated[list[NewTier], validate.Length(min=1, max=BULK_MAX)]


@dataclass(frozen=True)
class TierChange:
    """The fields of a tier to change."""

    tier: Annotated[LoyaltyTier, Partial]


class TierResponse(TypedDict):
    """One tier."""

    tier: LoyaltyTier


class TiersResponse(TypedDict):
    """Every tier, lowest first; the base tier is none of them."""

    tiers: list[LoyaltyTier]


class RollingWindow(TypedDict):
    """How far back points count."""

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
    """Settings where there are none."""

    rolling_window: RollingWindow
    status: Annotated[Status | None, Choice(STATUSES)] = None
    revision: Annotated[int | None, Revision()] = None
    base_tier_definition: TierDefinition | None = None
    created_date: Annotated[datetime | None, ReadOnly] = None
    updated_date: Annotated[datetime | None, ReadOnly] = None


@dataclass(frozen=True)
class ChangedSettings:
    """A change says all of it (wix-api §1a)."""

    rolling_window: RollingWindow
    status: Annotated[Status, Choice(STATUSES)]
    revision: Annotated[int, Revision()]
    base_tier_definition: TierDefinition | None = None
    created_date: Annotated[datetime | None, ReadOnly] = None
    updated_date: Annotated[datetime | None, ReadOnly] = None


@dataclass(frozen=True)
class NewSettingsBody:
    """Settings where there are none."""

    program_settings: NewSettings


@dataclass(frozen=True)
class SettingsChange:
    """The settings as they are to be."""

    program_settings: ChangedSettings


class SettingsResponse(TypedDict):
    """The settings."""

    program_settings: TiersProgramSettings


class TiersProgram(TypedDict):
    """Tiers and settings."""

    tiers: list[LoyaltyTier]
    program_settings: TiersProgramSettings


class TierColumns(TypedDict, total=False):
    """What is sent of a tier, by the names of its columns."""

    name: str
    description: str | None
    icon: Image
    required_points: int
    multiplier: Decimal | None
    benefits: str | None


class SettingsColumns(TypedDict, total=False):
    """What is sent of the settings, by the names of their columns."""

    base_name: str | None
    base_description: str | None
    base_icon: Image | None
    window_months: int
    status: Status


def tier(row: tiers.Tier) -> LoyaltyTier:
    """The row as LoyaltyTier writes it."""
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
    """The row as TiersProgramSettings writes it."""
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
    """What of a tier is sent, by the names of its columns."""
    figures = {name: value for name, value in sent.items() if name in ("required_points", "multiplier", "benefits")}
    return cast(TierColumns, {**figures, **sent.get("tier_definition", {})})


def settings_columns(sent: NewSettings | ChangedSettings) -> SettingsColumns:
    """What of the settings is sent; what is left out of the base tier's definition is emptied (wix-api §1a)."""
    base: TierDefinition = sent.base_tier_definition or {}
    found: SettingsColumns = {
        "base_name": base.get("name"),
        "base_description": base.get("description"),
        "base_icon": base.get("icon"),
        "window_months": sent.rolling_window["duration_in_months"],
    }
    return found if sent.status is None else {**found, "status": sent.status}
