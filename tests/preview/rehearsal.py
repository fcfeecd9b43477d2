"""A preview copy in the process of the test: stories tell its customers what to do and move its time."""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from tests.make import NOON
from widget_server import clock
from widget_server.ledger import Transaction
from widget_server.loyalty import audit_parts
from widget_server.loyalty.preview import happenings
from widget_server.loyalty.preview.happenings import Happening
from widget_server.loyalty.preview.steps import AddSample, Begin, Move, PlaceOrder, Redeem, Step
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.preview import moving, opened
from widget_server.program_file.schema import parse

PROGRAM = """
program:
  {name: Fern Club, status: active, wait_days: 14, letters: [%s],
   expiry: {kind: %s, months: %s, reminder_days: [30, 7]}}
earning_rules:
  - {handle: orders, kind: order, per: {points: 10, money: 1}}
  - {handle: birthday, kind: birthday, points: 50}
tiers: {active: true, window_days: %s, base_name: Fern, levels: [{name: Gold, required_points: 1000}]}
rewards: [{handle: five, kind: amount, title: Five off, amount: 5, cost_points: 100, expires_after_days: 10}]
"""


@dataclass
class Rehearsal:
    """A copy, its time, and what happened in it."""

    contents: bytes | None = None
    moment: datetime = NOON
    happened: list[Happening] = field(default_factory=list)
    state: Any = None

    @classmethod
    def of(
        cls,
        expiry: str = "inactivity",
        *,
        months: int = 6,
        window_days: int = 365,
        letters: tuple[str, ...] = ("points_expire",),
    ) -> "Rehearsal":
        """A shop in Berlin at noon of 10 March 2026, with this kind of expiry, tiers, and these mails on."""
        contents, state = _begun(expiry, months, window_days, letters)
        return cls(contents, state=state)

    def does(self, step: Step) -> list[Happening]:
        """Take a step; returns what happened."""
        outcome = opened.carry_out(self.contents, self.moment, step)
        found = [happenings.read(one) for one in outcome.events]
        self.contents, self.moment, self.state = outcome.contents, outcome.moment, outcome.state
        self.happened += found
        return found

    def adds(self, name: str = "Anna", points: int = 0, **facts: Any) -> str:
        """Add a sample customer; returns the id."""
        self.does(AddSample(name, points, **facts))
        return str(self.state["customers"][-1]["id"])

    def orders(self, who: str, amount: str) -> None:
        """A sample order, which is paid."""
        self.does(PlaceOrder(who, Decimal(amount)))

    def redeems(self, who: str) -> None:
        """Redeem the reward."""
        self.does(Redeem(who, self.state["rewards"][0]["id"]))

    def moves(self, days: float, *, is_to_first: bool = False, seconds: float = 60) -> list[Happening]:
        """Move the time; returns what happened."""
        return self.does(Move(self.moment + timedelta(days=days), is_to_first, seconds))

    @contextmanager
    def inside(self) -> Iterator[Shop]:
        """The copy's database, at its time."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "copy.db"
            path.write_bytes(zlib.decompress(self.contents or b""))
            with opened.connected(path), clock.at(self.moment):
                yield Shop.everywhere().get()

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows of its ledger, as far as they do not differ between two copies; its books must balance."""
        with self.inside() as shop:
            wrong = [line for check in (*audit_parts.PROOFS, *audit_parts.SUMS.values()) for line in check(shop.id)]
            assert not wrong, wrong
            return rows_of(shop)

    def rows_day_by_day(self, days: int) -> list[tuple[Any, ...]]:
        """The rows after as many days, each of which the worker begins at its midnight; the copy stays as it is."""
        with self.inside() as shop:
            today = clock.local_date(self.moment, shop.timezone)
            for number in range(1, days + 1):
                with clock.at(clock.start_of(today + timedelta(days=number), shop.timezone)):
                    moving.run_due(shops.by_id(shop.id))
            return rows_of(shop)


def rows_of(shop: Shop) -> list[tuple[Any, ...]]:
    """The rows of a ledger: times, places, kinds and figures."""
    columns = (Transaction.event_at, Transaction.created_at, Transaction.sequence, Transaction.kind)
    found = Transaction.of(shop, *columns, Transaction.amount, Transaction.balance_after, Transaction.cause)
    return sorted(found.tuples())


@cache
def _begun(expiry: str, months: int, window_days: int, letters: tuple[str, ...]) -> tuple[bytes, Any]:
    program = parse(PROGRAM % (", ".join(letters), expiry, months, window_days))
    outcome = opened.carry_out(None, NOON, Begin("Fjord & Fern", "EUR", "Europe/Berlin", "en", program))
    return outcome.contents, outcome.state
