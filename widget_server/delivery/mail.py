"""Mail: promised in a transaction, rendered and sent by a job after the commit."""

import json
from typing import Any

from widget_server import config, queue
from widget_server.events import MailWanted


def promise(event: MailWanted) -> None:
    """Queue the mail; codes and links wait encrypted."""
    letter = {"shop_id": event.shop_id, "template": event.template, "to": event.to, "locale": event.locale}
    queue.enqueue("send_mail", {"sealed": config.seal(json.dumps({**letter, "values": event.values}))})


def opened(payload: dict[str, Any]) -> dict[str, Any]:
    """The letter that `promise` queued."""
    letter: dict[str, Any] = json.loads(config.unseal(payload["sealed"]))
    return letter
