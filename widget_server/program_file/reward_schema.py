"""The rewards and gifts of a program file."""

from decimal import Decimal
from typing import get_args, get_type_hints

from marshmallow import ValidationError, fields, post_load, validates_schema

from widget_server.loyalty.rewards.gifts import Gift
from widget_server.loyalty.rewards.rewards import KINDS as REWARD_KINDS
from widget_server.program_file.facts import Facts
from widget_server.program_file.fields import (
    DAYS_MAX,
    Amount,
    Id,
    Moment,
    OwnSchema,
    Part,
    Whole,
    Words,
    YesNo,
    handle_field,
    list_of,
    map_of,
    misplaced,
    one_of,
)

MISSING = "Missing data for required field."
COUPON_TERMS = {"minimum_subtotal", "expires_after_days", "combines"}
REWARD_NEEDS = {
    "amount": {"amount"},
    "sliding": {"point_value"},
    "percent": {"percent"},
    "free_product": {"product_id"},
}
REWARD_MAY = {"sliding": {"max_points", "step_points"}, "free_product": {"product_name"}}
GIFT_NEEDS = {
    "points": {"points"},
    "amount": {"amount"},
    "percent": {"percent"},
    "free_product": {"product_id"},
}
GIFT_MAY = {
    "amount": COUPON_TERMS,
    "percent": COUPON_TERMS,
    "free_shipping": COUPON_TERMS,
    "free_product": {"product_name", *COUPON_TERMS},
}


class CollectionSchema(Part):
    """A collection: its id on the platform, and its name for the shopper."""

    id = Id(required=True)
    name = Words(required=True)

    @post_load
    def as_facts(self, data: Facts, **_: object) -> Facts:
        """Returns the loaded fields unchanged."""
        return data


class OwnPriceSchema(OwnSchema):
    """A reward's own price and value in one tier."""

    cost_points = Whole(required=True)
    amount = Amount(load_default=None)
    percent = Amount(Decimal(1), Decimal(100), load_default=None)


class RewardSchema(Part):
    """A reward; for a sliding one `cost_points` is the minimum to spend.

    Without a price only the tiers of `by_tier` can buy it.
    """

    handle = handle_field()
    kind = one_of(REWARD_KINDS, required=True)
    title = Words(load_default=None)
    description = Words(1000, load_default=None)
    active = YesNo(load_default=True)
    cost_points = Whole(load_default=None)
    amount = Amount(load_default=None)
    percent = Amount(Decimal(1), Decimal(100), load_default=None)
    by_tier = map_of(fields.Nested(OwnPriceSchema), Words(100))
    product_id = Id(load_default=None)
    product_name = Words(load_default=None)
    max_points = Whole(load_default=None)
    step_points = Whole(load_default=None)
    point_value = Amount(load_default=None)
    minimum_subtotal = Amount(load_default=None)
    collections = list_of(fields.Nested(CollectionSchema))
    tier = Words(100, load_default=None)
    starts_at = Moment(load_default=None)
    ends_at = Moment(load_default=None)
    limit_per_customer = Whole(load_default=None)
    limit_period = one_of(("day", "month", "year", "ever"), load_default="ever")
    limit_total = Whole(load_default=None)
    expires_after_days = Whole(most=DAYS_MAX, load_default=None)
    combines = YesNo(load_default=False)
    shareable = YesNo(load_default=False)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_price(self, reward: Facts, sent: Facts, **_: object) -> None:
        """Raises ValidationError for a reward that nobody can buy."""
        if isinstance(sent, dict) and sent.get("cost_points") is None and not sent.get("by_tier"):
            raise ValidationError(MISSING, "cost_points")

    @validates_schema
    def check_kind(self, reward: Facts, **_: object) -> None:
        """Raises ValidationError for figures that do not fit the kind; a slider's steps must end at its maximum."""
        needed = REWARD_NEEDS.get(reward["kind"], set())
        errors = misplaced(reward["kind"], reward, REWARD_NEEDS, REWARD_MAY)
        if reward["cost_points"] is None and reward["by_tier"]:
            errors = {name: why for name, why in errors.items() if name not in needed & {"amount", "percent"}}
        if errors:
            raise ValidationError(errors)
        for tier, own in reward["by_tier"].items():
            if reward["kind"] == "sliding":
                raise ValidationError("A sliding reward cannot differ by tier.", "by_tier")
            for name in ("amount", "percent"):
                if (name in own) != (name in needed):
                    raise ValidationError({"by_tier": {tier: {name: ["Set it exactly when the reward sets it."]}}})
        least, most, step = reward["cost_points"], reward["max_points"], reward["step_points"] or 1
        if most is not None and least is not None and most < least:
            raise ValidationError("It is less than cost_points, the least that can be spent.", "max_points")
        if most is not None and least is not None and (most - least) % step:
            raise ValidationError("Steps of this size do not lead from cost_points to max_points.", "step_points")
        if reward["limit_period"] != "ever" and reward["limit_per_customer"] is None:
            raise ValidationError("A period needs limit_per_customer.", "limit_period")


class GiftSchema(Part):
    """What a referral gives to one side: points, or a coupon."""

    kind = one_of(get_args(get_type_hints(Gift)["kind"]), required=True)
    points = Whole(load_default=None)
    amount = Amount(load_default=None)
    percent = Amount(Decimal(1), Decimal(100), load_default=None)
    product_id = Id(load_default=None)
    product_name = Words(load_default=None)
    minimum_subtotal = Amount(load_default=None)
    expires_after_days = Whole(most=DAYS_MAX, load_default=None)
    combines = YesNo(load_default=Gift.combines)

    @validates_schema
    def check_kind(self, gift: Facts, **_: object) -> None:
        """Raises ValidationError for missing figures, or figures of another kind."""
        errors = misplaced(gift["kind"], gift, GIFT_NEEDS, GIFT_MAY)
        if errors:
            raise ValidationError(errors)
