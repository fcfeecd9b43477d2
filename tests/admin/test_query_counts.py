"""No list asks the database more often because there is more in it."""

from typing import Any

import pytest

from tests.counter import Counter
from tests.integrator import Integrator
from tests.make import World
from widget_server import jobs
from widget_server.admin import services

LISTS = [
    (call.method, call.path)
    for service in services.SERVICES
    for call in service.calls
    if call.who.value == "read"
    and (call.path.endswith(("/query", "/search", "/count")) or (call.method == "GET" and "{" not in call.path))
    and not call.path.endswith(("/fetch-by", "/loyalty-imports", "/template", "/former-referral-codes"))
]


@pytest.fixture
def grow(owner: Integrator, world: World) -> Any:
    """More of everything: people with orders, coupons, referrals, rewards, rules, tiers, batches, imports."""
    world.order_rule()
    world.refer()

    copy = "/loyalty-test-clock/v1/preview-copy"
    owner.post(copy, {})

    def more(number: int) -> None:
        owner.post(f"{copy}/customers", {"name": f"Sample {number}", "points": 50})
        ann = world.member(f"ann{number}@example.com")
        bo = world.member(f"bo{number}@example.com", code=ann.customer.referral_code)
        bo.orders("20.00")
        ann.is_given(100)
        ann.redeems(world.reward(cost=10))
        tier = {"tierDefinition": {"name": f"Tier {number}"}, "requiredPoints": 1000 + number}
        owner.post("/loyalty-tiers/v1/tiers", {"tier": tier})
        owner.post("/loyalty-webhooks/v1/endpoints", {"endpoint": {"url": f"https://hooks.example/{number}"}})
        owner.post("/loyalty-accounts/v1/accounts/bulk-adjust", {"amount": 1})
        upload = owner.post("/loyalty-imports/v1/loyalty-imports/wixmp-upload-url")
        place = upload["uploadUrl"].removeprefix("http://widget.localhost:8000")
        owner.client.put(place, data=f"email,points\nann{number}@example.com,5\nnobody,1\n".encode())
        made = owner.post("/loyalty-imports/v1/loyalty-imports", {"fileUrl": upload["filePath"]})["loyaltyImport"]
        jobs.run_all()
        execute = {"loyaltyImportId": made["id"]}
        owner.post("/loyalty-imports/v1/loyalty-imports/execute", execute)
        jobs.run_all()

    return more


def test_more_rows_ask_no_more_often(owner: Integrator, world: World, grow: Any) -> None:
    assert len(LISTS) > 25
    grow(1)
    few = {path: _statements(owner, method, path) for method, path in LISTS}
    for number in range(2, 6):
        grow(number)
    many = {path: _statements(owner, method, path) for method, path in LISTS}
    assert {path: (few[path], many[path]) for path in few if many[path] > few[path]} == {}
    assert max(many.values()) <= 18, many  # the versions: each kind of object is read once


def _statements(owner: Integrator, method: str, path: str) -> int:
    with Counter() as asked:
        owner.asks(method, path, {} if method == "POST" else None)
    return len(asked.statements)
