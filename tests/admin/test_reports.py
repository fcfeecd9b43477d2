"""Figures over the wire, and the words beside rows that only staff may read (acceptance 49, 53, 55)."""

from tests.integrator import Integrator
from tests.make import World
from widget_server import db
from widget_server.loyalty import books


def test_the_totals_of_all_days_and_of_some(owner: Integrator, world: World) -> None:
    world.settings(point_value="0.01")
    ann = world.member("ann@example.com")
    ann.is_given(500)
    ann.redeems(world.reward(cost=200))
    told = owner.get("/loyalty-reports/v1/totals")["totals"]
    assert (told["earned"], told["redeemed"], told["unredeemed"], told["members"]) == (500, 200, 300, 1)
    assert (told["liability"], told["currency"], told["redemptionRate"]) == ("3.00", "EUR", 0.4)
    before = owner.get("/loyalty-reports/v1/totals?to=2001-01-01")["totals"]
    assert (before["earned"], before["members"]) == (0, 0)
    wrong = owner.get("/loyalty-reports/v1/totals?from=2026-02-01&to=2026-01-01", status=400)
    assert wrong["details"]["validationError"]["fieldViolations"][0]["field"] == "to"
    owner.get("/loyalty-reports/v1/totals?from=yesterday", status=400)


def test_the_owner_reads_what_the_last_audit_found(owner: Integrator, world: World) -> None:
    path = "/loyalty-reports/v1/books"
    assert owner.get(path) == {"books": {"status": "UNCHECKED", "findings": 0}}
    ann = world.member("ann@example.com")
    assert list(books.audit()) == []
    good = owner.get(path)["books"]
    assert (good["status"], good["findings"], good["checkedAt"] == good["wholeAt"]) == ("GOOD", 0, True)
    db.database.execute_sql("UPDATE account SET tier_points = 77")
    assert list(books.audit()) == [f"account {ann.account.id}: was changed"]
    wrong = owner.get(path)["books"]
    assert (wrong["status"], wrong["finding"]) == ("WRONG", f"account {ann.account.id}: was changed")
    assert wrong["wholeAt"] == good["wholeAt"]
    other = World.create()
    list(books.audit_shop(other.shop))
    assert owner.get(path)["books"] == wrong
    db.database.execute_sql("UPDATE account SET tier_points = 0")


def test_the_internal_reason_leaves_by_one_door(owner: Integrator, world: World) -> None:
    ann = world.member("ann@example.com")
    account = owner.get(f"/loyalty-accounts/v1/accounts/fetch-by?memberId={ann.id}")["account"]["id"]
    said = {"amount": 5, "description": "A thank you", "reason": "Complained loudly"}
    moved = owner.post(f"/loyalty-accounts/v1/accounts/{account}/adjust-points", said)
    told = owner.get(f"/loyalty-adjustments/v1/adjustments/{moved['transactionId']}")["adjustment"]
    assert (told["reason"], told["comment"], told["appId"]) == ("Complained loudly", "A thank you", owner.key_id)
    (found,) = owner.post("/loyalty-adjustments/v1/adjustments/query", {"query": {"filter": {"amount": 5}}})[
        "adjustments"
    ]
    assert found == told
    row = owner.get(f"/loyalty-transactions/v1/loyalty-transactions/{moved['transactionId']}")["loyaltyTransaction"]
    assert row["description"] == "A thank you" and "Complained" not in str(row)
