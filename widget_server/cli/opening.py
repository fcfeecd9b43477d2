"""The settings and the database, opened as a command needs them."""

import getpass
import logging
import os

import click
import peewee

from widget_server import checks, config, data_keys, db, events, migrate, reactions, secret_rotation
from widget_server.checks import Finding
from widget_server.config import Settings
from widget_server.loyalty import audit_log

CHECK_SECONDS = 5.0  # time limit for checking the database's pages before serving

log = logging.getLogger(__name__)


def open_server(settings: Settings | None = None, *, migrated: bool = True) -> None:
    """Open the database of these settings (default: the environment's), and act as the user of this shell from here on.

    Raises ClickException when that cannot be, or with `migrated` while migrations are pending; WrongSecretKey.
    """
    settings = settings or Settings.from_env()
    if not settings.secret_key:
        raise click.ClickException("WIDGET_SECRET_KEY is missing: see README, What an operator does.")
    config.use(settings, data_keys.stored)
    try:
        db.open_database(settings.database_url, statement_timeout_ms=settings.statement_timeout_ms)
        weakness = db.sqlite_weakness()
        if weakness:
            raise click.ClickException(weakness)
        db.connect()
        waiting = migrate.pending()
    except (peewee.PeeweeException, OSError, ValueError) as failure:
        reason = str(failure).strip().partition("\n")[0]
        raise click.ClickException(f"The database cannot be opened ({reason}): check DATABASE_URL.") from failure
    events.wire(reactions.react)
    if migrated and waiting:
        raise click.ClickException(f"Migrations are pending ({', '.join(waiting)}): run `widget-server upgrade`.")
    if migrated:
        secret_rotation.check_secret()
    user = _shell_user()
    audit_log.act_as(audit_log.Actor("shell", user, user))


def open_safely(host: str | None = None) -> None:
    """Open the database of a set-up that may serve shoppers; what is only doubtful goes to the log."""
    settings = Settings.from_env()
    found = [*need_none_fatal(checks.of_settings(settings, host))]
    open_server(settings)
    found += need_none_fatal(checks.of_database(settings, seconds=CHECK_SECONDS))
    if clash := checks.claim(settings):
        need_none_fatal([clash])
    for one in found:
        log.warning("%s", one.text)


def need_none_fatal(found: list[Finding]) -> list[Finding]:
    """Returns the findings; raises ClickException with the fatal ones, if there are any."""
    if fatal := [one.text for one in found if one.is_fatal]:
        raise click.ClickException(" ".join(fatal))
    return found


def _shell_user() -> str:
    """Who runs the command, as far as the machine can say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
