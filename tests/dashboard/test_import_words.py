"""Why a row or a file is not imported, in German: every reason that the server has, none in English."""

import ast
from pathlib import Path

from flask_babel import force_locale

from tests.dashboard.conftest import Desk
from widget_server.dashboard.import_words import PROBLEMS, unreadable
from widget_server.loyalty.imports import columns, csv_files, problems

DATABASES = ("sqlite",)


def reasons() -> list[str]:
    """The sentences of each Unreadable of the modules that read files, with numbers for what they fill in."""
    found = []
    for module in (csv_files, columns):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Unreadable":
                (text,) = node.args
                code = compile(ast.Expression(text), "sentence", "eval")
                facts = {**vars(csv_files), "number": 7, "broken": "unexpected end of data", "long": ""}
                found.append(str(eval(code, facts)))
    return found


def test_every_reason_has_its_sentence_here() -> None:
    assert {code: str(text) for code, text in PROBLEMS.items()} == problems.REASONS


def test_every_reason_is_translated(desk: Desk) -> None:
    found = reasons()
    assert len(found) >= 8
    with desk.client.application.test_request_context(), force_locale("de"):
        for sentence in found:
            assert unreadable(sentence) != sentence and "Row" not in unreadable(sentence)
        assert unreadable("Row 1,002 has more than 500,000 characters.") == "Zeile 1.002 hat mehr als 500.000 Zeichen."
        assert all(str(text) != problems.REASONS[code] for code, text in PROBLEMS.items())
    with desk.client.application.test_request_context(), force_locale("en"):
        assert [unreadable(one) for one in found if "cannot be read" not in one] == [
            one for one in found if "cannot be read" not in one
        ]
