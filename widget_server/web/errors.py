"""Refusals as HTTP responses: one form for the widget and the stores, Wix's for the admin API (wix-api §5)."""

import logging
from collections.abc import Iterable, Iterator

from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from widget_server import db
from widget_server.db import new_id
from widget_server.errors import Refusal
from widget_server.json_types import Json, JsonObject
from widget_server.web.wire import camel

STATUS = {
    "bad_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "precondition": 428,
    "rate": 429,
    "busy": 503,
}
CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "bad_request", 400: "bad_request"}

ADMIN_PATHS = ("/loyalty-", "/_api/", "/oauth")
REQUIRED, UNKNOWN = "Missing data for required field.", "Unknown field."

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Turn every refusal and every unexpected error into JSON of one shape, without internal details."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, broken)


def refusals() -> list[tuple[str, int, str]]:
    """Returns every refusal of the domain: its code in the admin API, its HTTP status, and when it is used."""
    return sorted(
        {(one.code.upper(), STATUS[one.kind], " ".join((one.__doc__ or "").split())) for one in _below(Refusal)}
    )


def _below(refusal: type[Refusal]) -> Iterator[type[Refusal]]:
    for one in refusal.__subclasses__():
        yield one
        yield from _below(one)


def body(code: str, message: str, *, field: str | None = None, **facts: Json) -> JsonObject:
    """Returns an error body in the widget's form."""
    figures = {name: facts.get(name) for name in ("needs", "has", "retry_after_seconds")}
    return {"error": {"code": code, "message": message, "field": field, **figures}}


def admin_body(
    code: str,
    message: str,
    *,
    field: str | None = None,
    faults: Iterable[tuple[str, str]] | None = None,
    unfit: bool = False,
    **facts: Json,
) -> JsonObject:
    """Returns an error body in Wix's form: the invalid fields if `unfit`, else a stable code with its figures."""
    path = _wire_path(field) if field else None
    if unfit and path:
        violations: list[Json] = [
            _violation(_wire_path(name), text, code) for name, text in faults or [(path, message)]
        ]
        return {"message": message, "details": {"validationError": {"fieldViolations": violations}}}
    data = {camel(name): value for name, value in {"field": path, **facts}.items() if value is not None}
    error: JsonObject = {"code": code.upper(), "description": message, "data": data}
    return {"message": message, "details": {"applicationError": error}}


def _wire_path(field: str) -> str:
    """Returns the path of a field in camelCase; the domain uses Python's names."""
    return ".".join(map(camel, field.split(".")))


def _violation(field: str, message: str, code: str) -> dict[str, str]:
    """Returns a field violation. `violatedRule` is Wix's; without a fitting one OTHER, with our `ruleName`."""
    if message == REQUIRED:
        return {"field": field, "description": message, "violatedRule": "REQUIRED_FIELD"}
    rule = (
        "UNKNOWN_FIELD" if message == "Unknown field." else "INVALID_VALUE" if code == "bad_request" else code.upper()
    )
    return {"field": field, "description": message, "violatedRule": "OTHER", "ruleName": rule}


def _form(
    code: str,
    message: str,
    *,
    field: str | None = None,
    faults: Iterable[tuple[str, str]] | None = None,
    unfit: bool = False,
    **facts: Json,
) -> JsonObject:
    """Returns the error body in the form of the request's audience."""
    if request.path.startswith(ADMIN_PATHS):
        return admin_body(code, message, field=field, faults=faults, unfit=unfit, **facts)
    return body(code, message, field=field, **facts)


def _refused(refusal: Refusal) -> ResponseReturnValue:
    unfit = refusal.kind == "bad_request"
    response = jsonify(_form(refusal.code, refusal.message, field=refusal.field, unfit=unfit, **refusal.facts))
    response.status_code = STATUS[refusal.kind]
    if "retry_after_seconds" in refusal.facts:
        response.headers["Retry-After"] = str(refusal.facts["retry_after_seconds"])
    if refusal.kind == "unauthenticated":
        response.headers["WWW-Authenticate"] = "Bearer"
    return _traced(response)


def _traced(response: Response) -> Response:
    """Add the request id, which the SDK shows with the error and the log contains (wix-api §3)."""
    if request.path.startswith(ADMIN_PATHS):
        response.headers["X-Wix-Request-Id"] = g.setdefault("request_id", new_id())
    return response


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    status = error.code or 500
    response = jsonify(_form(CODES.get(status, "refused"), error.description or error.name))
    response.status_code = status
    allow = getattr(error, "valid_methods", None)
    if allow:
        response.headers["Allow"] = ", ".join(sorted(allow))
    return _traced(response)


def broken(error: Exception) -> ResponseReturnValue:
    """Log an unexpected exception; returns the response. After a database failure the next request reconnects."""
    away = db.away(error)
    if away is not None:
        log.error("request %s: the database is %s (%s)", g.get("request_id", ""), away.state, type(error).__name__)
        db.disconnect()
        return _refused(away)
    response = _traced(jsonify(_form("internal", "Something went wrong here.")))
    response.status_code = 500
    log.exception("request %s failed", g.get("request_id", ""), exc_info=error)
    db.disconnect()
    return response
