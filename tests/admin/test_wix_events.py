"""Events as Wix's webhooks tell them: every type, its entity in REST shape (wix-api §6)."""

import json
from io import BytesIO
from typing import Any

import pytest

from tests.integrator import Integrator
from tests.make import World
from widget_server import jobs
from widget_server.delivery import endpoints, payloads
from widget_server.delivery.outbox import Message

EIGHTEEN = {
    "wix.loyalty.v1.program_updated",
    "wix.loyalty.v1.account_created",
    "wix.loyalty.v1.account_updated",
    "wix.loyalty.v1.account_points_updated",
    "wix.loyalty.v1.account_reward_availability_updated",
    *(f"wix.loyalty.v1.{one}_{slug}" for one in ("tier", "reward") for slug in ("created", "updated", "deleted")),
    "wix.loyalty.v1.coupon_created",
    "wix.loyalty.v1.coupon_deleted",
    *(f"wix.loyalty.v1.loyalty_earning_rule_{slug}" for slug in ("created", "updated", "deleted")),
    "wix.loyalty.imports.v1.loyalty_import_created",
    "wix.loyalty.socialmedia.v1.followed_channel_created",
}


@pytest.fixture
def receiver(owner: Integrator) -> str:
    """A receiver of Wix's format, which hears of everything."""
    body = {"endpoint": {"url": "https://hooks.example/wix", "format": "WIX", "eventTypes": ["*"]}}
    return str(owner.post("/loyalty-webhooks/v1/endpoints", body)["endpoint"]["id"])


def heard(world: World) -> list[tuple[str, dict[str, Any]]]:
    """What was written down for receivers, oldest first: type and domain event."""
    rows = Message.of(world.shop).order_by(Message.number)
    return [(row.type, json.loads(row.payload)["event"]) for row in rows]


def test_the_eighteen_types_are_all_there(world: World) -> None:
    assert set(payloads.types("wix")) == EIGHTEEN


