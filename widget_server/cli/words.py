"""What is typed and what is printed."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime

import click

from widget_server import clock
from widget_server.errors import BadRequest


def from_stdin(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Returns the secret that stands on standard input for "-"; None without one.

    Raises BadRequest for any other word: others on the machine can read the words of a command.
    """
    if value not in (None, "-"):
        raise BadRequest(
            f"A secret in the command can be seen by others: give {option.opts[0]} - and send it on standard input.",
            field=option.opts[0],
        )
    return read_secret("Secret") if value else None


def read_secret(label: str) -> str:
    """A key that is typed unseen, or a line of standard input; never a word of the command, which others may read."""
    if sys.stdin.isatty():
        return str(click.prompt(label, hide_input=True))
    return sys.stdin.readline().strip()


def say(facts: Mapping[str, object], as_json: bool) -> None:
    """Print these facts, a line each, or as one JSON object."""
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name}: {value}")


def time_text(moment: datetime | None) -> str | None:
    """Returns the time as JSON has it; None for none."""
    return None if moment is None else clock.iso(moment)
