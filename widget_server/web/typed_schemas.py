"""A shape is a type: one declaration that mypy checks, marshmallow reads and writes, and openapi.json describes.

A request body is a frozen dataclass; a response, and an entity of which a change sends a part, is a TypedDict:

    @dataclass(frozen=True)
    class AdjustPoints:
        description: Annotated[str | None, text(1, 100)] = None
        amount: Annotated[int | None, Points(low=1)] = None

    class AccountMoved(TypedDict):
        account: LoyaltyAccount
        transaction_id: NotRequired[Annotated[str | None, guid()]]

The field is the one in `Annotated`, else it follows from the type: a shape is an object, `list[X]` a list, a `Literal`
a choice of its values, and plain types (`str`, `bool`) are those of the audience's base class. Validators in
`Annotated` (`Length(max=20)`) are added to it. A shape may be generic: the items of `BulkResults[Tier]` are tiers.
"""

import copy
import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from marshmallow import Schema, fields, missing, post_load, validate

MakeField = Callable[[], fields.Field[Any]]
T = TypeVar("T")
RULES: dict[type, tuple[object, ...]] = {}


class Partial:
    """Marks a TypedDict in `Annotated` as a change, which sends only the changed fields of the entity."""


class ReadOnly:
    """Marks a type in `Annotated` as set only by the server; a value in a request is ignored."""


class ShapeSchema(Schema):
    """The base class of an audience's schemas: `plain` maps plain types to fields. With `nullable`, `X | None` is null
    on the wire; without it, None is left out.
    """

    nullable: ClassVar[bool] = False
    plain: ClassVar[Mapping[type, MakeField]] = {str: fields.String, bool: fields.Boolean}
    shape: ClassVar[type | None] = None

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Any:
        """Returns the dataclass, after its nested shapes were built; for a TypedDict the dict itself."""
        return self.shape(**data) if self.shape is not None and dataclasses.is_dataclass(self.shape) else data


@cache
def schema_of(shape: type, base: type[ShapeSchema]) -> type[ShapeSchema]:
    """Returns the schema of a dataclass or TypedDict, as this audience reads and writes it.

    Validators in `Annotated` limit a field further; `dict[str, X]` is a map. A schema is returned as it is.
    Raises TypeError for an annotation without a field.
    """
    if isinstance(shape, type) and issubclass(shape, ShapeSchema):
        return shape
    kind, filled = _origin(shape), get_args(shape)
    hints = get_type_hints(kind, include_extras=True)
    given = dict(zip(getattr(kind, "__parameters__", ()), filled, strict=True))
    made = {name: _field(_filled(hint, given), base, *_default(kind, name)) for name, hint in hints.items()}
    rules = {"rules": found} if (found := [rule for one in kind.__mro__ for rule in RULES.get(one, ())]) else {}
    name = "".join(one.__name__ for one in (*filled, kind))
    return type(name, (base,), {**made, **rules, "shape": kind, "__doc__": kind.__doc__})


@cache
def schema_for(shape: type, base: type[ShapeSchema]) -> ShapeSchema:
    """Returns the one instance of `schema_of` that all requests load and dump with: making one copies every field."""
    return schema_of(shape, base)()


def together(*rules: object) -> Callable[[type[T]], type[T]]:
    """Decorate a shape with rules between its fields, added to those of the dataclass that it extends. Its audience's
    base class applies them.
    """

    def keep(shape: type[T]) -> type[T]:
        RULES[shape] = rules
        return shape

    return keep


def is_shape(kind: object) -> bool:
    """True for a dataclass or a TypedDict."""
    kind = _origin(kind)
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or is_typeddict(kind))


def _origin(kind: Any) -> Any:
    """Returns the class of a generic with arguments: list for list[str]."""
    return get_origin(kind) or kind


def _filled(hint: Any, given: Mapping[Any, Any]) -> Any:
    """Returns the annotation with its type variables replaced."""
    if isinstance(hint, TypeVar):
        return given[hint]
    unknown = getattr(hint, "__parameters__", ())
    return hint[tuple(given[one] for one in unknown)] if unknown else hint


def _default(shape: type, name: str) -> tuple[bool, Any]:
    """Returns whether the field is required, and its default (`missing` without one)."""
    if not dataclasses.is_dataclass(shape):
        return name in shape.__required_keys__, missing  # type: ignore[attr-defined]  # a TypedDict has them
    field = shape.__dataclass_fields__[name]
    if field.default_factory is not dataclasses.MISSING:
        return False, field.default_factory
    return field.default is dataclasses.MISSING, missing if field.default is dataclasses.MISSING else field.default


def _field(hint: Any, base: type[ShapeSchema], required: bool, default: Any) -> fields.Field[Any]:
    if get_origin(hint) in (Required, NotRequired):
        hint = get_args(hint)[0]
    kind, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    kind, is_optional = _without_none(kind)
    if get_origin(kind) is Annotated:  # Annotated[...] | None
        kind, *inner = get_args(kind)
        extras += inner
    known = next((one for one in extras if isinstance(one, fields.Field)), None)
    field = copy.deepcopy(known) if known else _implied(kind, base, is_partial=Partial in extras)
    field.validators = [*field.validators, *(one for one in extras if isinstance(one, validate.Validator))]
    field.dump_only = field.dump_only or ReadOnly in extras
    if field.dump_only:
        return field
    field.allow_none = field.allow_none or (is_optional and base.nullable)
    field.required = field.required or (required and (base.nullable or not is_optional))
    if default is not missing and (base.nullable or default is not None):
        field.load_default = default
    return field


def _implied(kind: Any, base: type[ShapeSchema], *, is_partial: bool = False) -> fields.Field[Any]:
    if is_shape(kind):
        schema = schema_of(kind, base)
        return fields.Nested(lambda: schema(partial=tuple(schema().fields))) if is_partial else fields.Nested(schema)
    if get_origin(kind) is list:
        return fields.List(_field(get_args(kind)[0], base, False, missing))
    if get_origin(kind) is Literal:
        return fields.String(validate=validate.OneOf(get_args(kind)))
    if kind in base.plain:
        return base.plain[kind]()
    if get_origin(kind) is dict:
        return fields.Dict(keys=fields.String(), values=_implied(get_args(kind)[1], base))
    raise TypeError(f"{kind!r} names no field")


def _without_none(kind: Any) -> tuple[Any, bool]:
    if get_origin(kind) not in (Union, UnionType):
        return kind, False
    others = [one for one in get_args(kind) if one is not NoneType]
    return Union[tuple(others)], True  # noqa: UP007  # made at run time
