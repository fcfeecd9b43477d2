"""earningRules and socialMedia: what gives points (wix-api §1, §2; contracts §7)."""

from datetime import datetime
from typing import Any

import pytest

from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Runner, SdkError

RULES = "/_api/loyalty-earning-rules/v1/earning-rules"
SOURCE = "11111111-2222-3333-4444-555555555555"


def rule(title: str = "Orders", **facts: Any) -> dict[str, Any]:
    """10 points for each 20.00 spent."""
    facts = facts or {"conversionRate": {"configs": [{"moneyAmount": 20, "points": 10}]}}
    return {
        "sourceAppId": SOURCE,
        "triggerAppId": "store",
        "triggerActivityType": "order",
        "title": title,
        "status": "ACTIVE",
        **facts,
    }


def test_a_rule_is_made_read_changed_and_deleted(site: Site) -> None:
    rules = site.owner.earningRules
    made = rules.createLoyaltyEarningRule(rule())
    assert {name: made[name] for name in rule()} == rule()
    assert isinstance(made["_createdDate"], datetime) and made["revision"].isdecimal()
    assert made["metadata"] == {"canBeDeleted": True}
    assert rules.getLoyaltyEarningRule(made["_id"]) == made
    assert site.asks("GET", f"{RULES}/{made['_id']}")["earningRule"]["title"] == "Orders"
    assert rules.listEarningRules()["earningRules"] == [made]

    # 10 spent = 5, 30 spent = 15 (wix-api §2)
    ann = site.world.member()
    ann.orders("10.00")
    ann.orders("30.00")
    assert [points for _, points in ann.history()] == [15, 5]

    # only what is sent changes
    changed = rules.updateLoyaltyEarningRule(made["_id"], {"revision": made["revision"], "status": "PAUSED"})
    paused = changed["earningRule"]
    assert (paused["status"], paused["title"]) == ("PAUSED", "Orders")
    assert paused["conversionRate"] == made["conversionRate"]
    assert int(paused["revision"]) == int(made["revision"]) + 1
    ann.orders("40.00")
    assert ann.balance == 20
    with pytest.raises(SdkError) as stale:
        rules.updateLoyaltyEarningRule(made["_id"], {"revision": made["revision"], "title": "Late"})
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")
    with pytest.raises(SdkError) as stale:
        rules.deleteLoyaltyEarningRule(made["_id"], {"revision": made["revision"]})
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")

    rules.deleteLoyaltyEarningRule(made["_id"], {"revision": paused["revision"]})
    assert rules.listEarningRules()["earningRules"] == []
    with pytest.raises(SdkError) as gone:
        rules.getLoyaltyEarningRule(made["_id"])
    assert gone.value.status == 404
    assert ann.balance == 20  # what it gave stays (acceptance 59)


def test_a_whole_rule_can_be_handed_back(site: Site) -> None:
    made = site.owner.earningRules.createLoyaltyEarningRule(rule())
    changed = site.owner.earningRules.updateLoyaltyEarningRule(made["_id"], {**made, "title": "Spend"})["earningRule"]
    assert changed == {**made, "title": "Spend", "revision": "2", "_updatedDate": changed["_updatedDate"]}
    with pytest.raises(SdkError) as unread:
        site.owner.earningRules.updateLoyaltyEarningRule(made["_id"], {"title": "Whatever it is now"})
    assert unread.value.fields == ["earningRule.revision"]


def test_a_tier_earns_at_its_own_rate(site: Site) -> None:
    gold = site.owner.tiers.createTier({"tierDefinition": {"name": "Gold"}, "requiredPoints": 100})
    settings = site.owner.tiers.getTiersProgramSettings()["programSettings"]
    site.owner.tiers.updateTiersProgramSettings(
        {"rollingWindow": {"durationInMonths": 12}, "status": "ACTIVE", "revision": settings["revision"]}
    )
    configs = [{"moneyAmount": 1, "points": 1}, {"tierId": gold["_id"], "moneyAmount": 1, "points": 3}]
    made = site.owner.earningRules.createLoyaltyEarningRule(rule(conversionRate={"configs": configs}))
    assert made["conversionRate"]["configs"] == configs
    ann = site.world.member()
    ann.orders("100.00")
    ann.orders("10.00")
    assert [points for _, points in ann.history()] == [30, 100]


