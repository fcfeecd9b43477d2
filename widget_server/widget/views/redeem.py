"""The Redeem points tab: pages of the rewards, as a member or a guest sees them."""

from widget_server import money
from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import redeeming, rewards
from widget_server.loyalty.rewards.redeeming import Offer
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.widget import list_pages
from widget_server.widget.list_pages import Place
from widget_server.widget.shapes.redeem import Reward as Shown
from widget_server.widget.shapes.redeem import RewardList, Sliding


def page(
    shop: Shop, customer: Customer, account: Account | None, *, cursor: str | None = None, pages: int = 1
) -> RewardList:
    """Returns rewards for the member: affordable first, then by how few points are missing (acceptance 27).

    All pages have the order of the balance at the first one, which the cursor has, so that points that come or go
    meanwhile hide no reward; what is available follows the balance now. Raises BadRequest for a malformed cursor.
    """
    balance = list_pages.place_of(cursor)[0] if cursor else account.balance if account else 0
    offers = redeeming.offers(shop, customer, account)
    found = list_pages.page(offers, lambda offer: _place(offer, balance), cursor=cursor, pages=pages)
    return {"rewards": _rewards(shop, found.items), "next_cursor": found.next_cursor}


def guest_page(shop: Shop, *, cursor: str | None = None) -> RewardList:
    """Returns rewards as a guest sees them, none of them available, in the merchant's order (acceptance 13).

    Raises BadRequest for a malformed cursor.
    """
    offers = [Offer(one, one.price, available=False, short_by=0, refusal=None) for one in rewards.listed(shop)]
    found = list_pages.page(offers, _merchants_place, cursor=cursor)
    # a guest cannot act on these, and ids do not compress
    shown: list[Shown] = [{**one, "id": ""} for one in _rewards(shop, found.items)]
    return {"rewards": shown, "next_cursor": found.next_cursor}


def _place(offer: Offer, balance: int) -> Place:
    short_by = max(offer.price.cost_points - balance, 0)
    return balance, int(offer.refusal is not None), short_by, *_merchants_place(offer)


def _merchants_place(offer: Offer) -> Place:
    return list_pages.in_merchants_order(offer.reward.position, offer.reward.created_at)


def _rewards(shop: Shop, offers: list[Offer]) -> list[Shown]:
    names = {tier.id: tier.name for tier in tiers.listed(shop.id)}
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
