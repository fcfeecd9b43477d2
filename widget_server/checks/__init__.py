"""Checks before a server starts: settings, files and database. `serve` refuses or warns, `check` prints everything.

Each finding describes a problem and its solution in one or two sentences.
"""

from widget_server.checks import databases, files, settings
from widget_server.checks.files import claim
from widget_server.checks.findings import Finding, refusal, warning
from widget_server.config import Settings

__all__ = ["Finding", "claim", "is_served", "of_database", "of_settings", "refusal", "warning"]


def of_settings(found: Settings, host: str | None = None) -> list[Finding]:
    """Problems of the settings and the files they name; `host` is the address that the server listens on."""
    return [*settings.find(found, host), *files.find(found)]


def is_served(found: Settings) -> bool:
    """True while a server uses the open database, here or on another host."""
    return files.is_claimed(found) if files.sqlite_file(found) else databases.has_other_users()


def of_database(found: Settings, *, seconds: float) -> list[Finding]:
    """Problems of the open database. Its pages are read for at most `seconds`."""
    return databases.find(found, seconds=seconds)
