"""How a refusal reads on the wire: one form for the widget and the stores, one for each audience to come."""

import logging
from typing import Any

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from widget_server import db
from widget_server.errors import Refusal

STATUS = {
    "bad_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "precondition": 428,
    "rate": 429,
}
CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "bad_request", 400: "bad_request"}

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Turn every refusal, and every mistake, into JSON of one shape; nothing internal leaves."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _broken)


def body(code: str, message: str, *, field: str | None = None, **facts: Any) -> dict[str, Any]:
    """The widget's form of a "no"."""
    figures = {name: facts.get(name) for name in ("needs", "has", "retry_after_seconds")}
    return {"error": {"code": code, "message": message, "field": field, **figures}}


def _refused(refusal: Refusal) -> ResponseReturnValue:
    answer = jsonify(body(refusal.code, refusal.message, field=refusal.field, **refusal.facts))
    answer.status_code = STATUS[refusal.kind]
    if "retry_after_seconds" in refusal.facts:
        answer.headers["Retry-After"] = str(refusal.facts["retry_after_seconds"])
    if refusal.kind == "unauthenticated":
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    status = error.code or 500
    answer = jsonify(body(CODES.get(status, "refused"), error.description or error.name))
    answer.status_code = status
    allow = getattr(error, "valid_methods", None)
    if allow:
        answer.headers["Allow"] = ", ".join(sorted(allow))
    return answer


def _broken(error: Exception) -> ResponseReturnValue:
    log.exception("a request failed", exc_info=error)
    db.disconnect()
    return jsonify(body("internal", "Something went wrong here. Nothing was changed.")), 500
