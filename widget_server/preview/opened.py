"""The copy's database, opened in the process of a step: the whole server over a file that exists for that long."""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from widget_server import clock, config, data_keys, db, events, migrate, reactions
from widget_server.config import Settings
from widget_server.loyalty.points import tier_rechecks
from widget_server.loyalty.preview.steps import AddCopied, AddSample, Begin, Move, Outcome, PlaceOrder, Redeem, Step
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.preview import moving, people
from widget_server.preview.watching import Watch, state_of
from widget_server.program_file import apply

KEY = "a preview copy contains no secret and nothing of a real person"
ORIGIN = "https://preview.example"
UNHURRIED_MS = 60_000


def carry_out(contents: bytes | None, moment: datetime, step: Step) -> Outcome:
    """Carry out a step in the copy with these contents (None: a new one), at `moment`; returns what came of it.

    It changes what this process uses as its settings and database, so it has a process of its own. Raises the
    refusals of the step.
    """
    with tempfile.TemporaryDirectory(prefix="preview") as folder:
        path = Path(folder) / "copy.db"
        if contents is not None:
            path.write_bytes(zlib.decompress(contents))
        with connected(path), clock.at(moment):
            if isinstance(step, Begin):
                migrate.upgrade()
                _begin(step)
            shop = Shop.everywhere().get()
            watch = Watch(shop)
            moment = _do(shop, watch, moment, step)
            with clock.at(moment):
                state = state_of(shop)
            made, found = tuple(watch.events), state
        return Outcome(zlib.compress(path.read_bytes()), moment, made, found)


@contextmanager
def connected(path: Path) -> Iterator[None]:
    """Open the database with settings of its own; its file is whole after the block."""
    settings = Settings(database_url=f"sqlite:///{path}", secret_key=KEY, base_url=ORIGIN, instance=path.parent)
    config.use(settings, data_keys.stored)
    db.open_database(settings.database_url, statement_timeout_ms=UNHURRIED_MS, durable=False)
    events.wire(reactions.react)
    db.connect()
    try:
        yield
        db.empty_log()
    finally:
        db.disconnect()


def _begin(step: Begin) -> None:
    shop = shops.create(
        name=step.name, origins=[ORIGIN], currency=step.currency, timezone=step.timezone, locale=step.locale
    )
    programs.create(shop.id, step.name)
    apply.apply(shop, step.program)
    shops.note_daily(shop, clock.local_date(clock.now(), shop.timezone).isoformat())
    moving.run_jobs()


def _do(shop: Shop, watch: Watch, moment: datetime, step: Step) -> datetime:
    """Carry out the step; returns the time after it."""
    if isinstance(step, Move):
        return moving.move(shop, watch, moment, step)
    if isinstance(step, AddSample):
        watch.note_customer(people.add_sample(shop, step))
    elif isinstance(step, AddCopied):
        watch.note_customer(people.add_copied(shop, step))
        tier_rechecks.recheck_all(shop)
        watch.forget()
    elif isinstance(step, PlaceOrder):
        people.place_order(shop, step)
    elif isinstance(step, Redeem):
        people.redeem(shop, step)
    moving.run_jobs()
    watch.look(moment)
    return moment
