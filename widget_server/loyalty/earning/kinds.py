"""The kinds of earning rules, a row for each: what it pays for, how often, and who reports that it happened.

A new kind needs a row here, its texts in the panel's language files, and code that fires it.
"""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["day", "month", "year", "ever"]


@dataclass(frozen=True)
class Kind:
    """A kind of rule.

    `per` is what it pays for; `rated`: it may give points for each unit of money; `limit`: its built-in limit for one
    customer, which the owner cannot change (a birthday has a minimum gap instead, birthdays.py); `reported_by`: who
    reports that it happened; `named_by`: the term that distinguishes rules of the kind, by which an action names one.
    """

    name: str
    per: Literal["order", "action"] = "action"
    rated: bool = False
    limit: tuple[int, Unit] | None = None
    reported_by: Literal["orders", "server", "shop"] = "server"
    named_by: Literal["channel", "name"] | None = None

    @property
    def pays_once(self) -> bool:
        """True when a person is paid only once, ever."""
        return self.limit == (1, "ever")

    @property
    def activity(self) -> str:
        """The activity by which a trigger of the admin API names the kind, as in `first-order`."""
        return self.name.replace("_", "-")


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("order", per="order", rated=True, reported_by="orders"),
        Kind("first_order", per="order", rated=True, limit=(1, "ever"), reported_by="orders"),
        Kind("join", limit=(1, "ever")),
        Kind("birthday", limit=(1, "year")),
        Kind("newsletter", limit=(1, "ever"), reported_by="shop"),
        Kind("review", reported_by="shop"),
        Kind("social", limit=(1, "ever"), reported_by="shop", named_by="channel"),
        Kind("visit", limit=(1, "day"), reported_by="shop"),
        Kind("custom", rated=True, reported_by="shop", named_by="name"),
    )
}
ORDER_KINDS = tuple(name for name, kind in KINDS.items() if kind.per == "order")
RATED_KINDS = tuple(name for name, kind in KINDS.items() if kind.rated)
