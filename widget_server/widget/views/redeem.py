"""The Redeem points tab: the rewards, as a member or a guest sees them."""

from widget_server import money
from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import redeeming, rewards
from widget_server.loyalty.rewards.redeeming import Offer
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.widget.shapes.redeem import Reward as Shown
from widget_server.widget.shapes.redeem import Sliding


def rewards_for(shop: Shop, customer: Customer, account: Account | None) -> list[Shown]:
    """Returns the rewards for the member: affordable first, then by how few points are missing (acceptance 27)."""
    names = {tier.id: tier.name for tier in tiers.listed(shop.id)}
    return [_reward(shop, offer, names) for offer in redeeming.offers(shop, customer, account)]


def guest_rewards(shop: Shop) -> list[Shown]:
    """Returns the rewards as a guest sees them, none of them available (acceptance 13)."""
    names = {tier.id: tier.name for tier in tiers.listed(shop.id)}
    offers = (Offer(one, one.price, available=False, short_by=0, refusal=None) for one in rewards.listed(shop))
    return [_reward(shop, offer, names) for offer in offers]


def _reward(shop: Shop, offer: Offer, tier_names: dict[str, str]) -> Shown:
    one, price = offer.reward, offer.price
    return {
        "id": one.id,
        "kind": one.kind,
        "title": one.title,
        "description": one.description,
        "cost_points": price.cost_points,
        "amount": money.coins_or_none(price.amount, shop.currency),
        "percent": price.percent,
        "product_name": one.product_name,
        "sliding": _sliding(one),
        "minimum_subtotal": one.minimum_subtotal,
        "collections": [each["name"] for each in one.collections],
        "tier_name": tier_names.get(one.tier_id or ""),
        "ends_at": one.ends_at,
        "expires_after_days": one.expires_after_days,
        "combines": one.combines,
        "available": offer.available,
        "short_by": offer.short_by,
        "refusal": offer.refusal,
    }


def _sliding(one: Reward) -> Sliding | None:
    if one.kind != "sliding":
        return None
    return {
        "min_points": one.cost_points,
        "max_points": one.max_points,
        "step_points": one.step_points or 1,
        "point_value": one.point_value,
    }
