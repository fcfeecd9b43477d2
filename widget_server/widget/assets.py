"""The panel's languages and texts, and the built file of each tab."""

import json
from functools import lru_cache
from typing import Literal

from widget_server.web import built_files

LOCALES = ("en", "de", "fr", "es", "ar")
RIGHT_TO_LEFT = ("ar", "he", "fa", "ur")


def tab_file(tab: str) -> str | None:
    """Returns the hashed name of the file that draws a tab; None for the first tab, which is in panel.js."""
    found: str | None = built_files.manifest().get(f"{tab}.js")
    return found


def locale_for(*wanted: str) -> str:
    """Returns the language of the first tag in `wanted` (e.g. de-AT) that we support, else "en" (acceptance 11)."""
    for tag in wanted:
        language = tag.replace("_", "-").split("-")[0].lower()
        if language in LOCALES:
            return language
    return "en"


def direction(locale: str) -> Literal["ltr", "rtl"]:
    """Returns the writing direction of a language, for the HTML attribute `dir`."""
    return "rtl" if locale in RIGHT_TO_LEFT else "ltr"


def strings(locale: str, own: dict[str, dict[str, str]]) -> dict[str, str]:
    """Returns every text of the panel by key, in a supported language; the shop's own texts replace ours."""
    return {**_words("en"), **_words(locale), **own.get(locale, {})}


def early(words: dict[str, str], tab: str) -> dict[str, str]:
    """Returns the texts needed to draw the guest's page or this tab, by the lists of words_early.json."""
    needed = _keys("") | _keys(tab)
    return {key: word for key, word in words.items() if key in needed or _is_unit(key)}


def late(words: dict[str, str]) -> dict[str, str]:
    """Returns the texts that are loaded when needed: other tabs, forms, sheets, sums, refusals."""
    return {key: word for key, word in words.items() if key not in _keys("") and not _is_unit(key)}


@lru_cache(maxsize=8)
def _keys(tab: str) -> frozenset[str]:
    """Returns the keys that only this tab uses; for "" those that guests or all tabs need."""
    return frozenset(built_files.manifest()["words"][tab])


def _is_unit(key: str) -> bool:
    """True for a plural form of the unit (points), which any text may need; the forms differ by language."""
    return key.startswith("unit_")


@lru_cache(maxsize=8)
def _words(locale: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((built_files.FOLDER / "locales" / f"{locale}.json").read_text("utf-8"))
    return words
