"""A shape is a type: what mypy checks is what is read, what is written, and what the document says."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass
from dataclasses import field as with_default
from typing import Annotated, Any, Generic, Literal, NotRequired, Required, TypedDict, TypeVar

import pytest
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, Range

from widget_server.web.typed_schemas import Partial, ReadOnly, ShapeSchema, is_shape, schema_of, together
from widget_server.web.wire import OneOf, Wire

DATABASES = ("sqlite",)
T = TypeVar("T")


class Label(TypedDict):
    """What is stuck to a parcel."""

    text: Annotated[str, Length(max=5)]
    color: Literal["red", "blue"]


class Parcel(TypedDict, total=False):
    """Something that is sent."""

    id: Annotated[str, ReadOnly]
    to: Required[str]
    labels: list[Label]
    note: str | None


@dataclass(frozen=True)
class Route:
    """Where a parcel goes along."""

    stops: list[str]
    fast: bool = False


@dataclass(frozen=True)
class SendParcel:
    """A parcel to be."""

    parcel: Parcel
    route: Route | None = None
    weight: Annotated[int | None, Range(min=1)] = None


@dataclass(frozen=True)
class ParcelChange:
    """What is to be changed of a parcel."""

    parcel: Annotated[Parcel, Partial]


class Strict(ShapeSchema):
    """An audience whose wire has null."""

    nullable = True


def read(shape: type, sent: Mapping[str, Any], base: type[ShapeSchema] = Wire) -> Any:
    return schema_of(shape, base)().load(sent)


def written(shape: type, value: object, base: type[ShapeSchema] = Wire) -> Any:
    return schema_of(shape, base)().dump(value)


def refused(shape: type, sent: Mapping[str, Any], base: type[ShapeSchema] = Wire) -> Any:
    with pytest.raises(ValidationError) as wrong:
        read(shape, sent, base)
    return wrong.value.normalized_messages()


def test_what_comes_in_is_a_frozen_dataclass_with_its_defaults_and_the_shapes_inside_it() -> None:
    sent = {"parcel": {"to": "Ann"}, "route": {"stops": ["Kiel"]}}
    body = read(SendParcel, sent)
    assert body == SendParcel(parcel={"to": "Ann"}, route=Route(["Kiel"]))
    with pytest.raises(FrozenInstanceError):
        body.weight = 2


def test_each_wrong_field_is_named_by_its_path() -> None:
    parcel = {"labels": [{"text": "fragile", "color": "green"}]}
    assert refused(SendParcel, {"parcel": parcel, "weight": 0, "speed": 1}) == {
        "parcel": {
            "to": ["Missing data for required field."],
            "labels": {0: {"text": ["Longer than maximum length 5."], "color": ["Must be one of: red, blue."]}},
        },
        "weight": ["Must be greater than or equal to 1."],
        "speed": ["Unknown field."],
    }


def test_a_change_may_leave_out_what_is_required_but_the_things_inside_it_come_whole() -> None:
    assert read(ParcelChange, {"parcel": {"note": "ring"}}) == ParcelChange(parcel={"note": "ring"})
    inside = refused(ParcelChange, {"parcel": {"labels": [{"text": "hot"}]}})
    assert inside == {"parcel": {"labels": {0: {"color": ["Missing data for required field."]}}}}
    assert refused(SendParcel, {"parcel": {"note": "ring"}}) == {"parcel": {"to": ["Missing data for required field."]}}


def test_what_the_server_sets_is_written_and_ignored_when_it_comes_back() -> None:
    assert written(Parcel, {"id": "p1", "to": "Ann"}) == {"id": "p1", "to": "Ann"}
    assert read(SendParcel, {"parcel": {"id": "p2", "to": "Ann"}}).parcel == {"to": "Ann"}


def test_none_is_left_out_where_the_wire_has_no_null_and_is_null_where_it_has() -> None:
    assert written(Parcel, {"to": "Ann", "note": None}) == {"to": "Ann"}
    assert refused(Parcel, {"to": "Ann", "note": None}) == {"note": ["Field may not be null."]}
    assert written(Parcel, {"to": "Ann", "note": None}, Strict) == {"to": "Ann", "note": None}
    assert read(Parcel, {"to": "Ann", "note": None}, Strict) == {"to": "Ann", "note": None}


def test_a_field_in_annotated_is_that_field_and_each_shape_has_its_own_copy() -> None:
    shared = fields.String(data_key="the.name")

    class First(TypedDict):
        name: Annotated[str, shared]

    class Second(TypedDict):
        name: NotRequired[Annotated[str, shared]]

    assert refused(First, {}) == {"the.name": ["Missing data for required field."]}
    assert read(Second, {}) == {}
    assert not shared.required


def test_what_fields_must_be_together_is_checked_and_holds_for_shapes_that_extend_it() -> None:
    @together(OneOf(("box", "bag")))
    @dataclass(frozen=True)
    class Packed:
        box: str | None = None
        bag: str | None = None

    @dataclass(frozen=True)
    class PackedAndSent(Packed):
        to: str | None = None

    assert read(PackedAndSent, {"box": "b", "to": "Ann"}) == PackedAndSent("b", None, "Ann")
    assert refused(PackedAndSent, {"box": "b", "bag": "b"}) == {"bag": ["One of box, bag."]}


def test_a_generic_shape_is_one_schema_for_each_type_that_fills_it_in() -> None:
    class Result(TypedDict, Generic[T]):
        item: NotRequired[T]

    class Results(TypedDict, Generic[T]):
        results: list[Result[T]]

    parcels = schema_of(Results[Parcel], Wire)
    assert parcels.__name__ == "ParcelResults"
    assert parcels().dump({"results": [{"item": {"id": "p1", "to": "Ann"}}, {}]}) == {
        "results": [{"item": {"id": "p1", "to": "Ann"}}, {}]
    }
    assert schema_of(Results[Parcel], Wire) is parcels
    assert schema_of(Results[Label], Wire) is not parcels


def test_a_default_may_be_made_anew_for_each_body() -> None:
    @dataclass(frozen=True)
    class Basket:
        things: list[str] = with_default(default_factory=list)

    first, second = read(Basket, {}), read(Basket, {})
    assert first == second == Basket([])
    assert first.things is not second.things


def test_a_schema_is_itself_and_a_shape_has_one_schema_an_audience() -> None:
    assert schema_of(Strict, Wire) is Strict
    assert schema_of(Parcel, Wire) is schema_of(Parcel, Wire)
    assert schema_of(Parcel, Wire) is not schema_of(Parcel, Strict)


def test_what_names_no_field_is_an_error_when_the_server_starts() -> None:
    class Odd(TypedDict):
        when: complex

    with pytest.raises(TypeError, match="complex"):
        schema_of(Odd, Wire)


@pytest.mark.parametrize(
    "kind, expected", [(Parcel, True), (Route, True), (Schema, False), (str, False), (list[str], False), (None, False)]
)
def test_shapes_are_dataclasses_and_typed_dicts(kind: object, expected: bool) -> None:
    assert is_shape(kind) is expected
