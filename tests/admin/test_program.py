"""The program over the wire (acceptance 61, wix-api §1a)."""

import pytest

from tests.integrator import Integrator
from tests.make import World
from widget_server.loyalty.program import programs

PROGRAM = "/loyalty-programs/v1/program"


@pytest.mark.parametrize("mount", ["", "/_api"])
def test_the_owner_reads_the_program_under_both_mounts(owner: Integrator, mount: str) -> None:
    told = owner.get(mount + PROGRAM)["loyaltyProgram"]
    assert told["name"] == "Fern Club"
    assert told["status"] == "ACTIVE"
    assert told["pointDefinition"]["customName"] == "Points"
    assert told["pointDefinition"]["icon"]["url"].startswith("http://widget.localhost:8000/")
    assert told["pointsExpiration"] == {
        "status": "DISABLED",
        "monthsOfInactivity": 12,
        "expiringPointsPercentage": 100,
    }
    assert told["premiumFeatures"] == {"loyaltyProgram": True, "tiers": True, "pointsExpiration": True}
    assert told["createdDate"].endswith("Z") and len(told["createdDate"]) == len("2026-03-10T12:00:00.000Z")


def test_the_documents_own_sample_is_taken(owner: Integrator) -> None:
    sample = {"loyaltyProgram": {"name": "Northern Star Loyalty Program", "points": {"customName": "Northern Star"}}}
    told = owner.patch(PROGRAM, sample)["loyaltyProgram"]
    assert (told["name"], told["pointDefinition"]["customName"]) == ("Northern Star Loyalty Program", "Northern Star")


def test_a_program_may_be_sent_back_as_it_was_answered(owner: Integrator) -> None:
    told = owner.get(PROGRAM)["loyaltyProgram"]
    told["pointsExpiration"]["monthsOfInactivity"] = 3
    again = owner.patch(PROGRAM, {"loyaltyProgram": {**told, "status": "PAUSED"}})["loyaltyProgram"]
    assert again["pointsExpiration"]["monthsOfInactivity"] == 3
    assert again["status"] == "ACTIVE"  # not set here


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "x"}, "loyaltyProgram.name"),
        ({"nme": "Stars"}, "loyaltyProgram.nme"),
        ({"pointsExpiration": {"monthsOfInactivity": 13}}, "loyaltyProgram.pointsExpiration.monthsOfInactivity"),
        ({"pointDefinition": {"customName": "x" * 21}}, "loyaltyProgram.pointDefinition.customName"),
    ],
)
def test_a_wrong_field_is_named(owner: Integrator, change: dict[str, object], field: str) -> None:
    told = owner.patch(PROGRAM, {"loyaltyProgram": change}, status=400)
    violations = told["details"]["validationError"]["fieldViolations"]
    assert [one["field"] for one in violations] == [field]


def test_every_wrong_field_is_named_at_once(owner: Integrator) -> None:
    told = owner.patch(PROGRAM, {"loyaltyProgram": {"name": "x", "nme": "y"}, "other": 1}, status=400)
    fields = {one["field"]: one for one in told["details"]["validationError"]["fieldViolations"]}
    assert set(fields) == {"loyaltyProgram.name", "loyaltyProgram.nme", "other"}
    assert fields["other"]["ruleName"] == "UNKNOWN_FIELD"


def test_pausing_and_activating(owner: Integrator, world: World) -> None:
    assert owner.post(f"{PROGRAM}/pause")["loyaltyProgram"]["status"] == "PAUSED"
    assert owner.post(f"{PROGRAM}/pause")["loyaltyProgram"]["status"] == "PAUSED"
    assert owner.post(f"{PROGRAM}/activate")["loyaltyProgram"]["status"] == "ACTIVE"
    assert owner.post(f"{PROGRAM}/activate")["loyaltyProgram"]["status"] == "ACTIVE"


def test_a_draft_cannot_be_paused(owner: Integrator, world: World) -> None:
    programs.Program.change(world.shop, {programs.Program.status: "draft"})
    told = owner.post(f"{PROGRAM}/pause", status=409)
    assert told["details"]["applicationError"]["code"] == "BAD_TRANSITION"


def test_expiry_is_switched_and_keeps_its_figures(owner: Integrator) -> None:
    owner.patch(PROGRAM, {"loyaltyProgram": {"pointsExpiration": {"monthsOfInactivity": 6}}})
    assert owner.post(f"{PROGRAM}/points-expiration/enable")["loyaltyProgram"]["pointsExpiration"] == {
        "status": "ENABLED",
        "monthsOfInactivity": 6,
        "expiringPointsPercentage": 100,
    }
    off = owner.post(f"{PROGRAM}/points-expiration/disable")["loyaltyProgram"]["pointsExpiration"]
    assert (off["status"], off["monthsOfInactivity"]) == ("DISABLED", 6)


def test_a_key_that_reads_changes_nothing(reader: Integrator) -> None:
    assert reader.get(f"{PROGRAM}/premium-features") == {
        "loyaltyProgram": True,
        "tiers": True,
        "pointsExpiration": True,
    }
    told = reader.post(f"{PROGRAM}/activate", status=403)
    assert told["details"]["applicationError"]["code"] == "SCOPE_MISSING"


def test_without_a_key_there_is_no_answer(owner: Integrator) -> None:
    owner.secret = None
    assert owner.get(PROGRAM, status=401)["details"]["applicationError"]["code"] == "SIGNED_OUT"


def test_all_sites_of_a_key_are_one(owner: Integrator, world: World) -> None:
    (site,) = owner.get("/loyalty-programs/v1/bulk/programs")["programInSites"]
    assert site["metaSiteId"] == world.shop.id
    assert site["loyaltyProgram"]["name"] == "Fern Club"
