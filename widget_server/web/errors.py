"""How a refusal reads on the wire: one form for the widget and the stores, Wix's for the admin API (wix-api §5)."""

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
    """Turn every refusal, and every mistake, into JSON of one shape; nothing internal leaves."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _broken)


def refusals() -> list[tuple[str, int, str]]:
    """Returns every refusal of the domain: its code on the admin wire, its HTTP status, and when it is said."""
    return sorted(
        {(one.code.upper(), STATUS[one.kind], " ".join((one.__doc__ or "").split())) for one in _below(Refusal)}
    )


def _below(refusal: type[Refusal]) -> Iterator[type[Refusal]]:
    for one in refusal.__subclasses__():
        yield one
        yield from _below(one)


def body(code: str, message: str, *, field: str | None = None, **facts: Json) -> JsonObject:
    """Returns the widget's form of a "no"."""
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
    """Returns Wix's form of a "no": the fields that are `unfit`, or a stable code with the figures behind it."""
    path = _wire_path(field) if field else None
    if unfit and path:
        violations: list[Json] = [
            _violation(_wire_path(name), said, code) for name, said in faults or [(path, message)]
        ]
        return {"message": message, "details": {"validationError": {"fieldViolations": violations}}}
    data = {camel(name): value for name, value in {"field": path, **facts}.items() if value is not None}
    error: JsonObject = {"code": code.upper(), "description": message, "data": data}
    return {"message": message, "details": {"applicationError": error}}


def _wire_path(field: str) -> str:
    """The domain names fields as Python does."""
    return ".".join(map(camel, field.split(".")))


def _violation(field: str, message: str, code: str) -> dict[str, str]:
    """`violatedRule` is a word of Wix's; what it has none for is OTHER, with a name of ours."""
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
    """The form of the audience of the request."""
    if request.path.startswith(ADMIN_PATHS):
        return admin_body(code, message, field=field, faults=faults, unfit=unfit, **facts)
    return body(code, message, field=field, **facts)


def _refused(refusal: Refusal) -> ResponseReturnValue:
    unfit = refusal.kind == "bad_request"
    answer = jsonify(_form(refusal.code, refusal.message, field=refusal.field, unfit=unfit, **refusal.facts))
    answer.status_code = STATUS[refusal.kind]
    if "retry_after_seconds" in refusal.facts:
        answer.headers["Retry-After"] = str(refusal.facts["retry_after_seconds"])
    if refusal.kind == "unauthenticated":
        answer.headers["WWW-Authenticate"] = "Bearer"
    return _traced(answer)


def _traced(answer: Response) -> Response:
    """The SDK shows this id with the error; the log has it too (wix-api §3)."""
    if request.path.startswith(ADMIN_PATHS):
        answer.headers["X-Wix-Request-Id"] = g.setdefault("request_id", new_id())
    return answer


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    status = error.code or 500
    answer = jsonify(_form(CODES.get(status, "refused"), error.description or error.name))
    answer.status_code = status
    allow = getattr(error, "valid_methods", None)
    if allow:
        answer.headers["Allow"] = ", ".join(sorted(allow))
    return _traced(answer)


def _broken(error: Exception) -> ResponseReturnValue:
    """What nobody foresaw. When the database is behind it, the next request gets a new connection."""
    away = db.away(error)
    if away is not None:
        log.error("request %s: the database is %s (%s)", g.get("request_id", ""), away.state, type(error).__name__)
        db.disconnect()
        return _refused(away)
    answer = _traced(jsonify(_form("internal", "Something went wrong here.")))
    answer.status_code = 500
    log.exception("request %s failed", g.get("request_id", ""), exc_info=error)
    db.disconnect()
    return answer
