"""The files that are built from widget_static: their names contain a hash of the content."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "widget_static"
DIST = FOLDER / "dist"


@lru_cache(maxsize=1)
def manifest() -> dict[str, Any]:
    """Returns the build's manifest: hashed names by logical name, and the panel's inline script with its hash."""
    loaded: dict[str, Any] = json.loads((DIST / "manifest.json").read_text("utf-8"))
    return loaded


def name(logical: str) -> str:
    """Returns the hashed name of a built file."""
    return str(manifest()[logical])


@lru_cache(maxsize=8)
def text(file_name: str) -> str:
    """Returns the text of a built file."""
    return (DIST / file_name).read_text("utf-8")
