"""Staff read what arrived, what it gave and why nothing, and try again what is parked (acceptance 22, 23, 48, 57)."""

from collections.abc import Callable
from decimal import Decimal

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import World
from widget_server import jobs
from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.orders import Parked
from widget_server.loyalty.till import sales

DATABASES = ("sqlite",)
HEARD = '{"id": "x1", "type": "review", "customer": {"id": "c-1"}, "occurred_at": "2026-03-10T12:00:00Z"}'


def park(world: World, body: str = HEARD, reason: str = "a reader that could not read yet") -> str:
    orders.park(world.shop, "generic", "action", body.encode(), reason=reason)
    return str(Parked.need(world.shop, Parked.body == body).id)


def test_each_order_says_what_it_gave_or_why_nothing(desk: Desk, world: World) -> None:
    world.order_rule()
    ann = world.member("ann@example.com")
    ann.orders("20.00", id="1001")
    ann.orders("20.00", id="1002", currency="USD")
    page = desk.get("/orders").text
    assert [word for word in ("#1001", ">200<", "It is in another currency", "$20.00") if word not in page] == []
    found = desk.get("/orders?q=1002").text
    assert "#1002" in found and "#1001" not in found
    assert "#1001" not in desk.get("/orders?reason=other_currency").text
    assert "No order is like this" in desk.get("/orders?status=cancelled").text
    order = orders.Order.need(world.shop, orders.Order.number == "#1001")
    one = desk.get(f"/orders/{order.id}").text
    assert all(word in one for word in ("ann@example.com", "Given", "€20.00 counted"))
    assert desk.get(f"/orders/{World.create().guest_orders('eve@example.com').id}").status_code == 404


def test_a_name_from_a_message_is_text_and_nothing_else(desk: Desk, world: World) -> None:
    evil = "<script>alert(1)</script>"
    ann = world.member("ann@example.com", name=evil)
    ann.orders(id="1", number=evil)
    park(world, '{"note": "<img src=x onerror=alert(1)>"}', evil)
    for path in ("/orders", "/orders/parked", f"/orders/parked/{Parked.need(world.shop).id}"):
        text = desk.get(path).text
        assert "<script>alert" not in text and "<img src=x" not in text


def test_support_tries_again_and_dismisses_what_is_parked(
    office: Callable[..., Clerk], desk_of: Callable[..., Desk], world: World
) -> None:
    heard, odd = park(world), park(world, '{"id": "odd"}')
    reader = desk_of("reader")
    assert "Try" not in reader.get("/orders/parked").text
    assert reader.post("/orders/parked/retry-all").status_code == 403
    clerk = office("support", viewport=PHONE, java_script_enabled=False)
    clerk.goes("/orders").presses("Parked messages 2").presses("Try all again").sees("2 messages are tried again.")
    jobs.run_all()
    statuses = {row.id: row.status for row in Parked.of(world.shop)}
    assert statuses == {heard: "booked", odd: "waiting"}
    clerk.goes(f"/orders/parked/{odd}").sees('{"id": "odd"}').presses("Try again").sees("It is tried again.")
    clerk.presses("Dismiss").sees("Nothing waits")
    assert Parked.need(world.shop, Parked.id == odd).status == "dismissed"


def test_a_purchase_at_the_till_is_paid_back_in_part(desk: Desk, world: World) -> None:
    world.order_rule()
    ann = world.member("ann@example.com")
    order_id = sales.book(world.shop, ann.id, Decimal("12.50"), key="k1").order.id
    assert "Pay back" in desk.get(f"/orders/{order_id}").text
    for amount, status in (("12,51", 422), ("two", 422), ("2,50", 303), ("2,50", 303)):  # the same form, sent twice
        assert desk.post(f"/orders/{order_id}/refund", amount=amount, request_key="key-00001").status_code == status
    assert ann.balance == 100
    assert desk.post(f"/orders/{order_id}/refund", request_key="key-00002").status_code == 303
    assert (ann.balance, "Pay back" in desk.get(f"/orders/{order_id}").text) == (0, False)
    assert desk.post(f"/orders/{ann.orders().id}/refund", request_key="key-00003").status_code == 404


def test_the_pages_are_fit_for_everybody(office: Callable[..., Clerk], world: World) -> None:
    world.order_rule()
    clerk = office()
    assert clerk.goes("/orders").inspects() == []
    ann = world.member("ann@example.com")
    ann.orders("20.00", id="1001")
    ann.orders("20.00", id="1002", currency="USD")
    sold = sales.book(world.shop, ann.id, Decimal("12.50"), key="k1").order.id
    parked = park(world)
    for path in ("", f"/{sold}", f"/{sold}/refund", "/parked", f"/parked/{parked}"):
        assert clerk.goes(f"/orders{path}").inspects() == [], path
