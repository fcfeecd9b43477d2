"""The document and the page of it: an example for each body, nothing from anywhere else."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator


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
