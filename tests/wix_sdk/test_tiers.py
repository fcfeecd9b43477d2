"""tiers: levels, and the settings of their program (wix-api §1, §2)."""

from datetime import datetime

import pytest

from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Runner, SdkError

ACTIVE = {"rollingWindow": {"durationInMonths": 12}, "status": "ACTIVE"}


def test_a_tier_is_made_read_changed_and_deleted(site: Site) -> None:
    tiers = site.owner.tiers
    silver = tiers.createTier(
        {"tierDefinition": {"name": "Silver", "description": "For friends"}, "requiredPoints": 100}
    )
    assert silver["tierDefinition"]["name"] == "Silver" and silver["requiredPoints"] == 100
    assert isinstance(silver["_createdDate"], datetime) and silver["revision"].isdecimal()
    assert tiers.getTier(silver["_id"]) == silver
    kept = site.asks("GET", f"/loyalty-tiers/v1/tiers/{silver['_id']}")["tier"]
    assert (kept["tierDefinition"]["description"], kept["revision"]) == ("For friends", silver["revision"])

    dearer = tiers.updateTier(silver["_id"], {"revision": silver["revision"], "requiredPoints": 150})
    assert dearer["requiredPoints"] == 150 and dearer["tierDefinition"]["name"] == "Silver"
    assert int(dearer["revision"]) == int(silver["revision"]) + 1
    with pytest.raises(SdkError) as stale:
        tiers.updateTier(silver["_id"], {"revision": silver["revision"], "requiredPoints": 160})
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")
    with pytest.raises(SdkError) as stale:
        tiers.deleteTier(silver["_id"], silver["revision"])
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")
    assert [one["requiredPoints"] for one in tiers.listTiers()["tiers"]] == [150]

    tiers.deleteTier(dearer["_id"], dearer["revision"])
    assert tiers.listTiers()["tiers"] == []
    with pytest.raises(SdkError) as gone:
        tiers.getTier(silver["_id"])
    assert (gone.value.status, gone.value.code) == (404, "NOT_FOUND")


def test_a_whole_tier_can_be_handed_back(site: Site) -> None:
    silver = site.owner.tiers.createTier({"tierDefinition": {"name": "Silver"}, "requiredPoints": 100})
    silver["tierDefinition"]["name"] = "Sterling"
    changed = site.owner.tiers.updateTier(silver["_id"], silver)
    assert changed["tierDefinition"]["name"] == "Sterling"
    assert changed["tierDefinition"]["icon"] == silver["tierDefinition"]["icon"]


def test_of_many_the_good_ones_are_made(site: Site) -> None:
    wanted = [("Silver", 100), ("Gold", 200), ("Silver", 300), ("Platinum", 200)]
    done = site.owner.tiers.bulkCreateTiers(
        [{"tierDefinition": {"name": name}, "requiredPoints": points} for name, points in wanted]
    )
    assert done["bulkActionMetadata"] == {"totalSuccesses": 2, "totalFailures": 2, "undetailedFailures": 0}
    metadata = [one["itemMetadata"] for one in done["results"]]
    assert [(one["originalIndex"], one["success"]) for one in metadata] == [
        (0, True),
        (1, True),
        (2, False),
        (3, False),
    ]
    assert [one["error"]["code"] for one in metadata[2:]] == ["TIER_TAKEN", "TIER_TAKEN"]
    assert [one["item"]["_id"] for one in done["results"][:2]] == [one["_id"] for one in metadata[:2]]
    kept = site.asks("GET", "/loyalty-tiers/v1/tiers")["tiers"]
    assert [one["tierDefinition"]["name"] for one in kept] == ["Silver", "Gold"]


def test_name_and_points_are_each_unique(site: Site) -> None:
    site.owner.tiers.createTier({"tierDefinition": {"name": "Silver"}, "requiredPoints": 100})
    for name, points in (("Silver", 200), ("Gold", 100)):
        with pytest.raises(SdkError) as taken:
            site.owner.tiers.createTier({"tierDefinition": {"name": name}, "requiredPoints": points})
        assert (taken.value.status, taken.value.code) == (409, "TIER_TAKEN")


def test_settings_are_there_once(site: Site) -> None:
    tiers = site.owner.tiers
    made = tiers.createTiersProgramSettings({"rollingWindow": {"durationInMonths": 24}})["programSettings"]
    assert (made["status"], made["rollingWindow"]["durationInMonths"]) == ("DISABLED", 24)
    with pytest.raises(SdkError) as there:
        tiers.createTiersProgramSettings({"rollingWindow": {"durationInMonths": 24}})
    assert (there.value.status, there.value.code) == (409, "TIER_PROGRAM_EXISTS")


def test_settings_are_made_by_looking_and_emptied_by_leaving_out(site: Site) -> None:
    tiers = site.owner.tiers
    program = tiers.getTiersProgram()
    assert (program["tiers"], program["programSettings"]["status"]) == ([], "DISABLED")
    settings = tiers.getTiersProgramSettings()["programSettings"]
    assert settings == program["programSettings"]
    named = tiers.updateTiersProgramSettings(
        {**ACTIVE, "revision": settings["revision"], "baseTierDefinition": {"name": "Seed", "description": "All"}}
    )["programSettings"]
    assert named["status"] == "ACTIVE" and named["baseTierDefinition"]["name"] == "Seed"
    bare = tiers.updateTiersProgramSettings(
        {**ACTIVE, "revision": named["revision"], "baseTierDefinition": {"name": "Seed"}}
    )["programSettings"]
    assert not bare["baseTierDefinition"].get("description")
    kept = site.asks("GET", "/loyalty-tiers/v1/tiers/program-settings")["programSettings"]
    assert (kept["status"], kept["baseTierDefinition"]["name"]) == ("ACTIVE", "Seed")
    with pytest.raises(SdkError) as stale:
        tiers.updateTiersProgramSettings({**ACTIVE, "revision": settings["revision"]})
    assert (stale.value.status, stale.value.code) == (409, "STALE_REVISION")


def test_what_is_wrong_is_named_by_the_sdks_own_argument(site: Site) -> None:
    with pytest.raises(SdkError) as refused:
        site.owner.tiers.createTier({"tierDefinition": {"name": ""}, "requiredPoints": 0})
    assert refused.value.status == 400
    assert refused.value.fields == ["tier.requiredPoints", "tier.tierDefinition.name"]
    with pytest.raises(SdkError) as refused:
        site.owner.tiers.updateTiersProgramSettings({"rollingWindow": {"durationInMonths": 37}, "status": "ON"})
    assert refused.value.fields == [
        "programSettings.revision",
        "programSettings.rollingWindow.durationInMonths",
        "programSettings.status",
    ]
    with pytest.raises(SdkError) as refused:
        site.owner.tiers.bulkCreateTiers([{"tierDefinition": {"name": "A"}}, {"requiredPoints": 5}])
    assert refused.value.fields == ["tiers.0.requiredPoints", "tiers.1.tierDefinition"]


def test_every_function_was_answered(runner: Runner) -> None:
    assert runner.left_out("tiers") == []
