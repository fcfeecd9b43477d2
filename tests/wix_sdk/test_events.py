"""Events: each of the 18 is caused by a call, comes signed to a receiver, and reaches its handler (wix-api §6)."""

from base64 import b64encode
from datetime import datetime
from typing import Any

import pytest

from tests.delivery.receivers import Receiver, receiving
from tests.test_serve import until
from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Client, SdkError
from tests.wix_sdk.test_accounts import earns
from tests.wix_sdk.test_earning_rules import rule
from tests.wix_sdk.test_imports import sent
from tests.wix_sdk.test_rewards import coupon_reward

HANDLERS = {
    "programs.onProgramUpdated": "wix.loyalty.v1.program_updated",
    "accounts.onAccountCreated": "wix.loyalty.v1.account_created",
    "accounts.onAccountUpdated": "wix.loyalty.v1.account_updated",
    "accounts.onAccountPointsUpdated": "wix.loyalty.v1.account_points_updated",
    "accounts.onAccountRewardAvailabilityUpdated": "wix.loyalty.v1.account_reward_availability_updated",
    "tiers.onTierCreated": "wix.loyalty.v1.tier_created",
    "tiers.onTierUpdated": "wix.loyalty.v1.tier_updated",
    "tiers.onTierDeleted": "wix.loyalty.v1.tier_deleted",
    "rewards.onRewardCreated": "wix.loyalty.v1.reward_created",
    "rewards.onRewardUpdated": "wix.loyalty.v1.reward_updated",
    "rewards.onRewardDeleted": "wix.loyalty.v1.reward_deleted",
    "coupons.onCouponCreated": "wix.loyalty.v1.coupon_created",
    "coupons.onCouponDeleted": "wix.loyalty.v1.coupon_deleted",
    "earningRules.onLoyaltyEarningRuleCreated": "wix.loyalty.v1.loyalty_earning_rule_created",
    "earningRules.onLoyaltyEarningRuleUpdated": "wix.loyalty.v1.loyalty_earning_rule_updated",
    "earningRules.onLoyaltyEarningRuleDeleted": "wix.loyalty.v1.loyalty_earning_rule_deleted",
    "imports.onLoyaltyImportCreated": "wix.loyalty.imports.v1.loyalty_import_created",
    "socialMedia.onFollowedChannelCreated": "wix.loyalty.socialmedia.v1.followed_channel_created",
}
# registers every handler and feeds it what came: [[handler, envelope], ...]
PROCESS = """
    const heard = [];
    for (const handler of given.handlers) {
      const [module, on] = handler.split(".");
      client[module][on]((envelope) => void heard.push([handler, envelope]));
    }
    for (const jwt of given.jwts) await client.webhooks.process(jwt);
    return heard;
"""


def registered(site: Site, receiver: Receiver, *types: str) -> str:
    """Tell the server of the receiver; answers the shop's public key."""
    facts = {"url": receiver.url, "format": "WIX", "eventTypes": list(types)}
    assert len(site.asks("POST", "/loyalty-webhooks/v1/endpoints", {"endpoint": facts})["endpoint"]["id"]) == 36
    return str(site.asks("GET", "/loyalty-webhooks/v1/public-key")["publicKey"])


def listener(site: Site, public_key: str) -> Client:
    """The receiver's code: the only strategy that verifies."""
    return Client(site.runner, "App", appId=site.key_id, publicKey=public_key)


