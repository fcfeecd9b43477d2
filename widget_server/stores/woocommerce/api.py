"""Reads from WooCommerce through its REST API v3, apart from coupons: orders, refunds, customers and prices;
webhooks are written too.

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
HOOK_PAGES_MAX = 20
NO_WEBHOOK = "woocommerce_rest_shop_webhook_invalid_id"
NO_ORDER = "woocommerce_rest_shop_order_invalid_id"

Row = JsonObject


@dataclass(frozen=True)
class Page:
    """A page of a list: its rows, whether it is the last one, the time on the shop's own clock, and how many rows the
    whole list has.
    """

    rows: list[Row]
    is_last: bool
    served_at: datetime
    total: int = 0


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


def orders_placed(api: Api, *, since: datetime, page: int) -> Page:
    """Returns whole orders, as in a webhook, that were placed at `since` or later, the earliest first; no trash."""
    before = since.astimezone(UTC).replace(microsecond=0, tzinfo=None) - timedelta(seconds=1)
    query = {
        "after": before.isoformat(),
        "dates_are_gmt": "true",
        "orderby": "date",
        "order": "asc",
        "status": "any",
        "per_page": PAGE_SIZE,
        "page": page,
    }
    return _page(_ask(api, "GET", f"orders?{urlencode(query)}", of_list=True), page)


def customers(api: Api, *, page: int) -> Page:
    """Returns whole customers, as in a webhook: the users whose role is customer, by their ids."""
    query = {"orderby": "id", "order": "asc", "role": "customer", "per_page": PAGE_SIZE, "page": page}
    return _page(_ask(api, "GET", f"customers?{urlencode(query)}", of_list=True), page)


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
    found: list[Row] = []
    for page in range(1, HOOK_PAGES_MAX + 1):
        query = {"orderby": "id", "order": "asc", "per_page": 100, "page": page}
        response = _ask(api, "GET", f"webhooks?{urlencode(query)}", of_list=True)
        found += _rows(response)
        if page >= int(response.headers.get("X-WP-TotalPages") or 1):
            break
    return found


def make_webhook(api: Api, facts: Row) -> None:
    """Create a webhook; WooCommerce then tests its address by an unsigned delivery."""
    _ask(api, "POST", "webhooks", facts)


def change_webhook(api: Api, webhook_id: Json, facts: Row) -> None:
    """Overwrite these fields of a webhook."""
    _ask(api, "PUT", f"webhooks/{webhook_id}", facts)


def delete_webhook(api: Api, webhook_id: Json) -> None:
    """Delete a webhook for good; a missing one is no error."""
    try:
        _ask(api, "DELETE", f"webhooks/{webhook_id}?force=true")
    except Refused as refused:
        if refused.code != NO_WEBHOOK:
            raise


def time_served(api: Api) -> datetime:
    """Returns the time on the shop's own clock, to the second."""
    return _served_at(_ask(api, "GET", "coupons?per_page=1&_fields=id"))


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


def _page(response: Reply, page: int) -> Page:
    pages = response.headers.get("X-WP-TotalPages") or ""
    if not pages.isdecimal():
        raise NotReached("gives a list without saying how many pages there are")
    total = response.headers.get("X-WP-Total") or ""
    return Page(_rows(response), page >= int(pages), _served_at(response), int(total) if total.isdecimal() else 0)


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