def test_each_type_is_told_with_its_entity(owner: Integrator, world: World, receiver: str) -> None:
    owner.patch("/loyalty-programs/v1/program", {"loyaltyProgram": {"name": "Star Club"}})
    tier = owner.post("/loyalty-tiers/v1/tiers", {"tier": {"tierDefinition": {"name": "Gold"}, "requiredPoints": 9}})[
        "tier"
    ]
    change = {"tier": {"revision": tier["revision"], "tierDefinition": {"name": "Golden"}}}
    tier = owner.patch(f"/loyalty-tiers/v1/tiers/{tier['id']}", change)["tier"]
    owner.delete(f"/loyalty-tiers/v1/tiers/{tier['id']}?revision={tier['revision']}")
    terms = {"freeShipping": {"configsByTier": [{"costInPoints": 10}]}}
    made = {"name": "Free shipping", "active": True, "couponReward": terms}
    reward = owner.post("/loyalty-rewards/v1/rewards", {"reward": made})["reward"]
    change = {"reward": {"revision": reward["revision"], "name": "Shipping"}}
    reward = owner.put(f"/loyalty-rewards/v1/rewards/{reward['id']}", change)["reward"]
    rule = owner.post(
        "/loyalty-earning-rules/v1/earning-rules/custom",
        {"type": "SOCIAL_MEDIA", "earningRule": {"title": "Follow", "fixedAmount": {"configs": [{"points": 12}]}}},
    )["earningRule"]
    path = f"/loyalty-earning-rules/v1/earning-rules/{rule['id']}"
    rule = owner.put(path, {"earningRule": {"revision": rule["revision"], "title": "Follow us"}})["earningRule"]
    ann = world.member()
    tokens = owner.asks(
        "POST",
        "/oauth2/token",
        {"grant_type": "authorized_client", "member_id": ann.id},
        Authorization=str(owner.secret),
    )
    member = Integrator(owner.client, tokens["access_token"])
    member.post("/loyalty-social-media/v1/followed-channels", {"followedChannel": {"channel": "FACEBOOK"}})
    coupon = member.post("/loyalty-coupons/v1/coupons/redeem-my-coupon", {"rewardId": reward["id"]})["coupon"]
    owner.delete(f"/loyalty-coupons/v1/coupons/{coupon['id']}?revision={coupon['revision']}")
    owner.delete(f"{path}?revision={rule['revision']}")
    owner.delete(f"/loyalty-rewards/v1/rewards/{reward['id']}?revision={reward['revision']}")
    upload = owner.post("/loyalty-imports/v1/loyalty-imports/wixmp-upload-url")
    place = upload["uploadUrl"].removeprefix("http://widget.localhost:8000")
    assert owner.client.put(place, input_stream=BytesIO(b"email,points\nann@example.com,5\n")).status_code == 200
    owner.post("/loyalty-imports/v1/loyalty-imports", {"fileUrl": upload["filePath"]})
    jobs.run_all()

    told = heard(world)
    assert {type for type, _ in told} == EIGHTEEN
    first = dict(reversed(told))
    for type, event in told:
        assert type == f"{event['entityFqdn']}_{event['slug']}"
        kinds = {"createdEvent", "updatedEvent", "deletedEvent", "actionEvent"} & set(event)
        assert len(kinds) == 1, (type, event)
    assert first["wix.loyalty.v1.program_updated"]["updatedEvent"] == {
        "currentEntity": owner.get("/loyalty-programs/v1/program")["loyaltyProgram"],
        "modifiedFields": {"name": "Star Club"},
    }
    renamed = first["wix.loyalty.v1.tier_updated"]["updatedEvent"]
    assert renamed["modifiedFields"] == {"tierDefinition.name": "Golden"}
    assert first["wix.loyalty.v1.reward_updated"]["updatedEvent"]["modifiedFields"] == {"name": "Shipping"}
    assert first["wix.loyalty.v1.loyalty_earning_rule_updated"]["updatedEvent"]["modifiedFields"] == {
        "title": "Follow us"
    }
    balance = first["wix.loyalty.v1.account_points_updated"]["actionEvent"]["body"]["account"]["points"]["balance"]
    assert balance == 12
    availability = [event["actionEvent"]["body"] for type, event in told if type.endswith("availability_updated")]
    assert availability == [
        {"rewardAvailable": True, "updateTrigger": "BALANCE_UPDATED"},
        {"rewardAvailable": False, "updateTrigger": "BALANCE_UPDATED"},
    ]
    bought = first["wix.loyalty.v1.coupon_created"]["createdEvent"]["entity"]
    assert bought["id"] == coupon["id"] and bought["couponReference"]["code"]
    assert first["wix.loyalty.v1.coupon_deleted"]["deletedEvent"]["deletedEntity"]["id"] == coupon["id"]
    followed = first["wix.loyalty.socialmedia.v1.followed_channel_created"]["createdEvent"]["entity"]
    assert followed["channel"] == "FACEBOOK"


def test_who_did_it_is_told(owner: Integrator, world: World, receiver: str) -> None:
    owner.patch("/loyalty-programs/v1/program", {"loyaltyProgram": {"name": "Star Club"}})
    rows = list(Message.of(world.shop).order_by(Message.number))
    assert json.loads(rows[0].payload)["identity"] == {"identityType": "APP", "appId": owner.key_id}


def test_what_no_call_did_is_ours(world: World) -> None:
    endpoints.create(world.shop.id, url="https://hooks.example/wix", format="wix")
    ann = world.member()  # by herself, in the widget
    rows = list(Message.of(world.shop).order_by(Message.number))
    assert json.loads(rows[0].payload)["identity"] == {"identityType": "APP", "appId": world.shop.id}
    assert json.loads(rows[0].payload)["event"]["createdEvent"]["entity"]["contactId"] == ann.id


def test_what_nobody_hears_is_not_written(owner: Integrator, world: World) -> None:
    world.member()
    assert heard(world) == []
