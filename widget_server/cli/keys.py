"""`key ...`: API keys, and `secret ...`: the server's own secret."""

from datetime import timedelta

import click

from widget_server import checks, clock, secret_rotation
from widget_server.cli.opening import need_none_fatal, open_server
from widget_server.cli.words import say
from widget_server.config import Settings
from widget_server.errors import BadRequest
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import Rights
from widget_server.loyalty.program import shops


@click.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.option("--shop", "shop_id", required=True)
@click.option("--name", required=True)
@click.option("--scope", type=click.Choice(["manage", "read"]), default="manage", show_default=True)
@click.option("--service", "services", multiple=True, help="Only this service, as accounts=read; may be repeated.")
@click.option("--expires", default=None, help="When the key ends, as 2027-01-31T00:00:00Z.")
@click.option("--address", "addresses", multiple=True, help="Only from this IP address or network; may be repeated.")
@click.option("--json", "as_json", is_flag=True)
def create_key(
    shop_id: str,
    name: str,
    scope: str,
    services: tuple[str, ...],
    expires: str | None,
    addresses: tuple[str, ...],
    as_json: bool,
) -> None:
    """Create an API key; its secret is shown only this once."""
    open_server()
    made, secret = api_keys.create_key(
        shops.by_id(shop_id).id, name, rights=_rights(scope, services, expires, addresses)
    )
    say({"key_id": made.id, "shop_id": shop_id, "name": name, "scope": made.scope, "api_key": secret}, as_json)


@key.command("rotate")
@click.argument("key_id")
@click.option("--shop", "shop_id", required=True)
@click.option("--keep-hours", type=click.IntRange(0, 72), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def rotate_key(key_id: str, shop_id: str, keep_hours: int, as_json: bool) -> None:
    """Give a key a new secret, shown only this once; the earlier one may stay valid for some hours."""
    open_server()
    made, secret = api_keys.rotate_key(shops.by_id(shop_id).id, key_id, keep=timedelta(hours=keep_hours))
    say({"key_id": made.id, "shop_id": shop_id, "name": made.name, "scope": made.scope, "api_key": secret}, as_json)


@key.command("revoke")
@click.argument("key_id")
@click.option("--shop", "shop_id", required=True)
def revoke_key(key_id: str, shop_id: str) -> None:
    """Revoke a key; its tokens end too."""
    open_server()
    api_keys.revoke_key(shops.by_id(shop_id).id, key_id)
    click.echo("Revoked.")


@click.group()
def secret() -> None:
    """The server's own secret, WIDGET_SECRET_KEY."""


@secret.command("rotate")
def rotate_secret() -> None:
    """Encrypt everything under a new WIDGET_SECRET_KEY; until then WIDGET_OLD_SECRET_KEYS has the old one."""
    settings = Settings.from_env()
    need_none_fatal(checks.of_settings(settings))
    open_server(settings)
    if checks.is_served(settings):
        raise click.ClickException("Stop every server of this database first: it would keep using the former keys.")
    done = secret_rotation.rotate()
    click.echo(f"{done.keys} keys and {done.resealed} sealed values are under the new secret. Take the old secret out")
    click.echo("of WIDGET_OLD_SECRET_KEYS, and start the server.")


def _rights(scope: str, services: tuple[str, ...], expires: str | None, addresses: tuple[str, ...]) -> Rights:
    """The rights of a key as the options say them; raises BadRequest naming the option that cannot be read."""
    pairs = dict(one.partition("=")[::2] for one in services)
    if any(not scope for scope in pairs.values()):
        raise BadRequest("Give each service with its scope, as accounts=read.", field="--service")
    try:
        ends = None if expires is None else clock.parse(expires)
    except ValueError as wrong:
        raise BadRequest(f"{expires!r} is not a time like 2027-01-31T00:00:00Z.", field="--expires") from wrong
    return Rights(scope, pairs or None, addresses or None, ends)
