"""Rewards: `/loyalty-rewards/v1` (wix-api §1)."""

from collections.abc import Iterable
from typing import Any

from widget_server.admin.routes import MANAGE, READ, Service, bulk, naming
from widget_server.admin.wire.rewards import (
    AMOUNT_PATHS,
    ListPaging,
    LoyaltyReward,
    NewReward,
    NewRewards,
    RewardChange,
    RewardColumns,
    RewardResponse,
    RewardsInSites,
    RewardsList,
    RewardsPage,
    columns,
    kind_and_prices,
    reward,
)
from widget_server.errors import NotFound, NotWholeCoins, QueryTooSlow, StaleRevision, TierUnknown
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.web import query
from widget_server.web.callers import Caller
from widget_server.web.query import Entity, Field, word_of
from widget_server.web.wire import BulkResults, Empty, RevisionQuery

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


@service.route(
    "POST", "/rewards", MANAGE, takes=NewReward, returns=RewardResponse, refuses=(TierUnknown, NotWholeCoins)
)
def create_reward(caller: Caller, body: NewReward) -> RewardResponse:
    """Create a reward, by default not active."""
    with naming(AMOUNT_PATHS, under="reward"):
        return {"reward": _made(caller.shop, body.reward)}


@service.route(
    "POST",
    "/bulk/rewards/create",
    MANAGE,
    takes=NewRewards,
    returns=BulkResults[LoyaltyReward],
    refuses=(TierUnknown, NotWholeCoins),
)
def bulk_create_rewards(caller: Caller, body: NewRewards) -> BulkResults[LoyaltyReward]:
    """Create up to 10 rewards; one that is refused does not affect the others."""
    return bulk(body.rewards, lambda one: _made(caller.shop, one))


@service.route("GET", "/bulk/rewards", READ, returns=RewardsInSites)
def bulk_get_rewards(caller: Caller) -> RewardsInSites:
    """Get the rewards of all sites of the caller; a key has one site."""
    rows = _select(caller.shop).order_by(Reward.position, Reward.created_at)
    return {"rewards_in_site": [{"meta_site_id": caller.shop.id, "rewards": _shown(caller.shop, rows)}]}


@service.route("GET", "/rewards", READ, query=ListPaging, returns=RewardsList, refuses=(QueryTooSlow,))
def list_rewards(caller: Caller, paging: ListPaging) -> RewardsList:
    """List every reward, active or not, newest first."""
    requested = {"cursorPaging": {"limit": paging.limit, "cursor": paging.cursor}}
    found = query.page(ENTITY, _select(caller.shop), requested, shop_id=caller.shop.id, where="")
    return {"rewards": _shown(caller.shop, found.rows), "paging_metadata": query.metadata_v2(found)}


@service.route("POST", "/rewards/query", READ, takes=query.query_body(ENTITY), returns=RewardsPage)
def query_rewards(caller: Caller, body: query.QueryBody) -> RewardsPage:
    """Query rewards by filter and order."""
    found = query.page(ENTITY, _select(caller.shop), body.query, shop_id=caller.shop.id)
    return {"rewards": _shown(caller.shop, found.rows), "paging_metadata": query.metadata(found)}


@service.route("GET", "/rewards/<reward_id>", READ, returns=RewardResponse, refuses=(NotFound,))
def get_reward(caller: Caller, reward_id: str) -> RewardResponse:
    """Get one reward."""
    return {"reward": reward(rewards.need(caller.shop, reward_id), caller.shop.currency)}


@service.route(
    "PUT",
    "/rewards/<reward_id>",
    MANAGE,
    takes=RewardChange,
    returns=RewardResponse,
    refuses=(NotFound, StaleRevision, TierUnknown, NotWholeCoins),
)
def update_reward(caller: Caller, body: RewardChange, reward_id: str) -> RewardResponse:
    """Change the fields that are sent, by the revision that was read; the type cannot change.

    Coupons keep their terms.
    """
    sent, now = body.reward, rewards.need(caller.shop, reward_id)
    kind, prices = kind_and_prices(sent, caller.shop.currency, now) or (None, None)
    with naming(AMOUNT_PATHS, under="reward"):
        row = rewards.change(caller.shop, reward_id, sent["revision"], kind=kind, prices=prices, **columns(sent, now))
    return {"reward": reward(row, caller.shop.currency)}


@service.route(
    "DELETE", "/rewards/<reward_id>", MANAGE, query=RevisionQuery, returns=Empty, refuses=(NotFound, StaleRevision)
)
def delete_reward(caller: Caller, sent: RevisionQuery, reward_id: str) -> Empty:
    """Delete a reward: it can no longer be bought; its coupons stay."""
    rewards.remove(caller.shop, reward_id, sent.revision)
    return {}


def _select(shop: Shop) -> Any:
    return Reward.of(shop).where(Reward.archived_at.is_null())


def _shown(shop: Shop, rows: Iterable[Reward]) -> list[LoyaltyReward]:
    return [reward(row, shop.currency) for row in rows]


def _made(shop: Shop, sent: LoyaltyReward) -> LoyaltyReward:
    kind, prices = kind_and_prices(sent, shop.currency) or ("", {})
    facts: RewardColumns = {"active": False, **columns(sent)}
    return reward(rewards.create(shop, kind, prices, at_checkout=kind == "sliding", **facts), shop.currency)
