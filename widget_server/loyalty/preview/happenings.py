"""What happened in a copy: rows of the ledger with their why, tiers, coupons and mails, as JSON and read again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, cast

from widget_server import clock
from widget_server.json_types import JsonObject
from widget_server.ledger import Transaction
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.history.authors import Author
from widget_server.loyalty.history.explanations import CountedLine, Explanation, RuleNamed
from widget_server.loyalty.history.missed_orders import Missed, Verdict
from widget_server.loyalty.history.timeline import Entry
from widget_server.loyalty.rewards.coupons import Coupon

HappeningKind = Literal["customer", "points", "tier", "coupon", "mail"]
AMOUNTS = ("per", "base", "factor", "tier", "campaign", "minimum_subtotal")
LINE_AMOUNTS = ("full", "amount", "factor")


@dataclass(frozen=True)
class Happening:
    """One thing that happened: of whom, when by the clock of the copy, and its facts by name.

    `entry` is that of the customer's timeline, of points alone. The facts of a tier are `before` and `after`, of a
    coupon `title`, `code` and `status`, of a mail `template`, `locale` and `values`, of a customer `points`.
    """

    kind: HappeningKind
    at: datetime
    customer: str
    facts: Mapping[str, Any]
    entry: Entry | None = None


def stored(kind: HappeningKind, at: datetime, customer: str, facts: JsonObject) -> JsonObject:
    """Returns a happening as JSON."""
    return {"kind": kind, "at": at.isoformat(), "customer": customer, "facts": facts}


def read(kept: JsonObject) -> Happening:
    """Returns the happening that `stored` made JSON of."""
    known: dict[str, Any] = dict(kept)  # as this server wrote it
    entry = _entry(known["facts"]) if known["kind"] == "points" else None
    return Happening(known["kind"], clock.parse(known["at"]), known["customer"], known["facts"], entry)


def entry_facts(entry: Entry) -> JsonObject:
    """Returns an entry of a timeline as the facts of a happening."""
    facts = {
        "kind": entry.kind,
        "id": entry.id,
        "at": entry.at.isoformat(),
        "points": entry.points,
        "cause": entry.cause,
        "why": _plain(asdict(entry.why)),
        "author": entry.author.kind,
        "balance_after": entry.balance_after,
        "due_at": entry.due_at.isoformat() if entry.due_at else None,
        "order": entry.order.number if entry.order else None,
        "coupon": entry.coupon.title if entry.coupon else None,
        "takes_back": bool(entry.reverses),
        "missed": _plain(asdict(entry.missed)) if entry.missed else None,
    }
    return cast(JsonObject, facts)


def _entry(facts: dict[str, Any]) -> Entry:
    return Entry(
        facts["kind"],
        facts["id"],
        clock.parse(facts["at"]),
        facts["points"],
        facts["cause"],
        why=_why(facts["why"]),
        author=Author(facts["author"]),
        balance_after=facts["balance_after"],
        due_at=clock.parse(facts["due_at"]) if facts["due_at"] else None,
        order=Order(number=facts["order"]) if facts["order"] else None,
        coupon=Coupon(title=facts["coupon"]) if facts["coupon"] else None,
        reverses=Transaction() if facts["takes_back"] else None,
        missed=_missed(facts["missed"]) if facts["missed"] else None,
    )


def _why(kept: dict[str, Any]) -> Explanation:
    lines = kept["lines"]
    return Explanation(
        **{
            **_amounts(kept, AMOUNTS),
            "rule": RuleNamed(**kept["rule"]) if kept["rule"] else None,
            "lines": None if lines is None else tuple(CountedLine(**_amounts(one, LINE_AMOUNTS)) for one in lines),
        }
    )


def _missed(kept: dict[str, Any]) -> Missed:
    verdicts = tuple(Verdict(RuleNamed(**one["rule"]), one["reason"]) for one in kept["verdicts"])
    return Missed(kept["reason"], kept["is_certain"], verdicts)


def _amounts(kept: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {**kept, **{name: Decimal(kept[name]) for name in names if kept[name] is not None}}


def _plain(value: object) -> object:
    """Returns the value with decimals as text."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value
