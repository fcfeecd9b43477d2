"""Shopify's Admin GraphQL API: one query or mutation, and what its errors mean."""

from collections.abc import Mapping
from typing import Any

from widget_server.stores.calls import DETAIL_LENGTH_MAX, Api, NotReached, Refused
from widget_server.stores.calls import ask as ask_json
from widget_server.stores.shopify import tokens

API_VERSION = "2026-10"
PASSING = {"THROTTLED", "TIMEOUT", "INTERNAL_SERVER_ERROR", "INTERNAL_ERROR"}  # the last one among userErrors
UNAUTHORIZED = 401


def ask(api: Api, query: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Returns the data in the response to a query. Shopify sends status 200 also when it refuses, or is busy.

    Any: the response is not checked against its schema here. Raises NotReached, Refused.
    """
    body = {"query": query, "variables": variables or {}}
    token = tokens.current(api)
    try:
        response = _post(api, token, body)
    except Refused as no:
        other = tokens.after_refusal(api, token) if no.status == UNAUTHORIZED else None
        if other is None:
            raise
        response = _post(api, other, body)
    for wrong in response.get("errors") or []:
        raise _no(wrong.get("extensions", {}).get("code", ""), wrong["message"])
    data: dict[str, Any] = response["data"]
    return data


def change(api: Api, mutation: str, variables: Mapping[str, object]) -> dict[str, Any]:
    """Run a mutation; returns its payload. Raises NotReached, and Refused with the code of its first userError."""
    (done,) = ask(api, mutation, variables).values()
    for wrong in done["userErrors"]:
        raise _no(wrong.get("code") or "", wrong["message"])
    payload: dict[str, Any] = done
    return payload


def _post(api: Api, token: str, body: object) -> Any:
    return ask_json("POST", f"{api.url}/admin/api/{API_VERSION}/graphql.json", {"X-Shopify-Access-Token": token}, body)


def _no(code: str, message: str) -> NotReached | Refused:
    detail = f"{code}: {message}".removeprefix(": ")[:DETAIL_LENGTH_MAX]
    return NotReached(detail) if code in PASSING else Refused(detail, code)
