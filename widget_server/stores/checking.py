"""Checks a shop from its script tag to a test code at its checkout: what is well, and what is not (contracts §29).

Nothing is changed but the test code, which is deleted. The sentences are in `check_words.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from widget_server import clock
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import codes
from widget_server.stores.calls import Api, NotReached, Refused, api_of
from widget_server.stores.platforms import PLATFORMS
from widget_server.stores.woocommerce import TOPICS, rights, webhook_setup
from widget_server.stores.woocommerce import api as woocommerce_api
from widget_server.stores.woocommerce import codes as woocommerce_codes

State = Literal["ok", "note", "wrong"]
Facts = dict[str, str | int | datetime]

Check = Callable[[Shop, Api], "Finding"]

STALE = timedelta(days=7)
SKEW_MAX = timedelta(seconds=60)


@dataclass(frozen=True)
class Finding:
    """One thing that was checked; `code` names its sentence, `facts` are the figures in it."""

    code: str
    state: State
    facts: Facts = field(default_factory=dict)


def check(shop: Shop) -> list[Finding]:
    """Returns the findings about a shop, in the order in which they are put right."""
    return [_program(shop), _tag(shop), _token(shop), *_connection(shop), *_news(shop)]


def is_well(found: list[Finding]) -> bool:
    """True when nothing is wrong; notes are no faults."""
    return all(one.state != "wrong" for one in found)


def _program(shop: Shop) -> Finding:
    return Finding("program_on", "ok") if programs.of(shop.id).is_active else Finding("program_off", "wrong")


def _tag(shop: Shop) -> Finding:
    seen_at, where = shop.widget_seen_at, shop.widget_seen_on
    if seen_at is None:
        return Finding("tag_missing", "wrong")
    facts: Facts = {"when": seen_at, "where": where or "?"}
    return Finding("tag_seen", "ok", facts) if seen_at > clock.now() - STALE else Finding("tag_old", "wrong", facts)


def _token(shop: Shop) -> Finding:
    if shop.token_accepted_at is not None:
        return Finding("token_accepted", "ok", {"when": shop.token_accepted_at})
    return Finding("token_missing", "wrong" if shop.look.sign_in == "shop" else "note")


def _news(shop: Shop) -> Iterator[Finding]:
    heard_at = shop.last_news_at
    if heard_at is None:
        yield Finding("news_never", "note" if shop.is_connected else "wrong")
    else:
        yield Finding("news_heard" if heard_at > clock.now() - STALE else "news_old", "ok", {"when": heard_at})


def _connection(shop: Shop) -> Iterator[Finding]:
    if PLATFORMS[shop.platform].CODES is None:
        return
    if not shop.is_connected:
        yield Finding("not_connected", "wrong")
        return
    api = api_of(shop)
    try:
        codes.check(shop.platform, api)
    except (NotReached, Refused) as no:
        yield Finding("keys_refused" if isinstance(no, Refused) else "not_reached", "wrong", {"reason": str(no)})
        return
    yield Finding("keys_good", "ok", {"address": api.url})
    if shop.platform in feeds.WATCHED:
        for one in (_webhooks, _clock, _test_code):
            yield _tried(one, shop, api)


def _tried(one: Check, shop: Shop, api: Api) -> Finding:
    try:
        return one(shop, api)
    except NotReached as no:
        return Finding("not_reached", "wrong", {"reason": str(no)})


def _webhooks(shop: Shop, api: Api) -> Finding:
    try:
        rows = webhook_setup.ours(shop, woocommerce_api.webhooks(api))
    except Refused as no:
        return Finding("webhooks_unseen", "wrong", {"reason": str(rights.explained(no))})
    right = {
        topic
        for topic in TOPICS
        for row in rows.get(topic, [])
        if row.get("delivery_url") == webhook_setup.address_of(shop, topic) and row.get("topic") == topic
    }
    active = {topic for topic in right if any(row.get("status") == "active" for row in rows[topic])}
    for code, topics in (("webhooks_missing", set(TOPICS) - right), ("webhooks_off", right - active)):
        if topics:
            return Finding(code, "wrong", {"topics": ", ".join(one for one in TOPICS if one in topics)})
    return Finding("webhooks_active", "ok", {"count": len(active)})


def _clock(shop: Shop, api: Api) -> Finding:
    skew = woocommerce_api.time_served(api) - clock.now()
    seconds = round(abs(skew).total_seconds())
    if abs(skew) <= SKEW_MAX:
        return Finding("clock_right", "ok", {"seconds": seconds})
    return Finding("clock_ahead" if skew > timedelta(0) else "clock_behind", "wrong", {"seconds": seconds})


def _test_code(shop: Shop, api: Api) -> Finding:
    try:
        woocommerce_codes.try_one(api)
    except Refused as no:
        return Finding("code_refused", "wrong", {"reason": str(no)})
    return Finding("code_made", "ok")
