"""The admin wire: what fits, what does not, and that openapi.json says the same."""

from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient
from marshmallow import Schema, ValidationError

from tests import crowd, walk
from tests.integrator import Integrator
from tests.make import World
from widget_server.admin.wire.accounts import AdjustPoints, EarnPoints
from widget_server.admin.wire.checkout import ApplyDiscount
from widget_server.admin.wire.coupons import Scope
from widget_server.admin.wire.customers import Customer
from widget_server.admin.wire.earning_rules import LoyaltyEarningRule, NewCustomRule
from widget_server.admin.wire.rewards import CouponReward, LoyaltyReward
from widget_server.admin.wire.webhooks import Replay
from widget_server.errors import EmailInvalid
from widget_server.loyalty.people import api_keys, emails
from widget_server.web.typed_schemas import schema_of
from widget_server.web.wire import FIRST_MOMENT, LAST_MOMENT, Number, Wire, WireTime

DATABASES = ("sqlite",)

ID = "0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10"
COST = {"configsByTier": [{"costInPoints": 10}]}
FIXED = {"configs": [{"points": 10}]}
RULE = {"sourceAppId": ID, "triggerAppId": "a", "triggerActivityType": "b", "title": "c", "status": "ACTIVE"}

BODIES: list[tuple[type, dict[str, Any], bool]] = [
    (AdjustPoints, {"amount": 5}, True),
    (AdjustPoints, {"amount": -5}, True),
    (AdjustPoints, {"balance": 0}, True),
    (AdjustPoints, {"balance": 5, "amount": 0}, True),
    (AdjustPoints, {"amount": 0}, False),
    (AdjustPoints, {}, False),
    (CouponReward, {"freeShipping": COST}, True),
    (CouponReward, {"freeShipping": COST, "minimumSubtotal": 5.5}, True),
    (CouponReward, {"freeShipping": COST, "percentage": COST}, False),
    (CouponReward, {"freeShipping": COST, "minimumSubtotal": 5.555}, False),
    (CouponReward, {"freeShipping": COST, "limitedToOneItem": "yes"}, False),
    (CouponReward, {}, False),
    (Scope, {"namespace": "stores", "group": {"name": "collection"}}, False),
    (LoyaltyReward, {"name": "a", "couponReward": {"freeShipping": COST}, "type": "COUPON_REWARD"}, True),
    (LoyaltyReward, {"name": "a", "couponReward": {"freeShipping": COST}, "type": "DISCOUNT_AMOUNT"}, False),
    (LoyaltyReward, {"name": "a"}, False),
    (LoyaltyEarningRule, {**RULE, "fixedAmount": FIXED}, True),
    (LoyaltyEarningRule, RULE, False),
    (NewCustomRule, {"type": "BIRTHDAY", "earningRule": {"fixedAmount": FIXED}}, True),
    (
        NewCustomRule,
        {"type": "BIRTHDAY", "earningRule": {"conversionRate": {"configs": [{"points": 1, "moneyAmount": 1}]}}},
        False,
    ),
    (ApplyDiscount, {"checkoutId": "c", "reward": {"id": ID}}, True),
    (ApplyDiscount, {"checkoutId": "c", "reward": {"id": ID}, "loyaltyCoupon": {"id": ID}}, False),
    (ApplyDiscount, {"checkoutId": "c", "reward": {"id": ID}, "referralReward": {}}, False),
    (ApplyDiscount, {"checkoutId": "c", "reward": {"id": f"{ID}-and-more"}}, False),
    (Replay, {"dead": True}, True),
    (Replay, {"dead": False}, False),
    (Replay, {"dead": True, "eventIds": [ID]}, False),
    (Customer, {"email": "ann@shop.example", "excluded": True}, True),
    (Customer, {"email": "ann"}, False),
    (Customer, {"excluded": 1}, False),
    (EarnPoints, {"amount": True, "appId": "a", "idempotencyKey": "k"}, False),
]


@pytest.fixture
def shapes(client: FlaskClient) -> Any:
    return client.get("/openapi.json").get_json()["components"]


@pytest.mark.parametrize("shape, body, fits", BODIES)
def test_the_document_takes_what_the_server_takes(
    shapes: dict[str, Any], shape: type, body: dict[str, Any], fits: bool
) -> None:
    said = {"$ref": f"#/components/schemas/{shape.__name__}", "components": shapes}
    assert jsonschema.Draft202012Validator(said).is_valid(body) == fits
    if shape is Customer and "email" in body and not fits:
        with pytest.raises(EmailInvalid):
            emails.parse(body["email"])
    else:
        assert (schema_of(shape, Wire)().validate(body) == {}) == fits


