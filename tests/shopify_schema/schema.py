"""The reduced Admin schema of Shopify, and whether a request or a response fits it."""

import threading
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.error import GraphQLSyntaxError
from graphql.execution.values import get_variable_values

ADMIN: GraphQLSchema = build_schema((Path(__file__).parent / "admin.graphql").read_text())  # that extract.py wrote
_reading = threading.Lock()  # of a query that several threads send at first, one reads it


def _read(query: str) -> tuple[DocumentNode | None, tuple[str, ...]]:
    with _reading:
        return _read_once(query)


@cache
def _read_once(query: str) -> tuple[DocumentNode | None, tuple[str, ...]]:
    try:
        document = parse(query)
    except GraphQLSyntaxError as wrong:
        return None, (str(wrong),)
    return document, tuple(error.message for error in validate(ADMIN, document))


def violations(query: str, variables: dict[str, Any]) -> list[str]:
    """Returns what is wrong with a request: its syntax, its fields and arguments, its variables."""
    document, wrong = _read(query)
    if document is None or wrong:
        return list(wrong)
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    declared = operation.variable_definitions or ()
    unknown = set(variables) - {one.variable.name.value for one in declared}
    found = get_variable_values(ADMIN, declared, variables)
    errors = [error.message for error in found] if isinstance(found, list) else []
    return [*errors, *(f"Variable ${name} is not declared." for name in sorted(unknown))]


def response(query: str, variables: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of `facts` that a request names. Raises AssertionError when they do not fit the schema."""
    document, _ = _read(query)
    assert document is not None
    done = execute_sync(ADMIN, document, root_value=facts, variable_values=variables)
    assert not done.errors, done.errors
    assert done.data is not None
    return done.data
