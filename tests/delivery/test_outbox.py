"""The outbox: written with its cause, one lane a customer, tried again with growing pauses, listed when dead."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.make import NOON, World, at_once, everything_kept
from widget_server import clock, config, db, events, jobs
from widget_server.db import atomic
from widget_server.delivery import endpoints, outbox, payloads, signatures
from widget_server.delivery.endpoints import Endpoint
from widget_server.delivery.outbox import PAUSES_SECONDS, TRIES_MAX, Lane, LeasedBatch, Message, Outcome
from widget_server.delivery.payloads import EventPayload, Renderer
from widget_server.delivery.webhooks import Answer
from widget_server.errors import BadRequest, NotFound
from widget_server.events import PointsMoved
from widget_server.loyalty.people import merging, privacy
from widget_server.loyalty.people.forgetting import Forgotten

URL = "https://shop.example/hooks"
YES = Answer(200, "fine", 0.1)
NO = Answer(500, "the database is down", 0.1)
GONE = Answer(410, "never again", 0.1)
SILENCE = Answer(None, "no answer within 10 seconds", 10.0)
LEASE_SECONDS = 60


def moved(shop_id: str, customer_id: str, amount: int) -> None:
    """The points of a customer move."""
    with atomic():
        outbox.publish(PointsMoved(shop_id, f"account-{customer_id}", customer_id, f"t{amount}", "earn", amount))


def claim(limit: int = 100) -> list[LeasedBatch]:
    """What a worker takes along now."""
    outbox.sort_new()
    with atomic():
        lanes = [lane for id in outbox.due() for lane in outbox.next_lanes(id, limit)]
        return outbox.take(lanes[:limit], LEASE_SECONDS)


def amounts(load: LeasedBatch) -> list[int]:
    return [json.loads(one.payload)["data"]["amount"] for one in load.messages]


def settle(load: LeasedBatch, *replies: Answer) -> None:
    outbox.settle([Outcome(load, list(replies))])


def statuses(world: World) -> list[str]:
    return [row.status for row in Message.of(world.shop).order_by(Message.number)]


@pytest.fixture
def endpoint(world: World) -> Endpoint:
    """A receiver of everything."""
    return endpoints.create(world.shop.id, url=URL)


# What is written


def test_a_message_stands_or_falls_with_its_cause(world: World, endpoint: Endpoint) -> None:
    with pytest.raises(ZeroDivisionError), atomic():
        moved(world.shop.id, "ann", 1)
        raise ZeroDivisionError
    assert statuses(world) == []
    moved(world.shop.id, "ann", 2)
    assert statuses(world) == ["new"]


def test_a_shop_without_receivers_writes_nothing(world: World) -> None:
    world.member().is_given(5)
    other = World.create(name="Another")
    endpoints.create(other.shop.id, url=URL)
    world.member("bob@example.com")
    assert not Message.everywhere().exists()


def test_each_receiver_that_wants_it_gets_it_under_the_same_id(world: World, endpoint: Endpoint) -> None:
    again = endpoints.create(world.shop.id, url=URL, event_types=["points.moved"])
    endpoints.create(world.shop.id, url=URL, event_types=["order.changed"])
    asleep = endpoints.create(world.shop.id, url=URL)
    endpoints.change(world.shop.id, asleep.id, status="disabled")
    moved(world.shop.id, "ann", 1)
    moved(world.shop.id, "ann", 2)
    rows = list(Message.of(world.shop))
    assert {row.endpoint_id for row in rows} == {endpoint.id, again.id}
    assert len(rows) == 4
    assert len({row.event_id for row in rows}) == 2


def test_what_changes_later_does_not_change_what_was_said(world: World, endpoint: Endpoint) -> None:
    ann = world.member("ann@example.com")
    ann.orders("20.00", id="o1")
    said = [row.payload for row in Message.of(world.shop).order_by(Message.number)]
    ann.orders("20.00", id="o1", status="cancelled", modified_at=clock.now() + timedelta(minutes=1))
    again = [row.payload for row in Message.of(world.shop).order_by(Message.number)]
    assert again[: len(said)] == said
    assert [json.loads(one)["data"]["status"] for one in again if "order.changed" in one] == ["paid", "cancelled"]


def test_what_happens_to_many_is_told_of_each(world: World, endpoint: Endpoint) -> None:
    endpoints.create(world.shop.id, url=URL)
    count = outbox.INSERT_MAX + 1
    moves = [PointsMoved(world.shop.id, f"a{n}", f"customer-{n % 3}", f"t{n}", "adjust", n) for n in range(count)]
    events.emit(events.ManyPointsMoved(world.shop.id, tuple(moves)))
    events.emit(events.ManyPointsMoved(world.shop.id, ()))
    mine = Message.of(world.shop).where(Message.endpoint_id == endpoint.id).order_by(Message.number)
    assert [json.loads(row.payload)["data"]["amount"] for row in mine] == list(range(count))
    assert Message.of(world.shop).count() == 2 * count


# How it goes out


def test_the_public_library_verifies_what_goes_out(world: World, endpoint: Endpoint) -> None:
    moved(world.shop.id, "ann", 7)
    (load,) = claim()
    headers, body = outbox.request_of(load, load.messages[0])
    assert endpoint.secret
    assert Webhook(endpoint.secret).verify(body, headers) == json.loads(load.messages[0].payload)
    assert headers["webhook-id"] == load.messages[0].event_id
    assert headers["Content-Type"] == "application/json"


@contextmanager
def wix(render: Any) -> Iterator[str]:
    """Somebody speaks the wix format for points that move."""
    kept = payloads.RENDERERS["wix"]
    type = "wix.loyalty.v1.account_points_updated"
    payloads.RENDERERS["wix"] = {PointsMoved: (Renderer(type, render),)}
    try:
        yield type
    finally:
        payloads.RENDERERS["wix"] = kept


def test_a_wix_receiver_hears_the_domain_event(world: World) -> None:
    from tests.delivery.test_signatures import opened

    def render(event: PointsMoved) -> EventPayload | None:
        if event.amount < 0:
            return None
        entity = {"id": event.account_id, "points": {"balance": event.amount}}
        data = {"entityFqdn": "wix.loyalty.v1.account", "slug": "points_updated", "entityId": event.account_id}
        return EventPayload(
            {**data, "actionEvent": {"body": {"account": entity}}}, event.customer_id, {"identityType": "X"}
        )

    with wix(render) as type:
        endpoints.create(world.shop.id, url=URL, format="wix", event_types=[type])
        for amount in (1, -1, 2):
            moved(world.shop.id, "ann", amount)
        (load,) = claim()
        requests = [outbox.request_of(load, message) for message in load.messages]
    public = signatures.public_key(signatures.key_of(world.shop.id))
    found = [opened(body, public) for _, body in requests]
    assert len(found) == 2
    assert all(headers == {"Content-Type": "text/plain"} for headers, _ in requests)
    for (envelope, event, identity), message in zip(found, load.messages, strict=True):
        assert (envelope["eventType"], envelope["instanceId"]) == (type, world.shop.id)
        assert event["id"] == message.event_id
        assert event["eventTime"] == clock.iso(message.created_at)
        assert (event["triggeredByAnonymizeRequest"], identity) == (False, {"identityType": "X"})
        assert event["actionEvent"]["body"]["account"]["id"] == "account-ann"
    sequences = [event["entityEventSequence"] for _, event, _ in found]
    assert all(isinstance(one, str) for one in sequences)
    assert int(sequences[0]) < int(sequences[1])


def test_a_sequence_never_begins_again(world: World, endpoint: Endpoint) -> None:
    moved(world.shop.id, "ann", 1)
    before = Message.need(world.shop).number
    Message.remove(world.shop)
    moved(world.shop.id, "ann", 2)
    assert Message.need(world.shop).number > before


# Lanes


def test_a_customers_messages_go_in_order_and_wait_for_nobody_elses(world: World, endpoint: Endpoint) -> None:
    for amount in (1, 2, 3):
        for customer in ("ann", "bob"):
            moved(world.shop.id, customer, amount)
    loads = {load.lane.subject: load for load in claim()}
    assert {name: amounts(load) for name, load in loads.items()} == {"ann": [1, 2, 3], "bob": [1, 2, 3]}
    assert claim() == []
    settle(loads["ann"], YES, NO)
    settle(loads["bob"], YES, YES, YES)
    assert claim() == []
    assert [lane.subject for lane in Lane.of(world.shop)] == ["ann"]
    with clock.at(clock.now() + timedelta(seconds=PAUSES_SECONDS[0])):
        (load,) = claim()
        assert amounts(load) == [2, 3]
        settle(load, YES, YES)
    assert set(statuses(world)) == {"sent"}
    assert not Lane.of(world.shop).exists()


def test_what_comes_in_while_others_are_under_way_is_sent_next(world: World, endpoint: Endpoint) -> None:
    moved(world.shop.id, "ann", 1)
    (load,) = claim()
    moved(world.shop.id, "ann", 2)
    assert claim() == []
    settle(load, YES)
    (load,) = claim()
    assert amounts(load) == [2]
    settle(load, YES)
    assert not Lane.of(world.shop).exists()


def test_the_longest_waiting_receiver_comes_first_however_much_waits_for_others(world: World) -> None:
    moment, ids = NOON + timedelta(days=3650), []
    for hour in range(3):
        with clock.at(moment + timedelta(hours=hour)):
            ids.append(endpoints.create(world.shop.id, url=URL).id)
            for number in range(3):
                moved(world.shop.id, f"customer-{number}-{hour}", hour)
            outbox.sort_new()
            assert outbox.due() == ids
    with clock.at(moment + timedelta(hours=3)), atomic():
        lanes = outbox.next_lanes(ids[0], 2)
        outbox.take(lanes, LEASE_SECONDS)
        assert len(lanes) == 2
        assert len(outbox.next_lanes(ids[0], 100)) == 7
        endpoints.change(world.shop.id, ids[1], status="disabled")
        assert outbox.due() == [ids[0], ids[2]]


def test_a_long_lane_goes_in_several_loads(world: World, endpoint: Endpoint) -> None:
    count = outbox.LOAD_MAX * 2 + 1
    for amount in range(count):
        moved(world.shop.id, "ann", amount)
    found: list[int] = []
    while loads := claim():
        (load,) = loads
        found += amounts(load)
        settle(load, *[YES] * len(load.messages))
    assert found == list(range(count))
    assert not Lane.of(world.shop).exists()


def test_what_a_sender_did_not_get_to_is_due_at_once(world: World, endpoint: Endpoint) -> None:
    for amount in (1, 2, 3):
        moved(world.shop.id, "ann", amount)
    (load,) = claim()
    settle(load)
    (load,) = claim()
    settle(load, YES)
    (load,) = claim()
    assert amounts(load) == [2, 3]


def test_workers_never_take_the_same_lane(world: World, endpoint: Endpoint) -> None:
    for number in range(40):
        moved(world.shop.id, f"customer-{number}", 1)
    claimed = at_once(*[lambda: [load.lane.subject for load in claim(10)]] * 4)
    names = [name for one in claimed for name in one]
    assert len(names) == len(set(names))
    names += [load.lane.subject for load in claim()]
    assert len(names) == len(set(names)) == 40


def test_news_and_senders_never_lose_a_message_between_them(world: World, endpoint: Endpoint) -> None:
    """Messages come in while others of the same lane are settled, by two workers at once."""
    total = 60

    def happens() -> int:
        for amount in range(total):
            moved(world.shop.id, "ann", amount)
        return 0

    def works() -> list[int]:
        found: list[int] = []
        end = clock.now() + timedelta(seconds=20)
        while Message.of(world.shop).where(Message.status == "sent").count() < total and clock.now() < end:
            for load in claim():
                found += amounts(load)
                settle(load, *[YES] * len(load.messages))
        return found

    _, *found = at_once(happens, works, works)
    assert sorted(amount for one in found for amount in one) == list(range(total))
    assert not Lane.of(world.shop).exists()


def test_a_killed_workers_lease_ends(world: World, endpoint: Endpoint) -> None:
    moved(world.shop.id, "ann", 1)
    with clock.at(NOON + timedelta(days=3650)):
        (killed,) = claim()
    with clock.at(NOON + timedelta(days=3650, seconds=LEASE_SECONDS - 1)):
        assert claim() == []
    with clock.at(NOON + timedelta(days=3650, seconds=LEASE_SECONDS)):
        (heir,) = claim()
        assert amounts(heir) == [1]
        settle(killed, NO)  # it was only slow: it no longer has a say in the lane
        assert Lane.need(world.shop).lease == heir.lease
        settle(heir, YES)
    assert statuses(world) == ["sent"]
    assert not Lane.of(world.shop).exists()


def test_delivered_is_delivered_whoever_says_so(world: World, endpoint: Endpoint) -> None:
    moved(world.shop.id, "ann", 1)
    with clock.at(NOON + timedelta(days=3650)):
        (slow,) = claim()
    with clock.at(NOON + timedelta(days=3650, seconds=LEASE_SECONDS)):
        (heir,) = claim()
        settle(slow, YES)
        settle(heir, SILENCE)
    assert statuses(world) == ["sent"]


# No


def test_a_refused_message_comes_again_after_growing_pauses_and_dies_in_the_end(
    world: World, endpoint: Endpoint
) -> None:
    moved(world.shop.id, "ann", 1)
    moved(world.shop.id, "ann", 2)
    moment, pauses = clock.now(), []
    for tries in range(1, TRIES_MAX + 1):
        with clock.at(moment):
            (load,) = claim()
            assert amounts(load) == [1, 2]
            settle(load, NO if tries % 2 else SILENCE)
            row = Message.of(world.shop).order_by(Message.number).first()
            assert (row.tries, row.answer) == (tries, (NO if tries % 2 else SILENCE).text)
            lane = Lane.need(world.shop)
            if tries < TRIES_MAX:
                pauses.append((lane.next_at - moment).total_seconds())
        with clock.at(lane.next_at - timedelta(milliseconds=1)):
            assert claim() == []
        moment = lane.next_at
    assert all(0.8 * full <= pause <= full for full, pause in zip(PAUSES_SECONDS, pauses, strict=True))
    assert pauses == sorted(pauses)
    assert len(set(map(str, [pause / full for full, pause in zip(PAUSES_SECONDS, pauses, strict=True)]))) > 3
    with clock.at(moment):
        (load,) = claim()
        assert amounts(load) == [2]
        settle(load, YES)
    (letter,) = outbox.dead_letters(world.shop.id, endpoint.id)
    assert (letter.status, letter.tries, letter.answer_status) == ("dead", TRIES_MAX, None)
    assert letter.answer == SILENCE.text


def test_gone_is_dead_at_once_and_holds_up_nothing(world: World, endpoint: Endpoint) -> None:
    for amount in (1, 2):
        moved(world.shop.id, "ann", amount)
    (load,) = claim()
    settle(load, GONE)
    (load,) = claim()
    assert amounts(load) == [2]
    settle(load, GONE)
    assert claim() == []
    assert not Lane.of(world.shop).exists()
    newest, oldest = outbox.dead_letters(world.shop.id, endpoint.id)
    assert newest.number > oldest.number
    assert {(one.tries, one.answer_status, one.answer) for one in (newest, oldest)} == {(1, 410, GONE.text)}
    assert outbox.dead_letters(world.shop.id, endpoint.id, below=newest.number) == [oldest]
    assert outbox.dead_letters(world.shop.id, endpoint.id, limit=1) == [newest]


def test_trials_may_shorten_the_pauses(world: World) -> None:
    config.use(replace(config.current(), webhook_pause_divisor=1000))
    assert 0.8 * 86.4 <= outbox.pause_seconds(TRIES_MAX - 1) <= 86.4


@pytest.mark.parametrize(
    ("tries", "wished", "least", "most"),
    [
        (1, 0, 4, 5),
        (1, 1, 4, 5),  # a wish makes no pause shorter
        (1, 3600, 3600, 3600),
        (1, 86_400, 86_400, 86_400),
        (1, 86_401, 86_400, 86_400),  # nor longer than the longest
        (1, 30 * 86_400, 86_400, 86_400),
        (TRIES_MAX - 1, 3600, 0.8 * 86_400, 86_400),
        (TRIES_MAX - 1, 30 * 86_400, 86_400, 86_400),
    ],
)
def test_a_receiver_may_wish_for_a_longer_pause(
    world: World, endpoint: Endpoint, tries: int, wished: float, least: float, most: float
) -> None:
    for customer in ("ann", "bob"):
        for amount in (1, 2):
            moved(world.shop.id, customer, amount)
    Message.update(tries=tries - 1).execute()
    loads = {load.lane.subject: load for load in claim()}
    moment = NOON + timedelta(days=3650)
    with clock.at(moment):
        settle(loads["ann"], Answer(429, "slowly", 0.1, wished))
        settle(loads["bob"], Answer(200, "fine", 0.1, wished), YES)
        assert [lane.subject for lane in Lane.of(world.shop)] == ["ann"]
    pause = (Lane.need(world.shop).next_at - moment).total_seconds()
    assert least <= pause <= most
    with clock.at(moment + timedelta(seconds=pause)):
        (load,) = claim()
    assert amounts(load) == [1, 2]


@pytest.mark.parametrize(("status", "tries"), [(429, TRIES_MAX), (410, 1)])
def test_a_wish_keeps_no_dead_message_alive(world: World, endpoint: Endpoint, status: int, tries: int) -> None:
    for amount in (1, 2):
        moved(world.shop.id, "ann", amount)
    Message.update(tries=tries - 1).execute()
    (load,) = claim()
    settle(load, Answer(status, "later", 0.1, 3600))
    assert statuses(world) == ["dead", "waiting"]
    (load,) = claim()
    assert amounts(load) == [2]


def test_trials_shorten_the_longest_pause_that_may_be_wished_for(world: World) -> None:
    config.use(replace(config.current(), webhook_pause_divisor=1000))
    assert outbox.pause_seconds(1, 30) == 30
    assert outbox.pause_seconds(1, 3600) == 86.4


def test_a_receiver_tells_how_it_fares(world: World, endpoint: Endpoint) -> None:
    other = endpoints.create(world.shop.id, url=URL)
    for amount in (1, 2):
        moved(world.shop.id, "ann", amount)
    first = NOON + timedelta(days=3650)
    with clock.at(first):
        loads = {load.endpoint.id: load for load in claim()}
        settle(loads[endpoint.id], YES, NO)
        settle(loads[other.id], SILENCE)
    found, silent = (Endpoint.need(world.shop, Endpoint.id == one.id) for one in (endpoint, other))
    assert (found.last_status, found.last_answer_at, found.last_success_at) == (500, first, first)
    assert (silent.last_status, silent.last_answer_at, silent.last_success_at) == (None, first, None)
    assert found.revision == silent.revision == 1


# What staff do


def test_a_receiver_that_sleeps_is_sent_nothing_until_it_wakes(world: World, endpoint: Endpoint) -> None:
    moved(world.shop.id, "ann", 1)
    endpoints.change(world.shop.id, endpoint.id, status="disabled")
    moved(world.shop.id, "ann", 2)
    assert claim() == []
    endpoints.change(world.shop.id, endpoint.id, status="active")
    (load,) = claim()
    assert amounts(load) == [1]


def test_what_was_sent_or_died_is_sent_again(world: World, endpoint: Endpoint) -> None:
    other = endpoints.create(world.shop.id, url=URL)
    noon = NOON + timedelta(days=3650)
    for hour, answer in enumerate((YES, GONE, YES)):
        with clock.at(noon + timedelta(hours=hour)):
            moved(world.shop.id, "ann", hour)
            for load in claim():
                settle(load, answer)
    mine = Message.of(world.shop).where(Message.endpoint_id == endpoint.id).order_by(Message.number)
    ids = [row.event_id for row in mine]

    def again(**which: Any) -> list[int]:
        """What is sent again, by its hour; the receiver takes all but the second."""
        found = []
        with clock.at(noon + timedelta(days=1)):
            count = outbox.replay(world.shop.id, endpoint.id, **which)
            while loads := claim():
                (load,) = loads
                hour, message = amounts(load)[0], load.messages[0]
                assert (load.endpoint.id, message.event_id, message.tries) == (endpoint.id, ids[hour], 0)
                settle(load, GONE if hour == 1 else YES)
                found.append(hour)
        assert count == len(found)
        return found

    assert again(event_ids=[ids[2], ids[0], "unknown"]) == [0, 2]
    assert again(dead=True) == [1]
    assert again(since=noon + timedelta(hours=1)) == [1, 2]
    assert again(since=noon + timedelta(hours=3)) == []
    assert again(event_ids=[]) == []
    assert len(outbox.dead_letters(world.shop.id, other.id)) == 1


def test_what_waits_is_not_sent_twice_for_a_replay_but_at_once(world: World, endpoint: Endpoint) -> None:
    moved(world.shop.id, "ann", 1)
    (load,) = claim()
    settle(load, NO)
    assert claim() == []
    assert outbox.replay(world.shop.id, endpoint.id, since=NOON) == 0
    (load,) = claim()
    assert amounts(load) == [1]


def test_a_replay_says_which(world: World, endpoint: Endpoint) -> None:
    for which in ({}, {"dead": True, "since": NOON}, {"event_ids": [], "dead": True}):
        with pytest.raises(BadRequest):
            outbox.replay(world.shop.id, endpoint.id, **which)  # type: ignore[arg-type]


def test_nobody_reaches_into_another_shop(world: World, endpoint: Endpoint) -> None:
    moved(world.shop.id, "ann", 1)
    (load,) = claim()
    settle(load, GONE)
    other = World.create(name="Another").shop.id
    with pytest.raises(NotFound):
        outbox.replay(other, endpoint.id, dead=True)
    with pytest.raises(NotFound):
        outbox.remove(other, endpoint.id)
    assert outbox.dead_letters(other, endpoint.id) == []
    assert statuses(world) == ["dead"]


def test_a_receiver_goes_with_all_that_waits_for_it(world: World, endpoint: Endpoint) -> None:
    other = endpoints.create(world.shop.id, url=URL)
    moved(world.shop.id, "ann", 1)
    loads = claim()
    moved(world.shop.id, "ann", 2)
    outbox.remove(world.shop.id, endpoint.id)
    outbox.settle([Outcome(load, [NO]) for load in loads])
    assert {row.endpoint_id for row in Message.of(world.shop)} == {other.id}
    assert {row.endpoint_id for row in Lane.of(world.shop)} == {other.id}
    assert [one.id for one in endpoints.listed(world.shop.id)] == [other.id]


# Erasure and merging (acceptance 58)


def test_no_word_about_an_erased_person_stays(world: World, endpoint: Endpoint) -> None:
    def render(event: PointsMoved) -> EventPayload:
        return EventPayload({"entityId": event.account_id, "contact": {"email": "ann@example.com"}}, event.customer_id)

    with wix(render):
        entities = endpoints.create(world.shop.id, url=URL, format="wix")
        ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
        old = world.visitor("old@example.com")
        merging.merge(world.shop, old.id, ann.id)
        for customer in (ann.id, old.id, bob.id):
            moved(world.shop.id, customer, 1)
        for load in claim():
            settle(load, *[Answer(410, "who is ann@example.com?", 0.1)])
        for customer in (ann.id, old.id, bob.id):
            moved(world.shop.id, customer, 2)
        claim()
        for customer in (ann.id, old.id, bob.id):
            moved(world.shop.id, customer, 3)
        privacy.erase(world.shop, ann.customer)
    hers = Message.of(world.shop).where(Message.subject.in_((ann.id, old.id)))
    assert hers.exists()
    assert "ann@example.com" not in "\n".join(f"{row.payload} {row.answer}" for row in hers)
    assert not hers.where(Message.endpoint_id == entities.id).exists()
    others = Message.of(world.shop).where(Message.subject == bob.id, Message.endpoint_id == entities.id)
    assert others.count() == 3
    last = hers.order_by(Message.number.desc()).first()
    assert json.loads(last.payload)["type"] == "customer.erased"
    assert json.loads(last.payload)["data"] == {"customer_id": ann.id, "merged_ids": [old.id]}
    for row in others:
        outbox.forget(Forgotten(world.shop.id, ids=(row.subject,)))
    assert "ann@example.com" not in everything_kept()


def test_a_lane_whose_messages_were_erased_ends(world: World) -> None:
    with wix(lambda event: EventPayload({"entityId": event.account_id}, event.customer_id)):
        endpoints.create(world.shop.id, url=URL, format="wix")
        moved(world.shop.id, "ann", 1)
        (load,) = claim()
        settle(load, NO)
        outbox.forget(Forgotten(world.shop.id, ids=("ann",)))
        with clock.at(clock.now() + timedelta(seconds=PAUSES_SECONDS[0])):
            (load,) = claim()
            assert load.messages == []
            settle(load)
    assert not Lane.of(world.shop).exists()


# What time alone brings


def test_what_is_old_is_dropped_and_what_waits_too_long_given_up(world: World, endpoint: Endpoint) -> None:
    with clock.at(NOON):
        for customer in ("sent", "dead", "waiting"):
            moved(world.shop.id, customer, 1)
        for load in claim():
            settle(load, {"sent": YES, "dead": GONE, "waiting": NO}[load.lane.subject])

    def after(days: float) -> dict[str, str]:
        with clock.at(NOON + timedelta(days=days)):
            jobs.every_minute()
        return {row.subject: row.status for row in Message.of(world.shop)}

    assert after(6.99) == {"sent": "sent", "dead": "dead", "waiting": "waiting"}
    assert after(7.01) == {"sent": "sent", "dead": "dead", "waiting": "dead"}
    assert "7 days" in outbox.dead_letters(world.shop.id, endpoint.id)[0].answer
    assert set(after(29.99)) == {"sent", "dead", "waiting"}
    assert set(after(30.01)) == {"dead", "waiting"}
    assert set(after(90.01)) == {"waiting"}
    assert after(97.02) == {}


def test_an_operator_says_how_long_sent_messages_stay(world: World, endpoint: Endpoint) -> None:
    config.use(replace(config.current(), webhook_days=2))
    with clock.at(NOON):
        moved(world.shop.id, "ann", 1)
        settle(claim()[0], YES)
    with clock.at(NOON + timedelta(days=1, hours=23)):
        assert outbox.tidy() == 0
    with clock.at(NOON + timedelta(days=2, seconds=1)):
        assert outbox.tidy() == 1
        assert outbox.tidy() == 0


def test_what_came_in_while_its_receiver_went_is_swept(world: World, endpoint: Endpoint) -> None:
    moved(world.shop.id, "ann", 1)
    outbox.sort_new()
    Endpoint.remove(world.shop)
    assert outbox.tidy() == 1
    assert statuses(world) == []
    assert not Lane.of(world.shop).exists()


def test_what_happens_reaches_the_outbox(world: World, endpoint: Endpoint) -> None:
    """All the way from the ledger; nothing is emitted by hand."""
    ann = world.member()
    Message.remove(world.shop)
    ann.is_given(5)
    (row,) = Message.of(world.shop)
    assert (row.type, row.subject) == ("points.moved", ann.id)
    with pytest.raises(KeyError):
        events.emit(events.Event(world.shop.id))
    assert db.database.is_connection_usable()
