"""What the widget's routes share: the request key, and a blueprint that documents its refusals."""

from collections.abc import Callable
from typing import Any

from flask import request
from flask_smorest import Blueprint

from widget_server import keys
from widget_server.errors import BadRequest
from widget_server.web.auth import Shopper
from widget_server.widget import compression

SOURCE = "widget"
KEY_HEADER = "Idempotency-Key"


def blueprint(name: str, path: str, description: str) -> Blueprint:
    """The endpoints of one tab, under /widget/."""
    made = Blueprint(name, name, url_prefix=f"/widget/{path}", description=description)
    made.after_request(compression.quickly)
    return made


def once(shopper: Shopper, asked: Any, act: Callable[[str], Any]) -> Any:
    """Do `act` once for the request key; again with the same key: the same answer (acceptance 29, 62).

    `act` takes the ledger key: the caller's own, bound to the caller. Raises BadRequest without a key.
    """
    sent = request.headers.get(KEY_HEADER, "")
    if not sent:
        raise BadRequest("Send a request key of your own.", field=KEY_HEADER)
    key = f"{shopper.customer.id}:{sent}"
    asked = {"path": request.path, "asked": asked}
    return keys.once(shopper.shop.id, SOURCE, key, asked, lambda: act(key), customer_id=str(shopper.customer.id))
