"""What the admin API's routes share: who may call, the bodies of requests and responses, and the request key.

Each path is served with `/_api` before it, as in Wix's older services, and without (wix-api §1).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, jsonify, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from marshmallow import EXCLUDE, Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_path_info

from widget_server import config, idempotency
from widget_server.db import atomic, new_id
from widget_server.errors import (
    AddressNotAllowed,
    BadRequest,
    Busy,
    CustomerExcluded,
    DatabaseAway,
    KeyReused,
    MembersOnly,
    NotEnoughPoints,
    OtherShop,
    ProgramNotActive,
    QueryTooSlow,
    RateLimited,
    Refusal,
    RewardLimitReached,
    RewardUnavailable,
    ScopeMissing,
    SignedOut,
    TierTooLow,
    WorthNothing,
)
from widget_server.loyalty.points.adjustments import Annotation
from widget_server.web import key_rates
from widget_server.web.bodies import json_body, unfit
from widget_server.web.callers import ACCESS_TOKEN, API_KEY, Audience, Caller, caller
from widget_server.web.documented_refusals import CallRefusals, Refusals, check_item, once_each
from widget_server.web.error_bodies import ErrorBody
from widget_server.web.query import CountBody, QueryBody, SearchBody
from widget_server.web.typed_schemas import schema_for, schema_of
from widget_server.web.wire import BulkResult, BulkResults, Empty, ItemMetadata, Wire, camel

B = TypeVar("B")
R = TypeVar("R")
Sent = TypeVar("Sent")
Made = TypeVar("Made", bound=Mapping[str, object])  # has an `id`
P = ParamSpec("P")
Handler = Callable[Concatenate[Caller, P], R]
BodyHandler = Callable[Concatenate[Caller, B, P], R]

Act = TypeVar("Act", bound=Callable[..., Any])

SOURCE = "admin"
KEY_HEADER = "Idempotency-Key"
SECOND_MOUNT = "/_api"
PLACES = re.compile(r"<(?:[^<>:]+:)?(\w+)>")

READ, MANAGE, MEMBER = Audience.READ, Audience.MANAGE, Audience.MEMBER
SECURITY: dict[Audience, list[dict[str, list[str]]]] = {
    READ: [{API_KEY: []}, {ACCESS_TOKEN: []}],
    MANAGE: [{API_KEY: []}, {ACCESS_TOKEN: []}],
    MEMBER: [{ACCESS_TOKEN: []}],
}
NEEDS = {
    READ: "A key or token that may read.",
    MANAGE: "A key or token that may manage.",
    MEMBER: "A member's token.",
}
# the refusals of any call, by what it takes and its audience; a route adds its own in `refuses`
ANY_ADDRESS: Refusals = (BadRequest, Busy, DatabaseAway)
ANY_CALL: Refusals = (*ANY_ADDRESS, SignedOut, AddressNotAllowed, OtherShop, RateLimited)
OF_AUDIENCE: dict[Audience, Refusals] = {READ: (ScopeMissing,), MANAGE: (ScopeMissing,), MEMBER: (MembersOnly,)}
OF_BODY: Refusals = (RequestEntityTooLarge,)
OF_QUERY: Refusals = (QueryTooSlow,)
OF_REQUEST_KEY: Refusals = (KeyReused,)
REDEEMING: Refusals = (  # of the calls that buy a reward
    ProgramNotActive,
    CustomerExcluded,
    RewardUnavailable,
    RewardLimitReached,
    TierTooLow,
    WorthNothing,
    NotEnoughPoints,
)


@dataclass(frozen=True)
class Call:
    """One call of the API: `path` as openapi.json writes it."""

    method: str
    path: str
    who: Audience
    summary: str
    refuses: Refusals


class Service(Blueprint):
    """One service of the admin API, under its prefix. openapi.json says who may call each endpoint."""

    def __init__(self, name: str, prefix: str, description: str) -> None:
        super().__init__(f"admin_{name}", name, url_prefix=prefix, description=description)
        self.service = name  # the name by which API keys are limited to it
        self.calls: list[Call] = []
        self._prepare_doc_cbks.append(without_default)

    @overload  # type: ignore[override]  # a call of the API has more facts than a route of Flask
    def route(
        self, method: str, path: str, who: Audience, *, returns: type[R], keyed: bool = True, refuses: Refusals = ()
    ) -> Callable[[Handler[P, R]], Handler[P, R]]: ...
    @overload
    def route(
        self,
        method: str,
        path: str,
        who: Audience,
        *,
        takes: type[B],
        returns: type[R],
        keyed: bool = True,
        refuses: Refusals = (),
    ) -> Callable[[BodyHandler[B, P, R]], BodyHandler[B, P, R]]: ...
    @overload
    def route(
        self,
        method: str,
        path: str,
        who: Audience,
        *,
        query: type[B],
        returns: type[R],
        keyed: bool = True,
        refuses: Refusals = (),
    ) -> Callable[[BodyHandler[B, P, R]], BodyHandler[B, P, R]]: ...
    def route(
        self,
        method: str,
        path: str,
        who: Audience,
        *,
        takes: type | None = None,
        query: type | None = None,
        returns: type,
        keyed: bool = True,
        refuses: Refusals = (),
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Registers a call: `act(caller, body, *ids of the path)` returns a value of the type `returns`.

        `body` is the body (`takes`) or the query of a GET or DELETE (`query`); a call with neither gets no `body`.
        A write may carry a request key: a repeat returns the same response (acceptance 62), unless that holds a
        secret (`keyed=False`). `refuses` names its own refusals, in addition to those of any call.
        """
        add_route = super().route
        address = f"{self.url_prefix}{PLACES.sub(_place, path)}"
        places = [camel(name) for name in PLACES.findall(path)]
        body = schema_for(takes or Empty, Wire) if takes or method == "POST" else None
        parameters = schema_of(query, Wire) if query else None
        response = schema_for(returns, Wire)
        keyed = keyed and who is not READ
        refusals = CallRefusals(f"{method} {address}", once_each((*refuses, *_common(who, takes, body, keyed))))

        def register(act: Act) -> Act:
            @wraps(act)
            def view(**ids: str) -> ResponseReturnValue:
                with refusals.checked():
                    by = caller(who, self.service)
                    key_rates.count(by.key_id)
                    sent = _query(parameters) if parameters else json_body(body, ignoring=places) if body else None
                    received = [sent] if takes or query else []

                    def run() -> Any:
                        return response.dump(act(by, *received, *ids.values()))

                    return jsonify(_once(by, run) if keyed and KEY_HEADER in request.headers else run())

            documented = self.response(200, response)(view)
            documented = self.doc(**_doc(who, body, parameters, keyed, refusals))(documented)
            add_route(path, methods=[method])(documented)
            summary = (act.__doc__ or "").strip().partition("\n")[0]
            self.calls.append(Call(method, address, who, summary, refuses))
            return act

        return register

    def csv(
        self, path: str, who: Audience, *, query: type[B], refuses: Refusals = (), streams: bool = False
    ) -> Callable[[Callable[[Caller, B], Iterator[str]]], Callable[[Caller, B], Iterator[str]]]:
        """Registers a GET whose response is a CSV file: `act(caller, query)` returns its lines.

        A file that grows with the shop is sent line by line (`streams`), so that it is never in memory as a whole.
        """
        headers = {"Content-Disposition": f'attachment; filename="{path.rpartition("/")[2]}"'}

        def sent(lines: Iterator[str]) -> Response:
            body = stream_with_context(lines) if streams else "".join(lines)
            return Response(body, content_type="text/csv; charset=utf-8", headers=headers)

        return self._file(path, who, query, refuses, ("A CSV file", "text/csv"), sent)

    def svg(
        self, path: str, who: Audience, *, query: type[B], refuses: Refusals = ()
    ) -> Callable[[BodyHandler[B, P, str]], BodyHandler[B, P, str]]:
        """Registers a GET whose response is a picture: `act(caller, query, *ids of the path)` returns the SVG."""
        headers = {"Content-Security-Policy": "default-src 'none'"}

        def sent(text: str) -> Response:
            return Response(text, content_type="image/svg+xml; charset=utf-8", headers=headers)

        return self._file(path, who, query, refuses, ("A picture", "image/svg+xml"), sent)

    def _file(
        self,
        path: str,
        who: Audience,
        query: type,
        refuses: Refusals,
        kind: tuple[str, str],
        sent: Callable[[Any], Response],
    ) -> Callable[[Act], Act]:
        """Registers a GET whose response is a file of this `kind`, its description and media type."""
        add_route = super().route
        address = f"{self.url_prefix}{PLACES.sub(_place, path)}"
        parameters: type[Schema] = schema_of(query, Wire)
        refusals = CallRefusals(f"GET {address}", once_each((*refuses, *_common(who, None, None, keyed=False))))
        file = {"200": {"description": kind[0], "content": {kind[1]: {"schema": {"type": "string"}}}}}

        def register(act: Act) -> Act:
            @wraps(act)
            def view(**ids: str) -> ResponseReturnValue:
                with refusals.checked():
                    by = caller(who, self.service)
                    key_rates.count(by.key_id)
                    made = act(by, _query(parameters), *ids.values())
                response = sent(made)
                response.headers["Cache-Control"] = "no-store"
                return response

            doc = _doc(who, None, parameters, False, refusals)
            add_route(path, methods=["GET"])(self.doc(**{**doc, "responses": {**file, **doc["responses"]}})(view))
            self.calls.append(Call("GET", address, who, (act.__doc__ or "").strip().partition("\n")[0], refuses))
            return act

        return register


