"""Events in the format of Wix's webhooks: the 18 types of the SDK, entities in the shape of the admin API (wix-api §6).

Receivers of the `wix` format get these. Changes for which the SDK has no event (transactions, discounts at checkouts,
the settings of tiers) are sent to receivers of the `standard` format only.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import g, has_request_context

from widget_server import events
from widget_server.admin.accounts import shown as account_shown
from widget_server.admin.coupons import shown as coupon_shown
from widget_server.admin.imports import shown as import_shown
from widget_server.admin.wire import social as social_wire
from widget_server.admin.wire.accounts import LoyaltyAccount
from widget_server.admin.wire.coupons import LoyaltyCoupon
from widget_server.admin.wire.earning_rules import LoyaltyEarningRule, earning_rule
from widget_server.admin.wire.imports import LoyaltyImport
from widget_server.admin.wire.program import LoyaltyProgram, program
from widget_server.admin.wire.rewards import LoyaltyReward, reward
from widget_server.admin.wire.tiers import LoyaltyTier, tier
from widget_server.delivery.payloads import EventPayload, Renderer, Renderers
from widget_server.ledger import COUNTER_OF, Account, Transaction
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.earning.social import FollowedChannel
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.web.typed_schemas import schema_for
from widget_server.web.wire import Wire, camel

LOYALTY = "wix.loyalty.v1"
Paths = dict[str, tuple[str, ...]]
PATHS: Paths = {  # columns that have another name on the wire
    "points_name": ("pointDefinition.customName",),
    "icon": ("pointDefinition.icon",),
    "settings": ("pointsExpiration",),
    "resumed_at": (),
}
REWARD_PATHS: Paths = {  # both alternatives: a reward has one of them
    "title": ("name",),
    **dict.fromkeys(
        ("kind", "cost_points", "amount", "percent", "by_tier", "details", "minimum_subtotal", "collections"),
        ("couponReward", "discountAmount"),
    ),
}
TIER_PATHS: Paths = {one: (f"tierDefinition.{one}",) for one in ("name", "description", "icon")}
RULE_PATHS: Paths = {
    "active": ("status",),
    **dict.fromkeys(("points", "rate_points", "rate_per", "by_tier"), ("fixedAmount", "conversionRate")),
}
COUNTERS = tuple(dict.fromkeys(counter for counter, _ in COUNTER_OF.values()))
Entity = dict[str, Any]


def _news(fqdn: str, slug: str, entity_id: str, body: dict[str, Any], customer_id: str | None = None) -> EventPayload:
    data = {"entityFqdn": fqdn, "slug": slug, "entityId": entity_id, **body}
    return EventPayload(data, customer_id, _identity())


def _identity() -> dict[str, Any] | None:
    """Returns who made the change, if it was a call of the admin API."""
    caller = g.get("caller") if has_request_context() else None
    if caller is None:
        return None
    if caller.customer is not None:
        return {"identityType": "MEMBER", "memberId": caller.customer.id}
    return {"identityType": "APP", "appId": caller.key_id}


def _dumped(shape: type, view: Mapping[str, object]) -> Entity:
    entity: Entity = schema_for(shape, Wire).dump(view)
    return entity


def _created(entity: Entity) -> dict[str, Any]:
    return {"createdEvent": {"entity": entity}}


def _updated(entity: Entity, fields: tuple[str, ...], paths: Paths) -> dict[str, Any]:
    """Returns the entity and its changed fields, flat: path on the wire to current value."""
    named = [path for field in fields for path in paths.get(field, (camel(field),))]
    modified = dict(leaf for path in named for leaf in _leaves(path, _at(entity, path)))
    return {"updatedEvent": {"currentEntity": entity, "modifiedFields": modified}}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yields each path and value at the path or below it; a picture is one value."""
    if isinstance(value, dict) and "url" not in value:
        for name, one in value.items():
            yield from _leaves(f"{path}.{name}", one)
    elif value is not None:
        yield path, value


