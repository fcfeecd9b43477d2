"""What the widget's routes share: the request key, and a blueprint that documents what callers must know."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from flask import request
from flask_smorest import Blueprint
from marshmallow import Schema

from widget_server import config, idempotency
from widget_server.db import canonical
from widget_server.errors import BadRequest
from widget_server.loyalty.program.shops import Shop
from widget_server.web import compression
from widget_server.web.auth import MEMBER_TOKEN, SHOP_HEADER, Shopper
from widget_server.web.limits import Limit
from widget_server.widget.shapes import Refusal

SOURCE = "widget"
KEY_HEADER = "Idempotency-Key"
KEY_LENGTH_MAX = 200
CHALLENGE_BYTES = 24

View = TypeVar("View", bound=Callable[..., object])
Callers = list[dict[str, list[str]]]
ANYBODY: Callers = [{}]
MEMBERS: Callers = [{MEMBER_TOKEN: []}]
SHOP = {  # it is public: it says which shop, and proves nothing
    "in": "header",
    "name": SHOP_HEADER,
    "description": "The shop's embed key.",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}


class Endpoints(Blueprint):
    """The endpoints of one tab, under /widget/. openapi.json says of each who may call it and how a "no" reads."""

    def __init__(self, name: str, path: str, description: str, *, callers: Callers = MEMBERS) -> None:
        super().__init__(name, name, url_prefix=f"/widget/{path}", description=description)
        self.callers = callers
        self.after_request(compression.quickly)
        self._prepare_doc_cbks.append(self._prepare_callers_doc)

    def route(
        self, rule: str, *, parameters: list[Any] | None = None, tags: list[str] | None = None, **options: Any
    ) -> Callable[[View], View]:
        """Register a route; each says which shop it is about."""
        return super().route(rule, parameters=[SHOP, *(parameters or ())], tags=tags, **options)

    def takes(self, shape: type[Schema]) -> Callable[[View], View]:
        """Document the body that the route reads."""
        needed = bool(shape().validate({}))
        return self.doc(requestBody={"required": needed, "content": {"application/json": {"schema": shape}}})

    def takes_key(self) -> Callable[[View], View]:
        """Document that the route needs a request key."""
        text = {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX}
        return self.doc(parameters=[{"in": "header", "name": KEY_HEADER, "required": True, "schema": text}])

    def takes_query(
        self, name: str, description: str, *, required: bool = False, **schema: Any
    ) -> Callable[[View], View]:
        """Document a query parameter."""
        text = {"type": "string", **schema}
        facts = {"in": "query", "name": name, "description": description, "required": required}
        return self.doc(parameters=[{**facts, "schema": text}])

    def _prepare_callers_doc(self, doc: dict[str, Any], doc_info: Any, **_: Any) -> dict[str, Any]:
        """A step of flask-smorest's own making of the document."""
        refusal = {"description": "No, and why", "content": {"application/json": {"schema": Refusal}}}
        return {**doc, "security": self.callers, "responses": {**doc["responses"], "4XX": refusal}}


def once(shopper: Shopper, body: Any, act: Callable[[str], Any], *, limit: Limit | None = None) -> Any:
    """Do `act` once for the request key; again with the same key: the same answer (acceptance 29, 62).

    `act` takes the ledger key: the caller's own, bound to the caller. `limit` is how often the caller may do it;
    a repeat of what was done is not counted. Raises BadRequest without a key, RateLimited.
    """
    sent = request.headers.get(KEY_HEADER, "")
    if not 0 < len(sent) <= KEY_LENGTH_MAX:
        raise BadRequest(f"Send a request key of your own, 1 to {KEY_LENGTH_MAX} characters.", field=KEY_HEADER)
    key = f"{shopper.customer.id}:{sent}"
    body = {"path": request.path, "body": body}

    def act_anew() -> Any:
        if limit is not None:
            limit.count(str(shopper.customer.id))
        return act(key)

    return idempotency.run_once(shopper.shop.id, SOURCE, key, body, act_anew, customer_id=str(shopper.customer.id))


def challenge_of_key(shop: Shop, *body: Any) -> str:
    """The challenge for a request that asks for a code: with a request key the same for the same request.

    So a repeat finds the challenge there, and nothing that opens anything is kept to be answered again. Without a key
    it is a random one.
    """
    sent = request.headers.get(KEY_HEADER, "")
    if not 0 < len(sent) <= KEY_LENGTH_MAX:
        return secrets.token_urlsafe(CHALLENGE_BYTES)
    words = canonical([shop.id, request.path, sent, *body]).encode()
    mark = hmac.new(config.derived_key("challenges"), words, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mark[:CHALLENGE_BYTES]).decode()
