"""Imports a shop's past orders and customers from its own API (contracts §29).

A chain of jobs, one page each: the page is read outside any transaction, each of its bodies is handled like a webhook,
in a transaction of its own, and then the place is stored. A page that is read again after a crash has no effect.
Nothing is mailed. A trial reads the same pages and books nothing.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from marshmallow import ValidationError
from peewee import fn

from widget_server import clock, job_queue
from widget_server.db import atomic
from widget_server.errors import BadRequest, Refusal
from widget_server.job_queue import JobName
from widget_server.loyalty.earning import feeds, orders, store_imports
from widget_server.loyalty.earning.order_estimates import Estimator
from widget_server.loyalty.earning.store_imports import Found, Mode, Progress, StoreImport
from widget_server.loyalty.people import mailing
from widget_server.loyalty.points.awards import Award
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import inbox
from widget_server.stores.calls import Api, NotReached, Refused, api_of
from widget_server.stores.codes import Payload
from widget_server.stores.fields import Fields
from widget_server.stores.messages import MalformedMessage, OrderSeen
from widget_server.stores.platforms import PLATFORMS
from widget_server.stores.shapes import read_order
from widget_server.stores.woocommerce import api as woocommerce_api
from widget_server.stores.woocommerce.api import Row

TRIES_MAX = 20
PAUSE_SECONDS_MAX = 600


def begin(shop: Shop, mode: Mode, since: datetime | None = None) -> StoreImport:
    """Start a trial or an import of the orders placed since then, default since orders count; a stopped one goes on.

    Raises BadRequest while the shop is not connected, its platform has no such list, its program is not active, or
    another import runs.
    """
    if shop.platform not in feeds.WATCHED:
        raise BadRequest("Past orders are read from WooCommerce alone: use an import of a file.", field="platform")
    if not shop.is_connected:
        raise BadRequest("Connect the shop first.", field="api_url")
    first = store_imports.first_day(shop)
    return store_imports.begin(shop, mode, first if since is None else since)


def begin_as_job(shop: Shop, mode: Mode, since: datetime | None = None) -> StoreImport:
    """Start as `begin` does, and let the worker do it."""
    with atomic():
        row = begin(shop, mode, since)
        _promise(shop)
        return row


def run(payload: Payload) -> None:
    """Job: read one page, and queue the next; one that cannot be reached is called again later."""
    shop = shops.by_id(str(payload["shop_id"]))
    pause = go_on(shop)
    if pause is not None:
        _promise(shop, pause)


def _promise(shop: Shop, pause: float = 0) -> None:
    job_queue.enqueue(JobName.IMPORT_STORE, {"shop_id": shop.id}, delay_seconds=pause)


def go_on(shop: Shop) -> float | None:
    """Read one page; returns the seconds to wait before the next one, None when nothing is left to do."""
    row = store_imports.of(shop)
    if row is None or row.status != "running":
        return None
    if not shop.is_connected:
        store_imports.fail(row, "The shop is not connected any more.", is_last=True)
        return None
    api = api_of(shop)
    try:
        found, place = STEPS[row.step](shop, row, api)
    except NotReached as no:
        is_last = row.tries + 1 >= TRIES_MAX
        went_on = store_imports.fail(row, f"The shop {no}.", is_last=is_last)
        pause = no.retry_seconds if no.retry_seconds is not None else min(2**row.tries, PAUSE_SECONDS_MAX)
        return pause if went_on and not is_last else None
    except Refused as no:
        store_imports.fail(row, f"The shop {no}.", is_last=True)
        return None
    if not store_imports.advance(row, found, place):
        return None  # another worker goes on
    return 0 if place is not None or row.step != store_imports.STEPS[-1] else None


def _orders(shop: Shop, row: StoreImport, api: Api) -> tuple[Found, Progress | None]:
    """Read a page of orders; returns the findings and the next place. Raises NotReached, Refused."""
    reached = row.reached
    page = woocommerce_api.orders_placed(api, since=reached.since, page=reached.page)
    found, estimator = row.facts, Estimator.of(shop)
    found.orders_in_all = found.orders_in_all or page.total
    take = _try_order if row.is_trial else _book_order
    for one in page.rows:
        if _id_of(one) not in reached.seen:  # the next page begins with the second in which the last one ended
            found.orders += 1
            take(shop, row, estimator, one, found)
    found.orders_in_all = max(found.orders_in_all, found.orders)
    return found, None if page.is_last else reached.after_orders([(_id_of(one), _placed_at(one)) for one in page.rows])


def _customers(shop: Shop, row: StoreImport, api: Api) -> tuple[Found, Progress | None]:
    """Read a page of customers; returns the findings and the next place. Raises NotReached, Refused."""
    reached = row.reached
    page = woocommerce_api.customers(api, page=reached.page)
    found = row.facts
    found.customers += len(page.rows)
    found.customers_in_all = max(page.total, found.customers)
    if not row.is_trial:
        for one in page.rows:
            _deliver(shop, "customer.updated", one)
    return found, None if page.is_last else replace(reached, page=reached.page + 1)


STEPS: dict[str, Callable[[Shop, StoreImport, Api], tuple[Found, Progress | None]]] = {
    "orders": _orders,
    "customers": _customers,
}


def _try_order(shop: Shop, row: StoreImport, estimator: Estimator, body: Row, found: Found) -> None:
    """Add to the findings what an order would give."""
    if orders.find(shop, shop.platform, _id_of(body)) is not None:
        found.known += 1
        return
    try:
        message = PLATFORMS[shop.platform].translate("order.updated", json.dumps(body).encode())
        if not isinstance(message, OrderSeen):
            return
        state, person = read_order(message.order)
    except (MalformedMessage, ValidationError, Refusal):
        found.parked += 1
        return
    if person is None or inbox.is_part(state) or state.status == "draft":
        return
    found.early += estimator.is_early(state)
    found.points += estimator.points(state, person.external_id)


def _book_order(shop: Shop, row: StoreImport, estimator: Estimator, body: Row, found: Found) -> None:
    """Book an order as its webhook would, and add to the findings what it gives."""
    found.parked += _deliver(shop, "order.updated", body).status == "parked"
    order = orders.find(shop, shop.platform, _id_of(body))
    if order is None:
        return
    if order.created_at < row.created_at:  # not by this import, also where a page is read again
        found.known += 1
        return
    found.early += order.ineligible_reason == orders.BEFORE_PROGRAM
    given = Award.of(shop, fn.COALESCE(fn.SUM(Award.points), 0)).where(Award.order_id == order.id)
    found.points += int(given.scalar())


def _deliver(shop: Shop, topic: str, body: Row) -> inbox.Outcome:
    with mailing.quiet():
        return inbox.deliver(shop, shop.platform, topic, json.dumps(body).encode())


def _id_of(body: Row) -> str:
    return str(body.get("id"))


def _placed_at(body: Row) -> datetime | None:
    try:
        moment = Fields(body).moment("date_created_gmt")
    except MalformedMessage:
        return None
    return None if moment is None else clock.parse(moment)