def _at(entity: Any, path: str) -> Any:
    for name in path.split("."):
        entity = entity.get(name) if isinstance(entity, dict) else None
    return entity


def _program_updated(event: events.ProgramChanged) -> EventPayload | None:
    """Renders a change of the program itself, its status included, as in the samples (wix-api §8.13)."""
    if not event.fields:
        return None
    row = programs.of(event.shop_id)
    entity = _dumped(LoyaltyProgram, program(row))
    return _news(f"{LOYALTY}.program", "updated", event.shop_id, _updated(entity, event.fields, PATHS))


def _account(shop_id: str, account_id: str) -> Entity:
    row = Account.need(shop_id, Account.id == account_id)
    return _dumped(LoyaltyAccount, account_shown(shops.by_id(shop_id), row))


def _account_created(event: events.AccountCreated) -> EventPayload:
    entity = _account(event.shop_id, event.account_id)
    return _news(f"{LOYALTY}.account", "created", event.account_id, _created(entity), event.customer_id)


def _account_updated(event: events.PointsMoved) -> EventPayload:
    entity = _account(event.shop_id, event.account_id)
    row = Transaction.need(event.shop_id, Transaction.id == event.transaction_id)
    moved = {f"points.{name}": entity["points"][name] for name in ("balance", COUNTER_OF[row.kind][0])}
    body = {"updatedEvent": {"currentEntity": entity, "modifiedFields": moved}}
    return _news(f"{LOYALTY}.account", "updated", event.account_id, body, event.customer_id)


def _account_merged(event: events.AccountMerged) -> EventPayload:
    return _recounted(event, event.account_id)


def _account_emptied(event: events.AccountMerged) -> EventPayload:
    return _recounted(event, event.merged_account_id)


def _recounted(event: events.AccountMerged, account_id: str) -> EventPayload:
    """Renders all counters of an account after a merge: one event, however many rows the merge wrote."""
    entity = _account(event.shop_id, account_id)
    moved = {f"points.{name}": entity["points"][name] for name in ("balance", *COUNTERS)}
    body = {"updatedEvent": {"currentEntity": entity, "modifiedFields": moved}}
    return _news(f"{LOYALTY}.account", "updated", account_id, body, event.customer_id)


def _points_updated(event: events.PointsMoved) -> EventPayload:
    body = {"actionEvent": {"body": {"account": _account(event.shop_id, event.account_id)}}}
    return _news(f"{LOYALTY}.account", "points_updated", event.account_id, body, event.customer_id)


def _reward_availability_updated(event: events.PointsMoved) -> EventPayload | None:
    """Renders the event if the points now pay for a reward and did not before, or the reverse; else None."""
    row = Transaction.need(event.shop_id, Transaction.id == event.transaction_id)
    account = Account.need(event.shop_id, Account.id == event.account_id)
    shop = shops.by_id(event.shop_id)
    tier_id = account.tier_id if tiers.program_of(shop.id) else None
    prices = [rewards.price_for(one, tier_id) for one in rewards.in_force(shop)]
    cheapest = min((price.cost_points for price in prices if price), default=None)
    if cheapest is None or (row.balance_after >= cheapest) == (row.balance_after - row.amount >= cheapest):
        return None
    availability = {"rewardAvailable": row.balance_after >= cheapest, "updateTrigger": "BALANCE_UPDATED"}
    body = {"actionEvent": {"body": availability}}
    return _news(f"{LOYALTY}.account", "reward_availability_updated", account.id, body, event.customer_id)


def _coupon_news(event: events.CouponIssued | events.CouponDeleted, slug: str) -> EventPayload:
    row = Coupon.need(event.shop_id, Coupon.id == event.coupon_id)
    entity = _dumped(LoyaltyCoupon, coupon_shown(shops.by_id(event.shop_id), row))
    body = _created(entity) if slug == "created" else {"deletedEvent": {"deletedEntity": entity}}
    return _news(f"{LOYALTY}.coupon", slug, row.id, body, row.customer_id)


