"""What must hold before a server serves: settings, files and database. `serve` refuses or warns, `check` prints all.

Each finding names what is wrong and its mend, in one sentence or two.
"""

from widget_server.checks import databases, files, settings
from widget_server.checks.files import claim
from widget_server.checks.findings import Finding, refusal, warning
from widget_server.config import Settings

__all__ = ["Finding", "claim", "is_served", "of_database", "of_settings", "refusal", "warning"]


def of_settings(found: Settings, host: str | None = None) -> list[Finding]:
    """What is wrong with the settings, and with the files they name; `host` is what the server listens on."""
    return [*settings.find(found, host), *files.find(found)]


def is_served(found: Settings) -> bool:
    """True while a server uses the open database, here or on another host."""
    return files.is_claimed(found) if files.sqlite_file(found) else databases.has_other_users()


def of_database(found: Settings, *, seconds: float) -> list[Finding]:
    """What is wrong with the open database. Its pages are read for no longer than `seconds`."""
    return databases.find(found, seconds=seconds)
