"""Same key, same answer; other request, refused (acceptance 62)."""

from typing import Any

import pytest

from tests.counter import Counter
from tests.make import World, at_once
from widget_server import clock, idempotency, ledger
from widget_server.db import insert_once
from widget_server.errors import BadRequest, DatabaseAway, KeyReused, NotEnoughPoints


def ask(world: World, key: str = "k1", request: Any = None, answer: Any = None, **facts: Any) -> tuple[Any, int]:
    """One request; its answer and how often the work was done for it."""
    done = []
    request = {"reward": "r1"} if request is None else request
    answered = idempotency.run_once(
        world.shop.id, facts.pop("source", "widget"), key, request, lambda: done.append(1) or answer
    )
    return answered, len(done)


def test_the_first_answer_is_kept(world: World) -> None:
    assert ask(world, answer={"code": "A", "left": 5}) == ({"code": "A", "left": 5}, 1)
    assert ask(world, answer={"code": "B"}) == ({"code": "A", "left": 5}, 0)


def test_the_order_of_a_requests_fields_does_not_matter(world: World) -> None:
    ask(world, request={"a": 1, "b": [2, {"c": 3, "d": 4}]}, answer=1)
    assert ask(world, request={"b": [2, {"d": 4, "c": 3}], "a": 1}, answer=2) == (1, 0)


def test_another_request_with_the_key_is_refused(world: World) -> None:
    ask(world, answer=1)
    with pytest.raises(KeyReused):
        ask(world, request={"reward": "r2"}, answer=2)


def test_doors_and_shops_have_keys_of_their_own(world: World) -> None:
    ask(world, answer=1)
    assert ask(world, answer=2, source="admin") == (2, 1)
    assert ask(World.create(), answer=3) == (3, 1)


@pytest.mark.parametrize("key", ["", "x" * 257])
def test_a_key_has_1_to_256_characters(world: World, key: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        ask(world, key=key)
    assert refusal.value.field == "Idempotency-Key"
    assert ask(world, key="x" * 256, answer=1) == (1, 1)


def test_a_refused_request_may_be_tried_again(world: World) -> None:
    """Ann has too few points, gets some, and tries again with the key her panel kept."""
    ann, reward = world.member(), world.reward(cost=100)

    def redeems() -> Any:
        return idempotency.run_once(
            world.shop.id, "widget", "k1", {"reward": reward.id}, lambda: ann.redeems(reward, key="k1").code
        )

    with pytest.raises(NotEnoughPoints):
        redeems()
    ann.is_given(150)
    assert redeems() == redeems()
    assert ann.balance == 50


def test_erasure_may_empty_an_answer_but_the_work_is_not_done_again(world: World) -> None:  # acceptance 58
    ask(world, answer={"email": "ann@example.com"})
    idempotency.Request.change(world.shop, {idempotency.Request.answer: None})
    assert ask(world, answer={"email": "new"}) == (None, 0)


def test_a_key_in_parallel_has_one_effect(world: World) -> None:  # acceptance 29
    ann = world.member()

    def click() -> Any:
        def act() -> dict[str, int]:
            row = ledger.post(
                world.shop.id, ann.account.id, "earn", 10, source="widget", key=f"n{next(world.numbers)}", cause=GIFT
            )
            return {"balance": row.balance_after}

        return idempotency.run_once(world.shop.id, "widget", "click", {"visit": 1}, act)

    assert at_once(*[click] * 8) == [{"balance": 10}] * 8
    assert ann.balance == 10


def test_a_response_that_another_version_stored_meanwhile_undoes_the_work(world: World) -> None:
    """While servers are upgraded one after the other, one of them may still store the key without the lock."""
    ann = world.member()

    def act() -> int:
        ann.is_given(10)
        facts = {"fingerprint": "f", "answer": 1, "customer_id": None, "created_at": clock.now()}
        insert_once(idempotency.Request, {"shop_id": world.shop.id, "source": "widget", "key": "k1", **facts})
        return 2

    with pytest.raises(DatabaseAway):
        idempotency.run_once(world.shop.id, "widget", "k1", {}, act)
    assert ann.balance == 0


def test_a_request_takes_three_statements_besides_its_work(world: World) -> None:
    with Counter() as counted:
        ask(world, answer=1)
    assert (
        len([one for one in counted.statements if 'FROM "request"' in one or 'INTO "request"' in one]) == 3
    )  # read, inserted, hashed
    with Counter() as counted:
        ask(world, answer=1)
    assert len([one for one in counted.statements if 'FROM "request"' in one]) == 1


GIFT = ledger.Cause("gift")
