"""What a reader can hold in mind: modules, functions and signatures, and the words that they are written in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
MODULES = [path for path in (ROOT / "widget_server").rglob("*.py") if "migrations" not in path.parts]  # frozen
MODULE_LINES_MAX, MODULE_LINES_MEDIAN, FUNCTION_LINES_MAX, LINE_MAX = 450, 130, 50, 120
ANY_MAX = 40  # public functions that say Any: what a library hands over as it likes, each with its reason beside it
DIALECT = re.compile(r"\b(she|her|hers|asked|answers)\b", re.IGNORECASE)


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    """Every function of a module, and every method."""
    tree = ast.parse(path.read_text())
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def says_any(function: ast.FunctionDef) -> bool:
    """True when an annotation of the signature is Any, or holds it."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    annotations = [one.annotation for one in every if one is not None and one.annotation is not None]
    annotations += [function.returns] if function.returns is not None else []
    return any(isinstance(node, ast.Name) and node.id == "Any" for one in annotations for node in ast.walk(one))


def test_a_module_is_read_in_one_sitting() -> None:
    lines = {path.relative_to(ROOT).as_posix(): path.read_text().count("\n") for path in MODULES}
    assert {name: count for name, count in lines.items() if count > MODULE_LINES_MAX} == {}
    assert median(lines.values()) <= MODULE_LINES_MEDIAN


def test_a_function_does_one_thing() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{one.name}": (one.end_lineno or one.lineno) - one.lineno + 1
        for path in MODULES
        for one in functions(path)
    }
    assert {name: count for name, count in lengths.items() if count > FUNCTION_LINES_MAX} == {}


def test_few_signatures_say_any() -> None:
    loose = [
        f"{path.relative_to(ROOT)}:{one.lineno} {one.name}"
        for path in MODULES
        for one in functions(path)
        if not one.name.startswith("_") and says_any(one)
    ]
    assert len(loose) < ANY_MAX, loose


def test_a_line_fits() -> None:
    """ruff holds the Python ones to it."""
    browser = [path for name in ("*.ts", "*.tsx", "*.css") for path in (ROOT / "widget_static" / "src").rglob(name)]
    long = [
        f"{path.relative_to(ROOT)}:{at}"
        for path in (*browser, *(ROOT / "widget_static").glob("*.mjs"))
        for at, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LINE_MAX
    ]
    assert long == []


def test_plain_technical_english() -> None:
    """No row of a table is a she, and nothing asks or answers but people."""
    browser = [path for name in ("*.ts", "*.tsx") for path in (ROOT / "widget_static" / "src").rglob(name)]
    found = [
        f"{path.relative_to(ROOT)}:{at}: {line.strip()}"
        for path in (*MODULES, *browser)
        for at, line in enumerate(path.read_text().splitlines(), 1)
        if DIALECT.search(line)
    ]
    assert found == []
