"""What is in a file: its header, its samples, and which columns are meant."""

import pytest

from tests.loyalty.imports.importing import figures, parsed, settled
from tests.make import Shopper, World
from widget_server.errors import ImportColumnsUnknown, ImportNotParsed
from widget_server.loyalty.imports import imports


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member with 100 points."""
    ann = world.member()
    ann.is_given(100)
    return ann


@pytest.fixture
def bob(world: World) -> Shopper:
    return world.member("Bob@Example.com")


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("E-Mail-Adresse;Name;Punkte\na@x.de;A;1\n", [0, 2]),
        ("Balance\tEmail Address\n5\ta@x.de\n", [1, 0]),
        ("Customer,Value\na@x.de,5\nb@x.de,6\n", [0, 1]),
        ("Address,Email,Points\nRoad 1,a@x.de,5\n", [1, 2]),
        ("email,points,lifetime points\na@x.de,5,9\n", [0, 1]),
        ("email,a,b\na@x.de,5,9\n", None),
        ("name,points\nAnn,5\n", None),
    ],
)
def test_columns_are_found_by_heading_or_by_what_stands_in_them(
    world: World, content: str, columns: list[int] | None
) -> None:
    assert parsed(world, content).columns == columns


def test_a_file_without_header_is_read_from_its_first_row(world: World, ann: Shopper, bob: Shopper) -> None:
    made = parsed(world, "ann@example.com;5\nbob@example.com;6\n")
    assert (made.header, made.row_count, made.columns) == (["Column 1", "Column 2"], 2, [0, 1])
    imports.execute(world.shop, made.id, source="staff")
    assert figures(settled(made)) == ("imported", 2, 2, 0, 0)
    assert [ann.balance, bob.balance] == [105, 6]


def test_columns_may_be_named(world: World, ann: Shopper) -> None:
    made = parsed(world, "a,b,c\n1,ann@example.com,3\n")
    for email, points in ((1, 1), (1, -1), (0, 100)):
        with pytest.raises(ImportColumnsUnknown) as refusal:
            imports.execute(world.shop, made.id, source="staff", mapping={"email": email, "points": points})
        assert refusal.value.field == "headerMappingInfo"
    with pytest.raises(ImportColumnsUnknown) as refusal:
        imports.execute(world.shop, made.id, source="staff")
    assert refusal.value.message == "Say which column has: points."
    imports.execute(world.shop, made.id, source="staff", mapping={"email": 1, "points": 2})
    assert settled(made).mapping == {"email": 1, "points": 2}
    assert ann.balance == 103


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"email,points\n", "no row"), (b"PK\x03\x04", "workbook"), (b'a,b\n"x', "Row 2")],
)
def test_a_file_that_cannot_be_read_fails_with_its_reason(world: World, content: bytes, word: str) -> None:
    made = parsed(world, content)
    assert made.status == "failed"
    assert word in made.parse_error
    with pytest.raises(ImportNotParsed) as refusal:
        imports.execute(world.shop, made.id, source="staff")
    assert refusal.value.facts == {"status": "failed"}


def test_samples_are_bounded(world: World) -> None:
    wide = ",".join(f"h{number}" * 900 for number in range(120))
    made = parsed(world, wide + "\n" + ("x" * 2000 + ",") * 120 + "\n" * 3 + "1,2\n" * 10)
    assert len(made.header) == 100
    assert [len(row) for row in made.sample_rows] == [20, 2, 2, 2, 2]
    assert max(len(value) for row in [made.header, *made.sample_rows] for value in row) == 1000
    assert made.row_count == 11
