"""The shop of a case (tests/payloads/cases): active since before its orders, with one rule of 10 points per 1.00."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from standardwebhooks import Webhook

from tests.make import World
from widget_server import clock, ledger
from widget_server.loyalty.people import customers, emails
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shops

CASES = Path(__file__).parents[1] / "payloads" / "cases"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3Q="


def case(name: str) -> Any:
    """The input of a case; a recorded delivery is its body alone."""
    value = json.loads((CASES / name).read_text("utf-8"))
    return value["body"] if isinstance(value, dict) and "headers" in value else value


@dataclass
class CaseShop:
    """A shop of a platform that delivers its webhooks signed, by HTTP."""

    world: World
    platform: str
    client: FlaskClient

    @property
    def shop(self) -> shops.Shop:
        return self.world.shop

    def tells(self, topic: str, body: Any) -> dict[str, Any]:
        """Delivers one body; returns the JSON of the response, which is a 200."""
        raw = json.dumps(body).encode()
        if self.platform == "generic":
            now = datetime.now(UTC)
            signature = Webhook(SECRET).sign("msg_1", now, raw.decode())
            headers = {
                "webhook-id": "msg_1",
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": signature,
            }
        else:
            digest = base64.b64encode(hmac.new(SECRET.encode(), raw, hashlib.sha256).digest()).decode()
            name = {"shopify": "X-Shopify-Hmac-Sha256", "woocommerce": "X-WC-Webhook-Signature"}[self.platform]
            headers = {name: digest}
        response = self.client.post(
            f"/stores/{self.platform}/{self.shop.id}/{topic}",
            data=raw,
            headers={**headers, "Content-Type": "application/json"},
        )
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json
        return told

    def balances(self) -> dict[str, int]:
        """The balance of each customer with an account, by e-mail (or the shop's id)."""
        found = {}
        for account in ledger.Account.of(self.shop):
            owner = customers.by_id(self.shop.id, account.customer_id)
            found[owner.email or owner.external_id or owner.id] = account.balance
        return found

    def customer(self, email: str) -> Customer | None:
        """Who is known by this address."""
        return Customer.one(self.shop, Customer.email_key == emails.key_of(email))


def open_shop(
    client: FlaskClient, platform: str, *, currency: str = "USD", began: datetime = BEGAN, **facts: Any
) -> CaseShop:
    """The shop of a case on a platform, active since `began`."""
    with clock.at(began):
        own = World.create(
            name="Case",
            platform=platform,
            currency=currency,
            timezone="UTC",
            webhook_secret=SECRET,
            orders_from=None,
            **facts,
        )
        own.order_rule(10)
    return CaseShop(own, platform, client)
