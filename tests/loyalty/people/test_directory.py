"""The list of customers: what it shows, in which order, page by page, and how much it reads for that."""

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, World, refused, tries
from widget_server import clock, ledger
from widget_server.errors import BadRequest
from widget_server.loyalty.people import customer_edits, customers, directory, directory_filters, merging, privacy
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.people.directory import Page
from widget_server.loyalty.people.directory_filters import NO_TIER, SORTS, Filter, Order
from widget_server.loyalty.points import adjustments

DAY = timedelta(days=1)


def known(world: World, name: str | None, points: int | None = None, **edits: Any) -> str:
    """A customer; with an account when there are points, or 0."""
    person = Person(name=name, email=edits.pop("email", None), phone=edits.pop("phone", None))
    row = customer_edits.create(world.shop.id, person, status=edits.pop("status", "visitor"))
    if points is not None:
        account = ledger.open_account(world.shop.id, row.id)
        if points:
            number = f"k{next(world.numbers)}"
            adjustments.adjust(world.shop, account.id, source="staff", key=number, by=points)
    if edits:
        customer_edits.edit(world.shop.id, row.id, **edits)
    return str(row.id)


def listed(world: World, by: Any = "name", way: Any = "up", size: int = 100, **chosen: Any) -> list[str | None]:
    """The names on the first page."""
    found = directory.page(world.shop, Filter(**chosen), Order(by, way), size=size)
    assert found.matches.count == len(found.rows) or len(found.rows) == size
    return [row.name for row in found.rows]


