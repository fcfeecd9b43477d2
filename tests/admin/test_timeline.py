"""A customer's timeline, the dry run of a merge and granted tiers over the wire (acceptance 51, 55, 58)."""

from datetime import date
from decimal import Decimal

import pytest

from tests.integrator import Integrator
from tests.make import Shopper, World, line
from widget_server import clock
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.people import sessions

CUSTOMERS = "/loyalty-customers/v1/customers"


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.member()


def test_each_entry_says_why_it_has_its_points(owner: Integrator, world: World, ann: Shopper) -> None:
    rule = world.order_rule(10, handle="orders", title="Shopping", terms=Terms(points_per_day=40))
    ann.orders(id="o1", lines=(line("4.99", name="Mug"),))
    (entry,) = owner.get(f"{CUSTOMERS}/{ann.id}/timeline")["entries"]
    assert (entry["kind"], entry["points"], entry["balanceAfter"], entry["transactionType"]) == (
        "BOOKED",
        40,
        40,
        "EARN",
    )
    assert entry["order"]["externalId"] == "o1"
    assert entry["author"] == {"kind": "SERVER"}
    why = entry["why"]
    assert why["rule"] == {"id": rule.id, "kind": "order", "handle": "orders", "title": "Shopping", "revision": 1}
    assert (why["perPoints"], why["perAmount"], why["base"], why["rounding"]) == (10, "1.00", "4.99", "floor")
    assert (why["scored"], why["given"], why["capped"], why["caps"]) == (49, 40, True, {"points_per_day": 40})
    (mug,) = why["lines"]
    assert (mug["name"], mug["amount"], mug["counts"], mug["multiplier"]) == ("Mug", "4.99", True, 1.0)


def test_an_order_that_gave_nothing_says_why(owner: Integrator, world: World, ann: Shopper) -> None:
    rule = world.order_rule(terms=Terms(minimum_subtotal=Decimal(50)))
    ann.orders("20.00")
    (entry,) = owner.get(f"{CUSTOMERS}/{ann.id}/timeline")["entries"]
    assert (entry["kind"], entry["points"]) == ("NOTHING", 0)
    missed = entry["missed"]
    assert (missed["reason"], missed["certain"]) == ("BELOW_MINIMUM", True)
    assert [(one["rule"]["id"], one["reason"]) for one in missed["rules"]] == [(rule.id, "BELOW_MINIMUM")]


def test_what_staff_wrote_stands_beside_it(owner: Integrator, world: World, ann: Shopper) -> None:
    path = f"/loyalty-accounts/v1/accounts/{ann.account.id}/adjust-points"
    owner.post(path, {"amount": 5, "description": "Sorry", "reason": "late parcel"})
    (entry,) = owner.get(f"{CUSTOMERS}/{ann.id}/timeline")["entries"]
    assert (entry["reason"], entry["comment"], entry["author"]) == (
        "late parcel", "Sorry", {"kind": "APP", "name": "server"},
    )  # fmt: skip


def test_pages_follow_one_another(owner: Integrator, world: World, ann: Shopper) -> None:
    for points in (1, 2, 3):
        ann.is_given(points)
    path, found, cursor = f"{CUSTOMERS}/{ann.id}/timeline?cursorPaging.limit=2", [], ""
    for _ in range(2):
        page = owner.get(path + cursor)
        found.append([one["points"] for one in page["entries"]])
        metadata = page["pagingMetadata"]
        cursor = f"&cursorPaging.cursor={metadata['cursors'].get('next', '')}"
    assert (found, metadata["hasNext"]) == ([[3, 2], [1]], False)
    refused = owner.get(f"{path}&cursorPaging.cursor=x", status=400)
    (fault,) = refused["details"]["validationError"]["fieldViolations"]
    assert fault["field"] == "cursorPaging.cursor"


def test_a_merge_is_tried_before_it_is_made(owner: Integrator, world: World, ann: Shopper) -> None:
    old = world.member("old@example.com")
    old.is_given(30)
    ann.is_given(12)
    preview = owner.get(f"{CUSTOMERS}/{old.id}/merge-preview?intoId={ann.id}")["preview"]
    assert (preview["sourceId"], preview["targetId"], preview["jointPoints"]["balance"]) == (old.id, ann.id, 42)
    assert (preview["moves"]["transactions"], preview["takenBack"], preview["sessionsEnd"]) == (1, 0, 1)
    facts = {fact["name"]: fact for fact in preview["facts"]}
    assert facts["email"]["kept"] == "ann@example.com"
    assert facts["joinedAt"]["kept"].endswith("Z")
    assert (old.balance, ann.balance) == (30, 12)
    refused = owner.get(f"{CUSTOMERS}/{ann.id}/merge-preview?intoId={ann.id}", status=400)
    (fault,) = refused["details"]["validationError"]["fieldViolations"]
    assert fault["field"] == "intoId"


def test_a_tier_is_granted_read_and_ended(owner: Integrator, reader: Integrator, world: World, ann: Shopper) -> None:
    gold = world.tier("Gold", 500)
    today = clock.local_date(clock.now(), world.shop.timezone)
    last = date(today.year + 1, 12, 31).isoformat()
    path, grant = f"{CUSTOMERS}/{ann.id}/tier-grant", {"tierId": gold.id, "lastDay": last}
    assert owner.get(path) == {}
    assert owner.post(path, {"tierGrant": grant}) == {"tierGrant": grant}
    assert reader.get(path) == {"tierGrant": grant}
    account = owner.get(f"/loyalty-accounts/v1/accounts/{ann.account.id}")["account"]
    assert account["tier"]["id"] == gold.id
    reader.post(path, {"tierGrant": grant}, status=403)
    refused = owner.post(path, {"tierGrant": {**grant, "lastDay": "2020-01-01"}}, status=400)
    (fault,) = refused["details"]["validationError"]["fieldViolations"]
    assert fault["field"] == "tierGrant.lastDay"
    owner.delete(path)
    assert owner.get(path) == {}


def test_a_coupon_is_returned_or_revoked_and_a_customer_signed_out(
    owner: Integrator, world: World, ann: Shopper
) -> None:
    ann.is_given(100)
    first, second = (ann.redeems(world.reward(cost=50)) for _ in range(2))
    coupons = "/loyalty-coupons/v1/coupons"
    assert owner.post(f"{coupons}/{first.id}/return", {})["loyaltyCoupon"]["id"] == first.id
    assert ann.balance == 50
    owner.post(f"{coupons}/{second.id}/revoke", {})
    refused = owner.post(f"{coupons}/{second.id}/return", {}, status=409)
    assert refused["details"]["applicationError"]["code"] == "COUPON_NOT_RETURNABLE"
    owner.post(f"{CUSTOMERS}/{ann.id}/sign-out", {})
    assert sessions.open_sessions(world.shop.id, ann.id) == []


def test_the_data_of_a_customer_are_exported(owner: Integrator, reader: Integrator, world: World, ann: Shopper) -> None:
    ann.is_given(7)
    told = owner.post(f"{CUSTOMERS}/{ann.id}/export", {})["export"]
    assert (told["customer"]["email"], told["account"]["balance"]) == ("ann@example.com", 7)
    assert [row["amount"] for row in told["transactions"]] == [7]
    reader.post(f"{CUSTOMERS}/{ann.id}/export", {}, status=403)
