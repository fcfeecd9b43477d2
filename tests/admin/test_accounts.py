"""Accounts over the wire: searching, counting, aggregating, adjusting (wix-api §1b, §4)."""

from typing import Any

import pytest

from tests.integrator import Integrator
from tests.make import World

ACCOUNTS = "/loyalty-accounts/v1/accounts"


@pytest.fixture
def people(world: World) -> list[Any]:
    """Five members with 10 to 50 points."""
    found = [world.member(f"{name}@example.com") for name in ("ann", "bo", "cid", "dee", "eve")]
    for number, one in enumerate(found, 1):
        one.is_given(10 * number)
    return found


def test_pages_of_a_search_aggregate_over_all_that_was_found(owner: Integrator, people: list[Any]) -> None:
    balance = {"name": "most", "type": "SCALAR", "fieldPath": "points.balance", "scalar": {"type": "MAX"}}
    first = owner.post(
        f"{ACCOUNTS}/search",
        {
            "search": {
                "filter": {"points.balance": {"$lte": 40}},
                "sort": [{"fieldName": "points.balance", "order": "ASC"}],
                "cursorPaging": {"limit": 3},
                "aggregations": [balance],
            }
        },
    )
    assert [one["points"]["balance"] for one in first["accounts"]] == [10, 20, 30]
    (scalar,) = first["aggregationData"]["results"]
    cursor = first["pagingMetadata"]["cursors"]["next"]
    second = owner.post(
        f"{ACCOUNTS}/search", {"search": {"cursorPaging": {"cursor": cursor}, "aggregations": [balance]}}
    )
    assert [one["points"]["balance"] for one in second["accounts"]] == [40]
    assert second["aggregationData"]["results"] == [scalar]
    assert scalar["scalar"]["value"] == 40
    assert "next" not in second["pagingMetadata"]["cursors"]


@pytest.mark.parametrize("wrong", [5, "ann", [1]])
def test_what_is_no_search_is_named(owner: Integrator, people: list[Any], wrong: object) -> None:
    for path, body in ((f"{ACCOUNTS}/search", {}), (f"{ACCOUNTS}/bulk-adjust", {"amount": 1})):
        told = owner.post(path, {**body, "search": wrong}, status=400)
        assert told["details"]["validationError"]["fieldViolations"][0]["field"] == "search"


def test_a_time_zone_is_one_even_where_nothing_is_summed_up(owner: Integrator, people: list[Any]) -> None:
    told = owner.post(f"{ACCOUNTS}/search", {"search": {"timeZone": "x" * 51}}, status=400)
    assert told["details"]["validationError"]["fieldViolations"][0]["field"] == "search.timeZone"


def test_counting_by_filter_and_by_word(owner: Integrator, people: list[Any]) -> None:
    assert owner.post(f"{ACCOUNTS}/count", {})["count"] == 5
    assert owner.post(f"{ACCOUNTS}/count", {"filter": {"points.balance": {"$gt": 20}}})["count"] == 3
    assert owner.post(f"{ACCOUNTS}/count", {"search": {"expression": "EVE"}})["count"] == 1


def test_the_deprecated_list_takes_contacts_and_a_cursor(owner: Integrator, people: list[Any]) -> None:
    ids = "&".join(f"contactIds={one.id}" for one in people[:2])
    assert {one["contactId"] for one in owner.get(f"{ACCOUNTS}?{ids}")["accounts"]} == {one.id for one in people[:2]}
    first = owner.get(f"{ACCOUNTS}?cursorPaging.limit=4")
    cursor = first["pagingMetadata"]["cursors"]["next"]
    assert len(owner.get(f"{ACCOUNTS}?cursorPaging.cursor={cursor}")["accounts"]) == 1
    wrong = owner.get(f"{ACCOUNTS}?cursorPaging.cursor=forged", status=400)
    assert wrong["details"]["validationError"]["fieldViolations"][0]["field"] == "cursorPaging.cursor"


def test_the_balance_wins_when_both_are_sent(owner: Integrator, people: list[Any]) -> None:
    account = owner.get(f"{ACCOUNTS}/fetch-by?contactId={people[0].id}")["account"]
    path = f"{ACCOUNTS}/{account['id']}/adjust-points"
    moved = owner.post(path, {"balance": 7, "amount": 100, "revision": account["revision"]})
    assert moved["account"]["points"]["balance"] == 7
    assert "transactionId" not in owner.post(path, {"balance": 7})
    stale = owner.post(path, {"balance": 8, "revision": account["revision"]}, status=409)
    assert stale["details"]["applicationError"]["code"] == "STALE_REVISION"
    short = owner.post(path, {"amount": -8}, status=409)["details"]["applicationError"]
    assert (short["code"], short["data"]) == ("NOT_ENOUGH_POINTS", {"needs": 8, "has": 7})
    for wrong in ({}, {"amount": 0}, {"amount": 10**7}, {"balance": -1}):
        owner.post(path, wrong, status=400)


def test_when_points_expire_is_filtered_and_sorted_by(owner: Integrator, people: list[Any]) -> None:
    owner.post("/loyalty-programs/v1/program/points-expiration/enable")
    account = owner.get(f"{ACCOUNTS}/fetch-by?contactId={people[0].id}")["account"]
    expires = account["pointsExpiration"]["expirationDate"]
    assert account["pointsExpiration"]["expiringPointsAmount"] == 10
    asked = {"filter": {"pointsExpiration.expirationDate": {"$lte": expires}}}
    assert len(owner.post(f"{ACCOUNTS}/query", {"query": asked})["loyaltyAccounts"]) == 5
    asked = {"filter": {"pointsExpiration.expirationDate": {"$lt": expires}}}
    assert owner.post(f"{ACCOUNTS}/query", {"query": asked})["loyaltyAccounts"] == []
    owner.post("/loyalty-programs/v1/program/points-expiration/disable")
    gone = owner.get(f"{ACCOUNTS}/fetch-by?contactId={people[0].id}")["account"]
    assert gone["pointsExpiration"] == {}