@pytest.fixture
def crowd(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Five customers, one a day from 10 March: Ann, Bo, Cy, Di and a guest without a name.

    A referral code is found by its beginning like a name: theirs have no letter that a test looks for.
    """
    monkeypatch.setattr(customers, "CODE_ALPHABET", "QXZ")
    facts: list[tuple[str | None, int | None, dict[str, Any]]] = [
        ("Ann", 300, {"status": "member", "email": "ann@example.com", "labels": ["VIP"]}),
        ("Bo", 100, {"status": "member", "phone": "0151 222333", "accepts_marketing": True}),
        ("Cy", None, {"status": "pending", "labels": ["vip", "Gold"]}),
        ("Di", 0, {"excluded": True}),
        (None, None, {"email": "guest@example.com"}),
    ]
    for days, (name, points, more) in enumerate(facts):
        with clock.at(NOON + days * DAY):
            known(world, name, points, **more)
    return world


# Orders


def test_each_order_lists_everybody_both_ways(crowd: World) -> None:
    assert listed(crowd, "newest", "down") == [None, "Di", "Cy", "Bo", "Ann"]
    assert listed(crowd, "newest", "up") == ["Ann", "Bo", "Cy", "Di", None]
    assert listed(crowd, "name", "up") == ["Ann", "Bo", "Cy", "Di", None]  # by the address of the guest
    assert listed(crowd, "name", "down") == [None, "Di", "Cy", "Bo", "Ann"]
    assert listed(crowd, "balance", "down")[:3] == ["Ann", "Bo", "Di"]
    assert listed(crowd, "balance", "up")[:3] == ["Di", "Bo", "Ann"]
    assert listed(crowd, "activity", "down")[:3] == ["Di", "Bo", "Ann"]
    assert listed(crowd, "activity", "up")[:3] == ["Ann", "Bo", "Di"]
    for by in ("balance", "activity"):  # whoever has no account comes last, both ways
        for way in ("up", "down"):
            assert set(listed(crowd, by, way)[3:]) == {"Cy", None}


def test_a_row_shows_what_the_page_needs(crowd: World) -> None:
    crowd.tier("Fern", 10)
    ann, *_, guest = directory.page(crowd.shop, Filter(), Order("name", "up")).rows
    assert (ann.status, ann.balance, ann.labels, ann.excluded) == ("member", 300, ["VIP"], False)
    assert (ann.last_activity_at, ann.created_at) == (NOON, NOON)
    assert (guest.name, guest.email, guest.balance, guest.tier_id) == (None, "guest@example.com", None, None)


# Filters


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({"status": "member"}, ["Ann", "Bo"]),
        ({"status": "pending"}, ["Cy"]),
        ({"balance_min": 100}, ["Ann", "Bo"]),
        ({"balance_max": 100}, ["Bo", "Di"]),
        ({"balance_min": 1, "balance_max": 299}, ["Bo"]),
        ({"excluded": True}, ["Di"]),
        ({"excluded": False}, ["Ann", "Bo", "Cy", None]),
        ({"marketing": True}, ["Bo"]),
        ({"marketing": False}, ["Ann", "Cy", "Di", None]),
        ({"label": "Vip"}, ["Ann", "Cy"]),
        ({"label": "gold", "status": "pending"}, ["Cy"]),
        ({"label": "go"}, []),
        ({"account": True}, ["Ann", "Bo", "Di"]),
        ({"account": False}, ["Cy", None]),
        ({"tier": NO_TIER}, ["Ann", "Bo", "Di"]),
        ({"joined_from": date(2026, 3, 11)}, ["Bo"]),
        ({"joined_to": date(2026, 3, 10)}, ["Ann"]),
        ({"joined_from": date(2026, 3, 10), "joined_to": date(2026, 3, 11)}, ["Ann", "Bo"]),
        ({"active_from": date(2026, 3, 11)}, ["Bo", "Di"]),
        ({"active_to": date(2026, 3, 11)}, ["Ann", "Bo"]),
        ({"text": "ann"}, ["Ann"]),
        ({"text": "example"}, []),
        ({"text": "guest"}, [None]),
        ({"text": "0151 222"}, ["Bo"]),
        ({"text": "a", "status": "visitor"}, []),
        ({"text": "c", "label": "vip"}, ["Cy"]),
        ({"text": "d", "excluded": True, "account": True}, ["Di"]),
        ({"text": "#"}, []),
    ],
)
@pytest.mark.parametrize("limits", [{}, {"GATHERED_MAX": 0}])
def test_a_filter_lists_those_who_meet_it(
    crowd: World, chosen: dict[str, Any], names: list[str], limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the list's order: gathered and sorted while they are few, else read in the order."""
    for name, most in limits.items():
        monkeypatch.setattr(directory, name, most)
    for by in SORTS:
        for way in ("up", "down"):
            found = directory.page(crowd.shop, Filter(**chosen), Order(by, way))  # type: ignore[arg-type]
            assert [row.name for row in found.rows] == [name for name in listed(crowd, by, way) if name in names]
    ids = [row.id for row in directory.selected(crowd.shop, Filter(**chosen), Customer.id)]
    assert sorted(str(customers.by_id(crowd.shop.id, id).name) for id in ids) == sorted(map(str, names))


def test_very_many_who_joined_in_some_days_are_listed_by_the_day_they_joined(
    crowd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the order has them at its end; it is said. Ann joined on the 10th and Bo on the 11th."""
    monkeypatch.setattr(directory, "GATHERED_MAX", 0)
    days = Filter(joined_from=date(2026, 3, 10), joined_to=date(2026, 3, 11))
    for by in ("newest", "activity"):
        for way, names in (("up", ["Ann", "Bo"]), ("down", ["Bo", "Ann"])):
            order = Order(by, way)  # type: ignore[arg-type]
            found = pages(crowd, order, days, 1)
            assert [row.name for one in found for row in one.rows] == names
            assert {one.order for one in found} == {Order("joined", way)}  # type: ignore[arg-type]
            back = directory.page(crowd.shop, days, order, size=1, before=found[1].before)
            assert [row.name for row in back.rows] == names[:1]
    assert directory.page(crowd.shop, Filter(joined_from=date(2026, 3, 11)), Order()).order == Order()
    monkeypatch.setattr(directory, "GATHERED_MAX", 2)
    assert directory.page(crowd.shop, days, Order("newest", "up")).order.by == "newest"  # so few are sorted
    by_name = directory.page(crowd.shop, days, Order("name", "down"))
    assert ([row.name for row in by_name.rows], by_name.order.by) == (["Bo", "Ann"], "name")


def test_a_tier_lists_its_members(world: World) -> None:
    tier = world.tier("Fern", 10)
    world.order_rule()
    ann, bo = world.member("ann@example.com", name="Ann"), world.member("bo@example.com", name="Bo")
    ann.orders("20.00")
    assert listed(world, tier=tier.id) == ["Ann"]
    assert listed(world, tier=NO_TIER) == ["Bo"]
    assert bo.balance == 0


def test_an_order_and_a_coupon_find_their_customer(world: World) -> None:
    ann = world.member(name="Ann")
    ann.is_given(1000)
    coupon = ann.redeems(world.reward())
    ann.orders(id="o77", number="#1077")
    world.guest_orders("bo@example.com", id="o78", number="#10771")
    for text in ("1077", "#1077", coupon.code, coupon.code.lower().replace("-", " ")):
        assert listed(world, text=text) == ["Ann"], text
    assert listed(world, text="107") == listed(world, text="o77") == []
    assert [row.id for row in directory.selected(world.shop, Filter(text="#1077"), Customer.id)] == [ann.id]


def test_whoever_is_merged_or_erased_is_not_listed(crowd: World) -> None:
    rows = {row.name: row for row in Customer.of(crowd.shop)}
    merging.merge(crowd.shop, rows["Bo"].id, rows["Ann"].id)
    privacy.erase(crowd.shop, rows["Di"])
    for by in SORTS:
        assert set(listed(crowd, by)) == {"Ann", "Cy", None}
    assert listed(crowd, balance_min=400) == ["Ann"]


def test_another_shops_customers_are_not_listed(crowd: World) -> None:
    other = World.create(name="Other")
    assert listed(other) == listed(other, text="ann") == listed(other, label="vip") == []
    known(other, "Zoe", 5)
    for by in SORTS:
        assert listed(other, by) == ["Zoe"]
        assert "Zoe" not in listed(crowd, by)


# Pages


def pages(world: World, order: Order, chosen: Filter, size: int) -> list[Page]:
    found = [directory.page(world.shop, chosen, order, size=size)]
    while found[-1].after:
        found.append(directory.page(world.shop, chosen, order, size=size, after=found[-1].after))
    return found


def test_paging_forth_and_back_shows_each_row_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many with equal names, balances and times; some without an account."""
    with clock.at(NOON):
        for number in range(11):
            known(world, ["Ann", "Bo", None][number % 3], [None, 0, 5][number % 3], labels=["x"] * (number % 2))

    @tries(20)
    @given(st.sampled_from(list(SORTS)), st.sampled_from(["up", "down"]), st.integers(1, 12), st.booleans())
    def story(by: Any, way: Any, size: int, gathered: bool) -> None:
        monkeypatch.setattr(directory, "GATHERED_MAX", 5_000 if gathered else 0)
        for chosen in (Filter(), Filter(label="x"), Filter(text="ann")):
            order = Order(by, way)
            found = pages(world, order, chosen, size)
            ids = [row.id for one in found for row in one.rows]
            assert len(set(ids)) == len(ids) == directory.selected(world.shop, chosen, Customer.id).count()
            assert found[0].before is None
            for earlier, later in itertools.pairwise(found):
                back = directory.page(world.shop, chosen, order, size=size, before=later.before)
                assert [row.id for row in back.rows] == [row.id for row in earlier.rows]
                assert (back.before is None) == (earlier is found[0])
                assert directory.page(world.shop, chosen, order, size=size, after=back.after).rows == later.rows

    story()


def test_paging_back_to_where_rows_have_gone_shows_the_first_page(crowd: World) -> None:
    order = Order("name", "up")
    first = directory.page(crowd.shop, Filter(), order, size=2)
    second = directory.page(crowd.shop, Filter(), order, size=2, after=first.after)
    privacy.erase(crowd.shop, customers.by_id(crowd.shop.id, first.rows[0].id))
    back = directory.page(crowd.shop, Filter(), order, size=2, before=second.before)
    assert ([row.name for row in back.rows], back.before) == (["Bo", "Cy"], None)


@pytest.mark.parametrize(
    "position",
    [
        "",
        "x",
        "!!",
        "W10",
        "bnVsbA",
        "a" * 5000,
        "WyJuYW1lIiwwLCJBIiwiaWQiXQ",
        "WyJuZXdlc3QiLDAsIngiLCJpZCJd",
        "WyJuZXdlc3QiLDEsbnVsbCwiaWQiXQ",
        "WyJuZXdlc3QiLC0xLCIyMDI2LTAzLTEwVDEyOjAwOjAwWiIsImlkIl0",
        "WyJuZXdlc3QiLDAsMSwiaWQiXQ",
    ],
)
def test_a_position_of_another_list_is_refused(crowd: World, position: str) -> None:
    refusal = refused(lambda: directory.page(crowd.shop, Filter(), Order(), after=position), BadRequest)
    assert refusal.field == "after"
    assert refused(lambda: directory.page(crowd.shop, Filter(), Order(), before=position), BadRequest).field == "before"


# Counting


def test_the_count_says_when_there_are_more(crowd: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(**chosen: Any) -> tuple[int, bool]:
        found = directory.match(crowd.shop, Filter(**chosen))
        return found.count, found.is_more

    assert (counted(), counted(status="member"), counted(text="a")) == ((5, False), (2, False), (1, False))
    monkeypatch.setattr(directory, "GATHERED_MAX", 1)
    monkeypatch.setattr(directory, "FOUND_MAX", 1)
    assert (counted(), counted(status="member"), counted(text="a")) == ((5, False), (1, True), (1, True))


# What addresses and forms hold


@given(
    st.builds(
        Filter,
        text=st.text("ab é", max_size=8).map(str.strip),
        status=st.sampled_from([None, "visitor", "pending", "member"]),
        tier=st.sampled_from([None, NO_TIER, "some-id"]),
        balance_min=st.none() | st.integers(-5, 10**15),
        excluded=st.none() | st.booleans(),
        joined_to=st.none() | st.dates(date(1970, 1, 1), date(2200, 1, 1)),
        marketing=st.none() | st.booleans(),
    )
)
def test_a_filter_is_read_as_it_was_written(chosen: Filter) -> None:
    assert directory_filters.read(directory_filters.written(chosen)) == chosen


def test_an_order_is_read_with_its_usual_way() -> None:
    assert directory_filters.read_order({}) == Order("newest", "down")
    assert directory_filters.read_order({"sort": "name"}) == Order("name", "up")
    assert directory_filters.read_order({"sort": "balance", "way": "up"}) == Order("balance", "up")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("status", "boss"),
        ("balance_min", "1,5"),
        ("balance_max", "²"),
        ("balance_min", "9" * 17),
        ("excluded", "maybe"),
        ("joined_from", "yesterday"),
        ("joined_to", "9999-12-31"),
        ("active_from", "0001-01-01"),
        ("text", "x" * 201),
        ("sort", "luck"),
        ("way", "sideways"),
        ("label", "y" * 201),
    ],
)
def test_a_text_that_is_no_such_value_is_refused_by_its_name(name: str, text: str) -> None:
    def read() -> None:
        directory_filters.read({name: text})
        directory_filters.read_order({name: text})

    assert refused(read, BadRequest).field == name
