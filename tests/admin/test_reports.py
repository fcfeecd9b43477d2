"""Figures over the wire, and the words beside rows that only staff may read (acceptance 49, 53, 55)."""

import pytest

from tests.integrator import Integrator
from tests.make import Shopper, World, day
from widget_server import clock, db
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


REPORTS = "/loyalty-reports/v1"


@pytest.fixture
def march(world: World) -> Shopper:
    """A tier, two friends, a bought coupon that an order carries; the program since the first of March."""
    world.settings(point_value="0.01")
    world.order_rule(10)
    world.refer()
    world.tier("Silver", 600)
    with clock.at(day("03-01")):
        ann = world.member("=ann@example.com")
        ann.is_given(500)
    with clock.at(day("03-03")):
        bob = world.member("bob@example.com", code=ann.customer.referral_code)
        bob.orders("30.00", id="o1")
        world.member("cid@example.com", code=ann.customer.referral_code)
        coupon = ann.redeems(world.reward(cost=200))
        ann.orders("12.00", id="o2", coupon_codes=(coupon.code,))
    return ann


def test_figures_beside_those_of_the_days_before(owner: Integrator, world: World, march: Shopper) -> None:
    with clock.at(day("03-04")):
        told = owner.get(f"{REPORTS}/overview?from=2026-03-03&to=2026-03-04")["overview"]
    assert (told["beforeFrom"], told["beforeTo"], told["currency"]) == ("2026-03-01", "2026-03-02", "EUR")
    assert told["earned"] == {"value": 300 + 200 + 120, "before": 500, "change": 0.24}
    assert told["joined"] == {"value": 2, "before": 1, "change": 1.0}
    assert told["members"] == {"value": 3, "before": 1, "change": 2.0}
    assert told["couponOrders"] == {"value": 1, "before": 0}
    assert told["couponRevenue"] == {"value": "12.00", "before": "0.00"}
    assert told["referralRevenue"] == {"value": "30.00", "before": "0.00"}
    assert told["liability"] == {"value": "9.20", "before": "5.00", "change": 0.84}
    assert told["redemptionRate"] == {"value": 0.3226, "before": 0.0}
    assert told["pending"] == {"value": 0}
    assert "beforeFrom" not in owner.get(f"{REPORTS}/overview")["overview"]
    funnel = owner.get(f"{REPORTS}/referral-funnel?from=2026-03-03")["funnel"]
    assert funnel == {
        "visited": 0,
        "friends": 2,
        "joined": 1,
        "pending": 0,
        "completed": 1,
        "blocked": 0,
        "cancelled": 0,
    }
    base, silver = owner.get(f"{REPORTS}/tier-mix")["tiers"]
    assert (base, silver["name"], silver["accounts"]) == ({"accounts": 2}, "Silver", 1)


def test_days_and_their_accounting(owner: Integrator, march: Shopper) -> None:
    with clock.at(day("03-04")):
        days = owner.get(f"{REPORTS}/days?from=2026-03-01")["days"]
        assert [(one["day"], one["earned"], one["redeemed"], one["joined"]) for one in days] == [
            ("2026-03-01", 500, 0, 1),
            ("2026-03-02", 0, 0, 0),
            ("2026-03-03", 620, 200, 2),
            ("2026-03-04", 0, 0, 0),
        ]
        books = owner.get(f"{REPORTS}/accounting?from=2026-03-03")["days"]
        assert [(one["opening"], one["earned"], one["redeemed"], one["closing"]) for one in books] == [
            (500, 620, -200, 920),
            (920, 0, 0, 920),
        ]
    owner.get(f"{REPORTS}/accounting?from=2026-02-02&to=2026-02-01", status=400)


def test_rows_behind_a_figure_by_pages(owner: Integrator, march: Shopper) -> None:
    first = owner.get(f"{REPORTS}/rows?figure=earned&limit=2")
    cursor = first["pagingMetadata"]["cursors"]["next"]
    second = owner.get(f"{REPORTS}/rows?figure=earned&limit=2&cursor={cursor}")
    rows = [*first["rows"], *second["rows"]]
    assert sorted(row["points"] for row in rows) == [120, 200, 300, 500]
    assert (second["pagingMetadata"], rows[-1]["customer"]) == ({"count": 2, "hasNext": False}, "=ann@example.com")
    (order,) = owner.get(f"{REPORTS}/rows?figure=coupon_orders")["rows"]
    assert (order["entity"], order["number"], order["amount"], order["what"]) == ("order", "#o2", "12.00", "paid")
    for wrong in ("figure=sold", "cursor=x", "limit=0", "limit=101"):
        owner.get(f"{REPORTS}/rows?{wrong}", status=400)


def test_files_that_a_spreadsheet_does_not_run(owner: Integrator, march: Shopper) -> None:
    def lines(path: str) -> list[str]:
        response = owner.client.get(f"{REPORTS}/{path}", headers={"Authorization": owner.secret})
        assert (response.status_code, response.mimetype) == (200, "text/csv")
        assert response.headers["Content-Disposition"] == f'attachment; filename="{path.partition("?")[0]}"'
        assert response.text.startswith("\ufeff")
        return response.text[1:].splitlines()

    with clock.at(day("03-03")):
        assert lines("accounting.csv?from=2026-03-03") == [
            "day,opening,earned,reversed,redeemed,returned,expired,adjusted,closing",
            "2026-03-03,500,620,0,-200,0,0,0,920",
        ]
        assert lines("days.csv?from=2026-03-03")[1:] == ["2026-03-03,620,200,0,0,2"]
        assert "earned,620,0,\n" in "\n".join([*lines("overview.csv?from=2026-03-03"), ""])
    rows = lines("rows.csv?figure=earned")
    assert len(rows) == 5 and rows[-1].split(",")[5:] == ["'=ann@example.com", "500", "", ""]
    response = owner.client.get(f"{REPORTS}/days.csv?from=x", headers={"Authorization": owner.secret})
    assert response.status_code == 400


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
