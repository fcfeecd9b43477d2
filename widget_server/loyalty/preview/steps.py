"""What can be done with a preview copy, and what comes of it: plain values that pass between two processes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from widget_server.json_types import JsonObject
from widget_server.ledger import Kind
from widget_server.program_file.facts import ProgramFile

OrderStatus = Literal["placed", "paid", "fulfilled"]


@dataclass(frozen=True)
class Begin:
    """Make the copy: a shop with this program, which is active."""

    name: str
    currency: str
    timezone: str
    locale: str
    program: ProgramFile


@dataclass(frozen=True)
class AddSample:
    """Add a member with points that were earned on a day (None: now), and a birthday."""

    name: str
    points: int = 0
    earned_on: date | None = None
    birthday: date | None = None


@dataclass(frozen=True)
class PastRow:
    """A row of the ledger without its texts; `reverses` is the place, among the rows, of the one it takes back."""

    kind: Kind
    amount: int
    at: datetime
    reverses: int | None = None


@dataclass(frozen=True)
class AddCopied:
    """Add a member with the past points, the last activity and the granted tier of a real customer."""

    name: str
    rows: tuple[PastRow, ...]
    last_activity_at: datetime | None = None
    tier: str | None = None
    tier_until: date | None = None
    birthday: date | None = None


@dataclass(frozen=True)
class PlaceOrder:
    """Have a customer of the copy order goods for an amount in the shop's currency."""

    customer_id: str
    amount: Decimal
    status: OrderStatus = "paid"


@dataclass(frozen=True)
class Redeem:
    """Have a customer of the copy redeem a reward."""

    customer_id: str
    reward_id: str


@dataclass(frozen=True)
class Outcome:
    """What a step made of the copy: its database, its time, what happened, and its customers and rewards now."""

    contents: bytes
    moment: datetime
    events: tuple[JsonObject, ...]
    state: JsonObject


@dataclass(frozen=True)
class Move:
    """Move the time forward to `until`, or only to the first moment at which something happens.

    After `seconds` of work it stops on the way; another move goes on, as if it had not stopped.
    """

    until: datetime
    is_to_first: bool = False
    seconds: float = 3.0

    def is_over(self, outcome: Outcome) -> bool:
        """Returns whether the time came as far as it should, or to the first thing that happened."""
        return outcome.moment >= self.until or (self.is_to_first and bool(outcome.events))


Step = Begin | AddSample | AddCopied | PlaceOrder | Redeem | Move
Runner = Callable[[bytes | None, datetime, Step], Outcome]
