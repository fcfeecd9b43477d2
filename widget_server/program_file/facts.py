"""The program as facts: the content of a program file, section by section, in the domain's types.

A fact has the dotted name of its field in the file, such as `terms.ends_at`. What the shop has (`current`) is read
into the same form, so that `changes` only has to compare both.
"""

from dataclasses import dataclass, fields
from typing import Any

from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.program.shops import WidgetSettings
from widget_server.loyalty.rewards.gifts import Gift

Facts = dict[str, Any]  # by dotted name, of the domain's types, each checked by its field of the schema


Things = dict[str, Facts]  # by handle or name


# a field of the domain -> its name in a file
PROGRAM_WORDS = {
    field.name: field.name.replace("base_", "base.").replace("expiry_", "expiry.") for field in fields(ProgramSettings)
} | {"expiry": "expiry.kind"}


TERMS_WORDS = {field.name: f"terms.{field.name}" for field in fields(Terms)} | {"tier_ids": "terms.tiers"}
RULE_WORDS = {
    **{name: name for name in ("kind", "title", "description", "active", "points")},
    "rate_points": "per.points",
    "rate_per": "per.money",
}


REWARD_WORDS = {
    name: name
    for name in (
        *("kind", "title", "description", "active", "cost_points", "amount", "percent", "product_id", "product_name"),
        *("max_points", "step_points", "point_value", "minimum_subtotal", "collections", "starts_at", "ends_at"),
        *("limit_per_customer", "limit_period", "limit_total", "expires_after_days", "combines", "shareable"),
    )
} | {"tier_id": "tier"}


REFERRAL_WORDS = (
    *("active", "trigger", "minimum_subtotal", "attribution", "window_days", "undo_on_refund"),
    "advocate_daily_cap",
)


GIFT_WORDS = tuple(field.name for field in fields(Gift))
WIDGET_WORDS = tuple(field.name for field in fields(WidgetSettings))
TIER_SETTINGS_WORDS = ("active", "window_days", "base_name", "base_multiplier", "base_benefits")
TIER_WORDS = ("required_points", "multiplier", "benefits")
CAMPAIGN_WORDS = ("multiplier", "starts_at", "ends_at")


@dataclass(frozen=True)
class ProgramFile:
    """The content of a file, section by section; None for a section that it leaves out.

    Lists are dicts by handle (campaigns and levels by name) in the file's order. `tiers` and `levels` are one
    section of the file: both are given, or none.
    """

    program: Facts | None = None
    earning_rules: Things | None = None
    campaigns: Things | None = None
    tiers: Facts | None = None
    levels: Things | None = None
    rewards: Things | None = None
    referral: Facts | None = None
    widget: Facts | None = None

    @property
    def single(self) -> dict[str, Facts | None]:
        """Returns the sections with one set of facts, by name; None for one that is left out."""
        return {"program": self.program, "tiers": self.tiers, "referral": self.referral, "widget": self.widget}

    @property
    def listed(self) -> dict[str, Things | None]:
        """Returns the sections that are lists, by path; None for one that is left out."""
        return {
            "tiers.levels": self.levels,
            "earning_rules": self.earning_rules,
            "campaigns": self.campaigns,
            "rewards": self.rewards,
        }
