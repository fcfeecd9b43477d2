"""Reads changes that no webhook delivered from the shop's own API, every 15 minutes (contracts §13).

A look is a chain of jobs, one call or page each, outside any transaction: the webhooks, the changed orders, the trash,
and whether a sample of orders still exists. A body that was read is handled like a webhook, so that it has no effect
when it was known already. A failure ends the look; the next one continues from the same place.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast

from widget_server import clock, config, job_queue
from widget_server.db import atomic
from widget_server.job_queue import JobName
from widget_server.loyalty.earning import feeds, orders
from widget_server.loyalty.earning.feeds import Feed, Listing, Status
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import inbox, woocommerce
from widget_server.stores.calls import Api, NotReached, Refused, api_of
from widget_server.stores.codes import Payload
from widget_server.stores.fields import Fields
from widget_server.stores.messages import MalformedMessage
from widget_server.stores.shopify import looking as shopify_looking
from widget_server.stores.woocommerce import api as woocommerce_api
from widget_server.stores.woocommerce import rights
from widget_server.stores.woocommerce.api import Row

WEBHOOK_GRACE = timedelta(minutes=5)  # the shop's own queue delivers a webhook within this time
CONFIRMED_AT_ONCE = 10
STRANGERS = 10  # if none of this many orders is in the shop, it is another shop


@dataclass
class Findings:
    """What a look found so far; webhooks by topic. `unreported` is the number of changes without a webhook."""

    unreported: int = 0
    switched_on: list[str] = field(default_factory=list)
    off: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Look:
    """A running look at one shop."""

    shop: Shop
    feed: Feed
    api: Api
    found: Findings


def promise_due() -> None:
    """Queue a look at each shop that is due; two workers queue it once."""
    for feed in feeds.due():
        with atomic():
            if feeds.claim_look(feed):
                _promise(feed.shop_id, next(iter(STEPS)), Findings())


def run(payload: Payload) -> None:
    """Job: run one step of a look and queue the next. A shop that does not respond ends the look."""
    shop = shops.by_id(str(payload["shop_id"]))
    feed = feeds.of(shop)
    if feed is None:  # disconnected meanwhile
        return
    if shop.platform == "shopify":
        shopify_looking.look(shop)  # one call or a few: no chain
        return
    found = cast(dict[str, Any], payload["found"])  # as `_promise` wrote it
    look = Look(shop, feed, api_of(shop), Findings(**found))
    step = str(payload["step"])
    try:
        is_done = STEPS[step](look)
    except (NotReached, Refused) as refused:
        feeds.conclude(shop, "unreachable", f"{shop.api_url}: {refused}")
        return
    following = _after(step) if is_done else step
    if following is None:
        _conclude(look)
        return
    with atomic():
        feeds.go_on(shop)
        _promise(shop.id, following, look.found)


def _promise(shop_id: str, step: str, found: Findings) -> None:
    job_queue.enqueue(JobName.RECONCILE, {"shop_id": shop_id, "step": step, "found": asdict(found)})


# The steps of a look: each returns True when it is done, False when it has to run again


def webhooks_on(look: Look) -> bool:
    """Switch on our webhooks that are off, and find the topics without a webhook. Raises NotReached."""
    address = f"{config.current().base_url}/stores/{look.shop.platform}/{look.shop.id}/"
    try:
        rows = woocommerce_api.webhooks(look.api)
    except Refused as refused:  # keys for orders alone are enough for the other steps
        look.found.notes.append(f"The webhooks cannot be read with these keys ({refused}).")
        return True
    by_url = [(str(row.get("delivery_url")), row) for row in rows]
    ours = [(url.removeprefix(address), row) for url, row in by_url if url.startswith(address)]
    for topic, row in ours:
        if topic in woocommerce.TOPICS and row.get("status") != "active":
            _switch_on(look, topic, row)
    there = {topic for topic, _ in ours}
    look.found.missing = [topic for topic in woocommerce.TOPICS if topic not in there]
    return True


def _switch_on(look: Look, topic: str, row: Row) -> None:
    try:
        woocommerce_api.switch_on(look.api, row["id"])
    except Refused as refused:
        look.found.off.append(topic)
        why = "the keys may only read" if rights.may_only_read(refused) else str(refused)
        note = f"They cannot be switched on from here: {why}."
        if note not in look.found.notes:
            look.found.notes.append(note)
    else:
        look.found.switched_on.append(topic)


def orders_changed(look: Look) -> bool:
    """Book the orders that changed, one page at a time. Raises NotReached, Refused."""
    return _read_on(look, "any")


def orders_in_trash(look: Look) -> bool:
    """Book the orders that were moved to the trash, which no other list has; one page at a time.

    Raises NotReached, Refused.
    """
    return _read_on(look, "trash")


def _read_on(look: Look, listing: Listing) -> bool:
    place = look.feed.place(listing)
    page = woocommerce_api.orders_changed(look.api, listing, since=place.since, page=place.page)
    for row in page.rows:
        _book(look, row, page.served_at)
    if page.is_last:
        feeds.caught_up(look.feed, listing, page.served_at)
    else:
        feeds.reach(look.feed, listing, place.after(_changed_at(page.rows[-1]) if page.rows else None))
    return page.is_last


def _book(look: Look, row: Row, served_at: datetime) -> None:
    """Book an order as its webhook would, and count it when a webhook should have delivered the change."""
    order_id = str(row.get("id"))
    _end_waiting_deletions(look, row, order_id)
    before = orders.find(look.shop, look.shop.platform, order_id)
    inbox.deliver(look.shop, look.shop.platform, "order.updated", json.dumps(row).encode())
    after = orders.find(look.shop, look.shop.platform, order_id)
    changed_at = _changed_at(row)
    if after is None or (before is not None and before.state == after.state) or changed_at is None:
        return
    if changed_at < served_at - WEBHOOK_GRACE and _is_silent_since(look, changed_at):
        look.found.unreported += 1


def _end_waiting_deletions(look: Look, row: Row, order_id: str) -> None:
    """A deletion that arrived before its order is obsolete when the shop lists the order outside the trash now."""
    if row.get("status") != "trash":
        for parked in orders.parked_for(look.shop, look.shop.platform, order_id):
            if parked.topic == "order.deleted":
                orders.unpark(parked)


def _changed_at(row: Row) -> datetime | None:
    try:
        moment = Fields(row).moment("date_modified_gmt")
    except MalformedMessage:
        return None
    return None if moment is None else clock.parse(moment)


def orders_gone(look: Look) -> bool:
    """Cancel the orders of the next sample that the shop deleted for good, for which it sends no webhook.

    When none of many orders exists, the keys belong to another shop: nothing is cancelled, and NotReached is raised, as
    when the shop cannot be reached. Raises Refused.
    """
    sample = feeds.sample(look.shop, look.feed)
    numbered = [order for order in sample if order.external_id.isdecimal()]
    there = woocommerce_api.orders_there(look.api, [order.external_id for order in numbered]) if numbered else set()
    missing = [order for order in numbered if order.external_id not in there]
    if len(missing) == len(numbered) >= STRANGERS:
        raise NotReached(f"has none of {len(missing)} orders that we received: these keys lead to another shop")
    confirmed, others = missing[:CONFIRMED_AT_ONCE], missing[CONFIRMED_AT_ONCE:]
    for order in confirmed:
        _confirm(look, order.external_id)
    feeds.sampled(look.feed, sample, until=confirmed[-1] if others else None)
    return not others


def _confirm(look: Look, order_id: str) -> None:
    """An order that is not listed is in the trash, or gone: then it counts as deleted."""
    row = woocommerce_api.order(look.api, order_id)
    topic, body = ("order.updated", row) if row is not None else ("order.deleted", {"id": int(order_id)})
    inbox.deliver(look.shop, look.shop.platform, topic, json.dumps(body).encode())


STEPS: dict[str, Callable[[Look], bool]] = {
    "webhooks": webhooks_on,
    "orders": orders_changed,
    "trash": orders_in_trash,
    "gone": orders_gone,
}


def _after(step: str) -> str | None:
    return dict(pairwise(STEPS)).get(step)


# The report for the owner


def _conclude(look: Look) -> None:
    """Store the status of the feed, and the findings as text."""
    found = look.found
    facts = (
        ("Switched off in the shop", found.off),
        ("Was switched off in the shop, and is on again", found.switched_on),
        ("No webhook in the shop for", found.missing),
        ("Orders that changed without a webhook", [str(found.unreported)] if found.unreported else []),
    )
    words = [f"{what}: {', '.join(values)}." for what, values in facts if values]
    feeds.conclude(look.shop, _status(look), " ".join((*words, *found.notes)) or None, mended=bool(found.switched_on))


def _status(look: Look) -> Status:
    found, feed = look.found, look.feed
    if found.off or (found.switched_on and _is_silent_since(look, feed.mended_at)):
        return "switched_off"  # webhooks switched on before are off again, and delivered nothing in between
    if found.switched_on:
        return "ok"
    if found.unreported or (feed.status == "silent" and _is_silent_since(look, feed.checked_at)):
        return "silent"  # only a webhook that arrives ends a silence
    return "ok"


def _is_silent_since(look: Look, moment: datetime | None) -> bool:
    heard_at = look.shop.last_news_at
    return moment is not None and (heard_at is None or heard_at < moment)
