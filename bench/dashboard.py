"""What the pages of the dashboard cost in a shop with 1,000,000 customers and 10,000,000 movements, beside 1,000.

Both shops are in databases of their own, which are made when they are not there (`_big_shop.py`; the large one takes
about ten minutes) and kept for the next run in the folder that is the first argument, by default `build`. Each page is
read in turn from the large shop, the small one and a bare Flask route; a number is the median of its rounds, in
milliseconds of the processor (wall time stands beside it). Where the small shop fills less of a page, the ratio is to a
page of it with as many rows: what a row takes is measured first, by a full list and an empty one. The goals: a page
takes at most 1.5 times as long as in the small shop, at most 100 ms, and has at most 60 kB with all that it loads,
compressed by brotli. It fails otherwise.

CUSTOMERS=100000 for a smaller shop, ROUNDS=5; URL_BIG and URL_SMALL for databases elsewhere, such as PostgreSQL.
"""

import multiprocessing
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import brotli

from bench._big_shop import NOW, Built, built
from bench._house import bare_route
from tests.make import SECRET
from widget_server import clock, config, db, totals
from widget_server.app import create_app
from widget_server.loyalty import books, reports
from widget_server.loyalty.people import customers
from widget_server.loyalty.program import shops
from widget_server.loyalty.staff import accounts, members, sign_in

SMALL, BIG = 1_000, int(os.environ.get("CUSTOMERS", "1000000"))
ROUNDS = int(os.environ.get("ROUNDS", "7"))
RATIO_MAX, MILLISECONDS_MAX, BYTES_MAX = 1.5, 100, 60_000
NOISE = 2.0  # milliseconds that a ratio of short times may be off by
LOADED = re.compile(r"""(?:src|href)="(/assets/[^"]+\.(?:js|css))""")

ROW = re.compile(rb"<tr[ >]")


@dataclass(frozen=True)
class Cost:
    """What one request cost: milliseconds of the processor and of the wall, statements, bytes as sent, rows shown."""

    cpu: float
    wall: float
    queries: int
    size: int
    rows: int


def main() -> int:
    """Print a line for each page, and how many miss a goal."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build")
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("SQLITE_TMPDIR", str(folder))
    urls = [os.environ.get(f"URL_{name}", f"sqlite:///{folder / file}") for name, file in FILES]
    ends = [_started(url, count) for url, count in zip(urls, (SMALL, BIG), strict=True)]
    pages: dict[str, str] = ends[0].recv()
    ends[1].recv()
    bare = bare_route()
    floor = median(_bare(bare) for _ in range(50))
    print(f"{BIG:,} customers beside {SMALL:,}; bare route {floor:.2f} ms; medians of {ROUNDS}, in ms of the processor")
    row = _row(ends)
    print(f"a row of the list takes {row:.2f} ms in the small shop")
    print(f"{'':44}{'small':>8}{'big':>8}{'wall':>8}{'rows':>9}{'ratio':>7}{'floors':>8}{'queries':>9}{'kB br':>7}")
    missed = 0
    for name in pages:
        small, big = _costs(ends, name)
        cpu = [median(one.cpu for one in costs) for costs in (small, big)]
        alike = cpu[0] + max(big[0].rows - small[0].rows, 0) * row
        wall, ratio = median(one.wall for one in big), cpu[1] / max(alike, 0.01)
        verdict = _verdict(alike, cpu[1], big)
        missed += bool(verdict)
        queries = f"{small[0].queries}/{big[0].queries}"
        rows = f"{small[0].rows}/{big[0].rows}"
        numbers = f"{cpu[0]:8.1f}{cpu[1]:8.1f}{wall:8.1f}{rows:>9}{ratio:7.2f}{cpu[1] / floor:8.0f}{queries:>9}"
        print(f"{name:44}{numbers}{big[0].size / 1000:7.1f}  {verdict}", flush=True)
    for end in ends:
        end.send(None)
    print("every goal is met" if not missed else f"{missed} of {len(pages)} miss a goal")
    return 1 if missed else 0


FILES = (("SMALL", "dashboard-small.db"), ("BIG", "dashboard-big.db"))


def _row(ends: list[Any]) -> float:
    """What a row of the list takes in the small shop: a page of rows beside an empty one, in milliseconds."""
    full, none = (_costs(ends, name)[0] for name in ("customers", "search: nobody"))
    return (median(one.cpu for one in full) - median(one.cpu for one in none)) / (full[0].rows - none[0].rows)


def _verdict(alike: float, cpu: float, big: list[Cost]) -> str:
    misses = []
    if cpu > RATIO_MAX * alike and cpu - alike > NOISE:
        misses.append(f"more than {RATIO_MAX} times")
    if cpu > MILLISECONDS_MAX:
        misses.append(f"more than {MILLISECONDS_MAX} ms")
    if big[0].size > BYTES_MAX:
        misses.append(f"more than {BYTES_MAX // 1000} kB")
    return "MISSED: " + ", ".join(misses) if misses else ""


def _costs(ends: list[Any], name: str) -> tuple[list[Cost], list[Cost]]:
    """The costs of a page in both shops, in turn; the first round warms up."""
    found: tuple[list[Cost], list[Cost]] = ([], [])
    for number in range(ROUNDS + 1):
        for end, costs in zip(ends, found, strict=True):
            end.send(name)
            cost = end.recv()
            if number:
                costs.append(cost)
    return found


def _bare(client: Any) -> float:
    """Milliseconds of the processor that the bare route takes."""
    began = process_time()
    client.get("/")
    return (process_time() - began) * 1000


def _started(url: str, count: int) -> Connection:
    """A process of its own for each shop: a process has one database."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, url, count), daemon=True)
    process.start()
    return ours


