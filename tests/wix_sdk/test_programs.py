"""programs: the loyalty program of a shop (wix-api §1a, acceptance 61)."""

from datetime import datetime

import pytest

from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Runner, SdkError

PATH = "/loyalty-programs/v1/program"


def test_the_program_reads_as_the_sdk_types_it(site: Site) -> None:
    program = site.owner.programs.getLoyaltyProgram()["loyaltyProgram"]
    assert (program["name"], program["status"]) == ("Fern Club", "ACTIVE")
    assert isinstance(program["_createdDate"], datetime) and program["_createdDate"] <= program["_updatedDate"]
    assert program["pointDefinition"] == {"customName": "Points", "icon": f"{site.base_url}/assets/star.svg"}
    assert program["pointsExpiration"] == {
        "status": "DISABLED",
        "monthsOfInactivity": 12,
        "expiringPointsPercentage": 100,
    }
    every = {"loyaltyProgram": True, "tiers": True, "pointsExpiration": True}
    assert program["premiumFeatures"] == every == site.owner.programs.getLoyaltyProgramPremiumFeatures()
    in_sites = site.owner.programs.bulkGetLoyaltyProgram()["programInSites"]
    assert in_sites == [{"metaSiteId": site.id, "loyaltyProgram": program}]


def test_what_was_read_can_be_handed_back_changed(site: Site) -> None:
    program = site.owner.programs.getLoyaltyProgram()["loyaltyProgram"]
    program["name"], program["pointDefinition"]["customName"] = "Northern Star", "Stars"
    changed = site.owner.programs.updateLoyaltyProgram(program)["loyaltyProgram"]
    assert changed == {**program, "_updatedDate": changed["_updatedDate"]}
    kept = site.asks("GET", PATH)["loyaltyProgram"]
    assert (kept["name"], kept["pointDefinition"]["customName"]) == ("Northern Star", "Stars")
    # what is not sent stays
    site.owner.programs.updateLoyaltyProgram({"pointsExpiration": {"monthsOfInactivity": 3}})
    kept = site.asks("GET", PATH)["loyaltyProgram"]
    assert kept["name"] == "Northern Star"
    assert kept["pointsExpiration"] == {
        "status": "DISABLED",
        "monthsOfInactivity": 3,
        "expiringPointsPercentage": 100,
    }


@pytest.mark.parametrize(
    "icon",
    [
        "https://fern.example/leaf.svg",
        "wix:image://v1/11062b_8a/leaf.png#originWidth=32&originHeight=24",
    ],
)
def test_an_icon_comes_back_as_it_was_given(site: Site, icon: str) -> None:
    site.owner.programs.updateLoyaltyProgram({"pointDefinition": {"icon": icon}})
    assert site.owner.programs.getLoyaltyProgram()["loyaltyProgram"]["pointDefinition"]["icon"] == icon


def test_states_and_expiry(site: Site) -> None:
    programs = site.owner.programs

    def kept() -> tuple[str, str]:
        program = site.asks("GET", PATH)["loyaltyProgram"]
        return program["status"], program["pointsExpiration"]["status"]

    assert programs.pauseLoyaltyProgram()["loyaltyProgram"]["status"] == "PAUSED"
    assert kept() == ("PAUSED", "DISABLED")
    assert programs.pauseLoyaltyProgram()["loyaltyProgram"]["status"] == "PAUSED"
    assert programs.enablePointsExpiration()["loyaltyProgram"]["pointsExpiration"]["status"] == "ENABLED"
    assert kept() == ("PAUSED", "ENABLED")
    assert programs.activateLoyaltyProgram()["loyaltyProgram"]["status"] == "ACTIVE"
    assert programs.activateLoyaltyProgram()["loyaltyProgram"]["status"] == "ACTIVE"
    assert programs.disablePointsExpiration()["loyaltyProgram"]["pointsExpiration"]["status"] == "DISABLED"
    assert kept() == ("ACTIVE", "DISABLED")
    # the status is not set by an update
    assert programs.updateLoyaltyProgram({"status": "PAUSED"})["loyaltyProgram"]["status"] == "ACTIVE"


def test_what_is_wrong_is_named_by_the_sdks_own_argument(site: Site) -> None:
    wrong = {"name": "N", "pointsExpiration": {"monthsOfInactivity": 13, "expiringPointsPercentage": 0}}
    with pytest.raises(SdkError) as refused:
        site.owner.programs.updateLoyaltyProgram(wrong)
    assert refused.value.status == 400
    assert refused.value.fields == [
        "loyaltyProgram.name",
        "loyaltyProgram.pointsExpiration.expiringPointsPercentage",
        "loyaltyProgram.pointsExpiration.monthsOfInactivity",
    ]
    assert refused.value.message.startswith('INVALID_ARGUMENT: "loyaltyProgram.name" ')
    assert site.asks("GET", PATH)["loyaltyProgram"]["name"] == "Fern Club"


def test_every_function_was_answered(runner: Runner) -> None:
    assert runner.left_out("programs") == []
