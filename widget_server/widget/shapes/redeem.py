"""Rewards, as a member or a guest sees them."""

from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from widget_server.widget.fields import RewardKind


class Sliding(TypedDict):
    """A reward whose cost the shopper chooses."""

    min_points: int
    max_points: int | None
    step_points: int
    point_value: Decimal


class Reward(TypedDict):
    """A reward with its current price and availability for the member or guest."""

    id: str
    kind: RewardKind
    title: str | None
    description: str | None
    cost_points: int
    amount: Decimal | None
    percent: Decimal | None
    product_name: str | None
    sliding: Sliding | None
    minimum_subtotal: Decimal | None
    collections: list[str]
    tier_name: str | None
    ends_at: datetime | None
    expires_after_days: int | None
    combines: bool
    available: bool
    short_by: int
    refusal: str | None


class RewardList(TypedDict):
    """A page of the rewards with their current availability for the member or guest."""

    rewards: list[Reward]
    next_cursor: str | None