def _serve(end: Connection, url: str, count: int) -> None:
    shop = built(url, count, is_sealed=count == SMALL)
    with clock.at(NOW):
        if count == SMALL:
            wrong = [*books.audit(), *_differences(shop)]
            assert not wrong, wrong[:5]
        db.disconnect()
        app = create_app(config.Settings(database_url=url, secret_key=SECRET, instance=Path("/nonexistent")))
        db.connect()
        client = app.test_client()
        pages = _pages(shop)
        _sign_in(client, shop)
        end.send(dict.fromkeys(pages, ""))
        while (name := end.recv()) is not None:
            end.send(_measured(client, pages[name]))


def _differences(shop: Built) -> list[str]:
    plain = totals.plain_sums(shop.shop_id)
    kept = {(row.name, row.at): row.amount for row in totals.QuarterTotal.of(shop.shop_id) if row.amount}
    return [f"total {key}" for key in sorted({*plain, *kept}) if plain.get(key) != kept.get(key)]


def _sign_in(client: Any, shop: Built) -> None:
    own = shops.by_id(shop.shop_id)
    account = accounts.open_account("owner@fjord.example", "Olga Owner")
    if members.of_account(shop.shop_id, account.id) is None:
        members.add(own, account, "owner")
    link = f"/dashboard/sign-in/link?link={sign_in.link_for(shop.shop_id, account).rpartition('=')[2]}"
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(link).text)
    assert token
    assert client.post(link, data={"csrf_token": token[1]}).status_code == 303


Ask = Callable[[Any], tuple[int, bytes]]  # returns the status and the document


def _page(path: str) -> Ask:
    def ask(client: Any) -> tuple[int, bytes]:
        response = client.get(f"/dashboard{path}", follow_redirects=True)  # the till goes on to the one it found
        return response.status_code, response.data

    return ask


def _measured(client: Any, ask: Ask) -> Cost:
    count = 0

    def heard(_: Any) -> None:
        nonlocal count
        count += 1

    db.database.obj.query_hooks.append(heard)
    began, wall = process_time(), perf_counter()
    status, body = ask(client)
    cost = (process_time() - began) * 1000, (perf_counter() - wall) * 1000
    db.database.obj.query_hooks.remove(heard)
    assert status == 200, (status, body[:300])
    size = len(brotli.compress(body, quality=5))
    for path in set(LOADED.findall(body.decode("utf-8", "replace"))):
        size += len(brotli.compress(client.get(path).data, quality=11))
    return Cost(*cost, count, size, len(ROW.findall(body)))


