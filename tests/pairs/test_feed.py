"""Two ways for news to come: whatever webhooks are lost or late, a look at the shop gives the points that all of them
would have given (acceptance 23, contracts §13).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.make import NOON, World, proof, undone
from tests.stores.woo_shop import Delivery, WooShop
from widget_server import clock, config, jobs
from widget_server.job_queue import JobName
from widget_server.loyalty.program import shops
from widget_server.stores import inbox, reconcile, woocommerce

CHANGES = ("completed", "cancelled", "processing", "note", "bowl back", "shipping back")
ENDINGS = ("living", "trashed", "restored", "deleted for good")
LIVES = st.lists(
    st.tuples(st.lists(st.sampled_from(CHANGES), max_size=4), st.sampled_from(ENDINGS)), min_size=1, max_size=3
)
WHOLE, BOWL = 650, 300  # points of an order, and of the bowl in it
MINUTE = timedelta(minutes=1)


def lives_on(shop: WooShop, changes: list[str], ending: str) -> tuple[int, int]:
    """An order comes in and goes its way, a minute a step; its id, and the points that are right at the end.

    A webhook of a deletion tells no time: one that comes after news of a restored order cannot be told from a second
    deletion. So an order is restored as a program does it, which sends no webhook.
    """
    number, status, back = shop.sells(), "processing", set()
    for change in changes:
        with clock.at(_later(shop)):
            if change == "bowl back" and change not in back:
                shop.gives_back(number, "33.00", lines={2: ("30.00", "3.00")})
            elif change == "shipping back" and change not in back:
                shop.gives_back(number, "4.00", shipping={9: ("4.00", "0.00")})
            elif change in ("completed", "cancelled", "processing"):
                status = change
                shop.changes(number, status=status)
            else:
                shop.changes(number, customer_note=f"after {change}")
            back.add(change)
    if ending in ("trashed", "restored"):
        with clock.at(_later(shop)):
            shop.trashes(number)
    if ending == "restored":
        with clock.at(_later(shop)):
            shop.untrashes_by_api(number)
    if ending == "deleted for good":
        shop.deletes_for_good(number)
    counts = status != "cancelled" and ending in ("living", "restored")
    return number, (WHOLE - BOWL * ("bowl back" in back)) if counts else 0


def _later(shop: WooShop) -> Any:
    newest = max((order["date_modified_gmt"] for order in shop.orders.values()), default="2026-03-10T12:00:00")
    return max(clock.parse(f"{newest}Z"), NOON) + MINUTE


def connected(shop: WooShop) -> World:
    made = World.create(platform="woocommerce")
    made.order_rule(10)
    shops.connect(made.shop, shop.url, shop.keys)
    base = f"{config.current().base_url}/stores/woocommerce/{made.shop.id}/"
    shop.subscribes(base, made.shop.webhook_secret, *woocommerce.TOPICS)
    return made


@contextmanager
def two_servers(shop: WooShop) -> Iterator[tuple[World, World]]:
    """Two programs that the same shop tells the same."""
    both = connected(shop), connected(shop)
    try:
        yield both
    finally:
        for one in both:
            shops.disconnect(one.shop)


def receive(url: str, body: bytes, _: dict[str, str]) -> int:
    """The server's side of a webhook whose signature fits."""
    *_, shop_id, topic = url.split("/")
    inbox.deliver(shops.by_id(shop_id), "woocommerce", topic, body)
    return 200


def to(world: World, deliveries: list[Delivery]) -> list[Delivery]:
    return [one for one in deliveries if world.shop.id in one.hook.delivery_url]


def some_lost(examples: int, **settings: Any) -> Callable[[], None]:
    """The property: any of the webhooks lost, the others in any order, and then a look."""

    @proof(examples, **settings)
    @given(lives=LIVES, chance=st.randoms(use_true_random=False))
    def holds(lives: list[tuple[list[str], str]], chance: Random) -> None:
        with undone(), clock.at(NOON), WooShop() as shop, two_servers(shop) as (careful, lucky):
            right = {}
            for changes, ending in lives:
                number, points = lives_on(shop, changes, ending)
                right |= {str(number): points} if points else {}
            told = shop.outbox
            shop.outbox = to(lucky, told)
            shop.delivers(receive)
            shop.outbox = to(careful, told)
            places = list(range(len(shop.outbox)))
            chance.shuffle(places)
            shop.delivers(receive, order=places, lost={place for place in places if chance.random() < 0.5})
            with clock.at(NOON + timedelta(hours=1)):
                jobs.run_all()
                reconcile.promise_due()
                jobs.run_all()
            assert careful.given_by_order() == lucky.given_by_order() == right
            careful.books_must_balance()

    return holds


def test_lost_and_late_webhooks_cost_no_points(database: str) -> None:
    some_lost(25)()


def _without_looks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "promise_due", lambda: None)


def _without_changes(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(reconcile.STEPS, "orders", lambda look: True)


def _without_deletions(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(reconcile.STEPS, "gone", lambda look: True)


def _without_parts(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(jobs.JOBS, JobName.LEARN_REFUND_PARTS, lambda payload: None)


@pytest.mark.parametrize(
    "without", [_without_looks, _without_changes, _without_deletions, _without_parts], ids=lambda one: one.__name__
)
def test_without_its_guard_points_are_wrong(
    database: str, monkeypatch: pytest.MonkeyPatch, without: Callable[[pytest.MonkeyPatch], None]
) -> None:
    without(monkeypatch)
    with pytest.raises(AssertionError):
        some_lost(60, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)()
