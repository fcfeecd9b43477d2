"""Customers over the wire: ours beside Wix's (contracts §7, acceptance 54, 58)."""

import pytest

from tests.integrator import Integrator
from tests.make import World
from tests.stores.test_data_requests import asks
from widget_server.idempotency import Request
from widget_server.loyalty.people import customers, data_requests

CUSTOMERS = "/loyalty-customers/v1/customers"


def test_a_customer_is_made_and_read_and_her_id_is_the_contacts(owner: Integrator, world: World) -> None:
    made = owner.post(CUSTOMERS, {"customer": {"email": "Ann@example.com", "name": "Ann Lee", "labels": ["VIP"]}})
    ann = made["customer"]
    assert (ann["status"], ann["labels"], "accountId" in ann) == ("VISITOR", ["VIP"], False)
    account = owner.post("/loyalty-accounts/v1/accounts", {"contactId": ann["id"]})["account"]
    assert (account["contactId"], "memberId" in account) == (ann["id"], False)
    assert owner.get(f"{CUSTOMERS}/{ann['id']}")["customer"]["accountId"] == account["id"]


def test_to_be_made_a_member_opens_no_account_but_the_first_points_do(owner: Integrator, world: World) -> None:
    made = {"email": "bo@example.com", "status": "MEMBER", "emailVerified": True}
    bo = owner.post(CUSTOMERS, {"customer": made})["customer"]
    assert bo["referralCode"] and "accountId" not in bo  # contracts §1
    account = owner.post("/loyalty-accounts/v1/accounts", {"contactId": bo["id"]})["account"]
    assert account["memberId"] == bo["id"]
    world.rule("join", points=50)
    cid = owner.post(CUSTOMERS, {"customer": {"email": "cid@example.com", "status": "MEMBER"}})["customer"]
    told = owner.get(f"/loyalty-accounts/v1/accounts/fetch-by?memberId={cid['id']}")["account"]
    assert told["points"]["balance"] == 50


def test_the_same_address_twice_is_refused_and_names_who_has_it(owner: Integrator, world: World) -> None:
    ann = owner.post(CUSTOMERS, {"customer": {"email": "ann@example.com"}})["customer"]
    told = owner.post(CUSTOMERS, {"customer": {"email": "ANN@example.com"}}, status=409)
    error = told["details"]["applicationError"]
    assert (error["code"], error["data"]["customerId"]) == ("CUSTOMER_EXISTS", ann["id"])


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"email": "no address"}, "customer.email"),
        ({"status": "QUEEN"}, "customer.status"),
        ({"birthday": "31.1.1990"}, "customer.birthday"),
        ({"fern": 1}, "customer.fern"),
        ({"labels": ["x" * 81]}, "customer.labels.0"),
    ],
)
def test_what_is_wrong_is_named(owner: Integrator, world: World, facts: dict[str, object], field: str) -> None:
    told = owner.post(CUSTOMERS, {"customer": facts}, status=400)
    assert [one["field"] for one in told["details"]["validationError"]["fieldViolations"]] == [field]


def test_only_what_is_sent_changes(owner: Integrator, world: World) -> None:
    ann = owner.post(CUSTOMERS, {"customer": {"email": "ann@example.com", "notes": "Likes ferns"}})["customer"]
    path = f"{CUSTOMERS}/{ann['id']}"
    changed = owner.patch(path, {"customer": {"name": "Ann", "birthday": "1990-01-31", "excluded": True}})["customer"]
    assert (changed["name"], changed["birthday"], changed["notes"]) == ("Ann", "1990-01-31", "Likes ferns")
    assert changed["excluded"] is True
    member = owner.patch(path, {"customer": {"status": "MEMBER"}})["customer"]
    assert member["status"] == "MEMBER" and member["accountId"]
    left = owner.patch(path, {"customer": {"status": "VISITOR"}})["customer"]
    assert left["status"] == "VISITOR" and left["leftDate"]


def test_they_are_found_by_label_balance_and_name(owner: Integrator, world: World) -> None:
    world.member("bo@example.com")
    ann = owner.post(CUSTOMERS, {"customer": {"email": "ann@example.com", "name": "Ann", "labels": ["VIP"]}})
    (found,) = owner.post(f"{CUSTOMERS}/query", {"query": {"filter": {"labels": {"$hasSome": ["VIP"]}}}})["customers"]
    assert found["id"] == ann["customer"]["id"]
    (found,) = owner.post(f"{CUSTOMERS}/search", {"search": {"search": {"expression": "ANN"}}})["customers"]
    assert found["name"] == "Ann"
    (member,) = owner.post(f"{CUSTOMERS}/query", {"query": {"filter": {"points.balance": 0}}})["customers"]
    assert member["email"] == "bo@example.com"


