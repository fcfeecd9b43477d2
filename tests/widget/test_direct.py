"""Reads of members are served without Flask's dispatch; what is wrong with a request, Flask says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import request, request_started
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, Shopper, World, proof
from tests.panels import Panel
from widget_server import clock, db
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import programs
from widget_server.widget.direct import Direct
from widget_server.widget.routes import READS


def worth(world: World, coins: str) -> None:
    """A point is worth as much now."""
    rules = programs.of(world.shop.id).rules
    programs.update(world.shop.id, settings=replace(rules, point_value=Decimal(coins) if coins else None))


EMBED, TOKEN = "X-Loyalty-Shop", "Authorization"


@contextmanager
def dispatched(client: FlaskClient) -> Iterator[list[str]]:
    """The paths of the requests that Flask gets, without those that are compared (both_ways.py)."""
    found: list[str] = []

    def note(_: object, **named: object) -> None:
        found.append(request.path)

    db.database.obj.query_hooks.append(_no_comparison)
    with request_started.connected_to(note, client.application):
        yield found
    db.database.obj.query_hooks.remove(_no_comparison)


def _no_comparison(*_: object) -> None:
    """A hook of statements: while there is one, reads are not compared."""


@pytest.fixture
def ann(world: World) -> Shopper:
    world.order_rule()
    world.refer()
    world.reward(cost=10)
    ann = world.member("ann@example.com")
    ann.orders("20.00")
    return ann


@pytest.mark.parametrize("path", [path for path in READS if path != "/widget/my-balance/history"])
def test_a_read_that_succeeds_never_gets_to_flask(world: World, client: FlaskClient, ann: Shopper, path: str) -> None:
    with dispatched(client) as found:
        assert Panel(client, world, ann).get(path).status_code == 200
        assert Panel(client, world, ann).get(f"{path}?lang=de").status_code == 200
    assert found == []


REFUSED: list[tuple[dict[str, str | None], str, int]] = [
    ({TOKEN: None}, "", 401),
    ({TOKEN: "Bearer wrong"}, "", 401),
    ({TOKEN: "Basic wrong"}, "", 401),
    ({EMBED: None}, "", 400),
    ({EMBED: "nobody's"}, "", 404),
    ({"Origin": "https://elsewhere.example"}, "", 403),
    ({}, "?tab=nonsense", 400),
    ({}, "?pages=0", 400),
    ({}, "?tab=ea%00rn", 400),
    ({}, "?tab=%ED%A0%80", 400),
]


@pytest.mark.parametrize(("headers", "query", "status"), REFUSED)
def test_a_refusal_is_flasks(
    world: World, client: FlaskClient, ann: Shopper, headers: dict[str, str | None], query: str, status: int
) -> None:
    sent = {name: value for name, value in {**Panel(client, world, ann).headers(), **headers}.items() if value}
    with dispatched(client) as found:
        response = client.get(f"/widget/panel{query}", headers=sent)
    assert response.status_code == status, response.text
    assert response.json["error"]["code"]
    assert found == ["/widget/panel"]


@pytest.mark.parametrize("query", ["?tab=my%5Fbalance", "?tab=earn&x=a+b", "?tab=earn;pages=2"])
def test_an_encoded_query_is_read_by_flask(world: World, client: FlaskClient, ann: Shopper, query: str) -> None:
    with dispatched(client) as found:
        response = Panel(client, world, ann).get(f"/widget/panel{query}")
    assert (response.status_code == 200 or response.json["error"]["field"] == "tab") and found == ["/widget/panel"]


def test_the_first_of_two_values_counts_both_ways(world: World, client: FlaskClient, ann: Shopper) -> None:
    response = Panel(client, world, ann).get("/widget/panel?tab=redeem&tab=earn")
    assert response.json["rewards"] and response.json["earn"] is None


def test_other_methods_are_flasks(world: World, client: FlaskClient, ann: Shopper) -> None:
    headers = Panel(client, world, ann).headers()
    with dispatched(client) as found:
        assert client.head("/widget/panel", headers=headers).data == b""
        assert client.delete("/widget/panel", headers=headers).status_code == 405
    assert len(found) == 2


def test_who_left_or_signed_out_is_read_to_no_more(world: World, client: FlaskClient, ann: Shopper) -> None:
    panel = Panel(client, world, ann)
    assert panel.get("/widget/panel").status_code == 200
    customers.leave(ann.customer)
    assert panel.get("/widget/panel").status_code == 401


def test_what_changed_is_read_at_once(world: World, client: FlaskClient, ann: Shopper) -> None:
    panel = Panel(client, world, ann)
    before = panel.get("/widget/my-balance").json["balance"]["available"]
    ann.is_given(5)
    assert panel.get("/widget/my-balance").json["balance"]["available"] == before + 5
    worth(world, "0.01")
    assert panel.get("/widget/my-balance").json["balance"]["money_value"] is not None


def test_it_is_what_the_server_uses(client: FlaskClient) -> None:
    outermost: Any = client.application.wsgi_app
    assert isinstance(outermost.application, Direct)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("orders"), st.integers(1, 90)),
        st.tuples(st.just("is_given"), st.integers(1, 500)),
        st.tuples(st.just("redeems"), st.just(0)),
        st.tuples(st.just("waits"), st.integers(1, 40)),
        st.tuples(st.just("settings"), st.sampled_from(["0.01", "0.5", ""])),
        st.tuples(st.just("tier"), st.integers(1, 900)),
    ),
    max_size=8,
)


@proof(short=6, full=300)
@given(steps=STEPS, pages=st.integers(1, 3))
def test_both_ways_agree_after_any_story(client: FlaskClient, steps: list[tuple[str, Any]], pages: int) -> None:
    """The comparison itself is in both_ways.py, for each read of every test."""
    world, at = World.create(), NOON
    world.order_rule()
    world.refer()
    reward, ann = world.reward(cost=10), world.member("ann@example.com")
    panel = Panel(client, world, ann)
    for number, (name, value) in enumerate(steps):
        with clock.at(at):
            if name == "orders":
                ann.orders(f"{value}.00", id=f"o{number}", placed_at=at)
            elif name == "is_given":
                ann.is_given(value)
            elif name == "redeems" and ann.balance >= 10:
                ann.redeems(reward)
            elif name == "waits":
                at += timedelta(days=value)
            elif name == "settings":
                worth(world, value)
            elif name == "tier":
                world.tier(f"Tier {number}", value + number)
            for tab in ("earn", "redeem", "my_rewards", "referral", "my_balance"):
                assert panel.get(f"/widget/panel?tab={tab}&pages={pages}").status_code == 200
            for path in set(READS) - {"/widget/panel", "/widget/my-balance/history"}:
                assert panel.get(path).status_code == 200
