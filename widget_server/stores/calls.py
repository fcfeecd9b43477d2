"""Calls to a shop's own API: one request, one JSON response, within seconds.

No redirect is followed, because it would carry the keys along. No error contains a key.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from widget_server.json_types import Json
from widget_server.loyalty.program.shops import Shop

TIMEOUT = urllib3.Timeout(connect=5, read=5)
ANSWER_SECONDS_MAX = 10  # a server may send a byte every few seconds
ANSWER_BYTES_MAX = 1_000_000
LIST_TIMEOUT = urllib3.Timeout(connect=5, read=20)  # a small shop renders fifty orders in seconds
LIST_SECONDS_MAX = 25
LIST_BYTES_MAX = 20_000_000
DETAIL_LENGTH_MAX = 300
RETRY_SECONDS_MAX = 3600
BUSY = (408, 423, 425, 429, 430)  # 430 is Shopify's own: too many requests at once


class NotReached(Exception):
    """The shop gave no usable response: a later call may help, after `retry_seconds` if the shop said so."""

    def __init__(self, detail: str = "", retry_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.retry_seconds = retry_seconds


PRODUCT_UNAVAILABLE = "product_unavailable"  # a code of ours: the shop does not sell this free product now


class Refused(Exception):
    """The shop refused, and would refuse again. `code` is its own code for the reason, or `PRODUCT_UNAVAILABLE`.

    `status` is that of the response; 0 where the response itself says that it refuses.
    """

    def __init__(self, detail: str, code: str = "", status: int = 0) -> None:
        super().__init__(detail)
        self.detail, self.code, self.status = detail, code, status


@dataclass(frozen=True)
class Api:
    """Where a shop's own API is, and the keys to it. `shop_id` is None while the keys are only tried."""

    url: str
    keys: dict[str, str]
    shop_id: str | None = None


def api_of(shop: Shop) -> Api:
    """Returns the API of a connected shop."""
    return Api(str(shop.api_url), shop.api_keys, shop.id)


@dataclass(frozen=True)
class Recipient:
    """The customer a code is bound to: the shop's own id, and every e-mail address the shop may have for them."""

    external_id: str | None
    emails: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A code that exists in the shop: the shop's id, the coupon it was made for, whether an order used it."""

    id: str
    coupon_id: str | None
    used: bool


@dataclass(frozen=True)
class Reply:
    """A JSON value and the response headers; header names are case-insensitive."""

    value: Json
    headers: Mapping[str, str]


def ask(method: str, url: str, headers: dict[str, str], body: object = None) -> Json:
    """Returns the JSON value in the response of `url`; `body` is sent as JSON. Raises NotReached, Refused."""
    return reply(method, url, headers, body).value


def ask_by_form(url: str, fields: Mapping[str, str]) -> Json:
    """Returns the JSON value in the response to a posted form. Raises NotReached, Refused."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return reply("POST", url, headers, urlencode(fields).encode()).value


def reply(method: str, url: str, headers: dict[str, str], body: object = None, *, of_list: bool = False) -> Reply:
    """Returns the JSON value in the response of `url`, and its headers. A list may take longer, and be larger.

    `body` is sent as JSON, bytes as they are.

    Raises NotReached, Refused.
    """
    sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    known = {"Accept": "application/json", "User-Agent": "loyalty-widget", **headers}
    if sent is not None:
        known.setdefault("Content-Type", "application/json")
    try:
        with urllib3.PoolManager() as pool:
            response = pool.request(
                method,
                url,
                body=sent,
                headers=known,
                timeout=LIST_TIMEOUT if of_list else TIMEOUT,
                retries=False,
                preload_content=False,
            )
            status, text = response.status, _read(response, of_list=of_list)
    except HTTPError as failure:
        raise NotReached(f"cannot be reached ({type(failure).__name__})") from None
    if status in BUSY or status >= 500:
        raise NotReached(f"answered {status}", _retry_seconds(response.headers.get("Retry-After") or ""))
    try:
        value: Json = json.loads(text)
    except ValueError:
        value = None
    if not 200 <= status < 300:
        code = _word(value, "code") or _word(value, "error")
        reason = _word(value, "message") or _word(value, "errors") or _word(value, "error_description")
        detail = " ".join(filter(None, (f"answered {status}", code, reason)))
        raise Refused(detail[:DETAIL_LENGTH_MAX], code, status)
    if value is None:
        raise NotReached("returned no JSON")
    return Reply(value, response.headers)


def _retry_seconds(header: str) -> int | None:
    """Returns the seconds of a Retry-After header, RETRY_SECONDS_MAX at most; None when it has none."""
    text = header.strip()
    return min(int(text), RETRY_SECONDS_MAX) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _read(response: urllib3.BaseHTTPResponse, *, of_list: bool) -> bytes:
    """Returns the whole body. Raises NotReached when it is too large or too slow."""
    seconds, most = (LIST_SECONDS_MAX, LIST_BYTES_MAX) if of_list else (ANSWER_SECONDS_MAX, ANSWER_BYTES_MAX)
    until, text = time.monotonic() + seconds, bytearray()
    while part := response.read1(65_536):
        text += part
        if len(text) > most or time.monotonic() > until:
            response.close()
            raise NotReached("returned too much, or too slowly")
    return bytes(text)


def _word(value: Json, name: str) -> str:
    text = value.get(name) if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""
