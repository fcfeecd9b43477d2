"""Shopify's demand to delete a shop's data (`shop/redact`), 48 hours after the app was uninstalled (contracts §33).

A demand alone deletes nothing: the job first looks whether the app has access to the shop. While it has, it was not
uninstalled, or was installed again.
"""

from urllib.parse import urlsplit

from widget_server import config, job_queue
from widget_server.db import atomic
from widget_server.job_queue import JobName
from widget_server.json_types import JsonObject
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import store_data
from widget_server.loyalty.people.store_data import Step
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import notices
from widget_server.stores.calls import NotReached, Refused, api_of
from widget_server.stores.shopify import api as shopify_api
from widget_server.stores.shopify import codes
from widget_server.stores.shopify.tokens import ACCESS_ENDED

NOUN = "store_data"
LETTER = "staff_store_erased"
LOOK_AGAIN_SECONDS, LOOKS_MAX = 3600, 48  # a shop that cannot be reached for two days is gone
NO_ACCESS = (shopify_api.UNAUTHORIZED, 402, 403, 404)  # not installed; the shop is frozen, locked or closed
STEPS = {"orders": store_data.forget_checkouts, "people": store_data.forget_people}


def is_connected_to(shop: Shop, domain: str) -> bool:
    """Returns whether the shop is connected to the Shopify shop of this domain."""
    return shop.api_url is not None and urlsplit(shop.api_url).netloc == domain.lower()


def demand(shop: Shop) -> None:
    """Note the demand, and queue the look whether the app is really gone."""
    audit_log.note(shop.id, "receive", NOUN)
    job_queue.enqueue_once(JobName.FORGET_STORE, {"shop_id": shop.id, "step": "look", "looks": 0})


def run(payload: JsonObject) -> None:
    """Job: look, or do the next step and queue the one after it."""
    shop, step = shops.by_id(str(payload["shop_id"])), str(payload["step"])
    if step == "look":
        _look(shop, int(str(payload["looks"])))
    elif not shop.is_connected:  # else it was connected anew meanwhile: what is left belongs to this connection
        _forget(shop, step, payload)


def _look(shop: Shop, looks: int) -> None:
    if not shop.is_connected:
        return
    try:
        if _has_access(shop):
            audit_log.note(shop.id, "keep", NOUN)
            return
    except NotReached:
        if looks + 1 < LOOKS_MAX:
            _queue(shop, {"step": "look", "looks": looks + 1}, delay=LOOK_AGAIN_SECONDS)
            return
    with atomic():
        shops.disconnect(shop)
        store_data.forget_messages(shop)
        notices.tell_owners(shop, LETTER, {"link": f"{config.current().base_url}/dashboard/settings/connection"})
        _queue(shop, {"step": "orders", "after": "", "erased": 0, "kept": 0})


def _has_access(shop: Shop) -> bool:
    """Returns whether the app is installed. A refusal for another reason, as a missing scope, means that it is.

    Raises NotReached.
    """
    try:
        codes.check(api_of(shop))
    except Refused as no:
        return no.code != ACCESS_ENDED and no.status not in NO_ACCESS
    return True


def _forget(shop: Shop, step: str, payload: JsonObject) -> None:
    done: Step = STEPS[step](shop, str(payload["after"]))
    counts: JsonObject = {
        "erased": int(str(payload["erased"])) + done.erased,
        "kept": int(str(payload["kept"])) + done.kept,
    }
    if done.last is not None:
        _queue(shop, {"step": step, "after": done.last, **counts})
    elif step == "orders":
        _queue(shop, {"step": "people", "after": "", **counts})
    else:
        audit_log.note(shop.id, "erase", NOUN, after=counts)


def _queue(shop: Shop, payload: JsonObject, *, delay: float = 0) -> None:
    job_queue.enqueue(JobName.FORGET_STORE, {"shop_id": shop.id, **payload}, delay_seconds=delay)
