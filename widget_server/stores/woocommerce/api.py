"""Reads from WooCommerce through its REST API v3, apart from coupons: orders, refunds, webhooks and prices.

Every function makes a call, and raises NotReached or Refused. Times are sent without a zone: WooCommerce uses them
unchanged, but converts a time with a zone into the site's zone before it compares, even with `dates_are_gmt`.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from widget_server import clock
from widget_server.json_types import Json, JsonObject
from widget_server.stores.calls import Api, NotReached, Refused, Reply, reply

PAGE_SIZE = 50
NO_ORDER = "woocommerce_rest_shop_order_invalid_id"
NO_WRITE = "The API key provided does not have write permissions."  # its code is the same as for any wrong key

Row = JsonObject


@dataclass(frozen=True)
class Page:
    """A page of a list: its rows, whether it is the last one, and the time on the shop's own clock."""

    rows: list[Row]
    is_last: bool
    served_at: datetime


def orders_changed(api: Api, status: str, *, since: datetime, page: int) -> Page:
    """Returns whole orders, as in a webhook, that changed at `since` or later, the earliest change first.

    `status` is `any`, which excludes the trash, or `trash`.
    """
    before = since.astimezone(UTC).replace(microsecond=0, tzinfo=None) - timedelta(seconds=1)  # the shop excludes it
    query = {
        "modified_after": before.isoformat(),
        "dates_are_gmt": "true",
        "orderby": "modified",
        "order": "asc",
        "status": status,
        "per_page": PAGE_SIZE,
        "page": page,
    }
    return _page(_ask(api, "GET", f"orders?{urlencode(query)}", of_list=True), page)


def orders_there(api: Api, ids: list[str]) -> set[str]:
    """Returns the ids of these orders that the shop lists, without those in the trash."""
    query = {"include": ",".join(ids), "status": "any", "per_page": len(ids), "_fields": "id"}
    return {str(row["id"]) for row in _rows(_ask(api, "GET", f"orders?{urlencode(query)}", of_list=True))}


def order(api: Api, order_id: str) -> Row | None:
    """Returns one whole order, also from the trash; None when the shop no longer has it."""
    try:
        found = _ask(api, "GET", f"orders/{order_id}").value
    except Refused as refused:
        if refused.code != NO_ORDER:
            raise
        return None
    if not isinstance(found, dict):
        raise NotReached("returned no order")
    return found


def refunds(api: Api, order_id: str) -> list[Row]:
    """Returns the refunds of an order, each with its lines."""
    return _rows(_ask(api, "GET", f"orders/{order_id}/refunds?per_page=100", of_list=True))


def webhooks(api: Api) -> list[Row]:
    """Returns the shop's webhooks to any address."""
    return _rows(_ask(api, "GET", "webhooks?per_page=100", of_list=True))


def switch_on(api: Api, webhook_id: Json) -> None:
    """Set a webhook to active, so that it is delivered again."""
    _ask(api, "PUT", f"webhooks/{webhook_id}", {"status": "active"})


def setting(api: Api, group: str, name: str) -> str:
    """Returns the value of one of the shop's settings; empty without one."""
    found = _ask(api, "GET", f"settings/{group}/{name}").value
    return str(found.get("value") or "") if isinstance(found, dict) else ""


def standard_rates(api: Api) -> list[Row]:
    """Returns the tax rates of the standard class, for all countries."""
    return _rows(_ask(api, "GET", "taxes?class=standard&per_page=100", of_list=True))


def may_only_read(no: Refused) -> bool:
    """True when a refusal means that the keys may read but not write."""
    return NO_WRITE in no.detail or no.code == "woocommerce_rest_cannot_edit"


def _page(response: Reply, page: int) -> Page:
    pages = response.headers.get("X-WP-TotalPages") or ""
    if not pages.isdecimal():
        raise NotReached("lists orders without saying how many pages there are")
    return Page(_rows(response), page >= int(pages), _served_at(response))


def _served_at(response: Reply) -> datetime:
    try:
        return parsedate_to_datetime(response.headers.get("Date") or "").astimezone(UTC)
    except ValueError:
        return clock.now()


def _rows(response: Reply) -> list[Row]:
    rows = response.value if isinstance(response.value, list) else [None]
    found: list[Row] = [row for row in rows if isinstance(row, dict)]
    if len(found) < len(rows):
        raise NotReached("returned no list")
    return found


def _ask(api: Api, method: str, rest: str, body: Json = None, *, of_list: bool = False) -> Reply:
    login = base64.b64encode(f"{api.keys['key']}:{api.keys['secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    return reply(method, f"{api.url}/wp-json/wc/v3/{rest}", headers, body, of_list=of_list)