def test_two_rows_of_one_person_become_one(owner: Integrator, world: World) -> None:
    ann, again = world.member("ann@example.com"), world.visitor("ann.old@example.com")
    owner.post("/loyalty-accounts/v1/accounts", {"contactId": again.id})
    account = owner.get(f"{CUSTOMERS}/{again.id}")["customer"]["accountId"]
    owner.post(f"/loyalty-accounts/v1/accounts/{account}/adjust-points", {"amount": 7})
    merged = owner.post(f"{CUSTOMERS}/{again.id}/merge", {"intoId": ann.id})["customer"]
    assert merged["id"] == ann.id
    told = owner.get(f"/loyalty-accounts/v1/accounts/fetch-by?contactId={ann.id}")["account"]
    assert told["points"]["balance"] == 7
    assert owner.get(f"{CUSTOMERS}/{again.id}")["customer"]["id"] == ann.id
    assert len(owner.post(f"{CUSTOMERS}/query", {})["customers"]) == 1


def test_the_erased_are_nameless(owner: Integrator, world: World) -> None:
    made = {"customer": {"email": "ann@example.com", "name": "Ann"}}
    ann_id = owner.post(CUSTOMERS, made, Idempotency_Key="k-1")["customer"]["id"]
    owner.delete(f"{CUSTOMERS}/{ann_id}")
    told = owner.get(f"{CUSTOMERS}/{ann_id}")["customer"]
    assert told["erasedDate"] and "email" not in told
    assert owner.post(f"{CUSTOMERS}/query", {})["customers"] == []
    owner.patch(f"{CUSTOMERS}/{ann_id}", {"customer": {"name": "Ann"}}, status=404)
    assert [row.answer for row in Request.of(world.shop)] == [None]  # what was answered to her key then, too
    again = owner.post(CUSTOMERS, made, Idempotency_Key="k-1", status=409)
    assert again["details"]["applicationError"]["code"] == "KEY_REUSED" and "erased" in again["message"]
    assert owner.post(f"{CUSTOMERS}/query", {})["customers"] == []


def test_many_at_once_and_one_that_is_refused(owner: Integrator, world: World) -> None:
    told = owner.post(
        "/loyalty-customers/v1/bulk/customers/create",
        {"customers": [{"email": "ann@example.com"}, {"email": "ann@example.com"}, {"name": "Nobody's address"}]},
    )
    assert told["bulkActionMetadata"] == {"totalSuccesses": 2, "totalFailures": 1, "undetailedFailures": 0}


def test_an_unknown_one_is_404(owner: Integrator, world: World) -> None:
    owner.get(f"{CUSTOMERS}/0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10", status=404)


def test_an_app_reads_and_changes_which_mails_somebody_wants(owner: Integrator, world: World) -> None:
    ann = world.member()
    path = f"{CUSTOMERS}/{ann.id}"
    assert owner.get(path)["customer"]["mailsOff"] == []
    assert owner.patch(path, {"customer": {"mailsOff": ["tiers", "points"]}})["customer"]["mailsOff"] == [
        "points",
        "tiers",
    ]
    assert owner.patch(path, {"customer": {"mailsOff": ["tiers", "all"]}})["customer"]["mailsOff"] == ["all"]
    owner.patch(path, {"customer": {"mailsOff": ["birthdays"]}}, status=400)
    assert ann.customer.mails_off == ["all"]


def test_the_export_by_the_api_answers_it(owner: Integrator, world: World) -> None:
    ann = world.member("ann@example.com")
    customers.update(ann.customer, external_id="77")
    asks(world, id=77)
    body = {"query": {"filter": {"noun": "data_request"}}}
    (entry,) = owner.post("/loyalty-audit/v1/entries/query", body)["entries"]
    assert (entry["verb"], entry["subjectId"]) == ("receive", ann.id)
    owner.post(f"/loyalty-customers/v1/customers/{ann.id}/export")
    assert data_requests.open_requests(world.shop) == []
