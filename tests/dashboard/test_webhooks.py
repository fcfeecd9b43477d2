"""Receivers of events in the dashboard: added, tested, paused, removed; deliveries are listed and sent again."""

import re

from tests.dashboard.conftest import Desk
from tests.dashboard.test_settings import acts
from tests.make import World
from widget_server import db
from widget_server.db import atomic
from widget_server.delivery import deliveries, endpoints, outbox
from widget_server.delivery.endpoints import Endpoint
from widget_server.delivery.outbox import TRIES_MAX, Message, Outcome
from widget_server.delivery.webhooks import Answer
from widget_server.events import PointsMoved, ProgramChanged

URL = "https://fern.example/hook"


def receiver(world: World, **facts: str) -> Endpoint:
    return endpoints.create(world.shop.id, url=URL, **facts)


def happened(world: World, count: int = 1) -> None:
    """Points of as many customers move."""
    with atomic():
        for number in range(count):
            outbox.publish(PointsMoved(world.shop.id, "a", f"c{number}", f"t{number}", "earn", number))


def delivers(answer: Answer) -> int:
    """The senders run once: each lane's messages meet this response; returns how many were sent."""
    outbox.sort_new()
    with atomic():
        loads = outbox.take([lane for id in outbox.due() for lane in outbox.next_lanes(id, 100)], 60)
    outbox.settle([Outcome(load, [answer] * len(load.messages)) for load in loads])
    return sum(len(load.messages) for load in loads)


def dies(world: World) -> None:
    """Every message was tried for the last time."""
    Message.update(tries=TRIES_MAX - 1).execute()
    delivers(Answer(500, "<b>the database is down</b>", 0.1))


def test_a_receiver_is_added_with_its_secret_shown_once(desk: Desk, world: World) -> None:
    response = desk.post("/webhooks/new", url=URL, format="standard", event_types=["points.moved"])
    assert re.search(r"whsec_[\w+/=]{40}", response.text) and response.headers["Cache-Control"] == "no-store"
    (row,) = endpoints.listed(world.shop.id)
    assert row.event_types == ["points.moved"]
    assert "whsec_" not in desk.get("/webhooks").text + desk.get(f"/webhooks/{row.id}").text
    assert acts(world, "endpoint") == [("create", "Olga Owner")]


def test_an_address_or_event_that_cannot_be_is_refused_beside_its_field(desk: Desk, world: World) -> None:
    for fields in ({"url": "http://fern.example"}, {"url": "https://127.0.0.1/"}, {"event_types": ["all.of.it"]}):
        refused = desk.post("/webhooks/new", **{"url": URL, "format": "standard", **fields})
        assert refused.status_code == 422 and 'class="error"' in refused.text, fields
    assert endpoints.listed(world.shop.id) == []


def test_a_receiver_of_the_wix_format_gets_the_public_key(desk: Desk, world: World) -> None:
    shown = desk.post("/webhooks/new", url=URL, format="wix").text
    assert "BEGIN PUBLIC KEY" in shown
    (row,) = endpoints.listed(world.shop.id)
    before = desk.get(f"/webhooks/{row.id}").text
    assert desk.post(f"/webhooks/{row.id}/key").status_code == 303
    assert before != desk.get(f"/webhooks/{row.id}").text and acts(world, "shop_key") == [("rotate", "Olga Owner")]


def test_a_test_message_goes_to_this_receiver_alone_whatever_it_wants(desk: Desk, world: World) -> None:
    receiver(world)
    row = receiver(world, event_types=["reward.changed"])  # type: ignore[arg-type]
    assert desk.post(f"/webhooks/{row.id}/test").status_code == 303
    assert [one.endpoint_id for one in Message.of(world.shop)] == [row.id]
    assert "Waiting" in desk.get(f"/webhooks/{row.id}").text
    assert delivers(Answer(200, "fine", 0.1)) == 1
    page = desk.get(f"/webhooks/{row.id}").text
    assert "endpoint.test" in page and "Delivered" in page
    assert acts(world, "endpoint") == [("test", "Olga Owner")]