def _place(found: re.Match[str]) -> str:
    return f"{{{found[1]}}}"


def bulk(items: Iterable[Sent], act: Callable[[Sent], Made]) -> BulkResults[Made]:
    """Runs `act` for each item; one that is refused does not affect the others (wix-api §3)."""
    results: list[BulkResult[Made]] = []
    for index, item in enumerate(items):
        metadata: ItemMetadata = {"original_index": index, "success": True}
        result: BulkResult[Made] = {"item_metadata": metadata}
        try:
            with atomic():
                done = act(item)
        except Refusal as refusal:
            check_item(refusal)
            metadata["success"] = False
            code, facts = refusal.code.upper(), plain_facts(refusal)
            metadata["error"] = {"code": code, "description": refusal.message, "data": facts}
        else:
            metadata["id"], result["item"] = str(done["id"]), done
        results.append(result)
    good = sum(one["item_metadata"]["success"] for one in results)
    return {
        "results": results,
        "bulk_action_metadata": {
            "total_successes": good,
            "total_failures": len(results) - good,
            "undetailed_failures": 0,
        },
    }


def request_key() -> str:
    """Returns a new key for the ledger's rows of this request; `_once` stores the caller's own key."""
    return new_id()


class Explained(Protocol):
    """A body that says why points are moved: `description` for the customer, `reason` for staff alone."""

    @property
    def description(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...


def said(known: Caller, body: Explained) -> Annotation:
    """Returns the annotation of the points that this request moves."""
    return Annotation(reason=body.reason, comment=body.description, app_id=known.key_id)


@contextmanager
def naming(fields: dict[str, str], under: str = "") -> Iterator[None]:
    """Renames the field of a refusal from its internal name to its path on the wire (wix-api §5)."""
    try:
        yield
    except Refusal as refusal:
        if refusal.field is not None:
            path = ".".join(map(camel, refusal.field.split(".")))
            refusal.field = fields.get(refusal.field, f"{under}.{path}" if under else path)
        raise


def plain_facts(refusal: Refusal) -> dict[str, object]:
    """Returns the figures of a refusal, by their names on the wire."""
    facts = {name: value for name, value in refusal.facts.items() if name != "faults"}
    return {camel(name): value for name, value in {**facts, "field": refusal.field}.items() if value is not None}


def second_mount(wsgi_app: WSGIApplication) -> WSGIApplication:
    """Serves `/_api/loyalty-...` as `/loyalty-...`: one registration, two mounts."""

    def mounted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = get_path_info(environ)
        if path.startswith(f"{SECOND_MOUNT}/loyalty-"):
            environ["PATH_INFO"] = environ["PATH_INFO"][len(SECOND_MOUNT) :]
        return wsgi_app(environ, start_response)

    return mounted


def mount(app: Flask) -> None:
    """Puts the second mount before the application."""
    app.wsgi_app = second_mount(app.wsgi_app)  # type: ignore[method-assign,assignment]


def without_default(doc: dict[str, Any], doc_info: Any, **_: Any) -> dict[str, Any]:
    """Removes flask-smorest's default response from openapi.json: it has the widget's form of an error."""
    return {**doc, "responses": {name: one for name, one in doc["responses"].items() if name != "default"}}


def _query(shape: type[Schema]) -> Any:
    """Returns the query parameters; ids of the path that are repeated there are ignored."""
    schema = shape(unknown=EXCLUDE)
    lists = {field.data_key for field in schema.load_fields.values() if hasattr(field, "inner")}
    sent = {name: request.args.getlist(name) if name in lists else value for name, value in request.args.items()}
    try:
        return schema.load(sent)
    except ValidationError as wrong:
        raise unfit(wrong) from wrong


def _once(known: Caller, run: Callable[[], Any]) -> Any:
    """Runs a request once per caller and request key: the same key of another caller is another request.

    Raises KeyReused for a repeat whose response was erased with somebody whom it named.
    """
    who = known.key_id or (known.customer and known.customer.id)
    body = {"path": request.full_path, "method": request.method, "body": request.get_data(as_text=True)}
    sent = request.headers[KEY_HEADER]
    if not 0 < len(sent) <= idempotency.KEY_LENGTH_MAX:
        raise BadRequest(
            f"A request key of your own has 1 to {idempotency.KEY_LENGTH_MAX} characters.", field=KEY_HEADER
        )
    key = config.digest(f"{who}:{sent}")  # of a fixed length, whatever the length of the caller's key
    result = idempotency.run_once(
        known.shop.id, SOURCE, key, body, run, customer_id=known.customer.id if known.customer else None
    )
    if result is None:
        raise KeyReused("This request was done. What it returned was erased with somebody whom it named.")
    return result


def _common(who: Audience, takes: type | None, body: Schema | None, keyed: bool) -> Refusals:
    """Returns the refusals of any call of this kind."""
    is_query = takes is not None and issubclass(takes, QueryBody | SearchBody | CountBody)
    return (
        *ANY_CALL,
        *OF_AUDIENCE[who],
        *(OF_BODY if body else ()),
        *(OF_QUERY if is_query else ()),
        *(OF_REQUEST_KEY if keyed else ()),
    )


def _doc(
    who: Audience, takes: Schema | None, query: type[Schema] | None, keyed: bool, refusals: CallRefusals
) -> dict[str, Any]:
    responses = refusals.responses(ErrorBody, admin=True)
    doc: dict[str, Any] = {"security": SECURITY[who], "responses": responses, "x-needs": NEEDS[who]}
    if takes is not None:
        doc["requestBody"] = {"required": bool(takes.validate({})), "content": {"application/json": {"schema": takes}}}
    parameters: list[Any] = []
    if query is not None:
        parameters.append({"in": "query", "schema": query})
    if keyed:
        text = {"type": "string", "minLength": 1, "maxLength": idempotency.KEY_LENGTH_MAX}
        parameters.append({"in": "header", "name": KEY_HEADER, "required": False, "schema": text})
    if parameters:
        doc["parameters"] = parameters
    return doc
