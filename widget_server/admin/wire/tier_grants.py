"""A granted tier on the wire: our addition to Wix's API (acceptance 51)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, TypedDict

from marshmallow import fields

from widget_server.loyalty.points import tier_grants
from widget_server.web.wire import Guid

Day = Annotated[date, fields.Date(metadata={"example": "2026-12-31"})]


@dataclass(frozen=True)
class NewTierGrant:
    """The tier to grant, and its last day in the shop's time zone."""

    tier_id: Guid
    last_day: Day


@dataclass(frozen=True)
class GrantTier:
    """The grant to make."""

    tier_grant: NewTierGrant


class TierGrant(TypedDict):
    """A granted tier, and its last day."""

    tier_id: Guid
    last_day: Day


class TierGrantResponse(TypedDict):
    """The grant that holds now; absent when there is none."""

    tier_grant: TierGrant | None


def tier_grant(found: tier_grants.Grant | None) -> TierGrantResponse:
    """Returns the grant as the wire has it."""
    return {"tier_grant": None if found is None else {"tier_id": found.tier.id, "last_day": found.last_day}}
