"""Reduces Shopify's published Admin schema to what our requests use: `python -m tests.shopify_schema.extract FILE`.

FILE is `package/dist/data/admin_2026-10.json.gz` of the npm package @shopify/dev-mcp 1.16.0 (`npm pack` fetches it; it
is not installed). The result is `admin.graphql` beside this file, without descriptions. Objects keep every field of a
plain type and the fields that a request names; inputs and enums are whole. So a request that is valid here is valid
in the whole schema, which this command checks too.
"""

import gzip
import json
import sys
from pathlib import Path

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    parse,
    print_schema,
    validate,
    visit,
)

from tests.shopify_schema.requests import REQUESTS

HERE = Path(__file__).parent
PUBLISHED = "@shopify/dev-mcp 1.16.0, dist/data/admin_2026-10.json.gz"

Used = dict[str, set[str]]


class _Uses(Visitor):
    """Collects the fields that a request names, by the name of their type."""

    def __init__(self, info: TypeInfo, used: Used) -> None:
        super().__init__()
        self.info, self.used = info, used

    def enter_field(self, node: FieldNode, *_rest: object) -> None:
        """Note the field with its type."""
        parent = self.info.get_parent_type()
        assert parent is not None, node.name.value
        self.used.setdefault(parent.name, set()).add(node.name.value)


def main(path: str) -> None:
    """Write the reduced schema. Raises AssertionError when a request does not fit the whole schema."""
    with gzip.open(path) as file:
        told = json.load(file)
    whole = build_client_schema(told.get("data", told), assume_valid=True)  # it has a few deprecations of its own kind
    used: Used = {}
    for name, request in REQUESTS.items():
        document = parse(request)
        assert not (wrong := validate(whole, document)), (name, wrong)
        info = TypeInfo(whole)
        visit(document, TypeInfoVisitor(info, _Uses(info, used)))
    text = print_schema(_reduced(whole, used))
    (HERE / "admin.graphql").write_text(f"# Reduced from {PUBLISHED} by tests/shopify_schema/extract.py\n\n{text}\n")


def _reduced(whole: GraphQLSchema, used: Used) -> GraphQLSchema:
    for name, type in whole.type_map.items():
        type.description = None
        if isinstance(type, GraphQLObjectType | GraphQLInterfaceType):
            named, is_root = used.get(name, set()), type in (whole.query_type, whole.mutation_type)
            type.fields = {key: one for key, one in type.fields.items() if key in named or _is_plain(one, is_root)}
            type.interfaces = ()
            for field in type.fields.values():
                field.description = None
                for argument in field.args.values():
                    argument.description = None
        if isinstance(type, GraphQLUnionType):
            type.types = tuple(one for one in type.types if one.name in used)
        if isinstance(type, GraphQLInputObjectType):
            for part in type.fields.values():
                part.description = None
        if isinstance(type, GraphQLEnumType):
            for value in type.values.values():
                value.description = None
        if isinstance(type, GraphQLScalarType):
            type.specified_by_url = None
    return GraphQLSchema(query=whole.query_type, mutation=whole.mutation_type, types=[])


def _is_plain(field: GraphQLField, is_root: bool) -> bool:
    plain: GraphQLNamedType = get_named_type(field.type)
    return not is_root and not field.args and isinstance(plain, GraphQLScalarType | GraphQLEnumType)


if __name__ == "__main__":
    main(sys.argv[1])