def test_of_many_the_good_ones_are_made(site: Site) -> None:
    unknown = {"configs": [{"tierId": SOURCE, "points": 5}]}
    wanted = [
        rule("Orders"),
        rule("Nobody's", fixedAmount=unknown),
        rule("Joining", fixedAmount={"configs": [{"points": 5}]}),
    ]
    done = site.owner.earningRules.bulkCreateLoyaltyEarningRules(wanted)
    assert done["bulkActionMetadata"] == {"totalSuccesses": 2, "totalFailures": 1, "undetailedFailures": 0}
    assert [one["itemMetadata"]["success"] for one in done["results"]] == [True, False, True]
    assert done["results"][1]["itemMetadata"]["error"]["code"] == "TIER_UNKNOWN"
    listed = site.asks("GET", f"{RULES}/rules")["earningRules"]
    assert [one["title"] for one in listed] == ["Orders", "Joining"]


def test_a_foreign_trigger_is_kept_as_sent_and_fires_on_the_action_of_its_name(site: Site) -> None:
    facts = {"triggerAppId": "a-booking-app", "triggerActivityType": "class-attended"}
    made = site.owner.earningRules.createLoyaltyEarningRule(
        {**rule("Classes", fixedAmount={"configs": [{"points": 25}]}), **facts}
    )
    assert {name: made[name] for name in facts} == facts
    site.owner.earningRules.createLoyaltyEarningRule(rule())
    listed = site.owner.earningRules.listEarningRules
    assert [one["title"] for one in listed({"triggerAppId": "a-booking-app"})["earningRules"]] == ["Classes"]
    assert [one["title"] for one in listed({"triggerActivityType": "order"})["earningRules"]] == ["Orders"]
    ann = site.world.member()
    assert ann.does("custom", name="class-attended") == 25


def test_built_in_kinds(site: Site) -> None:
    rules = site.owner.earningRules
    facts = {"earningRule": {"title": "Happy birthday", "fixedAmount": {"configs": [{"points": 100}]}}}
    birthday = rules.createCustomLoyaltyEarningRule("BIRTHDAY", facts)["earningRule"]
    assert (birthday["triggerActivityType"], birthday["status"]) == ("birthday", "ACTIVE")
    assert birthday["fixedAmount"] == {"configs": [{"points": 100}]}
    assert birthday["metadata"]["canBeDeleted"] is True
    rules.deleteAutomationEarningRule(birthday["_id"])
    assert rules.listEarningRules()["earningRules"] == []
    nameless = {"earningRule": {"fixedAmount": {"configs": [{"points": 5}]}}}
    assert rules.createCustomLoyaltyEarningRule("SOCIAL_MEDIA", nameless)["earningRule"]["title"] == "Follow us"


def test_a_member_follows_a_channel_once(site: Site) -> None:
    facts = {"title": "Follow us", "fixedAmount": {"configs": [{"points": 10}]}}
    social = site.owner.earningRules.createCustomLoyaltyEarningRule("SOCIAL_MEDIA", {"earningRule": facts})
    channel = social["earningRule"]["triggerActivityType"].removeprefix("social:").upper()
    ann = site.world.member()
    followed = site.member(ann).socialMedia.createFollowedChannel({"channel": channel})
    assert (followed["channel"], followed["accountId"]) == (channel, ann.account.id)
    assert isinstance(followed["_createdDate"], datetime)
    again = site.member(ann).socialMedia.createFollowedChannel({"channel": channel})
    assert again == followed and ann.balance == 10
    assert site.member(ann).socialMedia.listFollowedChannels()["followedChannels"] == [followed]
    with pytest.raises(SdkError) as off:
        site.member(ann).socialMedia.createFollowedChannel({"channel": "LINKEDIN"})
    assert off.value.code == "CHANNEL_NOT_ENABLED"
    with pytest.raises(SdkError) as no_member:
        site.owner.socialMedia.listFollowedChannels()
    assert (no_member.value.status, no_member.value.code) == (403, "MEMBERS_ONLY")


def test_what_is_wrong_is_named_by_the_sdks_own_argument(site: Site) -> None:
    with pytest.raises(SdkError) as refused:
        site.owner.earningRules.createLoyaltyEarningRule({**rule(), "title": "", "status": "ON"})
    assert refused.value.fields == ["earningRule.status", "earningRule.title"]
    both = {
        "fixedAmount": {"configs": [{"points": 1}]},
        "conversionRate": {"configs": [{"moneyAmount": 1, "points": 1}]},
    }
    for wrong in (both, {"fixedAmount": {"configs": []}}):
        with pytest.raises(SdkError) as refused:
            site.owner.earningRules.createLoyaltyEarningRule(rule(**wrong))
        assert refused.value.status == 400
        assert all(one.startswith("earningRule.") for one in refused.value.fields), refused.value.fields
    with pytest.raises(SdkError) as refused:
        site.owner.earningRules.createCustomLoyaltyEarningRule("EASTER", {"earningRule": {"title": "Eggs"}})
    assert "type" in refused.value.fields


def test_every_function_was_answered(runner: Runner) -> None:
    assert runner.left_out("earningRules", "socialMedia") == []
