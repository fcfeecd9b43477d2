"""The client of the loyalty server: signed requests (Standard Webhooks), identity tokens, and widget calls."""

import http.client
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from standardwebhooks import Webhook

from demo_shop.bodies import BuyerBody, now
from demo_shop.config import ShopConfig

_TIMEOUT_SECONDS = 5.0
_VOUCHED_FOR = timedelta(minutes=5)


class Unreachable(Exception):
    """The loyalty server sent no response; the message has the reason."""


@dataclass(frozen=True)
class Answer:
    """A response: the HTTP status and the raw body."""

    status: int
    body: bytes

    @property
    def accepted(self) -> bool:
        """True when the loyalty server accepted the message: any 2xx."""
        return 200 <= self.status < 300


class Loyalty:
    """Sends requests to the loyalty server for one shop."""

    def __init__(self, config: ShopConfig) -> None:
        self._config = config
        self._webhook = Webhook(config.webhook_secret)

    def post(self, topic: str, message_id: str, body: str) -> Answer:
        """Send one signed body to the address of its topic; raises Unreachable when there is no response."""
        at = now()  # signed again at every attempt: old signatures are refused
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, at, body),
        }
        return _ask(self._config.webhook_urls[topic], body, headers)

    def as_shopper(
        self, path: str, body: Mapping[str, object] | None = None, *, token: str = "", key: str = ""
    ) -> dict[str, Any]:
        """Call the widget API as the panel does (/openapi.json): GET, or POST with a body; `token` is the session's.

        Raises Unreachable when there is no response, or an error response.
        """
        headers = {"X-Loyalty-Shop": self._config.embed_key, "Idempotency-Key": key}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        text = None if body is None else json.dumps(body)
        response = _ask(f"{self._config.widget_url}/widget/{path}", text, headers)
        if not response.accepted:
            raise Unreachable(f"{path}: {response.status}")
        found: dict[str, Any] = json.loads(response.body)
        return found

    def vouch(self, shopper: BuyerBody, at: datetime) -> str:
        """Returns a one-time token for the logged-in customer, valid for five minutes (contracts §5)."""
        claims = {
            "aud": self._config.shop_id,
            "sub": shopper["id"],
            "email": shopper["email"],
            "email_verified": shopper["email_verified"],
            "name": shopper["name"],
            "locale": self._config.locale,
            "jti": secrets.token_urlsafe(16),
            "iat": at,
            "exp": at + _VOUCHED_FOR,
        }
        return jwt.encode(claims, self._config.identity_secret, algorithm="HS256")


def _ask(address: str, body: str | None, headers: Mapping[str, str]) -> Answer:
    url = urlsplit(address)
    headers = {"Host": url.netloc, "Content-Type": "application/json", **headers}
    connect = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = connect(_address(url.hostname or ""), url.port, timeout=_TIMEOUT_SECONDS)
    try:
        path = url._replace(scheme="", netloc="").geturl()
        connection.request("GET" if body is None else "POST", path, body and body.encode(), headers)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, http.client.HTTPException) as problem:
        raise Unreachable(f"{type(problem).__name__}: {problem}") from problem
    finally:
        connection.close()


def _address(host: str) -> str:
    """Map names under localhost to this machine (RFC 6761), even if the resolver does not."""
    return "127.0.0.1" if host.endswith(".localhost") else host
