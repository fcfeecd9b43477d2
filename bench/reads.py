"""What each of the shopper's reads costs, as a multiple of a bare Flask JSON route of the same run.

Three members ask, with 10, 30 and 10,000 movements; a page shows 20. Each number is the median of its rounds divided by
the median of the bare route asked in the same rounds, so that it carries over to other machines.
"""

from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

from bench._house import bare_route, house
from tests.make import Shopper, World
from tests.panels import Panel
from widget_server import db
from widget_server.loyalty.rewards import rewards

Ask = Callable[[], Any]

ROWS = (10, 30, 10_000)
ROUNDS = 120
WARM_UP = 10
READS = (
    "/widget/panel?tab=earn",
    "/widget/panel?tab=redeem",
    "/widget/panel?tab=my_rewards",
    "/widget/panel?tab=referral",
    "/widget/panel?tab=my_balance",
    "/widget/earn",
    "/widget/redeem",
    "/widget/my-rewards",
    "/widget/referral",
    "/widget/my-balance",
    "/widget/my-balance/history?cursor=1000000",
    "/panel?shop={shop}",
    "/widget.js?shop={shop}",
)


def main() -> None:
    """Print one line a read."""
    with house() as (world, client):
        floor = bare_route()
        members = [member_with(world, rows) for rows in ROWS]
        world.tier("Silver", 1000, "1.25")  # only now: each booking looks at all that the window holds
        db.disconnect()
        print(f"{'a bare Flask JSON route is 1.0; movements:':46}" + "".join(f"{rows:>9,}" for rows in ROWS))
        for read in READS:
            path = read.format(shop=world.shop.embed_key)
            asks = [partial(Panel(client, world, member).get, path) for member in members]
            ratios = _ratios([partial(floor.get, "/"), *asks])
            print(f"{read.split('shop=')[0]:46}" + "".join(f"{ratio:9.1f}" for ratio in ratios))
        db.connect()


def member_with(world: World, rows: int, number: int = 0) -> Shopper:
    """Somebody with so many movements, two of them redemptions; `number` tells several of them apart."""
    member = world.member(f"member{rows}-{number}@example.com")
    while (missing := rows - 2 - member.account.sequence) > 0:
        with db.atomic():  # a row of PostgreSQL that is changed thousands of times in one transaction is ever slower
            for _ in range(min(missing, 200)):
                member.is_given(200)
    for _ in range(2):
        member.redeems(rewards.listed(world.shop)[0])
    assert member.account.sequence == rows
    return member


def _ratios(asks: list[Ask]) -> list[float]:
    """How long each but the first takes, as a multiple of the first; asked in turn: all meet the same weather."""
    times: list[list[float]] = [[] for _ in asks]
    for _ in range(WARM_UP + ROUNDS):
        for ask, spent in zip(asks, times, strict=True):
            began = perf_counter()
            answer = ask()
            spent.append(perf_counter() - began)
            assert answer.status_code == 200, answer.data
    base, *rest = (median(spent[WARM_UP:]) for spent in times)
    return [one / base for one in rest]


if __name__ == "__main__":
    main()
