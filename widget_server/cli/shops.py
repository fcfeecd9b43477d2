"""`shop ...`: shops and their connections to their own APIs."""

import json
from collections.abc import Mapping
from typing import Any

import click

from widget_server import db
from widget_server.cli import shop_links
from widget_server.cli.opening import open_server
from widget_server.cli.shop_secrets import shop_secret
from widget_server.cli.words import from_stdin, read_secret, say, time_text
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import codes, connecting, installation
from widget_server.stores.calls import NotReached, Refused
from widget_server.stores.connecting import Connected, Tax
from widget_server.stores.platforms import PLATFORMS


@click.group()
def shop() -> None:
    """Shops."""


for command in (shop_secret, shop_links.code_of_shop, shop_links.check_shop, shop_links.import_shop):
    shop.add_command(command)


@shop.command("create")
@click.option("--name", required=True)
@click.option("--origin", "origins", required=True, multiple=True, help="A page origin; may be repeated.")
@click.option("--currency", required=True, help="Three letters, as EUR.")
@click.option("--timezone", required=True, help="For example Europe/Berlin.")
@click.option("--locale", required=True, help="For example en or de-AT.")
@click.option("--platform", type=click.Choice(tuple(PLATFORMS)), default="generic", show_default=True)
@click.option(
    "--webhook-secret", default=None, callback=from_stdin, help="-: read the shop's own webhook secret from stdin."
)
@click.option("--json", "as_json", is_flag=True)
def create_shop(
    name: str,
    origins: tuple[str, ...],
    currency: str,
    timezone: str,
    locale: str,
    platform: str,
    webhook_secret: str | None,
    as_json: bool,
) -> None:
    """Create a shop; its secrets are shown only this once."""
    open_server()
    with db.atomic():
        made = shops.create(
            name=name,
            origins=list(origins),
            currency=currency,
            timezone=timezone,
            locale=locale,
            platform=platform,
            webhook_secret=webhook_secret,
        )
        programs.create(made.id, name)
        _, secret = api_keys.create_key(made.id, "first key")
    say(_shop_facts(made, secret), as_json)


@shop.command("connect")
@click.argument("shop_id")
@click.option("--api-url", required=True, help="https://NAME.myshopify.com, or the address of the WooCommerce site.")
def connect_shop(shop_id: str, api_url: str) -> None:
    """Make each code in the shop's own system too; its keys are typed in, or read from standard input."""
    open_server()
    one = shops.by_id(shop_id)
    address = shops.clean_api_url(api_url)
    keys = _typed_keys(one.platform)
    try:
        connected = connecting.connect(one, address, keys)
    except (NotReached, Refused) as no:
        raise click.ClickException(f"Nothing was changed. {address}: {no}") from no
    click.echo("Connected: from now on each new code is made in the shop too.")
    if connected.tax is not None:
        click.echo("Changes of its orders are read too, every quarter of an hour, whether a webhook comes or not.")
        for line in _webhook_words(connected):
            click.echo(line)
        click.echo(_tax_words(connected.tax))
    elif feed := feeds.facts(one):
        click.echo("  ".join(_feed_words(feed)))


def _typed_keys(platform: str) -> dict[str, str]:
    """The keys of the platform, or the one key of a former app if that is typed first."""
    typed: dict[str, str] = {}
    for name, label in codes.keys_of(platform).items():
        key = read_secret(label)
        if codes.is_other_key(platform, key):
            return dict.fromkeys(codes.other_keys_of(platform), key)
        typed[name] = key
    return typed


@shop.command("disconnect")
@click.argument("shop_id")
def disconnect_shop(shop_id: str) -> None:
    """Delete our webhooks in the shop and the keys to its own API; codes that were made there stay there."""
    open_server()
    done = connecting.disconnect(shops.by_id(shop_id))
    click.echo("Disconnected.")
    if done.webhooks:
        click.echo(f"{done.webhooks} webhooks were deleted in the shop.")
    if done.left:
        click.echo(f"Its webhooks may be left there: the shop {done.left}. Delete those named Loyalty by hand.")


@shop.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_shops(as_json: bool) -> None:
    """List the shops of this server."""
    open_server()
    rows = [
        {
            "shop_id": one.id,
            "name": one.name,
            "platform": one.platform,
            "embed_key": one.embed_key,
            "origins": one.origins,
            "status": programs.of(one.id).status,
            "last_news_at": time_text(one.last_news_at),
            "feed": _feed_facts(one),
        }
        for one in Shop.everywhere().order_by(Shop.created_at)
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        words = [str(row[name]) for name in ("shop_id", "name", "platform", "status")]
        click.echo("  ".join([*words, f"last news: {row['last_news_at'] or 'never'}", *_feed_words(row["feed"])]))


def _shop_facts(made: Shop, api_key: str) -> dict[str, object]:
    """What `shop create` tells (contracts §3)."""
    return {
        "shop_id": made.id,
        "embed_key": made.embed_key,
        "identity_secret": made.identity_secret,
        "webhook_secret": made.webhook_secret,
        "webhook_urls": installation.webhook_urls(made),
        "api_key": api_key,
        "script_tag": installation.script_tag(made),
    }


def _tax_words(tax: Tax) -> str:
    by_hand = "set prices_include_tax and tax_percent by hand"
    if tax.outcome == "unreadable":
        return f"Its tax settings cannot be read with these keys ({tax.detail}): {by_hand}."
    ends = {
        "nothing": "nothing to set in the program.",
        "by_hand": f"{by_hand}.",
        "set": "the program's prices_include_tax and tax_percent are set to this now.",
        "kept": "the program's prices_include_tax and tax_percent stay as they were set.",
    }
    return f"Its prices are {tax.prices}: {ends[tax.outcome]}"


def _webhook_words(connected: Connected) -> list[str]:
    hooks = connected.webhooks
    if hooks is None:
        return [f"Its webhooks could not be made: the shop {connected.unreached}. Run this command again."]
    if hooks.refused:
        return [f"Its webhooks could not be made: the shop {hooks.refused}."]
    counts = {"made": len(hooks.made), "repaired": len(hooks.repaired), "in order": len(hooks.kept)}
    told = ", ".join(f"{count} {words}" for words, count in counts.items() if count)
    return [f"Its webhooks to this server: {told}."]


def _feed_facts(one: Shop) -> dict[str, Any] | None:
    facts = feeds.facts(one)
    return facts and {**facts, "checked_at": time_text(facts["checked_at"])}


def _feed_words(feed: Mapping[str, Any] | None) -> list[str]:
    if feed is None:
        return []
    return [f"feed: {feed['status']}", *([feed["detail"]] if feed["detail"] else [])]
