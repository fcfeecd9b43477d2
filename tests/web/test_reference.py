"""The document and the page of it: an example for each body, nothing from anywhere else."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.integrator import Integrator
from tests.make import World
from widget_server.loyalty.people import api_keys
from widget_server.web.query import tables
from widget_server.web.query.tables import Table


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    told: dict[str, Any] = client.get("/openapi.json").get_json()
    return told


def test_it_is_a_document_of_openapi_31(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_each_body_has_an_example(document: dict[str, Any]) -> None:
    lacking = [
        (verb, path)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        if verb != "parameters"
        for body in (operation.get("requestBody"), operation["responses"].get("200"))
        if body and "application/json" in body.get("content", {})
        if "example" not in body["content"]["application/json"]
    ]
    assert lacking == []


def test_the_page_shows_each_call_and_loads_nothing_from_elsewhere(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    page = client.get("/reference")
    text = page.get_data(as_text=True)
    assert all(path in text for path in document["paths"])
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http" not in text.replace('href="/', "") and "<script" not in text
    tiers = client.get("/reference?of=tiers").get_data(as_text=True)
    assert "/loyalty-tiers/v1/tiers" in tiers and "requiredPoints" in tiers
    with client.get("/pages/reference.css") as styles:
        assert b"color-scheme" in styles.get_data()


# Which fields a call may ask by


class Reader(HTMLParser):
    """Reads tables as somebody who cannot see them: a caption, and for each cell the heads of its column and row."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, dict[str, dict[str, str]]]] = []
        self.columns: list[str] = []
        self.cells: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {"style", "onclick", "src"} & dict(attrs).keys() and tag not in ("style", "script"), (tag, attrs)
        if tag == "table":
            self.told.append(("", {}))
            self.columns = []
        elif tag == "tr":
            self.cells = []
        elif tag in ("th", "td", "caption"):
            self.cells.append((dict(attrs).get("scope") or tag, ""))

    def handle_data(self, data: str) -> None:
        if self.cells:
            kind, text = self.cells[-1]
            self.cells[-1] = (kind, text + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "caption":
            self.told[-1] = (self.cells.pop()[1], self.told[-1][1])
        elif tag == "tr":
            kinds = {kind for kind, _ in self.cells}
            texts = [" ".join(text.split()) for _, text in self.cells]
            if kinds == {"col"}:
                self.columns = texts
            elif self.cells[0][0] == "row":
                assert kinds == {"row", "td"}
                self.told[-1][1][texts[0]] = dict(zip(self.columns[1:], texts[1:], strict=True))
        if tag in ("tr", "table"):
            self.cells = []


def asking(document: dict[str, Any]) -> dict[str, Table]:
    """The tables by the path of their calls."""
    shapes = document["components"]["schemas"]
    bodies = {
        path: verbs["post"]["requestBody"]["content"]["application/json"]["schema"]
        for path, verbs in document["paths"].items()
        if "application/json" in verbs.get("post", {}).get("requestBody", {}).get("content", {})
    }
    return {path: found for path, body in bodies.items() if (found := tables.table(body, shapes))}


def test_each_query_and_search_has_a_table(document: dict[str, Any]) -> None:
    known = asking(document)
    queries = {path for path in document["paths"] if path.rpartition("/")[2] in ("query", "search", "count")}
    assert set(known) == {*queries, "/loyalty-accounts/v1/accounts/bulk-adjust"}
    assert len(queries) > 15
    assert all(row.type and row.operators for found in known.values() for row in found.rows)


def test_a_table_says_what_the_call_takes(world: World, client: FlaskClient, document: dict[str, Any]) -> None:
    """Each call is asked by what it does not know, and says in its refusal what it does."""
    integrator = Integrator(client, api_keys.create_key(world.shop.id, "server")[1])

    def refused(path: str, at: str, part: Any) -> set[str]:
        body = part
        for name in reversed(at.split(".")):
            body = {name: body}
        if path.endswith("bulk-adjust"):
            body["amount"] = 1
        answer = integrator.post(path, body, status=400)
        (fault,) = answer["details"]["validationError"]["fieldViolations"]
        listed = re.search(
            r"(?:These are:|These can:|is one of|are some of|supports) (.+?)(?:, not .+)?\.$", fault["description"]
        )
        assert listed, fault
        return set(listed[1].split(", "))

    for path, found in asking(document).items():
        within = found.path.rpartition(".")[0]

        def at(member: str, within: str = within) -> str:
            return f"{within}.{member}" if within else member

        assert refused(path, found.path, {"fern": 1}) == {row.name for row in found.rows}
        for row in found.rows:
            assert refused(path, found.path, {row.name: {"$fern": 1}}) == set(row.operators), (path, row)
        if "sort" in found.takes:
            sortable = {row.name for row in found.rows if row.sortable}
            assert refused(path, at("sort"), [{"fieldName": "fern"}]) == sortable
        if "search" in found.takes:
            searchable = {row.name for row in found.rows if row.searchable}
            assert refused(path, at("search"), {"expression": "ann", "fields": ["fern"]}) == searchable
        if "aggregations" in found.takes:
            summed = {row.name for row in found.rows if row.aggregations}
            assert refused(path, at("aggregations"), [{"type": "VALUE", "fieldPath": "fern"}]) == summed


def test_the_page_shows_the_tables_to_people_who_cannot_see_them_too(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    reader = Reader()
    reader.feed(client.get("/reference?of=accounts").get_data(as_text=True))
    told = [(caption, rows) for caption, rows in reader.told if caption]
    expected = [found for path, found in asking(document).items() if path.startswith("/loyalty-accounts/")]
    assert [caption for caption, _ in told] == [f"What {found.path} knows" for found in expected]
    for (_, rows), found in zip(told, expected, strict=True):
        assert list(rows) == [row.name for row in found.rows]
        for row in found.rows:
            cells = {"type": row.type, "operators": " ".join(row.operators)}
            more = {"sort": "sortable", "search": "searchable", "aggregations": "aggregatable"}
            marks = {
                "sortable": "yes" if row.sortable else "no",
                "searchable": "yes" if row.searchable else "no",
                "aggregatable": " ".join(row.aggregations) or "no",
            }
            assert rows[row.name] == cells | {more[part]: marks[more[part]] for part in found.takes}
    page = client.get("/reference?of=customers").get_data(as_text=True)
    assert "one of <code>VISITOR</code> <code>PENDING</code> <code>MEMBER</code>" in page
