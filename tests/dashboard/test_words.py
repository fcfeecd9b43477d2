"""The dashboard's texts: every one is translated, with the same figures, and the compiled catalogues are up to date."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from tests.dashboard.conftest import Desk
from widget_server.dashboard import words
from widget_server.loyalty.staff import accounts

DATABASES = ("sqlite",)
SOURCES = Path(words.__file__).parent
TRANSLATED = sorted(set(words.LANGUAGES) - {"en"})
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "_l": None, "lazy_gettext": None}
FIGURES = re.compile(r"%\((\w+)\)s")


def used() -> set[str]:
    """Every text of the sources, singular forms."""
    kinds = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    found = [
        one
        for folder in (SOURCES, SOURCES.parent / "stores")
        for one in extract_from_dir(folder, kinds, keywords=KEYWORDS)  # type: ignore[arg-type]
    ]
    return {text[0] if isinstance(text, tuple) else text for _, _, text, _, _ in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_with_the_same_figures(language: str) -> None:
    folder = words.FOLDER / language / "LC_MESSAGES"
    with (folder / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    known = {}
    for message in catalogue:
        plural = isinstance(message.id, tuple)
        name, forms = (message.id[0], message.string) if plural else (message.id, (message.string,))
        if name:
            known[name] = forms
            wanted = set(FIGURES.findall(message.id[1] if plural else message.id))
            assert all(forms) and not message.fuzzy, name
            assert all(set(FIGURES.findall(form)) == wanted for form in forms[-1:]), name
    assert used() - known.keys() == set()
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    assert (folder / "messages.mo").read_bytes() == compiled.getvalue(), "run `make texts`"


def test_a_reader_chooses_the_language_or_the_browser_does(desk: Desk, browser: FlaskClient) -> None:
    german = browser.get("/dashboard/sign-in", headers={"Accept-Language": "de-AT,de;q=0.8"})
    assert '<html lang="de">' in german.text and "Anmelden" in german.text
    assert '<html lang="en">' in browser.get("/dashboard/sign-in", headers={"Accept-Language": "xx"}).text
    desk.post("/profile", name="Olga", locale="de")
    assert accounts.by_id(desk.account.id).locale == "de"
    assert '<html lang="de">' in desk.get("/profile").text
