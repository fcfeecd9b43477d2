"""The payload of each event for receivers: its type, ids and facts, and no text about a person.

`RENDERERS` has the renderers of each event for each format of receivers; another format adds its own.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from widget_server import events
from widget_server.events import Event
from widget_server.ledger import Account
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.earning.social import FollowedChannel
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards.coupons import Coupon


@dataclass(frozen=True)
class EventPayload:
    """The payload of an event. `customer_id` is the customer it is about: events about one customer arrive in order.

    In the `wix` format `data` is the domain event without its id, time and sequence: {entityFqdn, slug, entityId} and
    one of {createdEvent}, {updatedEvent}, {deletedEvent}, {actionEvent}; `identity` is who did it (wix-api §6).
    """

    data: dict[str, Any]
    customer_id: str | None = None
    identity: dict[str, Any] | None = None


@dataclass(frozen=True)
class Renderer:
    """`type` is the name that receivers subscribe to; `render` returns the payload, None to send nothing."""

    type: str
    render: Callable[[Any], EventPayload | None]


def types(format: str) -> list[str]:
    """Returns the event types that receivers of this format can subscribe to."""
    return sorted({one.type for known in RENDERERS[format].values() for one in known})


def _own(event: Any) -> EventPayload:
    """Returns all fields of the event except `shop_id`."""
    facts = asdict(event)
    del facts["shop_id"]
    return EventPayload(facts, facts.get("customer_id"))


def _registered(event: events.CustomerRegistered) -> EventPayload:
    return EventPayload({"customer_id": event.customer_id}, event.customer_id)


def _merged(event: events.SamePerson) -> EventPayload:
    return EventPayload({"customer_id": event.source_id, "merged_into": event.target_id}, event.target_id)


def _order(event: events.OrderChanged) -> EventPayload:
    order = Order.need(event.shop_id, Order.id == event.order_id)
    return EventPayload(
        {
            "order_id": order.id,
            "customer_id": order.customer_id,
            "platform": order.platform,
            "external_id": order.external_id,
            "number": order.number,
            "status": order.status,
        },
        order.customer_id,
    )


def _coupon(event: events.CouponIssued | events.CouponChanged | events.CouponDeleted) -> EventPayload:
    """Returns the facts of the coupon without its code, which is worth money."""
    coupon = Coupon.need(event.shop_id, Coupon.id == event.coupon_id)
    return EventPayload(
        {
            "coupon_id": coupon.id,
            "customer_id": coupon.customer_id,
            "reward_id": coupon.reward_id,
            "kind": coupon.kind,
            "cost_points": coupon.cost_points,
            "status": coupon.status,
        },
        coupon.customer_id,
    )


def _referral(event: events.ReferralChanged) -> EventPayload:
    referral = Referral.need(event.shop_id, Referral.id == event.referral_id)
    return EventPayload(
        {
            "referral_id": referral.id,
            "advocate_id": referral.advocate_id,
            "friend_id": referral.friend_id,
            "status": event.status,
        },
        referral.advocate_id,
    )


def _follower(event: events.ChannelFollowed) -> EventPayload:
    followed = FollowedChannel.need(event.shop_id, FollowedChannel.id == event.channel_id)
    account = Account.need(event.shop_id, Account.id == followed.account_id)
    return EventPayload(
        {"account_id": account.id, "customer_id": account.customer_id, "channel": followed.channel},
        account.customer_id,
    )


Renderers = dict[type[Event], tuple[Renderer, ...]]

STANDARD: Renderers = {
    events.AccountCreated: (Renderer("account.created", _own),),
    events.AccountMerged: (Renderer("account.merged", _own),),
    events.PointsMoved: (Renderer("points.moved", _own),),
    events.CustomerJoined: (Renderer("customer.joined", _own),),
    events.CustomerRegistered: (Renderer("customer.registered", _registered),),
    events.CustomerChanged: (Renderer("customer.changed", _own),),
    events.SamePerson: (Renderer("customer.merged", _merged),),
    events.CustomerErased: (Renderer("customer.erased", _own),),
    events.OrderChanged: (Renderer("order.changed", _order),),
    events.CouponIssued: (Renderer("coupon.issued", _coupon),),
    events.CouponChanged: (Renderer("coupon.changed", _coupon),),
    events.CouponDeleted: (Renderer("coupon.deleted", _coupon),),
    events.ReferralChanged: (Renderer("referral.changed", _referral),),
    events.ProgramChanged: (Renderer("program.changed", _own),),
    events.RuleChanged: (Renderer("rule.changed", _own),),
    events.RewardChanged: (Renderer("reward.changed", _own),),
    events.TierChanged: (Renderer("tier.changed", _own),),
    events.BatchChanged: (Renderer("batch.changed", _own),),
    events.ImportCreated: (Renderer("import.created", _own),),
    events.ChannelFollowed: (Renderer("channel.followed", _follower),),
    events.CheckoutChanged: (Renderer("checkout_discount.changed", _own),),
}

RENDERERS: dict[str, Renderers] = {"standard": STANDARD, "wix": {}}
