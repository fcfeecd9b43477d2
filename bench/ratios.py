"""What each read of a shopper, two of the admin API and a redemption cost on both databases, as multiples of a bare
Flask JSON route of the same run. It fails when one is a fifth worse than in ratios.json.

    python -m bench.ratios [--store]      --store writes ratios.json, with the commit and the machine

Processor time of this process, which other work on the machine hardly changes; on PostgreSQL the database's own is not
in it. Each figure is the median of ROUNDS rounds, in each of which all are asked in turn.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from flask.testing import FlaskClient

from bench._house import bare_route, has_postgres, house, postgres
from bench.reads import member_with
from tests.make import World
from tests.panels import Panel
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.rewards import rewards
from widget_server.web.limits import Limit

Ask = Callable[[], Any]

STORED = Path(__file__).with_suffix(".json")
ROUNDS, TIMES, WARM_UP = 7, 15, 5
FEW, MANY = 30, 10_000
WORSE = 1.2
GOALS = {
    "first panel": 6.0, "my balance": 4.0, "earn": 5.0, "redeem": 5.0, "my rewards": 5.0, "referral": 5.0,
    f"my balance, {MANY:,} rows to {FEW}": 1.2,
}  # fmt: skip


def main() -> None:
    """Print a line for each figure; exit with 1 when one is worse than the stored one."""
    found = {"sqlite": _measured(None)}
    if has_postgres():
        with postgres() as url:
            found["postgres"] = _measured(url)
    before = json.loads(STORED.read_text()) if STORED.exists() else {}
    worse = [line for name, figures in found.items() for line in _told(name, figures, before.get(name, {}))]
    if "--store" in sys.argv:
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout
        facts = {"commit": commit.strip(), "machine": f"{platform.machine()}, Python {platform.python_version()}"}
        STORED.write_text(json.dumps({**facts, **found}, indent=1) + "\n")
    elif worse:
        sys.exit("a fifth worse than stored: " + ", ".join(worse))


def _measured(url: str | None) -> dict[str, float]:
    with house(url) as (world, client):
        floor, few, many = bare_route(), member_with(world, FEW), member_with(world, MANY)
        world.tier("Silver", 1000, "1.25")  # only now: each booking looks at all that the window holds
        few.is_given(1_000_000)
        asks = {
            "": partial(floor.get, "/"),
            **_asks(world, client, few),
            "many": _reads(world, client, many)["my balance"],
        }
        rounds = [_round(asks) for _ in range(ROUNDS)]
    figures = {name: median(one[name] / one[""] for one in rounds) for name in asks if name}
    flat = median(one["many"] / one["my balance"] for one in rounds)
    del figures["many"]
    return {name: round(figure, 2) for name, figure in {**figures, f"my balance, {MANY:,} rows to {FEW}": flat}.items()}


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


def _told(database: str, figures: dict[str, float], before: dict[str, float]) -> list[str]:
    """Print the figures of one database; returns those that are a fifth worse than before."""
    print(f"{database + ': a bare Flask JSON route is 1.0':46}{'now':>8}{'stored':>8}{'goal':>8}")
    worse = []
    for name, figure in figures.items():
        stored, goal = before.get(name), GOALS.get(name)
        missed = "  missed" if goal and figure > goal else ""
        print(f"{name:46}{figure:8.2f}{stored or '-':>8}{goal or '-':>8}{missed}")
        if stored and figure > stored * WORSE:
            worse.append(f"{database} {name} ({stored} to {figure})")
    return worse


if __name__ == "__main__":
    main()
