"""The import of a shop's past orders and customers from its own API: how far it came, and its findings (contracts §29).

One row for each shop, of its last trial or import. The reading is `stores/importing.py`.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from peewee import Check

from widget_server import clock
from widget_server.db import Int, Json, ShopTable, Text, UtcDateTime, atomic, lock_rows, new_id
from widget_server.errors import BadRequest
from widget_server.json_types import JsonObject
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop

Mode = Literal["trial", "import"]
Step = Literal["orders", "customers"]
STEPS: tuple[Step, ...] = ("orders", "customers")
DETAIL_LENGTH_MAX = 300


@dataclass
class Found:
    """What was read until now.

    `orders` of `orders_in_all` were read: `known` had been booked before, `early` were placed before the day from which
    orders count and give nothing, `parked` could not be booked. `points` is what the orders give, in a trial what they
    would give. `customers` of `customers_in_all` were read.
    """

    orders: int = 0
    orders_in_all: int = 0
    known: int = 0
    early: int = 0
    parked: int = 0
    points: int = 0
    customers: int = 0
    customers_in_all: int = 0


@dataclass(frozen=True)
class Progress:
    """Where to go on reading a list: rows of `since` or later, from this page on, but for the orders in `seen`."""

    since: datetime
    page: int = 1
    seen: tuple[str, ...] = ()

    def after_orders(self, rows: list[tuple[str, datetime | None]]) -> "Progress":
        """The place after a page of orders, each with its id and time, the earliest first.

        It follows the time, since pages shift when an order is deleted meanwhile. Only a second with more orders than
        fit on one page is read page by page.
        """
        newest = max((moment for _, moment in rows if moment is not None), default=self.since)
        if newest <= self.since:
            return replace(self, page=self.page + 1, seen=(*self.seen, *(one for one, _ in rows)))
        return Progress(newest, 1, tuple(one for one, moment in rows if moment == newest))

    def as_json(self) -> dict[str, object]:
        """Returns the place as it is stored, which `from_json` reads back."""
        return {"since": clock.iso(self.since), "page": self.page, "seen": list(self.seen)}

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Progress":
        """Returns the place from the form of `as_json`."""
        known: dict[str, Any] = dict(stored)  # as this server wrote it
        return cls(clock.parse(known["since"]), known["page"], tuple(known["seen"]))


class StoreImport(ShopTable):
    """The shop's last trial or import: `since` is the time from which orders are read, `place` how far the present
    `step` came; `tries` counts calls in a row that failed, and `detail` says why.
    """

    id = Text(primary_key=True)
    mode = Text()
    status = Text(default="running")
    step = Text()
    since = UtcDateTime()
    place = Json()
    revision = Int(default=1)
    found = Json()
    tries = Int(default=0)
    detail = Text(null=True)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id",), True),)
        constraints = [Check("mode IN ('trial', 'import')"), Check("status IN ('running', 'done', 'stopped')")]

    @property
    def is_trial(self) -> bool:
        """True for one that books nothing."""
        return bool(self.mode == "trial")

    @property
    def facts(self) -> Found:
        """What it found until now."""
        return Found(**self.found)

    @property
    def reached(self) -> Progress:
        """Where to go on reading the list of the present step."""
        return Progress.from_json(self.place)


def of(shop: Shop) -> StoreImport | None:
    """The shop's last trial or import; None without one."""
    return StoreImport.one(shop)


def first_day(shop: Shop) -> datetime:
    """Returns the first moment from which the shop's orders count: of `orders_from`, else of the first activation.

    Raises BadRequest while the program is not active: orders that arrive then never give points.
    """
    program = programs.of(shop.id)
    if not program.is_active or program.activated_at is None:
        raise BadRequest("Activate the program first: orders that arrive before never give points.", field="program")
    day = program.rules.orders_from or clock.local_date(program.activated_at, shop.timezone)
    return clock.start_of(day, shop.timezone)


def begin(shop: Shop, mode: Mode, since: datetime) -> StoreImport:
    """Start a trial or an import of the orders placed at `since` or later.

    One that runs, or stopped, with the same mode and start goes on where it was. Raises BadRequest while another runs.
    """
    with atomic():
        lock_rows(Shop.select().where(Shop.id == shop.id)).get()
        last = of(shop)
        if last is not None and last.status != "done" and (last.mode, last.since) == (mode, since):
            StoreImport.change(shop, {StoreImport.status: "running", StoreImport.tries: 0, StoreImport.detail: None})
            return StoreImport.need(shop)
        if last is not None and last.status == "running" and not last.is_trial:
            raise BadRequest("An import runs already: let it end first.", field="since")
        StoreImport.remove(shop)
        moment = clock.now()
        made = StoreImport(
            id=new_id(),
            shop_id=shop.id,
            mode=mode,
            step=STEPS[0],
            since=since,
            place=Progress(since).as_json(),
            found=asdict(Found()),
            created_at=moment,
            updated_at=moment,
        )
        made.save(force_insert=True)
        return made


def advance(row: StoreImport, found: Found, place: Progress | None) -> bool:
    """Store how far the import came; `place` is None at the end of the present step.

    False, and no change, when another worker has stored it meanwhile: a page counts once.
    """
    step, status = row.step, row.status
    if place is None:
        rest = STEPS[STEPS.index(row.step) + 1 :]
        step, status, place = (rest[0], status, Progress(row.since)) if rest else (step, "done", row.reached)
    changes = {"step": step, "status": status, "place": place.as_json(), "found": asdict(found)}
    return _change(row, changes | {"tries": 0, "detail": None})


def fail(row: StoreImport, detail: str, *, is_last: bool) -> bool:
    """Store why a call failed; `is_last`: the import stops, until somebody starts it again. False as of `advance`."""
    status = "stopped" if is_last else row.status
    return _change(row, {"status": status, "tries": row.tries + 1, "detail": detail[:DETAIL_LENGTH_MAX]})


def _change(row: StoreImport, changes: dict[str, object]) -> bool:
    values = {**changes, "revision": row.revision + 1, "updated_at": clock.now()}
    same = (StoreImport.id == row.id, StoreImport.revision == row.revision, StoreImport.status == "running")
    return StoreImport.change(row.shop_id, values, *same) == 1
