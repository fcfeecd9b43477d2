"""An import that three hosts do together: each has what the others stored, and none has it in its folder."""

from pathlib import Path
from typing import Any

from tests.hosts import Hosts
from tests.integrator import Integrator
from tests.make import World
from tests.workers import wait_until, worker
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.people import api_keys

DATABASES = ("postgres",)  # an SQLite file has one instance folder
BASE = "/loyalty-imports/v1/loyalty-imports"
FILE = b"email,points\nann@example.com,7\nnobody@example.com,8\n"
FRONT, WORKER, OTHER = range(3)


def test_three_hosts_do_one_import(world: World, database: str, tmp_path: Path) -> None:
    """One receives the file and its questions, the worker of another one books it, a third one shows what failed."""
    if database.startswith("sqlite"):
        return
    hosts, ann = Hosts(tmp_path, 3), world.member("ann@example.com")
    _, secret = api_keys.create_key(world.shop.id, "server")

    def stored(**facts: Any) -> bool:
        row = Import.of(world.shop).get()
        return all(getattr(row, name) == value for name, value in facts.items())

    with worker(database, hosts.settings[WORKER].instance), hosts.on(FRONT) as client:
        front = Integrator(client, secret)
        address = front.post(f"{BASE}/wixmp-upload-url")["uploadUrl"]
        assert client.put(address, data=FILE).status_code == 200
        made = front.post(BASE, {"fileUrl": address})["loyaltyImport"]
        wait_until(lambda: stored(status="parsed"))
        front.post(f"{BASE}/preview", {"loyaltyImportId": made["id"]})
        wait_until(lambda: stored(preview_status="done"))
        found = front.get(f"{BASE}/preview?loyaltyImportId={made['id']}")["preview"]
        assert (found["goodRowCount"], found["badRowCount"]) == (1, 1), found
        front.post(f"{BASE}/execute", {"loyaltyImportId": made["id"]})
        wait_until(lambda: stored(status="imported"))
    with hosts.on(OTHER) as client:
        address = Integrator(client, secret).get(f"{BASE}/error-file-download-url?loyaltyImportId={made['id']}")["url"]
        lines = client.get(address).get_data(as_text=True)
    assert "nobody@example.com,8" in lines and "ann@example.com" not in lines
    assert ann.balance == 7
    assert set(hosts.files()) <= {
        "journal-anchor.json",
        "mail",
    }  # of which no other host needs anything (docs/hosts.md)
