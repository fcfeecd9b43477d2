"""Bulk changes over the wire: behind the answer, counted, undone (acceptance 54)."""

from tests.integrator import Integrator
from tests.make import World
from widget_server import jobs

BATCHES = "/loyalty-batches/v1/batches"


def test_all_who_match_get_points_and_it_is_undone(owner: Integrator, world: World) -> None:
    ann, bo = world.member("ann@example.com"), world.member("bo@example.com")
    asked = {"search": {"filter": {"contact.email": {"$startsWith": "ann"}}}, "amount": 25, "description": "Hello"}
    batch_id = owner.post("/loyalty-accounts/v1/accounts/bulk-adjust", asked)["asyncJobId"]
    assert owner.get(f"{BATCHES}/{batch_id}")["batch"]["status"] == "RUNNING"
    jobs.run_all()
    told = owner.get(f"{BATCHES}/{batch_id}")["batch"]
    assert (told["status"], told["total"], told["succeeded"]) == ("DONE", 1, 1)
    assert (ann.balance, bo.balance) == (25, 0)
    owner.post(f"{BATCHES}/{batch_id}/undo")
    jobs.run_all()
    assert owner.get(f"{BATCHES}/{batch_id}")["batch"]["status"] == "UNDONE"
    assert ann.balance == 0
    (row,) = owner.post(f"{BATCHES}/query", {"query": {"filter": {"status": "UNDONE"}}})["batches"]
    assert row["id"] == batch_id


def test_who_has_too_little_is_listed(owner: Integrator, world: World) -> None:
    ann, bo = world.member("ann@example.com"), world.member("bo@example.com")
    ann.is_given(10)
    asked = {"search": {}, "amount": -10}
    batch_id = owner.post("/loyalty-accounts/v1/accounts/bulk-adjust", asked)["asyncJobId"]
    jobs.run_all()
    (error,) = owner.get(f"{BATCHES}/{batch_id}/errors")["errors"]
    assert (error["code"], bo.balance, ann.balance) == ("NOT_ENOUGH_POINTS", 0, 0)


def test_the_same_request_key_starts_one_batch(owner: Integrator, world: World) -> None:
    ann = world.member("ann@example.com")
    path, asked = "/loyalty-accounts/v1/accounts/bulk-adjust", {"amount": 5}
    first, second = (owner.post(path, asked, Idempotency_Key="k-1")["asyncJobId"] for _ in range(2))
    jobs.run_all()
    assert (first, ann.balance) == (second, 5)
    owner.post(path, {"amount": 6}, Idempotency_Key="k-1", status=409)
