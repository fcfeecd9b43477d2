"""A shop on any software: Standard Webhooks signatures, our own bodies (docs/contracts.md §4)."""

import json
from collections.abc import Mapping

from standardwebhooks import Webhook, WebhookVerificationError

from widget_server.stores.messages import ActionSeen, CustomerSeen, MalformedMessage, Message, OrderSeen
from widget_server.web.bodies import storable

TOPICS = ("order", "customer", "action")
ENDINGS = frozenset[str]()  # deletions are in the signed body, and a signature is valid for minutes


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """True when the shop signed this body within the last five minutes."""
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError, RuntimeError):
        return False
    return True


def translate(topic: str, body: bytes) -> Message:
    """Returns the message in a signed body; raises MalformedMessage when it is not a JSON object."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as wrong:
        raise MalformedMessage("not JSON") from wrong
    if not isinstance(value, dict):
        raise MalformedMessage("not a JSON object")
    if not storable(value):
        raise MalformedMessage("a text has a NUL or an unpaired surrogate")
    if topic == "order":
        return OrderSeen(value)
    if topic == "customer":
        return CustomerSeen(value)
    if topic == "action":
        return ActionSeen(value)
    raise MalformedMessage("unknown topic")
