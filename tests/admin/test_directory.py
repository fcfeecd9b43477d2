"""The list of customers by API: rows, filters, positions, and changes of the selected, tried first."""

import pytest
from flask.testing import FlaskClient

from tests.integrator import Integrator
from tests.make import Shopper, World
from widget_server import jobs
from widget_server.loyalty.people import api_keys

PATH = "/loyalty-customers/v1/directory"


@pytest.fixture
def server(client: FlaskClient, world: World) -> Integrator:
    _, secret = api_keys.create_key(world.shop.id, "server")
    return Integrator(client, secret)


@pytest.fixture
def people(world: World) -> list[Shopper]:
    """Ann with 100 points, Bo with 300, and a guest without an account."""
    ann, bo = world.member("ann@example.com", name="Ann"), world.member("bo@example.com", name="Bo")
    ann.is_given(100)
    bo.is_given(300)
    return [ann, bo, world.visitor("guest@example.com")]


def test_the_list_is_read_page_by_page(server: Integrator, people: list[Shopper]) -> None:
    first = server.post(f"{PATH}/list", {"sort": "BALANCE", "limit": 2})
    assert [(row["name"], row["balance"]) for row in first["customers"]] == [("Bo", 300), ("Ann", 100)]
    assert (first["count"], first["isMore"], first.get("before")) == (3, False, None)
    second = server.post(f"{PATH}/list", {"sort": "BALANCE", "limit": 2, "after": first["after"]})
    assert [(row["email"], row.get("balance")) for row in second["customers"]] == [("guest@example.com", None)]
    back = server.post(f"{PATH}/list", {"sort": "BALANCE", "limit": 2, "before": second["before"]})
    assert back["customers"] == first["customers"]


def test_a_filter_and_a_text_find_customers(server: Integrator, people: list[Shopper]) -> None:
    for chosen, found in (
        ({"text": "an"}, ["Ann"]),
        ({"status": "VISITOR"}, [None]),
        ({"balanceMin": 200, "hasAccount": True}, ["Bo"]),
        ({"tierId": "none"}, ["Ann", "Bo"]),
        ({"joinedTo": "2026-01-01"}, []),
    ):
        page = server.post(f"{PATH}/list", {"filter": chosen, "sort": "NAME"})
        assert [row.get("name") for row in page["customers"]] == found


def test_a_dry_run_tells_what_the_change_then_does(server: Integrator, people: list[Shopper]) -> None:
    change = {"filter": {}, "amount": -200}
    told = server.post(f"{PATH}/dry-run", change)
    assert told == {
        "customers": 3,
        "changed": 1,
        "points": -200,
        "belowZero": 1,
        "tooLarge": 0,
        "unchanged": 0,
        "openedAccounts": 0,
        "withoutAccount": 1,
    }
    started = server.post(f"{PATH}/adjust-points", {**change, "reason": "spring", "description": "Sorry"})
    jobs.run_all()
    batch = server.get(f"/loyalty-batches/v1/batches/{started['asyncJobId']}")["batch"]
    assert (batch["succeeded"], batch["failed"], batch["reason"]) == (1, 1, "spring")
    assert [one.balance for one in people] == [100, 100, 0]


def test_single_customers_are_changed(server: Integrator, people: list[Shopper]) -> None:
    server.post(f"{PATH}/adjust-points", {"customerIds": [people[0].id, people[2].id], "balance": 70})
    jobs.run_all()
    assert [one.balance for one in people] == [70, 300, 70]


@pytest.mark.parametrize(
    ("call", "body", "field"),
    [
        ("list", {"after": "x"}, "after"),
        ("list", {"filter": {"joinedFrom": "9999-12-31"}}, "filter.joinedFrom"),
        ("dry-run", {"amount": 5}, "customerIds"),
        ("dry-run", {"filter": {}, "customerIds": ["a" * 36], "amount": 5}, "customerIds"),
        ("adjust-points", {"filter": {}}, "amount"),
        ("adjust-points", {"filter": {}, "amount": 0}, "amount"),
    ],
)
def test_what_is_no_request_is_refused_by_its_field(
    server: Integrator, call: str, body: dict[str, object], field: str
) -> None:
    refused = server.client.post(f"{PATH}/{call}", json=body, headers={"Authorization": server.secret})
    assert refused.status_code == 400
    assert field in refused.text
