"""A walk through the dashboard: each page and each button, about rows that exist."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from peewee import Model

from tests.dashboard.conftest import hire
from tests.make import World
from widget_server import dashboard, db
from widget_server.dashboard.pages import Rule
from widget_server.delivery.endpoints import Endpoint
from widget_server.delivery.outbox import Message
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.earning.rules import Campaign, EarningRule
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.people.api_keys import ApiKey
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.saved_views import SavedView
from widget_server.loyalty.points.batch_tables import Batch
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.preview import copies
from widget_server.loyalty.preview.steps import AddSample
from widget_server.loyalty.program.shops import ShopSecret
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.loyalty.staff import sign_in
from widget_server.loyalty.staff.members import StaffMember
from widget_server.loyalty.staff.sessions import StaffSession
from widget_server.program_file import stored_drafts
from widget_server.program_file.stored_drafts import ProgramDraft

PLACE = re.compile(r"<(?:[^<>:]+:)?(\w+)>")
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
ROWS: dict[str, type[Model]] = {
    "customer_id": Customer,
    "order_id": Order,
    "parked_id": Parked,
    "coupon_id": Coupon,
    "referral_id": Referral,
    "reward_id": Reward,
    "rule_id": EarningRule,
    "tier_id": Tier,
    "campaign_id": Campaign,
    "batch_id": Batch,
    "import_id": Import,
    "key_id": ApiKey,
    "secret_id": ShopSecret,
    "endpoint_id": Endpoint,
    "entry_id": AuditEntry,
    "event_id": Message,
    "member_id": StaffMember,
    "session_id": StaffSession,
    "view_id": SavedView,
    "draft_id": ProgramDraft,
}
WORDS = {
    "mode": "add",
    "kind": "order",
    "letter": "sign_in",
    "rest": "nothing",
    "number": "1",
    "language": "de",
    "handle": "order",
    "place": "0",
}
FIELDS = {"q": "walker", "amount": "5", "points": "5", "email": "walker@example.com", "name": "A name"}
LAST = ("dashboard_sign_in.sign_out",)


def walk(app: Flask, world: World) -> Iterator[tuple[str, int]]:
    """Yields each request and its status. Pages first: buttons change what they show."""
    browser = app.test_client()

    def send(method: str, path: str, **fields: str) -> Any:
        with app.app_context():  # the walk's other client keeps the context of its last request
            response = browser.open(path, method=method, data=fields or None)
        response.close()
        db.connect()
        return response

    link = "/dashboard" + sign_in.link_for(world.shop.id, hire(world)).partition("/dashboard")[2]
    send("POST", link, csrf_token=_token(send("GET", link)))
    token = _token(send("GET", "/dashboard/profile"))
    stored_drafts.create(world.shop, "Walk")
    known = {name: first(world, table) for name, table in ROWS.items()} | WORDS
    copies.begin(world.shop)
    known["sample_id"] = copies.take(world.shop, AddSample("Sample", 50)).state["customers"][0]["id"]
    for method in ("GET", "POST"):
        for rule in _rules(method):
            path = PLACE.sub(lambda place: known[place[1]], rule.path)
            status = send(method, path, **({"csrf_token": token, **FIELDS} if method == "POST" else {})).status_code
            yield f"{method} {rule.path}", status


def _rules(method: str) -> list[Rule]:
    found = [rule for pages in dashboard.PAGES for rule in pages.rules if method in rule.methods]
    found += [rule for rule in dashboard.frame.pages.rules if method in rule.methods]
    return sorted(found, key=lambda rule: rule.endpoint in LAST)


def first(world: World, table: Any) -> str:
    """Returns the id of a row of the table, "none" when there is none."""
    rows = table.of(world.shop) if hasattr(table, "of") else table.select()
    row = rows.order_by(table._meta.primary_key).first()
    return str(row.get_id()) if row is not None else "none"


def _token(response: Any) -> str:
    found = TOKEN.search(response.text)
    assert found, response.text
    return found[1]
