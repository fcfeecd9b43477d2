"""`shop secret ...`: what a shop signs with."""

import json

import click

from widget_server import clock
from widget_server.cli.opening import open_server
from widget_server.cli.words import from_stdin, say
from widget_server.loyalty.program import shops


@click.group("secret")
def shop_secret() -> None:
    """The secrets that a shop signs with; two of a kind may be valid while the shop changes from one to the other."""


@shop_secret.command("list")
@click.argument("shop_id")
@click.option("--json", "as_json", is_flag=True)
def list_secrets(shop_id: str, as_json: bool) -> None:
    """List the valid secrets by their first characters."""
    open_server()
    rows = [_secret_facts(one) for one in shops.secrets_of(shops.by_id(shop_id).id)]
    click.echo(json.dumps(rows) if as_json else "\n".join("  ".join(row.values()) for row in rows))


@shop_secret.command("add")
@click.argument("shop_id")
@click.option("--kind", type=click.Choice(shops.SECRET_KINDS), required=True)
@click.option("--secret", default=None, callback=from_stdin, help="-: read it from stdin; else one is made.")
@click.option("--json", "as_json", is_flag=True)
def add_secret(shop_id: str, kind: shops.SecretKind, secret: str | None, as_json: bool) -> None:
    """Add a valid secret, shown this once; the one there is stays valid until it is removed."""
    open_server()
    made, plain = shops.add_secret(shops.by_id(shop_id).id, kind, secret)
    say({"secret_id": made.id, "shop_id": shop_id, "kind": kind, "secret": plain}, as_json)


@shop_secret.command("remove")
@click.argument("shop_id")
@click.argument("secret_id")
def remove_secret(shop_id: str, secret_id: str) -> None:
    """Refuse from now on what is signed with this secret; the last one of a kind stays."""
    open_server()
    shops.remove_secret(shops.by_id(shop_id).id, secret_id)
    click.echo("Removed.")


def _secret_facts(one: shops.ShopSecret) -> dict[str, str]:
    made_at = clock.iso(one.created_at)
    return {"secret_id": one.id, "kind": one.kind, "begins_with": one.begins_with, "created_at": made_at}
