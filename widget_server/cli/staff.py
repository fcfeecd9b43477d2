"""`staff ...`: who may use the dashboard of a shop."""

import click

from widget_server import db
from widget_server.cli.opening import open_server
from widget_server.errors import NotFound
from widget_server.loyalty.program import shops
from widget_server.loyalty.staff import accounts, invitations, members, sign_in
from widget_server.loyalty.staff.roles import ROLES, Role


@click.group()
def staff() -> None:
    """The people who use a shop's dashboard."""


@staff.command("invite")
@click.option("--shop", "shop_id", required=True, help="The shop's id.")
@click.option("--email", required=True)
@click.option("--role", type=click.Choice(ROLES), default="owner", show_default=True)
def invite_staff(shop_id: str, email: str, role: Role) -> None:
    """Invite a person to a shop's dashboard: a link is mailed to them, and printed here."""
    open_server()
    with db.atomic():
        link = invitations.invite(shops.by_id(shop_id), email, role)
    click.echo(link)


@staff.command("link")
@click.option("--shop", "shop_id", required=True, help="The shop's id.")
@click.option("--email", required=True)
@click.option("--hire", type=click.Choice(ROLES), default=None, help="Make the person a member of the staff first.")
def link_staff(shop_id: str, email: str, hire: Role | None) -> None:
    """Print a link that signs a member of staff in once, within a day, for one who cannot sign in otherwise."""
    open_server()
    account = accounts.by_email(email)
    if hire is not None and (account is None or members.of_account(shop_id, account.id) is None):
        with db.atomic():
            account = accounts.open_account(email)
            members.add(shops.by_id(shop_id), account, hire)
    if account is None or members.of_account(shop_id, account.id) is None:
        raise NotFound("Nobody on this shop's staff has this address.", field="--email")
    with db.atomic():
        click.echo(sign_in.link_for(shop_id, account))


@staff.command("list")
@click.option("--shop", "shop_id", required=True, help="The shop's id.")
def list_staff(shop_id: str) -> None:
    """List a shop's staff: address, role, and whether they have a second factor."""
    open_server()
    for member, account in members.listed(shops.by_id(shop_id)):
        factor = "second factor" if account.has_second_factor else "password only"
        click.echo(f"{account.email}  {member.role}  {factor}")
