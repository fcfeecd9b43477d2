"""LoyaltyProgram on the wire (wix-api §2). It has no id and no revision: each shop has one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypedDict

from widget_server import config
from widget_server.loyalty.program.programs import Program
from widget_server.web.texts import Prose
from widget_server.web.typed_schemas import ReadOnly, together
from widget_server.web.wire import NAME_MAX, Guid, Image, Points, Rule

Status = Literal["DRAFT", "ACTIVE", "PAUSED"]
STATUSES: dict[str, Status] = {"draft": "DRAFT", "active": "ACTIVE", "paused": "PAUSED"}
ICON_PATH = "/assets/star.svg"
ICON_PIXELS = 24
POINTS_NAME_MAX = 20


class PointDefinition(TypedDict, total=False):
    """What a point is called, and its picture."""

    custom_name: Annotated[str, Prose(0, POINTS_NAME_MAX)]
    icon: Image


class PointsExpiration(TypedDict, total=False):
    """When points expire: after months without activity, this share of them."""

    status: Annotated[Literal["DISABLED", "ENABLED"], ReadOnly]
    months_of_inactivity: Annotated[int, Points(low=1, high=12)]
    expiring_points_percentage: Annotated[int, Points(low=1, high=100)]


class PremiumFeatures(TypedDict):
    """The features that a paid plan of Wix would unlock: here, all of them."""

    loyalty_program: bool
    tiers: bool
    points_expiration: bool


PREMIUM: PremiumFeatures = {"loyalty_program": True, "tiers": True, "points_expiration": True}


class PointsIsAnAlias(Rule):
    """Accepts `points` for `pointDefinition`, as in the sample of Wix's documentation (wix-api §8.7)."""

    def prepare(self, data: dict[str, object]) -> dict[str, object]:
        if "points" not in data or "pointDefinition" in data:
            return data
        return {"pointDefinition" if name == "points" else name: value for name, value in data.items()}


@together(PointsIsAnAlias())
class LoyaltyProgram(TypedDict, total=False):
    """The shop's program."""

    name: Annotated[str, Prose(2, NAME_MAX)]
    point_definition: PointDefinition
    status: Annotated[Status, ReadOnly]
    points_expiration: PointsExpiration
    premium_features: Annotated[PremiumFeatures, ReadOnly]
    created_date: Annotated[datetime, ReadOnly]
    updated_date: Annotated[datetime, ReadOnly]


@dataclass(frozen=True)
class ProgramChange:
    """The fields of the program to change."""

    loyalty_program: LoyaltyProgram


class ProgramResponse(TypedDict):
    """The shop's program."""

    loyalty_program: LoyaltyProgram


class ProgramInSite(TypedDict):
    """The program of one site."""

    meta_site_id: Guid
    loyalty_program: LoyaltyProgram


class ProgramsInSites(TypedDict):
    """The programs of all sites of the key: there is one."""

    program_in_sites: list[ProgramInSite]


def program(row: Program) -> LoyaltyProgram:
    """Returns the row in the shape of LoyaltyProgram; names longer than the wire allows are cut."""
    rules = row.rules
    return {
        "name": row.name[:NAME_MAX],
        "point_definition": {
            "custom_name": (row.points_name or "Points")[:POINTS_NAME_MAX],
            "icon": shown_icon(row),
        },
        "status": STATUSES[row.status],
        "points_expiration": {
            "status": "DISABLED" if rules.expiry == "off" else "ENABLED",
            "months_of_inactivity": rules.expiry_months,
            "expiring_points_percentage": rules.expiry_percent,
        },
        "premium_features": PREMIUM,
        "created_date": row.created_at,
        "updated_date": row.updated_at,
    }


def shown_icon(row: Program) -> Image:
    """Returns the picture of the program's points, or the default one."""
    icon: Image = row.icon or own_icon()
    return icon


def own_icon() -> Image:
    """Returns the default picture; its address is absolute, or the SDK could not send it back (wix-api §3)."""
    return {"id": "", "url": f"{config.current().base_url}{ICON_PATH}", "height": ICON_PIXELS, "width": ICON_PIXELS}


def kept_icon(icon: Image | None) -> dict[str, object] | None:
    """Returns a picture that was sent, as a column stores it; None if none was sent."""
    return None if icon is None else dict(icon)