def causes_everything(site: Site) -> dict[str, str]:
    """Every kind of change, once at least; answers the ids of what was made."""
    owner, ann = site.owner, site.world.member()
    owner.programs.updateLoyaltyProgram({"name": "Northern Star"})
    account = site.owner.accounts.createAccount(site.world.visitor("bob@example.com").id)["account"]["_id"]
    tier = owner.tiers.createTier({"tierDefinition": {"name": "Silver"}, "requiredPoints": 9000})
    tier = owner.tiers.updateTier(tier["_id"], {"revision": tier["revision"], "requiredPoints": 8000})
    owner.tiers.deleteTier(tier["_id"], tier["revision"])
    reward = owner.rewards.createReward(coupon_reward())
    owner.accounts.earnPoints(ann.account.id, earns(500, "gift"))
    coupon = owner.coupons.redeemPointsForCoupon(reward["_id"], {"loyaltyAccountId": ann.account.id})["coupon"]
    owner.coupons.deleteLoyaltyCoupon(coupon["_id"], coupon["revision"])
    reward = owner.rewards.updateReward(reward["_id"], {"name": "Five off", "revision": reward["revision"]})["reward"]
    owner.rewards.deleteReward(reward["_id"], reward["revision"])
    orders = owner.earningRules.createLoyaltyEarningRule(rule())
    facts = {"title": "Our orders", "revision": orders["revision"]}
    orders = owner.earningRules.updateLoyaltyEarningRule(orders["_id"], facts)["earningRule"]
    owner.earningRules.deleteLoyaltyEarningRule(orders["_id"], {"revision": orders["revision"]})
    imported = owner.imports.createLoyaltyImport(sent(site, "Email,Points\nann@example.com,5\n"))["loyaltyImport"]
    follow = {"title": "Follow us", "fixedAmount": {"configs": [{"points": 10}]}}
    social = owner.earningRules.createCustomLoyaltyEarningRule("SOCIAL_MEDIA", {"earningRule": follow})["earningRule"]
    channel = social["triggerActivityType"].removeprefix("social:").upper()
    followed = site.member(ann).socialMedia.createFollowedChannel({"channel": channel})
    return {
        "account": account,
        "tier": tier["_id"],
        "reward": reward["_id"],
        "coupon": coupon["_id"],
        "loyalty_earning_rule": orders["_id"],
        "loyalty_import": imported["_id"],
        "followed_channel": followed["_id"],
    }


def test_each_of_the_18_reaches_its_handler(site: Site) -> None:
    with receiving() as receiver:
        public_key = registered(site, receiver, "*")
        ids = causes_everything(site)
        client = listener(site, public_key)
        until(lambda: set(HANDLERS.values()) <= _types(client, receiver), "all 18 types")
        heard = client.js(PROCESS, handlers=list(HANDLERS), jwts=_bodies(receiver))
    by_handler: dict[str, list[dict[str, Any]]] = {}
    for handler, envelope in heard:
        by_handler.setdefault(handler, []).append(envelope)
    assert set(by_handler) == set(HANDLERS)
    for handler, envelopes in by_handler.items():
        for envelope in envelopes:
            _has_all_that_the_sdk_types(site, HANDLERS[handler], envelope)
    assert len({one["metadata"]["_id"] for one in (envelope for _, envelope in heard)}) == len(heard)

    def entity_of(handler: str, id: str | None = None) -> dict[str, Any]:
        found = [one for one in by_handler[handler] if id in (None, one["metadata"]["entityId"])]
        assert found, (handler, id, by_handler[handler])
        return dict(found[-1]["entity"])

    assert entity_of("programs.onProgramUpdated")["name"] == "Northern Star"
    created = entity_of("accounts.onAccountCreated", ids["account"])
    assert created["_id"] == ids["account"] and isinstance(created["_createdDate"], datetime)
    assert entity_of("tiers.onTierCreated", ids["tier"])["tierDefinition"]["name"] == "Silver"
    assert entity_of("tiers.onTierUpdated", ids["tier"])["requiredPoints"] == 8000
    assert entity_of("rewards.onRewardCreated", ids["reward"])["type"] == "COUPON_REWARD"
    assert entity_of("rewards.onRewardUpdated", ids["reward"])["name"] == "Five off"
    assert entity_of("coupons.onCouponCreated", ids["coupon"])["rewardName"] == "5.00 off"
    rule_id = ids["loyalty_earning_rule"]
    assert entity_of("earningRules.onLoyaltyEarningRuleCreated", rule_id)["triggerActivityType"] == "order"
    assert entity_of("earningRules.onLoyaltyEarningRuleUpdated", rule_id)["title"] == "Our orders"
    assert entity_of("imports.onLoyaltyImportCreated", ids["loyalty_import"])["_id"] == ids["loyalty_import"]
    assert entity_of("socialMedia.onFollowedChannelCreated", ids["followed_channel"])["channel"]
    for gone in ("tiers.onTierDeleted", "rewards.onRewardDeleted", "coupons.onCouponDeleted"):
        (one,) = by_handler[gone]
        assert one["metadata"]["entityId"] == ids[one["metadata"]["entityFqdn"].rpartition(".")[2]]
    moved = [one["modifiedFields"] for one in by_handler["accounts.onAccountUpdated"]]
    assert {"points.balance": 500, "points.earned": 500} in moved
    assert {"points.balance": 400, "points.redeemed": 100} in moved
    balances = [one["data"]["account"]["points"]["balance"] for one in by_handler["accounts.onAccountPointsUpdated"]]
    assert {500, 400, 410} <= set(balances)
    available = by_handler["accounts.onAccountRewardAvailabilityUpdated"]
    assert any(one["data"]["rewardAvailable"] is True for one in available)
    assert {one["data"]["updateTrigger"] for one in available} <= {"BALANCE_UPDATED", "REWARD_UPDATED"}


