"""How a "no" of the server's reads in the SDK: its message, details and status (wix-api §5)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.wix_sdk.actors import Site
from tests.wix_sdk.sdk import Client, SdkError

UNKNOWN = "99999999-1111-2222-3333-444444444444"


def test_fields_that_are_wrong_are_named_by_the_sdks_arguments(site: Site) -> None:
    with pytest.raises(SdkError) as refused:
        site.owner.tiers.createTier({"tierDefinition": {"name": "Silver", "colour": "grey"}, "requiredPoints": "many"})
    error = refused.value
    violations = error.details["validationError"]["fieldViolations"]
    assert [(one["field"], one["violatedRule"], one.get("ruleName")) for one in violations] == [
        ("tier.requiredPoints", "OTHER", "INVALID_VALUE"),
        ("tier.tierDefinition.colour", "OTHER", "UNKNOWN_FIELD"),
    ]
    said = ", ".join(f'"{one["field"]}" {one["description"]}' for one in violations)
    assert json.loads(error.text) == {"message": f"INVALID_ARGUMENT: {said}", "details": error.details}
    assert error.status == 400 and error.details["requestId"] == error.request_id


def test_what_is_missing_is_told_from_what_is_wrong(site: Site) -> None:
    with pytest.raises(SdkError) as refused:
        site.owner.rewards.createReward({"type": "COUPON_REWARD"})
    violations = {one["field"]: one for one in refused.value.details["validationError"]["fieldViolations"]}
    assert violations["reward.name"]["violatedRule"] == "REQUIRED_FIELD"


def test_a_builder_prints_a_field_it_has_no_name_for(site: Site) -> None:
    """The SDK's own mistake (wix-api §5): behind "undefined" stands the path that the server named."""
    with pytest.raises(SdkError) as refused:
        site.owner.js("return client.accounts.queryLoyaltyAccounts().eq('points.secret', 1).find()")
    assert refused.value.status == 400
    assert refused.value.fields == ["undefined.filter.points.secret"]


def test_a_refusal_has_a_code_a_sentence_and_figures(site: Site) -> None:
    ann = site.world.member()
    with pytest.raises(SdkError) as refused:
        site.owner.accounts.adjustPoints(site.account(ann), {"amount": -7})
    error = refused.value
    assert error.status == 409
    assert error.details["applicationError"] == {
        "code": "NOT_ENOUGH_POINTS",
        "description": error.message,
        "data": {"needs": 7, "has": 0},
    }
    assert json.loads(error.text) == {"message": error.message, "details": error.details}
    assert error.details["requestId"] == error.request_id


def _pause_a_draft(site: Site) -> Any:
    return Site.create(site.runner, site.base_url, active=False).owner.programs.pauseLoyaltyProgram()


def _settle_a_stale_tier(site: Site) -> Any:
    tier = site.owner.tiers.createTier({"tierDefinition": {"name": "Silver"}, "requiredPoints": 10})
    return site.owner.tiers.updateTier(tier["_id"], {"revision": "99", "requiredPoints": 20})


def _join_while_it_pauses(site: Site) -> Any:
    site.owner.programs.pauseLoyaltyProgram()
    return site.owner.accounts.createAccount(site.world.visitor().id)


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        (lambda site: Client(site.runner, None).programs.getLoyaltyProgram(), 401, "SIGNED_OUT"),
        (lambda site: site.owner.accounts.getCurrentMemberAccount(), 403, "MEMBERS_ONLY"),
        (lambda site: site.member(site.world.member()).accounts.getProgramTotals(), 403, "SCOPE_MISSING"),
        (lambda site: site.owner.accounts.getAccount(UNKNOWN), 404, "NOT_FOUND"),
        (lambda site: site.owner.tiers.getTier(UNKNOWN), 404, "NOT_FOUND"),
        (lambda site: site.owner.rewards.getReward(UNKNOWN), 404, "NOT_FOUND"),
        (lambda site: site.owner.coupons.getLoyaltyCoupon(UNKNOWN), 404, "NOT_FOUND"),
        (lambda site: site.owner.earningRules.getLoyaltyEarningRule(UNKNOWN), 404, "NOT_FOUND"),
        (lambda site: site.owner.earningRules.deleteAutomationEarningRule(UNKNOWN), 404, "NOT_FOUND"),
        (lambda site: site.owner.transactions.getLoyaltyTransaction(UNKNOWN), 404, "NOT_FOUND"),
        (lambda site: site.owner.imports.getErrorFileDownloadUrl(UNKNOWN), 404, "NOT_FOUND"),
        (_pause_a_draft, 409, "BAD_TRANSITION"),
        (_settle_a_stale_tier, 409, "STALE_REVISION"),
        (_join_while_it_pauses, 428, "PROGRAM_NOT_ACTIVE"),
    ],
)
def test_each_kind_of_no_has_its_status(site: Site, ask: Callable[[Site], Any], status: int, code: str) -> None:
    with pytest.raises(SdkError) as refused:
        ask(site)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.message and refused.value.request_id


def test_what_is_no_json_or_no_path_is_a_no_in_the_same_form(site: Site) -> None:
    for code, status in (
        ("client.fetchWithAuth('https://www.wixapis.com/loyalty-nothing/v1/at-all')", 404),
        ("client.fetchWithAuth('https://www.wixapis.com/loyalty-programs/v1/program', {method: 'DELETE'})", 405),
        (
            "client.fetchWithAuth('https://www.wixapis.com/loyalty-accounts/v1/accounts', "
            "{method: 'POST', body: '{', headers: {'Content-Type': 'application/json'}})",
            400,
        ),
    ):
        told, said = site.owner.js(f"const answer = await {code}; return [answer.status, await answer.json()]")
        assert told == status and said["message"]
        assert said["details"]["applicationError"]["code"]
