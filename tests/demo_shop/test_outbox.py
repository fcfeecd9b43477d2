import time
from datetime import UTC, datetime

from demo_shop import outbox
from demo_shop.carts import price

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
GUEST = {"id": None, "email": "g@example.com", "email_verified": False, "name": "G", "phone": None}


def place(shop, key):
    return shop.orders.place(shop.orders.number_for(key), price({"p1": 1}), GUEST, at=AT)


def wait_until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_nothing_is_lost_while_the_loyalty_server_is_away(receiver, shop):
    receiver.close()
    shop.outbox.start()
    try:
        orders = [place(shop, str(n)) for n in range(3)]
        for order in orders:
            shop.orders.pay(order.id, AT)
        wait_until(lambda: shop.outbox.waiting().last_error)
        assert shop.outbox.waiting().count == 6
        receiver.open()
        wait_until(lambda: len(receiver.heard) == 6)
    finally:
        shop.outbox.stop()
    seen = [(body["id"], body["revision"]) for body in receiver.bodies("order")]
    assert seen == [("1001", 1), ("1002", 1), ("1003", 1), ("1001", 2), ("1002", 2), ("1003", 2)]
    assert receiver.forged == 0 and shop.outbox.waiting().count == 0


def test_news_leaves_at_once_after_the_commit(receiver, shop, monkeypatch):
    monkeypatch.setattr(outbox, "_IDLE_SECONDS", 3600.0)
    shop.outbox.start()
    try:
        place(shop, "now")
        wait_until(lambda: receiver.heard)
    finally:
        shop.outbox.stop()


def test_orders_during_an_outage_do_not_make_the_wait_longer(receiver, shop, monkeypatch):
    waits = []
    monkeypatch.setattr(outbox, "_backoff", lambda failures: waits.append(failures) or 3600.0)
    receiver.close()
    shop.outbox.start()
    try:
        for n in range(5):
            place(shop, str(n))
            wait_until(lambda n=n: len(waits) > n)
    finally:
        shop.outbox.stop()
    assert set(waits) == {1}


def test_a_refused_message_holds_up_its_own_subject_only(receiver, shop):
    receiver.refuses = lambda heard: heard.body["id"] == "1001"
    first, second = place(shop, "a"), place(shop, "b")
    shop.orders.pay(first.id, AT)
    shop.orders.pay(second.id, AT)
    assert shop.outbox.flush()
    assert [(body["id"], body["revision"]) for body in receiver.bodies("order")] == [("1002", 1), ("1002", 2)]
    assert shop.outbox.waiting().count == 2
    assert shop.outbox.waiting().last_error == "order: HTTP 400"

    receiver.refuses = lambda heard: False
    wait_until(lambda: shop.outbox.flush() and shop.outbox.waiting().count == 0)
    assert [body["revision"] for body in receiver.bodies("order") if body["id"] == "1001"] == [1, 2]


def test_a_message_keeps_its_id_over_its_attempts(receiver, shop):
    ids: list[str] = []
    receiver.refuses = lambda heard: ids.append(heard.message_id) or len(ids) < 3
    place(shop, "a")
    wait_until(lambda: shop.outbox.flush() and receiver.heard)
    assert len(ids) == 3 and len(set(ids)) == 1


def test_the_thread_outlives_what_nobody_foresaw(receiver, shop, monkeypatch):
    post, calls = shop.loyalty.post, []

    def fail_once(*message):
        calls.append(message)
        if len(calls) == 1:
            raise RuntimeError("nobody foresaw this")
        return post(*message)

    monkeypatch.setattr(shop.loyalty, "post", fail_once)
    shop.outbox.start()
    try:
        place(shop, "a")
        wait_until(lambda: receiver.heard)
    finally:
        shop.outbox.stop()
    assert len(calls) == 2


def test_a_change_that_fails_tells_nothing(shop):
    try:
        with shop.outbox.transaction() as connection:
            shop.outbox.add(connection, "order", "order:1", {"id": "1"})
            raise RuntimeError
    except RuntimeError:
        pass
    assert shop.outbox.waiting().count == 0
