"""The shell for owners and operators: `widget-server ...`. A module has the commands of one noun."""

import logging
import os

import click

from widget_server.cli import database, keys, programs, serving, shops, staff
from widget_server.cli.group import STATES, RefusalsAsMessages

__all__ = ["STATES", "main"]


@click.group(cls=RefusalsAsMessages, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A loyalty program any shop can host itself."""
    os.umask(0o077)  # new files are private to this user
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


for command in (
    database.upgrade,
    database.audit,
    database.backup,
    database.rewrite,
    serving.serve,
    serving.worker,
    serving.check,
    serving.run_demo,
    shops.shop,
    keys.key,
    keys.secret,
    programs.program,
    staff.staff,
):
    main.add_command(command)
