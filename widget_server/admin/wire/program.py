"""LoyaltyProgram on the wire (wix-api §2). It has no id and no revision: there is one a shop."""

from typing import Any

from marshmallow import fields, pre_load, validate

from widget_server import config
from widget_server.loyalty.program.programs import Program
from widget_server.web.typed_schemas import schema_of
from widget_server.web.wire import NAME_MAX, Image, Points, Wire, WireTime, guid, text, wrapped

STATUSES = {"draft": "DRAFT", "active": "ACTIVE", "paused": "PAUSED"}
PREMIUM = {"loyalty_program": True, "tiers": True, "points_expiration": True}
ICON_PATH = "/assets/star.svg"
ICON_PIXELS = 24
POINTS_NAME_MAX = 20


class PointDefinition(Wire):
    """What a point is called, and its picture."""

    custom_name = fields.String(validate=validate.Length(max=POINTS_NAME_MAX))
    icon = fields.Nested(schema_of(Image, Wire))


class PointsExpiration(Wire):
    """When points expire: after months without activity, this share of them."""

    status = fields.String(dump_only=True, validate=validate.OneOf(["DISABLED", "ENABLED"]))
    months_of_inactivity = Points(low=1, high=12)
    expiring_points_percentage = Points(low=1, high=100)


class PremiumFeatures(Wire):
    """What a plan of Wix's would unlock: here, everything."""

    loyalty_program = fields.Boolean(required=True)
    tiers = fields.Boolean(required=True)
    points_expiration = fields.Boolean(required=True)


class LoyaltyProgram(Wire):
    """The shop's program."""

    name = text(2, NAME_MAX)
    point_definition = fields.Nested(PointDefinition)
    status = fields.String(dump_only=True, validate=validate.OneOf(list(STATUSES.values())))
    points_expiration = fields.Nested(PointsExpiration)
    premium_features = fields.Nested(PremiumFeatures, dump_only=True)
    created_date = WireTime(dump_only=True)
    updated_date = WireTime(dump_only=True)

    @pre_load
    def _points_is_an_alias(self, data: Any, **_: Any) -> Any:
        """The documents' own sample calls `pointDefinition` `points` (wix-api §8.7)."""
        if isinstance(data, dict) and "points" in data and "pointDefinition" not in data:
            data = {"pointDefinition" if name == "points" else name: value for name, value in data.items()}
        return data


class ProgramInSite(Wire):
    """The program of one site."""

    meta_site_id = guid(required=True)
    loyalty_program = fields.Nested(LoyaltyProgram, required=True)


class ProgramsInSites(Wire):
    """The programs of all sites that the key is good for: of one."""

    program_in_sites = fields.List(fields.Nested(ProgramInSite), required=True)


ProgramBody = wrapped("loyalty_program", LoyaltyProgram)


def program(row: Program) -> dict[str, Any]:
    """The row as LoyaltyProgram writes it; the program file allows longer names than the wire."""
    rules = row.rules
    return {
        "name": row.name[:NAME_MAX],
        "point_definition": {
            "custom_name": (row.points_name or "Points")[:POINTS_NAME_MAX],
            "icon": row.icon or own_icon(),
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


def own_icon() -> dict[str, Any]:
    """The picture of what has none: its address is absolute, or the SDK could not hand it back (wix-api §3)."""
    return {"id": "", "url": f"{config.current().base_url}{ICON_PATH}", "height": ICON_PIXELS, "width": ICON_PIXELS}
