"""openapi.json, made only from the schemas, with an example for each body; and the same as an HTML page."""

import json
from collections.abc import Iterator
from functools import cache, cached_property
from typing import cast

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_instance
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_smorest import Api
from marshmallow import Schema, fields

from widget_server.web import compression
from widget_server.web.bodies import JsonDict, plain
from widget_server.web.errors import refusals
from widget_server.web.query import tables
from widget_server.web.wire import (
    NEVER,
    DecimalText,
    Described,
    Documented,
    Number,
    Points,
    Revision,
    WireTime,
)

reference = Blueprint("reference", __name__, template_folder="templates")

DEPTH_MAX = 8
POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
SAMPLES = {
    "date-time": "2026-03-10T12:00:00.000Z",
    "date": "2026-03-10",
    "uuid": "0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10",
    "decimal": "19.80",
    "email": "ann@example.com",
}


class DocumentConverter(OpenAPIConverter):
    """Adds what marshmallow's fields do not express: rules between fields of a body, and the shapes of queries."""

    # here and not by `register_field`, which comes after the first shapes are in the document
    field_mapping = {
        **OpenAPIConverter.field_mapping,
        Points: ("integer", "int64"),
        fields.Decimal: ("string", "decimal"),
        **dict.fromkeys((Revision, WireTime, DecimalText), ("string", None)),
        Number: ("number", None),
    }

    def schema2jsonschema(self, schema: Schema) -> JsonDict:
        """Returns the JSON Schema of a body."""
        shape: JsonDict = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # apispec leaves it untyped
        made = resolve_schema_instance(schema)
        return made.described(shape) if isinstance(made, Documented) else shape

    def field2property(self, field: fields.Field[object]) -> JsonDict:
        """Returns the JSON Schema of a field."""
        if not isinstance(field, Described):
            shape: JsonDict = super().field2property(field)
            return shape
        known = self.spec.components.schemas
        for name, one in field.shapes.items():
            if name not in known:
                self.spec.components.schema(name, one)
        return field.reference


class DocumentPlugin(MarshmallowPlugin):
    """The apispec plugin that reads the server's schemas."""

    Converter = DocumentConverter


class DocumentApi(Api):
    """The document of the endpoints: /openapi.json, each body with an example."""

    def document(self) -> JsonDict:
        """Returns the whole document, built once: routes do not change while the server runs."""
        if not hasattr(self, "_document"):
            self._document: JsonDict = with_examples(cast(JsonDict, plain(self.spec.to_dict())))
        return self._document

    @cached_property
    def text(self) -> str:
        """The document as JSON text."""
        return json.dumps(self.document(), indent=2)

    def _openapi_json(self) -> Response:
        response = compression.shared(self.text, "application/json")
        response.headers["Cache-Control"] = "no-cache"  # browsers may cache it, but must revalidate
        response.add_etag()
        response.make_conditional(request)
        return response


@reference.get("/reference")
def page() -> ResponseReturnValue:
    """Show every call, its request and its response, as a page without scripts."""
    api: DocumentApi = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    wanted = request.args.get("of", "")
    parts = sections(api.document())
    html = render_template(
        "reference.html", sections=parts, chosen=parts.get(wanted), wanted=wanted, refusals=refusals()
    )
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return html, 200, headers


def sections(document: JsonDict) -> dict[str, list[JsonDict]]:
    """Returns the operations by tag, with their bodies as readable text and a table of the fields for queries:
    the admin API's first, then the widget's own.
    """
    shapes = document["components"]["schemas"]
    found: dict[str, list[JsonDict]] = {}
    for path, verbs in sorted(document["paths"].items(), key=lambda one: one[0].startswith("/widget/")):
        for verb, operation in verbs.items():
            if verb == "parameters":
                continue
            tag = operation["tags"][0].removeprefix("admin_")
            shown = {
                "verb": verb.upper(),
                "path": path,
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "needs": operation.get("x-needs", ""),
                "parameters": [*verbs.get("parameters", ()), *operation.get("parameters", ())],
                "fields": tables.table(_media(operation.get("requestBody", {})).get("schema", {}), shapes),
                "takes": _example_text(operation.get("requestBody", {})),
                "returns": _example_text(operation["responses"].get("200", {})),
            }
            found.setdefault(tag, []).append(shown)
    return found


def with_examples(document: JsonDict) -> JsonDict:
    """Returns the document with an example added to each body that has none."""
    shapes = document["components"]["schemas"]
    for verbs in document["paths"].values():
        for verb, operation in verbs.items():
            if verb == "parameters":
                continue
            for body in (operation.get("requestBody", {}), operation["responses"].get("200", {})):
                for media in body.get("content", {}).values():
                    incoming = body is operation.get("requestBody")
                    media.setdefault("example", example(media.get("schema", {}), shapes, incoming=incoming))
    return document


def example(shape: JsonDict, shapes: JsonDict, *, incoming: bool, depth: int = 0) -> object:
    """Returns a value of this shape; `incoming`: without the members that only the server sets."""
    if "$ref" in shape:
        return example(shapes[shape["$ref"].rpartition("/")[2]], shapes, incoming=incoming, depth=depth)
    if "example" in shape:
        return shape["example"]
    for name in ("anyOf", "oneOf", "allOf"):
        if name in shape and "properties" not in shape:
            return example(shape[name][0], shapes, incoming=incoming, depth=depth)
    if "enum" in shape:
        return shape["enum"][0]
    kind = shape.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = shape.get("properties", {}) if depth < DEPTH_MAX else {}
        left_out = {
            name for arm in _first_arms(shape) for name, one in arm.get("properties", {}).items() if one == NEVER
        }
        return {
            name: example(field, shapes, incoming=incoming, depth=depth + 1)
            for name, field in properties.items()
            if not (incoming and field.get("readOnly")) and name not in left_out
        }
    if kind == "array":
        return [example(shape.get("items", {}), shapes, incoming=incoming, depth=depth + 1)]
    return _plain(kind, shape)


def _first_arms(shape: JsonDict) -> Iterator[JsonDict]:
    """Yields the shape and, recursively, its `allOf` arms and its first `oneOf` and `anyOf` arm."""
    yield shape
    for inner in (*shape.get("allOf", ()), *shape.get("oneOf", ())[:1], *shape.get("anyOf", ())[:1]):
        yield from _first_arms(inner)


def _plain(kind: str, shape: JsonDict) -> object:
    if kind in ("integer", "number"):
        return max(shape.get("minimum", 0), 10)
    if kind == "boolean":
        return True
    sample = SAMPLES.get(shape.get("format", ""), "text")
    return sample if len(sample) >= shape.get("minLength", 0) else sample.ljust(shape["minLength"], "x")


@cache
def _indented(text: str) -> str:
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False)


def _media(body: JsonDict) -> JsonDict:
    media: JsonDict = body.get("content", {}).get("application/json", {})
    return media


def _example_text(body: JsonDict) -> str:
    media = _media(body)
    return _indented(json.dumps(media["example"])) if "example" in media else ""
