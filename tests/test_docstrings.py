"""A public function says which refusals it raises (widget_server/errors/): who calls it must know them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from widget_server import errors

ROOT = Path(errors.__file__).parents[1]
REFUSALS = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.Refusal)}


def functions(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The public functions of a module, and the public methods of its public classes."""
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
            yield one
        elif isinstance(one, ast.ClassDef) and not one.name.startswith("_"):
            yield from functions(one)


def own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions in it."""
    below: list[ast.AST] = [*function.body]
    while below:
        node = below.pop()
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield node
            below.extend(ast.iter_child_nodes(node))


def raised(function: ast.FunctionDef) -> set[str]:
    """The refusals that a function raises in its own body, by name."""
    found = (node.exc.func for node in own(function) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call))
    return {name.id for name in found if isinstance(name, ast.Name)} & REFUSALS


def said_of(function: ast.FunctionDef) -> str:
    """Its docstring, and what its route says: `refuses=(NotFound, ...)`."""
    return " ".join([ast.get_docstring(function) or "", *map(ast.unparse, function.decorator_list)])


def test_refusals_stand_in_the_docstring() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}: {', '.join(sorted(missing))}"
        for path in sorted(ROOT.rglob("*.py"))
        if path.parent.name != "cli"  # its docstrings are the help of the commands, which print what they refuse
        for function in functions(ast.parse(path.read_text()))
        if (missing := {name for name in raised(function) if name not in said_of(function)})
    ]
    assert silent == []
