"""What the widget's routes share: who may call, request and response bodies, and the request key."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from flask import Response, jsonify, request
from flask_smorest import Blueprint
from werkzeug.exceptions import RequestEntityTooLarge

from widget_server import config, idempotency
from widget_server.db import canonical
from widget_server.errors import (
    BadRequest,
    Busy,
    DatabaseAway,
    KeyReused,
    NotFound,
    OriginNotAllowed,
    RateLimited,
    SignedOut,
)
from widget_server.json_types import Json, JsonObject
from widget_server.loyalty.program.shops import Shop
from widget_server.web import auth, compression
from widget_server.web.auth import MEMBER_TOKEN, SHOP_HEADER, Shopper
from widget_server.web.bodies import json_body, plain
from widget_server.web.documented_refusals import CallRefusals, Refusals, once_each
from widget_server.web.limits import Limit
from widget_server.web.typed_schemas import ShapeSchema, schema_for, schema_of
from widget_server.widget.direct import Query, Read
from widget_server.widget.fields import Body
from widget_server.widget.shapes.refusal import Refusal

W = TypeVar("W")
B = TypeVar("B")
R = TypeVar("R")
P = ParamSpec("P")
Handler = Callable[Concatenate[W, P], R]
BodyHandler = Callable[Concatenate[W, B, P], R]
AnyHandler = Callable[..., Any]  # inside `route`; its overloads check a handler against `takes` and `returns`

SOURCE = "widget"
READS: dict[str, Read] = {}  # by path
KEY_HEADER = "Idempotency-Key"
KEY_LENGTH_MAX = 200
CHALLENGE_BYTES = 24

SHOP: JsonObject = {  # public: it identifies the shop and authenticates nobody
    "in": "header",
    "name": SHOP_HEADER,
    "description": "The shop's embed key.",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}
KEY: JsonObject = {
    "in": "header",
    "name": KEY_HEADER,
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX},
}
# refusals that any call may return, by what the call takes; `refuses` of a route lists further ones
ANY_CALL: Refusals = (BadRequest, NotFound, OriginNotAllowed, Busy, DatabaseAway)
OF_BODY: Refusals = (RequestEntityTooLarge,)
OF_LIMIT: Refusals = (RateLimited,)
OF_REQUEST_KEY: Refusals = (KeyReused,)
CURSOR: JsonObject = {
    "in": "query",
    "name": "cursor",
    "description": "The next_cursor of the page before.",
    "required": False,
    "schema": {"type": "string"},
}


@dataclass(frozen=True)
class Who(Generic[W]):
    """Who may call: how the caller is found, the id that rate limits count, the security entry in openapi.json, and
    the refusals for all others.
    """

    find: Callable[[], W]
    id_of: Callable[[W], str]
    security: list[dict[str, list[str]]]
    refuses: Refusals = ()


MEMBER = Who[Shopper](auth.member, Shopper.get_id, [{MEMBER_TOKEN: []}], (SignedOut,))
ANYBODY = Who[Shop](auth.shop, lambda shop: str(shop.id), [{}])  # limits count the shop and the caller's address
ANYBODY_OR_MEMBER = Who[Shop](auth.shop, ANYBODY.id_of, [*ANYBODY.security, *MEMBER.security])


class Endpoints(Blueprint):
    """The endpoints of one tab, under /widget/. openapi.json states who may call each one, and its refusals."""

    def __init__(self, name: str, path: str, description: str) -> None:
        super().__init__(name, name, url_prefix=f"/widget/{path}", description=description)
        self.after_request(compression.quickly)

    @overload  # type: ignore[override]  # our endpoints declare more than a Flask rule
    def route(
        self,
        method: str,
        path: str,
        who: Who[W],
        *,
        returns: type[R],
        refuses: Refusals = (),
        limit: Limit | None = None,
        parameters: tuple[JsonObject, ...] = (),
    ) -> Callable[[Handler[W, P, R]], Handler[W, P, R]]: ...
    @overload
    def route(
        self,
        method: str,
        path: str,
        who: Who[W],
        *,
        takes: type[B],
        returns: type[R],
        refuses: Refusals = (),
        limit: Limit | None = None,
        parameters: tuple[JsonObject, ...] = (),
    ) -> Callable[[BodyHandler[W, B, P, R]], BodyHandler[W, B, P, R]]: ...
    def route(
        self,
        method: str,
        path: str,
        who: Who[W],
        *,
        takes: type | None = None,
        returns: type,
        refuses: Refusals = (),
        limit: Limit | None = None,
        parameters: tuple[JsonObject, ...] = (),
    ) -> Callable[[AnyHandler], AnyHandler]:
        """Registers an endpoint: `act(caller, body, *ids of the path)` returns a value of the shape `returns`.

        `limit` is the caller's rate limit, counted before the body is read; `parameters` are further parameters for
        openapi.json, which the handler reads itself. `refuses` lists refusals beyond those of any call of its kind.
        With `returns=Response` the handler makes the response itself, such as a file.
        """
        add_route = super().route
        body_schema = schema_for(takes, Body) if takes else None
        common = (
            *ANY_CALL,
            *who.refuses,
            *(OF_BODY if takes else ()),
            *(OF_LIMIT if limit else ()),
            *(OF_REQUEST_KEY if KEY in parameters else ()),
        )
        refusals = CallRefusals(f"{method} {self.url_prefix}{path}", once_each((*refuses, *common)))

        def register(act: AnyHandler) -> AnyHandler:
            @wraps(act)
            def view(**ids: str) -> Response:
                with refusals.checked():
                    caller = who.find()
                    if limit is not None:
                        limit.count(who.id_of(caller))
                    received = [json_body(body_schema)] if body_schema else []
                    result = act(caller, *received, *ids.values())
                return result if isinstance(result, Response) else jsonify(result)

            shape = {"type": "object"} if returns is Response else schema_of(returns, Body)
            documented = self.response(200, shape)(view)
            documented = self.doc(**_doc(who.security, refusals, body_schema, parameters))(documented)
            add_route(path, methods=[method], parameters=[SHOP])(documented)
            return act

        return register

    def read(
        self, path: str, *, returns: type[R], parameters: tuple[JsonObject, ...] = ()
    ) -> Callable[[Callable[[Shopper, Query], R]], Callable[[Shopper, Query], R]]:
        """Registers a read of a member: `act(member, query)` returns a value of the shape `returns`.

        It is served directly (direct.py), and through Flask where something is wrong with the request.
        """

        def register(act: Callable[[Shopper, Query], R]) -> Callable[[Shopper, Query], R]:
            @self.route("GET", path, MEMBER, returns=returns, parameters=parameters)
            @wraps(act)
            def through_flask(me: Shopper) -> R:
                return act(me, request.args)

            READS[f"{self.url_prefix}{path}"] = act
            return act

        return register


def query_parameter(name: str, description: str, *, required: bool = False, **schema: Json) -> JsonObject:
    """Returns the openapi.json object of a query parameter; `schema` has the constraints of its text."""
    text = {"type": "string", **schema}
    return {"in": "query", "name": name, "description": description, "required": required, "schema": text}


def once(shopper: Shopper, body: Json, act: Callable[[str], R], *, limit: Limit | None = None) -> R:
    """Runs `act` once per request key; a repeat with the same key gets the same response (acceptance 29, 62).

    `act` takes the ledger key: the caller's own key, bound to the caller. Its result is stored as JSON. `body` and the
    path identify the request. `limit` is the caller's rate limit; a repeat of a completed request is not counted.
    Raises BadRequest without a key, KeyReused for the key of another request, RateLimited, and whatever `act` raises.
    """
    sent = request.headers.get(KEY_HEADER, "")
    if not 0 < len(sent) <= KEY_LENGTH_MAX:
        raise BadRequest(f"Send a request key of your own, 1 to {KEY_LENGTH_MAX} characters.", field=KEY_HEADER)
    key = f"{shopper.customer.id}:{sent}"
    fingerprint = {"path": request.path, "body": body}

    def act_first_time() -> object:
        if limit is not None:
            limit.count(shopper.get_id())
        return plain(act(key))

    stored = idempotency.run_once(
        shopper.shop.id, SOURCE, key, fingerprint, act_first_time, customer_id=str(shopper.customer.id)
    )
    return cast(R, stored)


def challenge_of_key(shop: Shop, *body: Json) -> str:
    """Returns the challenge for a request of a code: with a request key, the same for the same request.

    So a repeat finds its challenge in the database, and no secret has to be stored for it. Without a key it is random.
    """
    sent = request.headers.get(KEY_HEADER, "")
    if not 0 < len(sent) <= KEY_LENGTH_MAX:
        return secrets.token_urlsafe(CHALLENGE_BYTES)
    message = canonical([shop.id, request.path, sent, *body]).encode()
    digest = hmac.new(config.derived_key("challenges"), message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:CHALLENGE_BYTES]).decode()


def _doc(
    security: list[dict[str, list[str]]],
    refusals: CallRefusals,
    takes: ShapeSchema | None,
    parameters: tuple[JsonObject, ...],
) -> dict[str, object]:
    doc: dict[str, object] = {"security": security, "responses": refusals.responses(schema_of(Refusal, Body))}
    if takes is not None:
        needed = bool(takes.validate({}))
        doc["requestBody"] = {"required": needed, "content": {"application/json": {"schema": takes}}}
    if parameters:
        doc["parameters"] = list(parameters)
    return doc
