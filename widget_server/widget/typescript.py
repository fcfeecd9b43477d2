"""The panel's TypeScript types, generated from the server's request and response shapes: `make types`.

Printed to widget_static/src/api.ts; a test checks that the file is up to date.
"""

import inspect
import sys
from types import ModuleType
from typing import get_type_hints

from marshmallow import Schema, fields, validate

from widget_server.web.typed_schemas import is_shape, schema_of
from widget_server.web.wire import Points
from widget_server.widget import requests
from widget_server.widget.fields import Body
from widget_server.widget.panel import TABS
from widget_server.widget.shapes import boot, earn, member, my_balance, my_rewards, redeem, referral, refusal, till

MODULES = (boot, earn, redeem, my_rewards, referral, my_balance, till, member, refusal, requests)

LINE_LENGTH_MAX = 120
HEADER = """// Made from widget_server/widget/shapes/, requests.py and panel.py by `make types`; do not edit.
// Money is a decimal string in the shop's currency, times are UTC text, points are whole numbers.
"""


def types() -> str:
    """Returns TypeScript source: the tabs, then one interface per shape in source order, responses before requests."""
    found = [shape for module in MODULES for shape in _shapes_of(module)]
    return "\n".join([HEADER, _tabs(), *(_interface(shape) for shape in found)])


def _tabs() -> str:
    names = ", ".join(f'"{name}"' for name in TABS)
    return f"export const TABS = [{names}] as const;\nexport type Tab = (typeof TABS)[number];\n"


def _shapes_of(module: ModuleType) -> list[type[Schema]]:
    found = [
        shape
        for _, shape in inspect.getmembers(module, is_shape)
        if shape.__module__ == module.__name__ and get_type_hints(shape)
    ]
    return [schema_of(shape, Body) for shape in sorted(found, key=lambda shape: inspect.getsourcelines(shape)[1])]


def _interface(shape: type[Schema]) -> str:
    lines = [_line(name, _type(field)) for name, field in shape().fields.items()]
    return "\n".join([f"export interface {shape.__name__} {{", *lines, "}", ""])


def _line(name: str, plain: str) -> str:
    """Returns one field; a union that makes the line too long has one line for each of its values."""
    line = f"  {name}: {plain};"
    if len(line) <= LINE_LENGTH_MAX:
        return line
    return f"  {name}:\n    | " + "\n    | ".join(plain.split(" | ")) + ";"


def _type(field: fields.Field) -> str:  # type: ignore[type-arg]
    if isinstance(field, fields.Nested):
        plain = type(field.schema).__name__
    elif isinstance(field, fields.List):
        plain = f"{_type(field.inner)}[]"
    elif isinstance(field, fields.Dict):
        plain = "Record<string, string>"
    elif isinstance(field, fields.Boolean):
        plain = "boolean"
    elif isinstance(field, Points):
        plain = "number"
    else:
        choices = next((one.choices for one in field.validators if isinstance(one, validate.OneOf)), None)
        plain = " | ".join(f'"{one}"' for one in choices) if choices else "string"
    return f"{plain} | null" if field.allow_none else plain


if __name__ == "__main__":
    sys.stdout.write(types())
