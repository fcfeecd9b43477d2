"""The connection to a shop's own API: how far its changes were read, and whether its webhooks work (contracts §13).

A platform may switch a webhook off after a few failures without notice. For the platforms in WATCHED,
`stores/reconcile.py` therefore reads what changed, and stores here how far it has read and what it found.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from peewee import Check

from widget_server import clock
from widget_server.db import Json, ShopTable, Text, UtcDateTime, insert_once
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.program.shops import Shop

Status = Literal["ok", "silent", "switched_off", "unreachable"]
Listing = Literal["any", "trash"]

CLIENT_ID = "client_id"  # the key of a Shopify app that creates and repairs its webhooks itself (contracts §31)
WATCHED = ("woocommerce",)  # not Shopify: it repeats failed webhooks for hours (contracts §13)
LOOK_EVERY = timedelta(minutes=15)
OVERLAP = timedelta(minutes=10)  # for changes not yet committed at the time of the poll, and for clocks that differ
LIVING = ("placed", "paid", "fulfilled")
SAMPLE_SIZE = 50
SAMPLE_AGE = timedelta(days=180)


@dataclass(frozen=True)
class Place:
    """Where to go on reading a list of changes: what changed at `since` or later, from this page on."""

    since: datetime
    page: int = 1

    def after(self, newest: datetime | None) -> "Place":
        """The place after a page whose last change was at `newest`.

        It follows the time of change, since pages shift while they are read. Only a second with more changes than
        fit on one page is read page by page.
        """
        if newest is None or newest <= self.since:
            return Place(self.since, self.page + 1)
        return Place(newest)


class Feed(ShopTable):
    """One for each shop that is watched while it is connected: its `status` as of `checked_at`; `detail` is a
    text for the owner.

    `places` says how far each list was read, `sampled` is the id of the last order that was checked for existence,
    `mended_at` is when webhooks were last switched on again. `token_sealed` is the access token of an API whose
    tokens end at `token_ends_at`.
    """

    id = Text(primary_key=True)
    began_at = UtcDateTime()
    next_look_at = UtcDateTime()
    places = Json()
    sampled = Text(default="")
    status = Text(default="ok")
    checked_at = UtcDateTime(null=True)
    detail = Text(null=True)
    mended_at = UtcDateTime(null=True)
    token_sealed = Text(null=True)
    token_ends_at = UtcDateTime(null=True)

    class Meta:
        indexes = ((("shop_id",), True),)
        constraints = [Check("status IN ('ok', 'silent', 'switched_off', 'unreachable')")]

    def place(self, listing: Listing) -> Place:
        """How far this list was read; never before the time at which the shop was connected."""
        known = self.places.get(listing)
        return Place(clock.parse(known["since"]), known["page"]) if known else Place(self.began_at)


def begin(shop: Shop) -> None:
    """Start reading changes of a shop that was connected. A shop that has a feed already continues where it was."""
    if not is_watched(shop):
        end(shop)
        return
    moment = clock.now()
    values = {"id": shop.id, "shop_id": shop.id, "began_at": moment, "next_look_at": moment, "places": {}}
    if not insert_once(Feed, {**values, "sampled": "", "status": "ok"}):
        fresh = {Feed.next_look_at: moment, Feed.status: "ok", Feed.checked_at: None, Feed.detail: None}
        Feed.change(shop, {**fresh, Feed.token_sealed: None, Feed.token_ends_at: None})


def is_watched(shop: Shop) -> bool:
    """Whether this server looks at the shop's API regularly: a WATCHED platform, or an app with a client id."""
    return shop.platform in WATCHED or CLIENT_ID in shop.api_keys


def end(shop: Shop) -> None:
    """Delete the feed of a shop that was disconnected; connected again, the shop gets a new one."""
    Feed.remove(shop)


def of(shop: Shop) -> Feed | None:
    """The shop's feed; None while its API is not read."""
    return Feed.one(shop)


