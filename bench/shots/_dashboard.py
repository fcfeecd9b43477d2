"""A shop with a dashboard to take pictures of: quiet texts, days that are always the same, and ids that repeat."""

import logging
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from flask import Flask
from playwright.sync_api import Browser

from tests.conftest import database_at
from tests.dashboard import full_shop
from tests.dashboard.conftest import Clerk, offices
from tests.dashboard.full_shop import PLAIN, FullShop
from tests.make import World
from tests.stores.woo_shop import WooShop
from widget_server import clock, config, db, jobs
from widget_server.app import create_app
from widget_server.loyalty.people import customer_edits
from widget_server.loyalty.program import shops
from widget_server.stores import connecting

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
BEGIN = NOW - timedelta(days=40)
PEOPLE = (
    "Clara Neumann", "David Okafor", "Elif Yilmaz", "Franz-Josef von und zu Hohenstein-Falkenberg", "Greta Holm",
    "Hannah Weiss", "Ivan Petrov", "Jule Sommer", "Karim Haddad", "Lena Fischer", "Mats Eriksen", "Nora Vogel",
)  # fmt: skip


@contextmanager
def empty_shop(chromium: Browser, platform: str = "generic") -> Iterator[Callable[..., Clerk]]:
    """A shop in which nothing has happened. Yields what lets clerks come (tests/dashboard/conftest.py)."""
    with _database() as app, clock.at(NOW):
        world = World.create(active=False, platform=platform)
        with offices(app, world, chromium, patient=True) as come:
            yield come


@contextmanager
def connected_shop(chromium: Browser) -> Iterator[Callable[..., Clerk]]:
    """A WooCommerce shop of this machine that is connected, with its webhooks. Yields what lets clerks come."""
    with _database() as app, clock.at(NOW), WooShop() as store:
        config.use(replace(config.current(), allow_private_webhooks=True))
        world = World.create(platform="woocommerce")
        connecting.connect(world.shop, store.url, store.keys)
        world.shop = shops.by_id(world.shop.id)
        with offices(app, world, chromium, patient=True) as come:
            yield come


@contextmanager
def lively_shop(chromium: Browser) -> Iterator[tuple[FullShop, Callable[..., Clerk]]]:
    """A shop after forty days. Yields it, and what lets clerks come."""
    with _database() as app:
        with clock.at(BEGIN):
            world = World.create()
            shop = full_shop.fill(world, PLAIN)
        _forty_days(world)
        with clock.at(NOW), offices(app, world, chromium, patient=True) as come:
            yield shop, come


@contextmanager
def _database() -> Iterator[Flask]:
    """The application on an empty database of its own; what is drawn by lot is the same each time."""
    lots = random.Random(7)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(os, "urandom", lots.randbytes),
        mock.patch.object(random, "_urandom", lots.randbytes),
        database_at(f"sqlite:///{folder}/loyalty.db", Path(folder)),
    ):
        db.disconnect()
        app = create_app(config.current())
        db.connect()
        yield app


def _forty_days(world: World) -> None:
    """Each of the people joins, buys on some days, and some spend their points."""
    with clock.at(BEGIN):
        reward = world.reward("percent", cost=400, percent=10, title="10 % off")
    for number, name in enumerate(PEOPLE):
        email = f"{name.split()[0].lower()}@example.com"
        joined = BEGIN + timedelta(days=1 + 2 * number, hours=number)
        with clock.at(joined):
            shopper = world.vouched(f"p-{number}", email, verified=True)
            customer_edits.edit(world.shop.id, shopper.id, name=name)
        for visit in range(1 + number % 4):
            with clock.at(min(joined + timedelta(days=1 + 5 * visit), NOW - timedelta(hours=20 - number))):
                shopper.orders(f"{18 + 7 * number + 3 * visit}.50", number=f"#{1010 + 10 * number + visit}")
                if visit == 2:
                    shopper.redeems(reward)
    with clock.at(NOW - timedelta(hours=1)):
        jobs.run_all()
