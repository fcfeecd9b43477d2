"""What each read of a shopper, two of the admin API and a redemption cost on both databases, as multiples of a bare
Flask JSON route of the same run.

Processor time of this process, which other work on the machine hardly changes; on PostgreSQL the database's own is not
in it. Each figure is the median of ROUNDS rounds, in each of which all are asked in turn.
"""

from collections.abc import Callable
from functools import partial
from itertools import count
from statistics import median
from time import process_time
from typing import Any

from flask.testing import FlaskClient

from bench._figures import note, of_rounds
from bench._house import bare_route, has_postgres, house, postgres
from bench.reads import member_with
from tests.make import World
from tests.panels import Panel
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.rewards import rewards
from widget_server.web.limits import Limit

Ask = Callable[[], Any]

ROUNDS, TIMES, WARM_UP = 7, 15, 5
FEW, MANY = 30, 10_000
PAGE = 50  # accounts of a page of the admin API
FLAT = 1.2
GOALS = {
    "first panel": 6.0, "my balance": 4.0, "earn": 5.0, "redeem": 5.0, "my rewards": 5.0, "referral": 5.0,
}  # fmt: skip


def main() -> None:
    """Print a line for each figure."""
    _told("sqlite", _measured(None))
    if has_postgres():
        with postgres() as url:
            _told("postgres", _measured(url))


def _measured(url: str | None) -> dict[str, list[float]]:
    """The seconds of each in each round; those of the floor have the name ""."""
    with house(url) as (world, client):
        floor, few, many = bare_route(), member_with(world, FEW), member_with(world, MANY)
        world.tier("Silver", 1000, "1.25")  # only now: each booking looks at all that the window holds
        few.is_given(1_000_000)
        for number in range(PAGE):
            world.member(f"{number}@page.example").is_given(100)
        asks = {
            "": partial(floor.get, "/"),
            **_asks(world, client, few),
            "many": _reads(world, client, many)["my balance"],
        }
        rounds = [_round(asks) for _ in range(ROUNDS)]
    return {name: [one[name] for one in rounds] for name in asks}


def _reads(world: World, client: FlaskClient, member: Any) -> dict[str, Ask]:
    panel = Panel(client, world, member)
    paths = {
        "first panel": "/widget/panel?tab=earn", "my balance": "/widget/my-balance", "earn": "/widget/earn",
        "redeem": "/widget/redeem", "my rewards": "/widget/my-rewards", "referral": "/widget/referral",
    }  # fmt: skip
    return {name: partial(panel.get, path) for name, path in paths.items()}


def _asks(world: World, client: FlaskClient, member: Any) -> dict[str, Ask]:
    Limit.count = lambda self, *_: None  # type: ignore[method-assign]  # 20 redemptions a minute are too few here
    panel, keys, reward = Panel(client, world, member), count(), rewards.listed(world.shop)[0]
    headers = {"Authorization": api_keys.create_key(world.shop.id, "bench")[1]}
    accounts = "/loyalty-accounts/v1/accounts"
    return {
        **_reads(world, client, member),
        "getAccount": partial(client.get, f"{accounts}/{member.account.id}", headers=headers),
        "query of accounts": partial(client.post, f"{accounts}/query", json={}, headers=headers),
        "a redemption": lambda: panel.post("/widget/redeem", {"reward_id": reward.id}, key=f"k{next(keys)}"),
    }


def _round(asks: dict[str, Ask]) -> dict[str, float]:
    """The seconds of the processor that each takes."""
    spent = {}
    for name, ask in asks.items():
        for _ in range(WARM_UP):
            assert ask().status_code == 200, (name, ask().data)
        began = process_time()
        for _ in range(TIMES):
            ask()
        spent[name] = (process_time() - began) / TIMES
    return spent


def _told(database: str, seconds: dict[str, list[float]]) -> None:
    """Print and note the figures of one database."""
    floor, many = seconds.pop(""), seconds.pop("many")
    floor_ms = [one * 1000 for one in floor]
    figures = [
        of_rounds(f"{database}: {name}", [one * 1000 for one in each], floor_ms, "ms", goal=GOALS.get(name))
        for name, each in seconds.items()
    ]
    few = seconds["my balance"]
    figures.append(of_rounds(f"{database}: my balance, {MANY:,} rows to {FEW}", many, few, "s", goal=FLAT))
    print(f"{database}: a bare Flask JSON route takes {median(floor_ms):.3f} ms of the processor")
    for one in figures:
        print(f"{one.name:46}{one.ratio:8.2f}  {one.goal:6}{'  missed' if one.held is False else ''}")
        note(one)


if __name__ == "__main__":
    main()