def test_which_calls_change_the_program(site: Site) -> None:
    """All that Wix's page lists a trigger for; pausing is told too: who listens must not miss it (wix-api §8.13)."""
    programs = site.owner.programs
    with receiving() as receiver:
        client = listener(site, registered(site, receiver, "wix.loyalty.v1.program_updated"))
        programs.enablePointsExpiration()
        programs.disablePointsExpiration()
        programs.pauseLoyaltyProgram()
        programs.pauseLoyaltyProgram()  # it pauses already
        programs.activateLoyaltyProgram()
        programs.updateLoyaltyProgram({"pointDefinition": {"customName": "Stars"}})
        programs.updateLoyaltyProgram({"pointDefinition": {"customName": "Stars"}})  # they are called so already
        receiver.awaits(5)
        heard = client.js(PROCESS, handlers=["programs.onProgramUpdated"], jwts=_bodies(receiver))
    in_order = sorted(heard, key=lambda one: int(one[1]["metadata"]["entityEventSequence"]))
    months = {"pointsExpiration.monthsOfInactivity": 12, "pointsExpiration.expiringPointsPercentage": 100}
    assert [envelope["modifiedFields"] for _, envelope in in_order] == [
        {"pointsExpiration.status": "ENABLED", **months},
        {"pointsExpiration.status": "DISABLED", **months},
        {"status": "PAUSED"},
        {"status": "ACTIVE"},
        {"pointDefinition.customName": "Stars"},
    ]


def test_what_is_not_wanted_does_not_come(site: Site) -> None:
    wanted = "wix.loyalty.v1.tier_created"
    with receiving() as receiver:
        client = listener(site, b64encode(registered(site, receiver, wanted).encode()).decode())  # a key in one line
        site.owner.programs.updateLoyaltyProgram({"name": "Northern Star"})
        site.owner.tiers.createTier({"tierDefinition": {"name": "Silver"}, "requiredPoints": 10})
        until(lambda: receiver.heard, "the one that is wanted")
        assert _types(client, receiver) == {wanted}


def test_a_receiver_knows_what_is_not_from_this_shop(site: Site) -> None:
    other = Site.create(site.runner, site.base_url)
    with receiving() as receiver:
        registered(site, receiver, "*")
        site.owner.programs.updateLoyaltyProgram({"name": "Northern Star"})
        until(lambda: receiver.heard, "the event")
        client = listener(site, str(other.asks("GET", "/loyalty-webhooks/v1/public-key")["publicKey"]))
        with pytest.raises(SdkError) as forged:
            client.js("await client.webhooks.process(given.jwt)", jwt=_bodies(receiver)[0])
        assert "signature" in forged.value.text


def _bodies(receiver: Receiver) -> list[str]:
    return [one.body.decode() for one in receiver.heard]


def _types(client: Client, receiver: Receiver) -> set[str]:
    """The types of what came so far; each is verified."""
    code = "return Promise.all(given.jwts.map(async (jwt) => (await client.webhooks.parseJWT(jwt)).eventType))"
    return set(client.js(code, jwts=_bodies(receiver)))


def _has_all_that_the_sdk_types(site: Site, event_type: str, envelope: dict[str, Any]) -> None:
    metadata = envelope["metadata"]
    assert f"{metadata['entityFqdn']}_{metadata['slug']}" == event_type
    assert metadata["instanceId"] == site.id and len(metadata["_id"]) == 36
    assert isinstance(metadata["eventTime"], datetime), metadata
    assert metadata["triggeredByAnonymizeRequest"] is False
    assert metadata["identity"]["identityType"] in ("APP", "MEMBER", "ANONYMOUS_VISITOR", "WIX_USER")
    assert metadata["entityEventSequence"].isdecimal()
    if not event_type.endswith("_deleted"):
        assert envelope.get("entity") or envelope.get("data"), envelope