def test_a_test_does_not_wait_behind_messages_that_fail(world: World) -> None:
    row = receiver(world)
    with atomic():
        outbox.publish(ProgramChanged(world.shop.id))
    assert delivers(Answer(500, "down", 0.1)) == 1
    deliveries.send_test(world.shop.id, row.id)
    assert delivers(Answer(200, "fine", 0.1)) == 1
    assert {one.type: one.status for one in Message.of(world.shop)} == {
        "program.changed": "waiting",
        "endpoint.test": "sent",
    }


def test_a_paused_receiver_gets_nothing_and_no_test(desk: Desk, world: World) -> None:
    row = receiver(world)
    assert desk.post(f"/webhooks/{row.id}/pause").status_code == 303
    happened(world)
    assert desk.post(f"/webhooks/{row.id}/test").status_code == 400
    assert Message.of(world.shop).count() == 0
    assert desk.post(f"/webhooks/{row.id}/resume").status_code == 303
    happened(world)
    assert Message.of(world.shop).count() == 1
    assert [verb for verb, _ in acts(world, "endpoint")] == ["update", "update"]


def test_what_was_given_up_is_listed_with_its_response_and_sent_again(desk: Desk, world: World) -> None:
    row = receiver(world)
    happened(world, 3)
    dies(world)
    page = desk.get(f"/webhooks/{row.id}?show=failed").text
    assert page.count("Given up") >= 3 and "500" in page
    assert "&lt;b&gt;the database" in page and "<b>the database" not in page
    one = Message.of(world.shop).first()
    assert desk.post(f"/webhooks/{row.id}/replay/{one.event_id}").status_code == 303
    again = desk.post(f"/webhooks/{row.id}/replay-failed")
    assert "2 messages are sent again" in desk.client.get(again.headers["Location"]).text
    assert delivers(Answer(204, "", 0.1)) == 3
    assert "Nothing was given up" in desk.get(f"/webhooks/{row.id}?show=failed").text
    assert [verb for verb, _ in acts(world, "endpoint")] == ["replay", "replay"]


def test_deliveries_are_paged_newest_first(desk: Desk, world: World) -> None:
    row = receiver(world)
    happened(world, deliveries.PAGE_SIZE + 5)
    first = desk.get(f"/webhooks/{row.id}").text
    following = re.search(r"below=(\d+)", first)
    assert following and first.count("points.moved</b>") == deliveries.PAGE_SIZE
    assert desk.get(f"/webhooks/{row.id}?below={following[1]}").text.count("points.moved</b>") == 5
    assert desk.get(f"/webhooks/{row.id}?below=-1").status_code == 200
    assert desk.get(f"/webhooks/{row.id}?below={10**30}").status_code == 200


def test_a_receiver_is_changed_and_removed_with_its_messages(desk: Desk, world: World) -> None:
    row = receiver(world)
    happened(world)
    assert desk.post(f"/webhooks/{row.id}/edit", url=f"{URL}/2", description="Till", event_types=[]).status_code == 303
    assert "Till" in desk.get("/webhooks").text
    secret = Endpoint.need(world.shop, Endpoint.id == row.id).secret
    assert secret and secret not in desk.post(f"/webhooks/{row.id}/secret").text
    assert desk.post(f"/webhooks/{row.id}/remove").status_code == 303
    assert (Message.of(world.shop).count(), Endpoint.of(world.shop).count()) == (0, 0)
    assert [verb for verb, _ in acts(world, "endpoint")] == ["update", "update", "delete"]


def test_receivers_of_another_shop_are_not_there(desk: Desk) -> None:
    other = World.create(name="Another")
    theirs = receiver(other)
    for act in ("test", "pause", "replay-failed", "remove", "secret"):
        assert desk.post(f"/webhooks/{theirs.id}/{act}").status_code == 404
    assert db.database.obj is not None and Endpoint.of(other.shop).count() == 1