def _pages(shop: Built) -> dict[str, Ask]:
    """Each page by its name; those that are searched for somebody name that customer."""
    own = customers.by_id(shop.shop_id, shop.usual_id)
    first, last = str(own.name).split()
    shown = {
        "overview, 30 days": "/overview",
        "overview, 365 days": "/overview?from=2025-11-30&to=2026-11-29",
        "overview, the same of a year ago": "/overview?from=2025-10-31&to=2025-11-29",
        "overview, all time": "/overview?span=all",
        "accounting, this month": "/accounting",
        "accounting, this year": "/accounting?span=year",
        "customers": "/customers",
        "customers, page 10": _further(shop),
        **{f"customers by {order}": f"/customers?order={order}" for order in ORDERS},
        **{f"customers: {filter}": f"/customers?{filter}" for filter in FILTERS},
        "search: a common word": "/customers?text=anna",
        "search: a rare word": f"/customers?text={last.lower()}",
        "search: the beginning of a word": "/customers?text=an",
        "search: two words": f"/customers?text={first.lower()}+{last.lower()}",
        "search: two common words": "/customers?text=anna+ba",
        "search: three common beginnings": "/customers?text=a+b+c",
        "search: an e-mail": f"/customers?text={own.email}",
        "search: a phone": f"/customers?text={str(own.phone).replace('+', '%2B').replace(' ', '+')}",
        "search: an order": "/customers?text=%23100007",
        "search: a coupon": "/customers?text=FERN-00000007",
        "search: nobody": "/customers?text=xyzzy",
        "card, 10 movements": f"/customers/{shop.usual_id}",
        "card, 10,000 movements": f"/customers/{shop.long_id}",
        "referrals": "/referrals",
        "referrals: completed": "/referrals?status=completed",
        "orders": "/orders",
        "orders: placed": "/orders?status=placed",
        "bulk": "/bulk",
        "audit log": "/audit-log",
        "till: an e-mail": f"/till?q={own.email}",
        "till: a phone": f"/till?q={str(own.phone).replace('+', '%2B').replace(' ', '+')}",
        "till: a phone nobody has": "/till?q=0999+888+7777",
    }
    found = {name: _page(path) for name, path in shown.items()}
    return found | {"overview: its figures alone": _figures(shop)}


ORDERS = ("newest.up", "name.up", "name.down", "balance.down", "balance.up", "activity.down", "activity.up")
FILTERS = (
    *("status=member", "status=visitor", "status=pending", "account=no", "label=vip", "marketing=yes", "marketing=no"),
    *("excluded=yes", "balance_min=3000", "balance_max=10", "tier=none"),
    *("joined_from=2026-10-01", "active_from=2026-11-15", "active_to=2025-01-01"),
    "joined_from=2026-10-01&order=activity.up",
    "joined_from=2026-11-25&order=activity.up",
    "status=pending&order=balance.down",
    "label=vip&order=name.up",
    "label=vip&text=anna",
)


def _figures(shop: Built) -> Ask:
    own = shops.by_id(shop.shop_id)
    last = clock.local_date(NOW, own.timezone)

    def ask(_: Any) -> tuple[int, bytes]:
        reports.overview(own, last.replace(day=1), last)
        reports.so_far(own)
        reports.tier_mix(own)
        reports.funnel(own, last.replace(day=1), last)
        return 200, b""

    return ask


def _further(shop: Built) -> str:
    """The address of the tenth page of the list."""
    from widget_server.loyalty.people import directory  # noqa: PLC0415 - it reads the database when it is called
    from widget_server.loyalty.people.directory_filters import Filter, Order  # noqa: PLC0415

    own, after = shops.by_id(shop.shop_id), None
    for _ in range(9):
        after = directory.page(own, Filter(), Order(), after=after).after
    return f"/customers?after={after}"


if __name__ == "__main__":
    sys.exit(main())
