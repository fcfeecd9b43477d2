"""Rewards: `/loyalty-rewards/v1` (wix-api §1)."""

from typing import Any

from widget_server.admin.routes import MANAGE, READ, Service, bulk, naming
from widget_server.admin.wire import rewards as shapes
from widget_server.admin.wire.rewards import AMOUNT_PATHS, columns, kind_and_prices, reward
from widget_server.admin.wire.tiers import RevisionAsked
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of
from widget_server.web.wire import Empty

service = Service("rewards", "/loyalty-rewards/v1", "Rewards")

CREATED = Field(Reward.created_at, "time")
TYPE = {"DISCOUNT_AMOUNT": True, "COUPON_REWARD": False}
ENTITY = Entity(
    "reward",
    {
        "id": Field(Reward.id, "id"),
        "name": Field(Reward.title, "text", nullable=True),
        "active": Field(Reward.active, "bool"),
        "type": Field(Reward.at_checkout, "enum", to_stored=word_of(TYPE)),
        "createdDate": CREATED,
        "updatedDate": Field(Reward.updated_at, "time"),
        "revision": Field(Reward.revision, "int"),
    },
    (Field(Reward.id, "id"),),
    CREATED,
)


@service.route("POST", "/rewards", MANAGE, takes=shapes.RewardBody, returns=shapes.RewardBody)
def create_reward(caller: Caller, body: Any) -> dict[str, Any]:
    """A new reward; not active unless told."""
    with naming(AMOUNT_PATHS, under="reward"):
        return {"reward": _made(caller.shop, body["reward"])}


@service.route("POST", "/bulk/rewards/create", MANAGE, takes=shapes.NewRewards, returns=shapes.RewardsMade)
def bulk_create_rewards(caller: Caller, body: Any) -> dict[str, Any]:
    """Up to 10 rewards; one that is refused leaves the others be."""
    return bulk(body["rewards"], lambda one: _made(caller.shop, one))


@service.route("GET", "/bulk/rewards", READ, returns=shapes.RewardsInSites)
def bulk_get_rewards(caller: Caller) -> dict[str, Any]:
    """The rewards of all sites of the caller: a key is good for one."""
    rows = [
        reward(row, caller.shop.currency) for row in _select(caller.shop).order_by(Reward.position, Reward.created_at)
    ]
    return {"rewards_in_site": [{"meta_site_id": caller.shop.id, "rewards": rows}]}


@service.route("GET", "/rewards", READ, query=shapes.Paged, returns=shapes.RewardsListed)
def list_rewards(caller: Caller, body: Any) -> dict[str, Any]:
    """Every reward, active or not, newest first."""
    found = query.page(ENTITY, _select(caller.shop), {"cursorPaging": body}, shop_id=caller.shop.id, where="")
    return {
        "rewards": [reward(row, caller.shop.currency) for row in found.rows],
        "paging_metadata": query.metadata_v2(found),
    }


@service.route("POST", "/rewards/query", READ, takes=query.query_body(ENTITY), returns=shapes.RewardsPage)
def query_rewards(caller: Caller, body: query.QueryBody) -> dict[str, Any]:
    """Rewards by filter and order."""
    found = query.page(ENTITY, _select(caller.shop), body.query, shop_id=caller.shop.id)
    return {
        "rewards": [reward(row, caller.shop.currency) for row in found.rows],
        "paging_metadata": query.metadata(found),
    }


@service.route("GET", "/rewards/<reward_id>", READ, returns=shapes.RewardBody)
def get_reward(caller: Caller, reward_id: str) -> dict[str, Any]:
    """One reward."""
    return {"reward": reward(rewards.need(caller.shop, reward_id), caller.shop.currency)}


@service.route("PUT", "/rewards/<reward_id>", MANAGE, takes=shapes.RewardChange, returns=shapes.RewardBody)
def update_reward(caller: Caller, body: Any, reward_id: str) -> dict[str, Any]:
    """Change what is sent, by the revision that was read; its type cannot change. Coupons keep their terms."""
    sent, now = body["reward"], rewards.need(caller.shop, reward_id)
    kind, prices = kind_and_prices(sent, caller.shop.currency, now) or (None, None)
    with naming(AMOUNT_PATHS, under="reward"):
        row = rewards.change(caller.shop, reward_id, sent["revision"], kind=kind, prices=prices, **columns(sent, now))
    return {"reward": reward(row, caller.shop.currency)}


@service.route("DELETE", "/rewards/<reward_id>", MANAGE, query=RevisionAsked, returns=Empty)
def delete_reward(caller: Caller, body: Any, reward_id: str) -> dict[str, Any]:
    """Nobody buys it any more; coupons stay."""
    rewards.remove(caller.shop, reward_id, body["revision"])
    return {}


def _select(shop: Shop) -> Any:
    return Reward.of(shop).where(Reward.archived_at.is_null())


def _made(shop: Shop, sent: dict[str, Any]) -> dict[str, Any]:
    kind, prices = kind_and_prices(sent, shop.currency) or ("", {})
    row = rewards.create(shop, kind, prices, at_checkout=kind == "sliding", **{"active": False, **columns(sent)})
    return reward(row, shop.currency)
