"""How many statements each read runs: a fixed number, however many rows the shop has."""

from typing import Any

import pytest

from tests import crowd, walk
from tests.counter import Counter
from widget_server.app import WidgetServer

DATABASES = ("sqlite",)
STATEMENTS_MAX = 6  # of a read that is not named here; the caller takes two of the admin API's
MORE = {
    "GET /widget/panel": 12,  # points that expire by age are read back to the oldest unspent ones
    "GET /widget/my-balance/export": 14,  # a table each
    "GET /loyalty-imports/v1/loyalty-imports/preview": 8,
    "GET /loyalty-imports/v1/loyalty-imports/error-file-download-url": 10,
    "GET /loyalty-webhooks/v1/endpoints/{endpoint_id}": 10,
    "GET /loyalty-webhooks/v1/endpoints/{endpoint_id}/dead-letters": 10,
    "GET /loyalty-webhooks/v1/endpoints/{endpoint_id}/deliveries": 10,
    "GET /loyalty-customers/v1/customers/{customer_id}/timeline": 10,  # of ten kinds of events
    "GET /loyalty-reports/v1/days": 9,
    "GET /loyalty-reports/v1/days.csv": 9,
    "GET /loyalty-reports/v1/accounting": 10,
    "GET /loyalty-reports/v1/accounting.csv": 10,
    "GET /loyalty-settings/v1/settings/{name}": 8,
    "GET /loyalty-settings/v1/campaigns": 8,
    "GET /loyalty-changes/v1/versions": 18,  # a program file is made of all that it has
    "GET /loyalty-changes/v1/program-file": 9,
    "GET /loyalty-changes/v1/drafts/{draft_id}": 9,
}
BY_PAGES = "GET /loyalty-reports/v1/rows.csv"  # sends all rows, some at a time
READS_MIN = 80


class Reads(walk.Walk):
    """Calls what only reads, and counts the statements of each."""

    name, found = "", dict[str, int]()

    def counted(self) -> dict[str, int]:
        """Returns how many statements each read ran, by method and path; of those that succeeded."""
        self.found = {}
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                if _reads(method, path):
                    self.name = f"{method.upper()} {path}"
                    self._call(method.upper(), path, operation)
        return self.found

    def opened(self, *given: Any, **named: Any) -> Any:
        """The client's `open`, with its statements counted."""
        with Counter() as counter:
            answer = type(self.client).open(self.client, *given, **named)
        if answer.status_code == 200:
            self.found[self.name] = max(self.found.get(self.name, 0), len(counter.statements))
        return answer


def _reads(method: str, path: str) -> bool:
    return (method == "get" or path.endswith(("/query", "/search"))) and "{token}" not in path and "/files/" not in path


@pytest.mark.timeout(600)
def test_a_read_runs_few_statements_also_in_a_large_shop(
    application: WidgetServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = application.test_client()
    reads = Reads(client, crowd.shops()[0])
    reads.everything()
    monkeypatch.setattr(client, "open", reads.opened)
    crowd.multiply()
    found = reads.counted()
    assert found.pop(BY_PAGES) > STATEMENTS_MAX
    assert {name: count for name, count in found.items() if count > MORE.get(name, STATEMENTS_MAX)} == {}
    assert len(found) >= READS_MIN and set(MORE) <= set(found)
