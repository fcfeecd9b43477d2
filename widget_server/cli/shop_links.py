"""`shop code`, `shop check`, `shop import`: a shop is connected, checked, and its past is read."""

import json
import time
from datetime import datetime

import click

from widget_server import clock
from widget_server.cli.opening import open_server
from widget_server.loyalty.earning import store_imports
from widget_server.loyalty.earning.store_imports import StoreImport
from widget_server.loyalty.program import connection_codes, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import check_words, checking, importing


@click.command("code")
@click.option("--shop", "shop_id", required=True, help="The id of the shop.")
def code_of_shop(shop_id: str) -> None:
    """Make a code to paste into the shop's plugin; it is valid once, for an hour, and ends the former one."""
    open_server()
    click.echo(connection_codes.make(shops.by_id(shop_id)))


@click.command("check")
@click.option("--shop", "shop_id", required=True, help="The id of the shop.")
@click.option("--json", "as_json", is_flag=True)
def check_shop(shop_id: str, as_json: bool) -> None:
    """Say what is well with a shop's connection and what is not; exit 1 when something is wrong."""
    open_server()
    found = checking.check(shops.by_id(shop_id))
    lines = [(one, check_words.sentence(one, clock.iso)) for one in found]
    if as_json:
        rows = [{"code": one.code, "state": one.state, "text": text} for one, text in lines]
        click.echo(json.dumps({"well": checking.is_well(found), "findings": rows}))
    else:
        for one, text in lines:
            click.echo(f"{one.state + ':':<7}{text}")
    if not checking.is_well(found):
        raise SystemExit(1)


@click.command("import")
@click.option("--shop", "shop_id", required=True, help="The id of the shop.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Orders placed on this day or later.")
@click.option("--dry-run", is_flag=True, help="Count, and book nothing.")
def import_shop(shop_id: str, since: datetime | None, dry_run: bool) -> None:
    """Read the shop's past orders and customers; stopped in the middle, the same command goes on."""
    open_server()
    shop = shops.by_id(shop_id)
    start = None if since is None else clock.start_of(since.date(), shop.timezone)
    row = importing.begin(shop, "trial" if dry_run else "import", start)
    while (pause := importing.go_on(shop)) is not None:
        _say_progress(shop, pause)
        time.sleep(pause)
    row = store_imports.of(shop) or row
    if row.status != "done":
        raise click.ClickException(f"{row.detail or 'It was stopped.'} The same command goes on from here.")
    _say_result(shop, row)


def _say_progress(shop: Shop, pause: float) -> None:
    row = store_imports.of(shop)
    if row is None:
        return
    found = row.facts
    if pause:
        click.echo(f"{row.detail} It is tried again in {pause:.0f} seconds.", err=True)
    elif row.step == "orders":
        click.echo(f"{found.orders} of {found.orders_in_all} orders", err=True)
    else:
        click.echo(f"{found.customers} of {found.customers_in_all} customers", err=True)


def _say_result(shop: Shop, row: StoreImport) -> None:
    found, day = row.facts, clock.local_date(row.since, shop.timezone)
    click.echo(f"Orders placed since {day}: {found.orders}. Customers: {found.customers}.")
    click.echo(f"{'They would give' if row.is_trial else 'They gave'} {found.points} points.")
    for count, words in (
        (found.known, "Known before"),
        (found.early, "Placed before the day from which orders count, so that they give nothing"),
        (found.parked, "Not bookable, among the parked orders of the dashboard with the reasons"),
    ):
        if count:
            click.echo(f"{words}: {count}.")
    if row.is_trial:
        click.echo("Nothing was booked. Limits for each customer, tiers and first orders are not in the figure.")