def due() -> list[Feed]:
    """The feeds of all shops whose next check is due, the longest overdue first."""
    return list(Feed.everywhere().where(Feed.next_look_at <= clock.now()).order_by(Feed.next_look_at))


def claim_look(feed: Feed) -> bool:
    """True when the caller may do this check; the next one is due LOOK_EVERY later."""
    moment = clock.now()
    return Feed.change(feed.shop_id, {Feed.next_look_at: moment + LOOK_EVERY}, Feed.next_look_at <= moment) == 1


def go_on(shop: Shop) -> None:
    """Postpone the next check while this one still runs, so that no other starts."""
    Feed.change(shop, {Feed.next_look_at: clock.now() + LOOK_EVERY})


def reach(feed: Feed, listing: Listing, place: Place) -> None:
    """Store how far the list was read: all changes before `place` are known."""
    feed.places = {**feed.places, listing: {"since": clock.iso(place.since), "page": place.page}}
    Feed.change(feed.shop_id, {Feed.places: feed.places})


def caught_up(feed: Feed, listing: Listing, moment: datetime) -> None:
    """Store that the list was read to its end at `moment` of the shop's clock; the next read starts OVERLAP earlier."""
    reach(feed, listing, Place(max(moment - OVERLAP, feed.began_at)))


def sample(shop: Shop, feed: Feed) -> list[Order]:
    """The next recent living orders to be checked for existence, SAMPLE_SIZE at most, in the order of their ids."""
    rows = Order.of(shop).where(
        Order.platform == shop.platform,
        Order.status.in_(LIVING),
        Order.placed_at >= clock.now() - SAMPLE_AGE,
        Order.id > feed.sampled,
    )
    return list(rows.order_by(Order.id).limit(SAMPLE_SIZE))


def sampled(feed: Feed, sample: list[Order], *, until: Order | None = None) -> None:
    """Store that these orders were checked, or those up to `until`; after the last of all, the first is next again."""
    if until is None and len(sample) == SAMPLE_SIZE:
        until = sample[-1]
    Feed.change(feed.shop_id, {Feed.sampled: until.id if until else ""})


def conclude(shop: Shop, status: Status, detail: str | None, *, mended: bool = False) -> None:
    """Store what a check found; `mended`: it switched webhooks on again."""
    moment = clock.now()
    found = {Feed.status: status, Feed.checked_at: moment, Feed.detail: detail}
    Feed.change(shop, found | ({Feed.mended_at: moment} if mended else {}))


def token(shop_id: str) -> tuple[str | None, datetime | None]:
    """The sealed access token to the shop's API, and its end; None for both while there is none."""
    feed = Feed.one(shop_id)
    return (feed.token_sealed, feed.token_ends_at) if feed else (None, None)


def keep_token(shop_id: str, sealed: str, ends_at: datetime | None) -> None:
    """Store the sealed access token of a connected shop, in place of the former one."""
    Feed.change(shop_id, {Feed.token_sealed: sealed, Feed.token_ends_at: ends_at})


def forget_token(shop: Shop) -> None:
    """Delete the stored access token: the next call of the API gets a new one."""
    Feed.change(shop, {Feed.token_sealed: None, Feed.token_ends_at: None})


def unwell() -> list[Feed]:
    """The feeds of all shops whose last check found a problem."""
    return list(Feed.everywhere().where(Feed.status != "ok").order_by(Feed.shop_id))


class FeedFacts(TypedDict):
    """A feed as the shell and the admin API show it: `checked_at` and `detail` are None before the first check."""

    status: Status
    checked_at: datetime | None
    detail: str | None


def facts(shop: Shop) -> FeedFacts | None:
    """The feed's status, when it was checked and what was found; None while the shop's API is not read."""
    feed = of(shop)
    if feed is None:
        return None
    return {"status": feed.status, "checked_at": feed.checked_at, "detail": feed.detail}
