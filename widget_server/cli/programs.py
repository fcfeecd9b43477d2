"""`program ...`: the program as one YAML file."""

from collections.abc import Sequence
from pathlib import Path

import click

from widget_server.cli.opening import open_server
from widget_server.errors import BadRequest
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file.apply import apply as apply_file
from widget_server.program_file.apply import plan as plan_file
from widget_server.program_file.schema import parse as parse_file


@click.group()
def program() -> None:
    """The program as one YAML file (docs/program-file.md)."""


@program.command("plan")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shop", "shop_id", default=None, help="Needed when there are several shops.")
def plan(file: Path, shop_id: str | None) -> None:
    """Print what `apply` would change; change nothing."""
    open_server()
    _print_changes(plan_file(_the_shop(shop_id), parse_file(_text(file))))


@program.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shop", "shop_id", default=None, help="Needed when there are several shops.")
def apply(file: Path, shop_id: str | None) -> None:
    """Make the shop's program match the file, in full or not at all; a second run changes nothing."""
    open_server()
    _print_changes(apply_file(_the_shop(shop_id), parse_file(_text(file))))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as broken:
        raise click.ClickException(f"{file} cannot be read as UTF-8 text.") from broken


def _the_shop(shop_id: str | None) -> Shop:
    if shop_id is not None:
        return shops.by_id(shop_id)
    found: list[Shop] = list(Shop.everywhere().limit(2))
    if len(found) != 1:
        raise BadRequest("Name the shop: there is none, or more than one.", field="--shop")
    return found[0]


def _print_changes(changes: Sequence[object]) -> None:
    for change in changes:
        click.echo(str(change))
    click.echo(f"{len(changes)} changes." if changes else "Nothing to change.")