def test_a_change_comes_with_its_revision_and_what_is_inside_it_comes_whole() -> None:
    schema = schema_of(LoyaltyReward, Wire)
    change = schema(partial=tuple(schema().fields))
    assert change.load({"revision": "1", "name": "Tea"}) == {"revision": 1, "name": "Tea"}
    assert change.validate({"name": "Tea"}) == {"revision": ["Missing data for required field."]}


def test_what_binary_fractions_are_off_by_is_no_place_of_money() -> None:
    number = Number(places=2)
    assert number.deserialize(0.1 + 0.2) == Decimal("0.3")
    for wrong in (0.301, float("nan"), float("inf"), True, "1"):
        with pytest.raises(ValidationError):
            number.deserialize(wrong)


@pytest.mark.parametrize(
    "text",
    [
        *("20260310T120000Z", "2026-03-10", "2026-03-10T12:00:00", 5),
        *("0000-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "2026-03-10T12:00:00+24:00"),
    ],
)
def test_a_time_is_rfc_3339(text: Any) -> None:
    with pytest.raises(ValidationError, match="A time as"):
        WireTime().deserialize(text)


def test_a_time_beyond_all_years_is_the_first_or_the_last() -> None:
    assert WireTime().deserialize("0001-01-01T00:00:00+14:00") == FIRST_MOMENT
    assert WireTime().deserialize("9999-12-31T23:59:59-01:00") == LAST_MOMENT


@pytest.fixture
def owner(world: World, client: FlaskClient) -> Integrator:
    key, secret = api_keys.create_key(world.shop.id, "server")
    return Integrator(client, secret, key.id)


def test_the_inside_of_a_changed_reward_is_read_as_strictly_as_of_a_new_one(owner: Integrator) -> None:
    made = owner.post(
        "/loyalty-rewards/v1/rewards", {"reward": {"name": "Tea", "couponReward": {"freeShipping": COST}}}
    )
    change = {"revision": made["reward"]["revision"], "couponReward": {"freeShipping": {"configsByTier": [{}]}}}
    told = owner.put(f"/loyalty-rewards/v1/rewards/{made['reward']['id']}", {"reward": change}, status=400)
    fields = [one["field"] for one in told["details"]["validationError"]["fieldViolations"]]
    assert fields == ["reward.couponReward.freeShipping.configsByTier.0.costInPoints"]


def test_a_missing_revision_is_named_by_its_path(owner: Integrator) -> None:
    made = owner.post("/loyalty-webhooks/v1/endpoints", {"endpoint": {"url": "https://shop.example/hooks"}})
    path = f"/loyalty-webhooks/v1/endpoints/{made['endpoint']['id']}"
    told = owner.patch(path, {"endpoint": {"description": "x"}}, status=400)
    violation = told["details"]["validationError"]["fieldViolations"][0]
    assert (violation["field"], violation["violatedRule"]) == ("endpoint.revision", "REQUIRED_FIELD")


def test_a_misspelled_search_adjusts_nobody(owner: Integrator, world: World) -> None:
    ann = world.member()
    body = {"amount": 5, "search": {"fliter": {"contactId": ann.id}}}
    told = owner.post("/loyalty-accounts/v1/accounts/bulk-adjust", body, status=400)
    assert told["details"]["validationError"]["fieldViolations"][0]["field"] == "search.fliter"


def test_a_request_key_has_1_to_256_characters_of_the_callers_own(owner: Integrator) -> None:
    path, body = "/loyalty-tiers/v1/tiers", {"tier": {"tierDefinition": {"name": "Gold"}, "requiredPoints": 5}}
    for wrong in ("", "k" * 257):
        owner.post(path, body, status=400, Idempotency_Key=wrong)
    first = owner.post(path, body, Idempotency_Key="k" * 256)
    assert owner.post(path, body, Idempotency_Key="k" * 256) == first


def test_a_path_that_no_id_can_be_allows_what_it_does(owner: Integrator) -> None:
    for path, allowed in (("tiers/program", "GET"), ("tiers/program-settings", "GET, PATCH, POST")):
        answer = owner.client.options(f"/loyalty-tiers/v1/{path}")
        assert set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == set(allowed.split(", "))


def test_a_response_is_what_marshmallow_would_write_without_nulls(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each response of the whole walk, and each part of it."""
    ours, compared = Wire._serialize, set[type]()

    def without_nulls(body: Any) -> Any:
        return {name: value for name, value in body.items() if value is not None}

    def compare(self: Wire, obj: Any, *, many: bool = False) -> Any:
        written = ours(self, obj, many=many)
        if not many:
            assert written == without_nulls(Schema._serialize(self, obj))
            compared.add(type(self))
        return written

    monkeypatch.setattr(Wire, "_serialize", compare)
    walk.Walk(client, crowd.shops()[0]).everything()
    assert len(compared) > 100
