"""The audit log over the wire: by keys that manage, each shop its own (contracts §16)."""

from typing import Any

from tests.integrator import Integrator
from tests.make import World
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import Rights

ENTRIES = "/loyalty-audit/v1/entries/query"


def found(caller: Integrator, **filter: Any) -> list[dict[str, Any]]:
    return list(caller.post(ENTRIES, {"query": {"filter": filter}})["entries"])


def test_what_a_key_did_is_found_by_who_and_what(owner: Integrator, world: World) -> None:
    owner.patch("/loyalty-settings/v1/settings/program", {"settings": {"wait_days": 14}})
    (entry,) = found(owner, noun="program", actorId=owner.key_id)
    assert (entry["actor"], entry["actorName"], entry["address"]) == ("API_KEY", "server", "127.0.0.1")
    assert (entry["before"]["settings"]["wait_days"], entry["after"]["settings"]["wait_days"]) == (0, 14)
    assert found(owner, noun="program", actorId="somebody-else") == []


def test_an_export_from_the_panel_is_the_act_of_the_customer(owner: Integrator, world: World) -> None:
    ann = world.member()
    headers = {"X-Loyalty-Shop": world.shop.embed_key, "Authorization": f"Bearer {ann.token}"}
    assert owner.client.get("/widget/my-balance/export", headers=headers).status_code == 200
    (entry,) = found(owner, noun="customer", verb="export")
    assert (entry["actor"], entry["actorId"], entry["subjectId"]) == ("CUSTOMER", ann.id, ann.id)


def test_the_one_who_acts_is_known_anew_in_each_request(owner: Integrator, world: World) -> None:
    owner.patch("/loyalty-settings/v1/settings/program", {"settings": {"wait_days": 14}})
    owner.client.get("/healthz")
    count = len(found(owner, actorId=owner.key_id))
    owner.client.post(f"/stores/generic/{world.shop.id}/customer", data=b"{}")
    world.order_rule()  # nobody in particular
    assert len(found(owner, actorId=owner.key_id)) == count


def test_each_shop_reads_its_own_and_keys_that_read_do_not(owner: Integrator, reader: Integrator, world: World) -> None:
    other = World.create(name="Another")
    api_keys.create_key(other.shop.id, "theirs")
    assert "theirs" not in str(found(owner))
    reader.post(ENTRIES, {}, status=403)
    _, secret = api_keys.create_key(world.shop.id, "auditor", rights=Rights(services={"audit": "manage"}))
    auditor = Integrator(owner.client, secret)
    assert found(auditor, noun="api_key")
    auditor.get("/loyalty-programs/v1/program", status=403)
