"""The command itself: what holds the others, and how a failure is shown."""

import click

from widget_server import db
from widget_server.errors import DatabaseState, Refusal

STATES: dict[DatabaseState, str] = {
    "away": "The database does not answer: check DATABASE_URL, and whether it runs.",
    "locked": "The database is locked by another program: try again when that is done.",
    "full": "The database is full: make room on its disk.",
    "read_only": "The database can be read only: check the rights of its files.",
}


class RefusalsAsMessages(click.Group):
    """Refusals end a command with one line that names the mend, not with a traceback."""

    def invoke(self, context: click.Context) -> object:
        """Run the command. Raises ClickException with one line for a refusal, or for a database that is away."""
        try:
            return super().invoke(context)
        except Refusal as refusal:
            where = f"{refusal.field}: " if refusal.field else ""
            raise click.ClickException(f"{where}{refusal.message}") from refusal
        except click.ClickException:
            raise
        except Exception as error:
            away = db.away(error)
            if away is None:
                raise
            raise click.ClickException(STATES[away.state]) from error