def _import_created(event: events.ImportCreated) -> EventPayload:
    row = Import.need(event.shop_id, Import.id == event.import_id)
    entity = _dumped(LoyaltyImport, import_shown(shops.by_id(event.shop_id), row))
    return _news("wix.loyalty.imports.v1.loyalty_import", "created", row.id, _created(entity))


def _channel_followed(event: events.ChannelFollowed) -> EventPayload:
    row = FollowedChannel.need(event.shop_id, FollowedChannel.id == event.channel_id)
    account = Account.need(event.shop_id, Account.id == row.account_id)
    entity = _dumped(social_wire.FollowedChannel, social_wire.followed_channel(row))
    return _news(
        "wix.loyalty.socialmedia.v1.followed_channel", "created", row.id, _created(entity), account.customer_id
    )


def _catalogue(
    name: str,
    id_of: Callable[[Any], str],
    entity_of: Callable[[str, str], Entity],
    paths: Paths,
) -> tuple[Renderer, ...]:
    """Returns the renderers of created, updated and deleted, for an event that names the change it is."""

    def renderer(slug: str) -> Renderer:
        def render(event: Any) -> EventPayload | None:
            if event.change != slug:
                return None
            body: dict[str, Any] = {"deletedEvent": {}}
            if slug != "deleted":
                entity = entity_of(event.shop_id, id_of(event))
                body = _created(entity) if slug == "created" else _updated(entity, event.fields, paths)
            return _news(f"{LOYALTY}.{name}", slug, id_of(event), body)

        return Renderer(f"{LOYALTY}.{name}_{slug}", render)

    return tuple(map(renderer, ("created", "updated", "deleted")))


def _tier(shop_id: str, tier_id: str) -> Entity:
    return _dumped(LoyaltyTier, tier(tiers.need(shops.by_id(shop_id), tier_id)))


def _reward(shop_id: str, reward_id: str) -> Entity:
    return _dumped(LoyaltyReward, reward(Reward.need(shop_id, Reward.id == reward_id), shops.by_id(shop_id).currency))


def _rule(shop_id: str, rule_id: str) -> Entity:
    return _dumped(LoyaltyEarningRule, earning_rule(EarningRule.need(shop_id, EarningRule.id == rule_id)))


WIX: Renderers = {
    events.ProgramChanged: (Renderer(f"{LOYALTY}.program_updated", _program_updated),),
    events.AccountCreated: (Renderer(f"{LOYALTY}.account_created", _account_created),),
    events.AccountMerged: (
        Renderer(f"{LOYALTY}.account_updated", _account_emptied),
        Renderer(f"{LOYALTY}.account_updated", _account_merged),
    ),
    events.PointsMoved: (
        Renderer(f"{LOYALTY}.account_updated", _account_updated),
        Renderer(f"{LOYALTY}.account_points_updated", _points_updated),
        Renderer(f"{LOYALTY}.account_reward_availability_updated", _reward_availability_updated),
    ),
    events.TierChanged: _catalogue("tier", lambda event: str(event.tier_id), _tier, TIER_PATHS),
    events.RewardChanged: _catalogue("reward", lambda event: str(event.reward_id), _reward, REWARD_PATHS),
    events.RuleChanged: _catalogue("loyalty_earning_rule", lambda event: str(event.rule_id), _rule, RULE_PATHS),
    events.CouponIssued: (Renderer(f"{LOYALTY}.coupon_created", lambda event: _coupon_news(event, "created")),),
    events.CouponDeleted: (Renderer(f"{LOYALTY}.coupon_deleted", lambda event: _coupon_news(event, "deleted")),),
    events.ImportCreated: (Renderer("wix.loyalty.imports.v1.loyalty_import_created", _import_created),),
    events.ChannelFollowed: (Renderer("wix.loyalty.socialmedia.v1.followed_channel_created", _channel_followed),),
}
