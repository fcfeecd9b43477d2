"""My balance beside its figures: an address that nobody has confirmed, and orders that gave nothing (acceptance 15)."""

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from playwright.sync_api import expect
from standardwebhooks import Webhook

from tests.browser.conftest import Demo, Visitor
from tests.browser.pages import JONAS, logs_in

TOM = "tom.becker@fjord.example"
Make = Callable[..., Visitor]


def shop_sends(demo: Demo, order: dict[str, object]) -> dict[str, object]:
    """The demo's shop sends an order, signed; returns the JSON of the response."""
    url = urlsplit(demo.facts["webhook_urls"]["order"])
    body, now = json.dumps(order), datetime.now(UTC)
    headers = {
        "Host": url.netloc,
        "Content-Type": "application/json",
        "webhook-id": "msg_other_currency",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(demo.facts["webhook_secret"]).sign("msg_other_currency", now, body),
    }
    request = urllib.request.Request(f"http://127.0.0.1:{url.port}{url.path}", body.encode(), headers)
    with urllib.request.urlopen(request) as response:
        told: dict[str, object] = json.load(response)
        return told


def test_tom_confirms_the_address_that_points_may_wait_for(visitor: Make) -> None:
    tom = visitor()
    logs_in(tom, TOM)
    tom.visits("/?loyalty=my_balance")
    asks = tom.panel.get_by_text(f"Points may be waiting for {TOM}")
    asks.wait_for()

    began = time.time() - 1
    tom.panel.get_by_role("button", name="Send me a code").click()
    sheet = tom.panel.get_by_role("dialog", name="Confirm your e-mail")
    sheet.get_by_label("Code").fill("000000")
    sheet.get_by_role("button", name="Confirm").click()
    sheet.get_by_role("alert").first.wait_for()  # a wrong code is said where it was typed
    sheet.get_by_label("Code").fill(tom.demo.code_for(TOM, after=began))
    sheet.get_by_role("button", name="Confirm").click()

    expect(sheet).to_have_count(0)
    tom.panel.get_by_role("heading", name="History").wait_for()
    expect(asks).to_have_count(0)


def test_jonas_reads_why_an_order_gave_nothing(visitor: Make) -> None:
    jonas = visitor()
    logs_in(jonas, JONAS)
    placed = datetime.now(UTC) - timedelta(minutes=5)
    order = {
        "id": "usd-1",
        "number": "#USD-1",
        "status": "paid",
        "currency": "USD",
        "placed_at": placed.isoformat(),
        "customer": {"email": JONAS},
        "lines": [{"id": "1", "product_id": "p1", "quantity": 1, "subtotal": "20.00"}],
        "total": "20.00",
    }
    assert shop_sends(jonas.demo, order)["status"] == "booked"

    jonas.visits("/?loyalty=my_balance")
    jonas.panel.get_by_role("heading", name="Orders without points").wait_for()
    row = jonas.panel.get_by_role("listitem").filter(has_text="Order #USD-1")
    expect(row).to_contain_text("Paid in another currency")
