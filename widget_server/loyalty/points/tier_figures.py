"""What each tier has of its own: the points of a rule or the price of a reward, in a `by_tier` column."""

from collections.abc import Mapping

from widget_server.errors import TierUnknown
from widget_server.json_types import JsonObject
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program.shops import Shop

BASE = ""  # the base tier's key


def own_figures(shop: Shop, figures: Mapping[str | None, JsonObject]) -> JsonObject | None:
    """Returns the tiers' own figures (a rule's points, a reward's price), by tier id, as JSON of a `by_tier` column.

    The base tier's, under None, are stored in other columns; `BASE: null` means that it has none. Returns None when no
    tier has its own. Raises TierUnknown.
    """
    known = {tier.id for tier in tiers.listed(shop.id)}
    own = {tier_id: figure for tier_id, figure in figures.items() if tier_id is not None}
    unknown = next((tier_id for tier_id in own if tier_id not in known), None)
    if unknown is not None:
        raise TierUnknown(unknown)
    return (own if None in figures else {**own, BASE: None}) or None


def own_figures_without(kept: JsonObject, tier_id: str) -> JsonObject | None:
    """Returns a `by_tier` column without a deleted tier; None when no other tier has its own figures."""
    return {id: figure for id, figure in kept.items() if id != tier_id} or None
