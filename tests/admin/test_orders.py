"""Orders, awards and parked messages over the wire (acceptance 22, 23)."""

from datetime import date

from tests.integrator import Integrator
from tests.make import World, day
from widget_server import jobs
from widget_server.loyalty.earning import orders
from widget_server.stores import inbox

ORDERS = "/loyalty-orders/v1"


def test_an_order_with_what_it_gives(owner: Integrator, world: World) -> None:
    world.order_rule()
    world.settings(wait_days=14)
    ann = world.member("ann@example.com")
    ann.orders("20.00")
    (order,) = owner.post(f"{ORDERS}/orders/query", {"query": {"filter": {"customerId": ann.id}}})["orders"]
    (award,) = order["awards"]
    assert (order["status"], award["status"], award["points"]) == ("PAID", "WAITING", 200)
    assert award["maturesDate"] > order["placedDate"]
    assert owner.get(f"{ORDERS}/orders/{order['id']}")["order"] == order
    (waiting,) = owner.post("/loyalty-awards/v1/awards/query", {"query": {"filter": {"status": "WAITING"}}})["awards"]
    assert waiting == award


def test_an_order_that_gives_nothing_says_why(owner: Integrator, world: World) -> None:
    world.settings(orders_from=date(2026, 3, 10))
    world.guest_orders("ann@example.com", id="old", placed_at=day("03-09"))
    world.order(None, id="nameless", placed_at=day("03-11"))
    for reason, number in (("before_program", "#old"), ("no_customer", "#nameless")):
        body = {"query": {"filter": {"ineligibleReason": reason}}}
        (order,) = owner.post(f"{ORDERS}/orders/query", body)["orders"]
        assert (order["number"], order["ineligibleReason"]) == (number, reason)


def test_what_was_parked_is_read_tried_again_and_dismissed(owner: Integrator, world: World) -> None:
    body = b'{"id": "r1", "type": "review", "customer": {}, "occurred_at": "2026-03-10T12:00:00Z"}'
    assert inbox.deliver(world.shop, "generic", "action", body).status == "parked"
    (parked,) = owner.post(f"{ORDERS}/parked/query", {})["parked"]
    assert (parked["status"], "body" in parked) == ("WAITING", False)
    assert owner.get(f"{ORDERS}/parked/{parked['id']}")["parked"]["body"] == body.decode()
    owner.post(f"{ORDERS}/parked/{parked['id']}/retry")
    jobs.run_all()
    still = owner.get(f"{ORDERS}/parked/{parked['id']}")["parked"]
    assert (still["status"], still["reason"]) == ("WAITING", parked["reason"])
    assert owner.post(f"{ORDERS}/parked/{parked['id']}/dismiss")["parked"]["status"] == "DISMISSED"
    assert owner.post(f"{ORDERS}/parked/query", {"query": {"filter": {"status": "WAITING"}}})["parked"] == []


def test_what_can_be_booked_now_is_booked(owner: Integrator, world: World) -> None:
    body = (
        b'{"id": "x1", "type": "review", "customer": {"id": "c-1", "email": "ann@example.com"},'
        b' "occurred_at": "2026-03-10T12:00:00Z"}'
    )
    orders.park(world.shop, "generic", "action", body, reason="a reader that could not read yet")
    (parked,) = owner.post(f"{ORDERS}/parked/query", {})["parked"]
    owner.post(f"{ORDERS}/parked/{parked['id']}/retry")
    jobs.run_all()
    assert owner.get(f"{ORDERS}/parked/{parked['id']}")["parked"]["status"] == "BOOKED"


def test_all_that_waits_is_tried_again_and_an_order_says_what_it_gives(owner: Integrator, world: World) -> None:
    world.order_rule()
    ann = world.member("ann@example.com")
    ann.orders("20.00", id="o1")
    ann.orders("20.00", id="o2", status="cancelled")
    told = {one["number"]: one for one in owner.post(f"{ORDERS}/orders/query", {})["orders"]}
    assert (told["#o1"]["points"], told["#o1"]["pendingPoints"], "whyNothing" in told["#o1"]) == (200, 0, False)
    assert (told["#o2"]["points"], told["#o2"]["whyNothing"]) == (0, "cancelled")
    orders.park(world.shop, "generic", "customer", b'{"id": "c-1"}', reason="a reader that could not read yet")
    assert owner.post(f"{ORDERS}/parked/retry-all") == {"count": 1}
    jobs.run_all()
    assert owner.post(f"{ORDERS}/parked/retry-all") == {"count": 0}
