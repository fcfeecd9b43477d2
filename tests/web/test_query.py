"""The query language against what it means: each answer is compared with the same question asked of plain rows."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from itertools import chain, product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from playhouse.test_utils import assert_query_count, count_queries

from tests.make import NOON, World, tries
from widget_server import clock, config, db, journal
from widget_server.db import Json as JsonColumn
from widget_server.db import Money, ShopTable, Text, new_id, on_sqlite
from widget_server.errors import BadRequest
from widget_server.ledger import Account
from widget_server.loyalty.people.customers import Customer
from widget_server.web import query
from widget_server.web.query import Entity, Field, Page

Row = dict[str, Any]
Json = dict[str, Any]

ROWS = 40
DAY = timedelta(days=1)
NAMES = (
    None,
    "",
    "anna",
    "Anna",
    "ANNA Berg",
    "Zoë",
    "ZOË b",
    "émile",
    "Émile_",
    "50%",
    "a_b",
    "a\\b",
    "ß",
    "Ünal",
    "x",
)
TIERS = (None, "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b")


def expires(since: datetime) -> datetime:
    """Shown as the midnight after, ten days later: as expiry dates are."""
    return datetime.combine(since.date() + 11 * DAY, datetime.min.time(), UTC)


def expires_from(moment: datetime) -> datetime:
    """The first time that is shown as `moment` or later."""
    midnight = datetime.combine(moment.date(), datetime.min.time(), UTC)
    return midnight - 11 * DAY if midnight == moment else midnight - 10 * DAY


def status(word: str) -> str:
    """MEMBER as we keep it."""
    if word not in ("VISITOR", "PENDING", "MEMBER"):
        raise ValueError(word)
    return word.lower()


ID, CREATED = Field(Account.id, "id"), Field(Account.created_at, "time", aggregatable=True)
ACCOUNTS = Entity(
    "account",
    {
        "id": ID,
        "createdDate": CREATED,
        "points.balance": Field(Account.balance, "int", aggregatable=True),
        "tier.id": Field(Account.tier_id, "id", nullable=True, aggregatable=True),
        "tier.until": Field(Account.tier_until, "time", nullable=True, aggregatable=True),
        "expires": Field(Account.last_activity_at, "time", at_least=expires_from, to_shown=expires, aggregatable=True),
        "contact.name": Field(Customer.name, "text", nullable=True, searchable=True, aggregatable=True),
        "contact.phone": Field(Customer.phone, "text", nullable=True, searchable=True),
        "contact.agrees": Field(Customer.accepts_marketing, "bool", aggregatable=True),
        "contact.status": Field(
            Customer.status, "enum", to_stored=status, to_shown=str.upper, sortable=False, aggregatable=True
        ),
        "secret": Field(Account.head, "text", filterable=False, sortable=False),
    },
    (ID,),
    CREATED,
)
SORTABLE = sorted(name for name, field in ACCOUNTS.fields.items() if field.sortable)


@dataclass
class List:
    """A shop's accounts as rows of the database, and as what the wire would show of them."""

    shop_id: str
    rows: list[Row]

    @property
    def select(self) -> Any:
        return Account.of(self.shop_id, Account, Customer).join(Customer, on=(Customer.id == Account.customer_id))

    def page(self, asked: Any, **facts: Any) -> Page:
        return query.page(ACCOUNTS, self.select, asked, shop_id=self.shop_id, **facts)

    def ids(self, asked: Any, **facts: Any) -> list[str]:
        return [row.id for row in self.page(asked, **facts).rows]

    def found(self, filter: Any = None, search: Any = None) -> set[str]:
        condition = query.selection(ACCOUNTS, filter, search)
        return {row.id for row in self.select.where(condition)}

    def summary(self, *asked: Json, zone: str | None = None) -> list[Json]:
        return query.aggregate(ACCOUNTS, self.select, list(asked), query.time_zone(zone))["results"]

    def names(self, search: Json) -> list[str]:
        """The names that a free text finds."""
        found = self.found(search=search)
        return sorted(row["contact.name"] for row in self.rows if row["id"] in found)

    def walk(self, asked: Json, limit: int) -> tuple[list[str], list[str]]:
        """All pages to the last one, and back again to the first."""
        page = self.page({**asked, "cursorPaging": {"limit": limit}})
        assert page.prev is None
        there = [[row.id for row in page.rows]]
        while page.next:
            page = self.page({"cursorPaging": {"cursor": page.next, "limit": limit}})
            there.append([row.id for row in page.rows])
        back = [there[-1]]
        while page.prev:
            page = self.page({"cursorPaging": {"cursor": page.prev}})
            assert page.next
            back.insert(0, [row.id for row in page.rows])
        return [*chain.from_iterable(there)], [*chain.from_iterable(back)]


NOBODY = List("a shop", [])  # what is refused is refused before a row is read


@pytest.fixture
def accounts(database: str) -> List:
    """Accounts with ties, gaps and odd letters in every field; one more in another shop, which nobody may ever see."""
    chance = random.Random(7)
    shop, other = World.create().shop.id, World.create().shop.id
    rows = [{**_row(chance), "contact.name": NAMES[at % len(NAMES)]} for at in range(ROWS)]
    with db.atomic():
        for shop_id, row in [*((shop, row) for row in rows), (other, _row(chance))]:
            _keep(shop_id, row)
    return List(shop, rows)


def _row(chance: random.Random) -> Row:
    moments = [
        NOON + timedelta(milliseconds=ms, microseconds=us) for ms in (0, 1, 1_260_000, 90_000_000) for us in (0, 400)
    ]
    return {
        "id": new_id(),
        "createdDate": chance.choice(moments),
        "points.balance": chance.choice((-3, 0, 5, 5, 700)),
        "tier.id": chance.choice(TIERS),
        "tier.until": chance.choice((None, *moments)),
        "expires": chance.choice([NOON, NOON + DAY / 2, NOON + DAY, NOON + DAY]),
        "contact.name": chance.choice(NAMES),
        "contact.phone": chance.choice((None, "+49 30", "0451")),
        "contact.agrees": chance.choice((True, False)),
        "contact.status": chance.choice(("VISITOR", "PENDING", "MEMBER")),
    }


def _keep(shop_id: str, row: Row) -> None:
    customer_id, balance = new_id(), row["points.balance"]
    Customer.insert(
        id=customer_id,
        shop_id=shop_id,
        name=row["contact.name"],
        phone=row["contact.phone"],
        accepts_marketing=row["contact.agrees"],
        status=row["contact.status"].lower(),
        created_at=NOON,
        updated_at=NOON,
    ).execute()
    Account.insert(
        id=row["id"],
        shop_id=shop_id,
        customer_id=customer_id,
        balance=balance,
        adjusted=balance,
        tier_id=row["tier.id"],
        tier_until=row["tier.until"],
        created_at=row["createdDate"],
        last_activity_at=row["expires"],
    ).execute()


# What the language means, in plain Python


def shown(row: Row, name: str) -> Any:
    """A field as the wire shows it."""
    value = expires(row[name]) if name == "expires" else row[name]
    return clock.parse(clock.iso(value)) if isinstance(value, datetime) else value


def means(asked: Json, row: Row) -> bool:
    """Whether the filter holds for a row."""
    return all(_member(name, value, row) for name, value in asked.items())


def _member(name: str, asked: Any, row: Row) -> bool:
    if name == "$and":
        return all(means(one, row) for one in asked)
    if name == "$or":
        return any(means(one, row) for one in asked)
    if name == "$not":
        return not means(asked[0] if isinstance(asked, list) else asked, row)
    operators = asked if isinstance(asked, dict) else {"$eq": asked}
    return all(_holds(shown(row, name), operator, operand) for operator, operand in operators.items())


def _holds(value: Any, operator: str, operand: Any) -> bool:
    if isinstance(value, datetime):
        operand = _moments(operand)
    empty = value in (None, "")
    there: dict[str, Callable[[], bool]] = {
        "$eq": lambda: empty if operand is None else value == operand,
        "$ne": lambda: not empty if operand is None else value != operand,
        "$in": lambda: value in operand,
        "$nin": lambda: value not in operand,
        "$hasSome": lambda: value in operand,
        "$hasAll": lambda: all(value == one for one in operand),
        "$exists": lambda: (value is not None) == operand,
        "$isEmpty": lambda: empty == operand,
        "$gt": lambda: value is not None and value > operand,
        "$gte": lambda: value is not None and value >= operand,
        "$lt": lambda: value is not None and value < operand,
        "$lte": lambda: value is not None and value <= operand,
        "$startsWith": lambda: value is not None and value.lower().startswith(operand.lower()),
        "$endsWith": lambda: value is not None and value.lower().endswith(operand.lower()),
        "$contains": lambda: value is not None and operand.lower() in value.lower(),
    }
    return there[operator]()


def _moments(operand: Any) -> Any:
    if isinstance(operand, list):
        return [clock.parse(one) for one in operand]
    return clock.parse(operand) if isinstance(operand, str) else operand


def ordered(rows: list[Row], sort: list[Json]) -> list[str]:
    """The rows' ids in order: gaps last when ascending and first when descending, ties by id."""
    sort = sort or [{"fieldName": "createdDate", "order": "DESC"}]
    rows = sorted(rows, key=lambda row: row["id"], reverse=sort[-1].get("order") == "DESC")
    for one in reversed(sort):
        name = one["fieldName"]
        there = [row for row in rows if row[name] is not None]
        gaps = [row for row in rows if row[name] is None]
        down = one.get("order") == "DESC"
        there.sort(key=lambda row: row[name], reverse=down)
        rows = gaps + there if down else there + gaps
    return [row["id"] for row in rows]


TIMES = [NOON + timedelta(milliseconds=ms) for ms in (-1, 0, 1, 2, 90_000_000)]
TIMES += [
    NOON + timedelta(microseconds=400),
    *(expires(NOON + days * DAY) + ms * timedelta(milliseconds=1) for days in (0, 1) for ms in (-1, 0, 1)),
]
TEXTS = st.one_of(st.sampled_from([name for name in NAMES if name]), st.text("aAnNbBoOëËéÉüÜß%_\\ 50", max_size=3))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.sampled_from([-3, 0, 4, 5, 5.0, 700, 2**62]),
    "time": st.sampled_from([moment.isoformat() for moment in TIMES]),
    "id": st.sampled_from([one for one in TIERS if one]),
    "text": TEXTS,
    "bool": st.booleans(),
    "enum": st.sampled_from(["VISITOR", "PENDING", "MEMBER"]),
}


@st.composite
def leaves(draw: st.DrawFn) -> Json:
    """A field with one operator or several, or with a plain value."""
    name = draw(st.sampled_from(sorted(set(ACCOUNTS.fields) - {"secret"})))
    kind = ACCOUNTS.fields[name].kind
    value, several = VALUES[kind], st.lists(VALUES[kind], max_size=3)
    operators: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(("$eq", "$ne"), st.one_of(st.none(), value)),
        **dict.fromkeys(("$in", "$nin", "$hasSome", "$hasAll"), several),
        **dict.fromkeys(("$exists", "$isEmpty"), st.booleans()),
    }
    if kind not in ("bool", "enum"):
        operators |= dict.fromkeys(("$gt", "$gte", "$lt", "$lte"), value)
    if kind in ("id", "text"):
        operators |= dict.fromkeys(("$startsWith", "$endsWith", "$contains"), TEXTS)
    chosen = draw(st.lists(st.sampled_from(sorted(operators)), max_size=2, unique=True))
    if not chosen:
        return {name: draw(st.one_of(st.none(), value))}
    return {name: {operator: draw(operators[operator]) for operator in chosen}}


filters = st.recursive(
    st.one_of(st.just({}), leaves()),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"$and": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"$or": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"$not": st.one_of(inner, inner.map(lambda one: [one]))}),
        st.tuples(leaves(), inner).map(lambda both: both[0] | both[1]),
    ),
    max_leaves=6,
)
sorts = st.lists(
    st.fixed_dictionaries(
        {"fieldName": st.sampled_from(SORTABLE)}, optional={"order": st.sampled_from(["ASC", "DESC"])}
    ),
    max_size=3,
    unique_by=lambda one: one["fieldName"],
)


@given(asked=filters)
@example(asked={"$not": {"tier.id": {"$hasAll": []}}})
@example(asked={"$not": {"contact.name": {"$contains": "Ë"}}})
@example(asked={"createdDate": {"$gte": "2026-03-10T12:00:00.000400Z"}})
@example(asked={"tier.until": {"$lte": "2026-03-10T12:00:00.000400Z"}})
@tries(150)
def test_a_filter_selects_what_it_means(accounts: List, asked: Json) -> None:
    assert accounts.found(asked) == {row["id"] for row in accounts.rows if means(asked, row)}


@given(sort=sorts, limit=st.integers(1, 15), asked=st.one_of(st.just({}), leaves()))
@example(sort=[{"fieldName": "tier.id", "order": "DESC"}, {"fieldName": "contact.name"}], limit=1, asked={})
@tries(60)
def test_pages_give_each_row_once_in_order_there_and_back(
    accounts: List, sort: list[Json], limit: int, asked: Json
) -> None:
    there, back = accounts.walk({"sort": sort, "filter": asked}, limit)
    assert there == ordered([row for row in accounts.rows if means(asked, row)], sort)
    assert back == there


def test_a_page_is_one_query(accounts: List) -> None:
    page = accounts.page({"cursorPaging": {"limit": 7}})
    with assert_query_count(1):
        accounts.page({"cursorPaging": {"cursor": page.next}})


def test_a_page_has_50_rows_newest_first_unless_told_otherwise(accounts: List) -> None:
    for _ in range(20):
        _keep(accounts.shop_id, _row(random.Random(8)))
    assert len(accounts.ids(None)) == 50
    newest = [row.created_at for row in accounts.page({}).rows]
    assert newest == sorted(newest, reverse=True)
    assert len(accounts.ids({"paging": {"limit": 55}})) == 55


def test_what_no_filter_may_see_stays_unseen(accounts: List) -> None:
    """The select is bound to its shop; nothing in a filter gets out of it."""
    everything = {"$or": [{}, {"$not": {"points.balance": 0}}, {"points.balance": 0}]}
    assert accounts.found(everything) == {row["id"] for row in accounts.rows}
    assert Account.everywhere().count() == ROWS + 1


def test_offsets_are_answered_with_a_total_and_lead_on_by_cursors(accounts: List) -> None:
    everyone = ordered(accounts.rows, [])
    page = accounts.page({"paging": {"limit": 4, "offset": 8}})
    assert [row.id for row in page.rows] == everyone[8:12]
    known = query.metadata_v2(page)
    assert {**known, "cursors": sorted(known["cursors"])} == {
        "count": 4,
        "offset": 8,
        "total": ROWS,
        "too_many_to_count": False,
        "cursors": ["next", "prev"],
    }
    assert accounts.ids({"cursorPaging": {"cursor": page.next}}) == everyone[12:16]
    assert accounts.ids({"cursorPaging": {"cursor": page.prev}}) == everyone[4:8]
    beyond = accounts.page({"paging": {"limit": 4, "offset": 100}})
    assert (beyond.rows, beyond.next) == ([], None)
    last = accounts.page({"cursorPaging": {"cursor": beyond.prev}})
    assert ([row.id for row in last.rows], last.next) == (everyone[-4:], None)
    assert accounts.ids({"cursorPaging": {"cursor": last.prev}}) == everyone[-8:-4]


def test_a_limit_without_offset_counts_nothing(accounts: List) -> None:
    with assert_query_count(1):
        page = accounts.page({"paging": {"limit": 4}})
    assert query.metadata(page) == {"count": 4, "cursors": {"next": page.next}, "has_next": True}
    assert "total" not in query.metadata_v2(page)


def test_rows_that_go_and_come_between_two_pages_neither_double_nor_hide_others(accounts: List) -> None:
    everyone = ordered(accounts.rows, [])
    page = accounts.page({"cursorPaging": {"limit": 10}})
    with journal.rewriting():
        Account.remove(accounts.shop_id, Account.id.in_(everyone[8:12]))
    newest = {**_row(random.Random(9)), "createdDate": NOON + 30 * DAY}
    _keep(accounts.shop_id, newest)
    assert accounts.ids({"cursorPaging": {"cursor": page.next}}) == everyone[12:22]


@pytest.mark.parametrize("field", ["createdDate", "tier.id"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_from_an_empty_page_one_gets_back(accounts: List, field: str, order: str) -> None:
    """All on the one side was deleted; the row beside it is not lost on the way back."""
    sort = [{"fieldName": field, "order": order}]
    everyone = ordered(accounts.rows, sort)
    page = accounts.page({"sort": sort, "cursorPaging": {"limit": 10}})
    further = accounts.page({"cursorPaging": {"cursor": page.next}})
    with journal.rewriting():
        Account.remove(accounts.shop_id, Account.id.not_in(everyone[5:15]))
    empty = accounts.page({"cursorPaging": {"cursor": further.next}})
    assert (empty.rows, empty.next) == ([], None)
    assert accounts.ids({"cursorPaging": {"cursor": empty.prev}}) == everyone[5:15]
    with journal.rewriting():
        Account.remove(accounts.shop_id, Account.id.in_(everyone[:10]))
    empty = accounts.page({"cursorPaging": {"cursor": further.prev}})
    assert (empty.rows, empty.prev) == ([], None)
    assert accounts.ids({"cursorPaging": {"cursor": empty.next}}) == everyone[10:15]


@pytest.mark.parametrize("sort", [[], [{"fieldName": "tier.id"}]])
def test_a_cursor_is_good_for_its_shop_and_list_only(accounts: List, sort: list[Json]) -> None:
    cursor = str(accounts.page({"sort": sort, "cursorPaging": {"limit": 3}}).next)
    other = "B" if cursor[0] == "A" else "A"
    others = [cursor[:-1], f"{other}{cursor[1:]}", f"{cursor}AAAA", "A" * 40, "é", cursor.swapcase()]
    others += ["A" * 16_001, False, 0, [], {}]
    for forged in others:
        with pytest.raises(BadRequest) as no:
            accounts.page({"cursorPaging": {"cursor": forged}})
        assert no.value.field == "query.cursorPaging.cursor"
    foreign = List("another shop", [])
    renamed = Entity("coupon", ACCOUNTS.fields, ACCOUNTS.key, ACCOUNTS.newest)
    with pytest.raises(BadRequest, match=r"query\.cursorPaging\.cursor"):
        foreign.page({"cursorPaging": {"cursor": cursor}})
    with pytest.raises(BadRequest, match=r"query\.cursorPaging\.cursor"):
        query.page(renamed, accounts.select, {"cursorPaging": {"cursor": cursor}}, shop_id=accounts.shop_id)
    with pytest.raises(BadRequest, match=r"search\.cursorPaging\.cursor"):
        accounts.page({"cursorPaging": {"cursor": 5}}, where="search")
    settings = config.current()
    config.use(config.Settings(**{**settings.__dict__, "secret_key": "another-secret-that-is-long-enough-to-be-good"}))
    with pytest.raises(BadRequest, match=r"query\.cursorPaging\.cursor"):
        accounts.page({"cursorPaging": {"cursor": cursor}})


def test_a_cursor_of_fields_that_are_gone_is_too_old(accounts: List) -> None:
    asked = {"sort": [{"fieldName": "tier.id"}], "filter": {"points.balance": {"$gt": 0}}, "cursorPaging": {"limit": 2}}
    cursor = accounts.page(asked).next
    for gone in ("tier.id", "points.balance"):
        fields = {name: field for name, field in ACCOUNTS.fields.items() if name != gone}
        entity = Entity(ACCOUNTS.name, fields, ACCOUNTS.key, ACCOUNTS.newest)
        with pytest.raises(BadRequest, match="not a cursor of this list, or has expired"):
            query.page(entity, accounts.select, {"cursorPaging": {"cursor": cursor}}, shop_id=accounts.shop_id)


def test_what_stands_in_no_object_is_named_so(accounts: List) -> None:
    """The parameters of a GET are the body's own."""
    asked = {"cursorPaging": {"limit": 2}}
    page = accounts.page(asked, where="")
    assert len(accounts.ids({"cursorPaging": {"cursor": page.next}}, where="")) == 2
    for wrong in ("cursor", "limit"):
        with pytest.raises(BadRequest) as no:
            accounts.page({"cursorPaging": {wrong: "none"}}, where="")
        assert no.value.field == f"cursorPaging.{wrong}"


def test_filter_sort_and_search_are_in_the_cursor_and_do_not_go_with_it(accounts: List) -> None:
    search = {"expression": "a", "fields": ["contact.name"]}
    asked = {"filter": {"contact.name": {"$exists": True}}, "search": search, "cursorPaging": {"limit": 1}}
    page = accounts.page(asked, where="search")
    assert accounts.page({"filter": {}, "sort": [], "cursorPaging": {"cursor": page.next}}, where="search").rows
    for name, value in (("filter", {"id": None}), ("sort", [{"fieldName": "id"}]), ("search", search)):
        with pytest.raises(BadRequest) as no:
            accounts.page({name: value, "cursorPaging": {"cursor": page.next}}, where="search")
        assert no.value.field == f"search.{name}"


def test_a_filter_that_no_cursor_can_hold_is_refused_when_there_is_a_next_page(accounts: List) -> None:
    ids = [row["id"] for row in accounts.rows]
    known = {"id": {"$in": [*ids, *(new_id() for _ in range(900))]}}
    assert len(accounts.ids({"filter": known, "cursorPaging": {"limit": ROWS}})) == ROWS
    with pytest.raises(BadRequest, match=r"query\.filter is too long"):
        accounts.page({"filter": known, "cursorPaging": {"limit": 3}})
    some = {"id": {"$in": [*ids, *(new_id() for _ in range(460))]}}
    cursor = accounts.page({"filter": some, "cursorPaging": {"limit": 3}}).next
    assert cursor and 12_000 < len(cursor) <= 16_000


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ([], "query"),
        ({"filters": {}}, "query.filters"),
        ({"aggregations": []}, "query.aggregations"),
        ({"filter": []}, "query.filter"),
        ({"filter": {"points": 5}}, "query.filter.points"),
        ({"filter": {"secret": "x"}}, "query.filter.secret"),
        ({"filter": {"$nor": []}}, "query.filter.$nor"),
        ({"filter": {"$and": {}}}, "query.filter.$and"),
        ({"filter": {"$or": [5]}}, "query.filter"),
        ({"filter": {"$not": [{}, {}]}}, "query.filter.$not"),
        ({"filter": {"points.balance": {}}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": {"$regex": "5"}}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": {"$contains": "5"}}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": "5"}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": True}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": 2.5}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": float("nan")}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": {"$gt": float("inf")}}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": {"$gt": 2**63}}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": {"$gt": None}}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": {"$in": 5}}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": {"$in": [5, None]}}}, "query.filter.points.balance"),
        ({"filter": {"points.balance": {"$exists": 1}}}, "query.filter.points.balance"),
        ({"filter": {"createdDate": "2026-03-10"}}, "query.filter.createdDate"),
        ({"filter": {"createdDate": "2026-03-10T12:00:00"}}, "query.filter.createdDate"),
        ({"filter": {"createdDate": "2026-02-30T12:00:00Z"}}, "query.filter.createdDate"),
        ({"filter": {"createdDate": 1773144000}}, "query.filter.createdDate"),
        ({"filter": {"createdDate": "0000-01-01T00:00:00Z"}}, "query.filter.createdDate"),
        ({"filter": {"createdDate": "2016-12-31T23:59:60Z"}}, "query.filter.createdDate"),
        ({"filter": {"id": "a"}}, "query.filter.id"),
        ({"filter": {"id": ["a"]}}, "query.filter.id"),
        ({"filter": {"contact.name": 5}}, "query.filter.contact.name"),
        ({"filter": {"contact.name": {"$startsWith": 5}}}, "query.filter.contact.name"),
        ({"filter": {"contact.agrees": "true"}}, "query.filter.contact.agrees"),
        ({"filter": {"contact.agrees": {"$gt": False}}}, "query.filter.contact.agrees"),
        ({"filter": {"contact.status": "member"}}, "query.filter.contact.status"),
        ({"filter": {"contact.status": {"$startsWith": "M"}}}, "query.filter.contact.status"),
        ({"sort": {}}, "query.sort"),
        ({"sort": [{"fieldName": "id"}] * 6}, "query.sort"),
        ({"sort": ["id"]}, "query.sort[0]"),
        ({"sort": [{"fieldName": "id", "by": 1}]}, "query.sort[0].by"),
        ({"sort": [{"order": "ASC"}]}, "query.sort[0].fieldName"),
        ({"sort": [{"fieldName": "id"}, {"fieldName": "contact.status"}]}, "query.sort[1].fieldName"),
        ({"sort": [{"fieldName": "id"}, {"fieldName": "id"}]}, "query.sort[1].fieldName"),
        ({"sort": [{"fieldName": "id", "order": "desc"}]}, "query.sort[0].order"),
        ({"cursorPaging": []}, "query.cursorPaging"),
        ({"cursorPaging": {"limit": 0}}, "query.cursorPaging.limit"),
        ({"cursorPaging": {"limit": 101}}, "query.cursorPaging.limit"),
        ({"cursorPaging": {"limit": 1.5}}, "query.cursorPaging.limit"),
        ({"cursorPaging": {"limit": True}}, "query.cursorPaging.limit"),
        ({"cursorPaging": {"offset": 5}}, "query.cursorPaging.offset"),
        ({"paging": {"limit": 5, "offset": -1}}, "query.paging.offset"),
        ({"paging": {"limit": 1001}}, "query.paging.limit"),
        ({"paging": {"limit": 5}, "cursorPaging": {"limit": 5}}, "query.paging"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_path(asked: Any, field: str) -> None:
    with pytest.raises(BadRequest) as no:
        NOBODY.page(asked)
    assert no.value.field == field
    assert field in no.value.message


def test_the_largest_filters_are_answered_and_larger_ones_refused(accounts: List) -> None:
    everyone = {row["id"] for row in accounts.rows}
    some = {"tier.id": {"$ne": TIERS[1]}}
    assert accounts.found({"$or": [some] * 500}) == accounts.found(some)
    assert accounts.found({"$not": {"$and": [some] * 500}}) == everyone - accounts.found(some)
    assert accounts.found({"tier.until": {"$nin": [NOON.isoformat()] * 1000}})
    assert accounts.found({"$or": [{"id": {"$in": [new_id() for _ in range(1000)]}}] * 9}) == set()
    everything = "".join(letter for letter in map(chr, range(0xC0, 0x600)) if letter.isalpha())
    assert accounts.found({"$or": [{"contact.name": {"$contains": everything[:256]}}] * 19}) == set()
    assert accounts.found({"expires": {"$in": [moment.isoformat() for moment in TIMES * 83]}})
    deep: Json = some
    for _ in range(9):
        deep = {"$not": deep}
    assert accounts.found(deep) == everyone - accounts.found(some)
    for large in (
        {"$or": [some] * 501},
        {"id": {"$in": [new_id()] * 1001}},
        {"$or": [{"id": {"$in": [new_id()] * 1000}}] * 10},
        {"$or": [{"expires": {"$in": [NOON.isoformat()] * 1000}}] * 2},
        {"$or": [{"contact.name": {"$contains": everything[:256]}}] * 20},
        {"contact.name": {"$contains": "a" * 257}},
        {"$not": deep},
    ):
        with pytest.raises(BadRequest, match=r"^filter"):
            accounts.found(large)


def test_times_are_what_the_wire_shows_of_them(accounts: List) -> None:
    """Who reads a date and asks for what came after it does not get the same row again."""
    last = accounts.page({}).rows[0]
    same = {row["id"] for row in accounts.rows if clock.iso(row["createdDate"]) == clock.iso(last.created_at)}
    assert accounts.found({"createdDate": clock.iso(last.created_at)}) == same
    assert accounts.found({"createdDate": {"$gt": clock.iso(last.created_at)}}) == set()
    for always in ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "0700-01-01T00:00:00Z"):
        assert len(accounts.found({"createdDate": {"$gte": always}, "expires": {"$gt": always}})) == ROWS
    assert len(accounts.found({"createdDate": {"$lt": "9999-12-31T23:59:59.999Z"}})) == ROWS


class Parcel(ShopTable):
    """A row with money and a list of texts, which no account has."""

    id = Text(primary_key=True)
    price = Money(null=True)
    labels = JsonColumn(null=True)


PARCEL_ID = Field(Parcel.id, "text")
PARCELS = Entity(
    "parcel",
    {
        "price": Field(Parcel.price, "money", nullable=True, aggregatable=True),
        "labels": Field(Parcel.labels, "texts", nullable=True, sortable=False),
    },
    (PARCEL_ID,),
    PARCEL_ID,
)
PRICES = {"a": "9.50", "b": "10", "c": "10.0000", "d": "-2.25", "e": None}
LABELS = {"a": ["red", 'a"b\\'], "b": ["red", "Grün"], "c": [","], "d": [], "e": None}


@pytest.fixture
def parcels(database: str) -> Callable[..., str]:
    """Answers the letters of the parcels that a filter finds."""
    shop = World.create().shop
    Parcel.create_table()
    for id, price in PRICES.items():
        Parcel.insert(id=id, shop_id=shop.id, price=price and Decimal(price), labels=LABELS[id]).execute()

    def found(filter: Json, sort: str = "") -> str:
        asked = {"filter": filter, "sort": [{"fieldName": sort}] if sort else [], "cursorPaging": {"limit": 1}}
        letters, cursor = "", ""
        while True:
            asked = {"cursorPaging": {"cursor": cursor}} if cursor else asked
            page = query.page(PARCELS, Parcel.of(shop).dicts(), asked, shop_id=shop.id)
            letters += "".join(row["id"] for row in page.rows)
            if not page.next:
                return letters if sort else "".join(sorted(letters))
            cursor = page.next

    return found


def test_money_is_compared_by_amount(parcels: Callable[..., str]) -> None:
    assert parcels({}, "price") == "dabce"
    assert parcels({"price": {"$gt": 9.5}}) == parcels({"price": 10}) == parcels({"price": "10.00"}) == "bc"
    assert parcels({"price": {"$lt": "9.51"}}) == "ad"
    assert parcels({"price": {"$nin": [10, -2.25]}}) == "ae"
    for wrong in ("ten", True, "1e3", [1], float("nan")):
        with pytest.raises(BadRequest, match=r"query\.filter\.price"):
            parcels({"price": wrong})


def test_a_list_of_texts_has_some_or_all_of_others(parcels: Callable[..., str]) -> None:
    assert parcels({"labels": {"$hasSome": ["red", ","]}}) == "abc"
    assert parcels({"labels": {"$hasAll": ["red", "Grün"]}}) == "b"
    assert parcels({"labels": {"$hasSome": ['a"b\\']}}) == "a"
    assert parcels({"labels": {"$hasSome": ['","', "grün", "b\\"]}}) == ""
    assert parcels({"$not": {"labels": {"$hasSome": ["red"]}}}) == "cde"
    assert parcels({"labels": None}) == parcels({"labels": {"$isEmpty": True}}) == "de"
    assert parcels({"labels": {"$exists": True}}) == "abcd"
    with pytest.raises(BadRequest, match="supports"):
        parcels({"labels": {"$eq": "red"}})


def test_words_are_searched_in_all_fields_whatever_their_case(accounts: List) -> None:
    assert set(accounts.names({"expression": "aNN"})) == {"anna", "Anna", "ANNA Berg"}
    assert set(accounts.names({"expression": "anna  BERG", "mode": "AND"})) == {"ANNA Berg"}
    assert set(accounts.names({"expression": "berg ünal"})) == {"ANNA Berg", "Ünal"}
    assert set(accounts.names({"expression": "ZOË É", "fields": ["contact.name"]})) == {
        "Zoë",
        "ZOË b",
        "émile",
        "Émile_",
    }
    assert accounts.names({"expression": "anna", "fields": ["contact.phone"]}) == []
    assert set(accounts.names({"expression": "%"})) == {"50%"}
    assert set(accounts.names({"expression": "_"})) == {"a_b", "Émile_"}
    assert set(accounts.names({"expression": "\\"})) == {"a\\b"}
    assert accounts.found(search={"expression": " "}) == {row["id"] for row in accounts.rows}
    with_phone = {row["id"] for row in accounts.rows if row["contact.phone"] == "+49 30"}
    assert accounts.found(search={"expression": "49"}) == with_phone


@pytest.mark.parametrize("typed", ["emile", "mile", "éile", "émilé", "émmile", "méile", "émiel", "ÉMILEs", "éXile"])
def test_one_slip_of_the_keyboard_is_forgiven_when_asked(accounts: List, typed: str) -> None:
    assert set(accounts.names({"expression": typed, "fuzzy": True})) == {"émile", "Émile_"}
    if typed not in ("mile", "ÉMILEs"):
        assert accounts.names({"expression": typed}) == []


def test_two_slips_and_short_words_are_not_forgiven(accounts: List) -> None:
    assert accounts.names({"expression": "eemile", "fuzzy": True}) == []
    assert accounts.names({"expression": "ünl", "fuzzy": True}) == []


@pytest.mark.parametrize(
    ("search", "field"),
    [
        ([], "search.search"),
        ({"text": "a"}, "search.search.text"),
        ({"expression": 5}, "search.search.expression"),
        ({"expression": "a" * 101}, "search.search.expression"),
        ({"mode": "XOR"}, "search.search.mode"),
        ({"fuzzy": "yes"}, "search.search.fuzzy"),
        ({"fields": ["id"]}, "search.search.fields"),
        ({"fields": [["contact.name"]]}, "search.search.fields"),
        ({"fields": ["contact.name"] * 21}, "search.search.fields"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_its_path(search: Any, field: str) -> None:
    with pytest.raises(BadRequest) as no:
        NOBODY.page({"search": search}, where="search")
    assert no.value.field == field


# Aggregations


def counts(accounts: List, name: str) -> Counter[Any]:
    """How many rows show each value."""
    return Counter(shown(row, name) for row in accounts.rows)


def test_values_are_counted_most_frequent_first(accounts: List) -> None:
    (found,) = accounts.summary({"name": "b", "type": "VALUE", "fieldPath": "points.balance"})
    known = counts(accounts, "points.balance")
    expected = sorted(known.items(), key=lambda one: (-one[1], one[0]))
    assert found == {
        "name": "b",
        "type": "VALUE",
        "fieldPath": "points.balance",
        "values": {"results": [{"value": str(value), "count": count} for value, count in expected]},
    }


@pytest.mark.parametrize(
    "field", ["tier.id", "expires", "createdDate", "contact.agrees", "contact.status", "contact.name"]
)
def test_values_come_in_their_own_order_with_those_that_are_missing(accounts: List, field: str) -> None:
    for direction in ("ASC", "DESC"):
        _in_order(accounts, field, direction)


def _in_order(accounts: List, field: str, direction: str) -> None:
    settings: Json = {"sortType": "VALUE", "sortDirection": direction, "limit": 30, "missingValues": "INCLUDE"}
    settings["includeOptions"] = {"addToBucket": "none"}
    (found,) = accounts.summary({"type": "VALUE", "fieldPath": field, "value": settings})
    results = [(one["value"], one["count"]) for one in found["values"]["results"]]
    known = {_word(value): count for value, count in counts(accounts, field).items()}
    assert dict(results) == known
    words = [word for word, _ in results if word != "none" or field == "contact.name"]
    assert words == sorted(words, reverse=direction == "DESC")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return clock.iso(value) if isinstance(value, datetime) else "none" if value is None else str(value)


def test_missing_values_join_those_whose_name_they_get(parcels: Callable[..., str]) -> None:
    settings = {"missingValues": "INCLUDE", "includeOptions": {"addToBucket": "10"}}
    for asked, expected in (
        ({}, [("10", 2), ("-2.25", 1), ("9.5", 1)]),
        ({"missingValues": "INCLUDE"}, [("10", 2), ("-2.25", 1), ("0", 1), ("9.5", 1)]),
        (settings, [("10", 3), ("-2.25", 1), ("9.5", 1)]),
    ):
        wanted = [{"type": "VALUE", "fieldPath": "price", "value": asked}]
        (found,) = query.aggregate(PARCELS, Parcel.everywhere(), wanted)["results"]
        assert [(one["value"], one["count"]) for one in found["values"]["results"]] == expected


def test_each_row_is_in_the_first_range_it_fits(accounts: List) -> None:
    buckets: list[Json] = [{"to": 0}, {"from": 0, "to": 5}, {"from": 0, "to": 700.5}, {"from": 4.5}, {"from": 800}]
    (found,) = accounts.summary({"type": "RANGE", "fieldPath": "points.balance", "range": {"buckets": buckets}})
    known = counts(accounts, "points.balance")
    expected = [known[-3], known[0], known[5] + known[700], 0, 0]
    assert found["ranges"]["results"] == [{**bucket, "count": n} for bucket, n in zip(buckets, expected, strict=True)]


def test_figures_are_the_number_of_values_the_smallest_and_the_largest(accounts: List) -> None:
    def figure(field: str, type: str) -> Any:
        (found,) = accounts.summary({"type": "SCALAR", "fieldPath": field, "scalar": {"type": type}})
        member = "scalarDate" if "scalarDate" in found else "scalar"
        assert found[member]["type"] == type
        return found[member]["value"]

    assert figure("points.balance", "MIN") == -3
    assert figure("points.balance", "MAX") == 700
    for field in ("points.balance", "tier.id", "createdDate", "expires", "contact.name"):
        assert figure(field, "COUNT_DISTINCT") == len(set(counts(accounts, field)) - {None})
    for field in ("createdDate", "tier.until", "expires"):
        values = [value for value in counts(accounts, field) if value is not None]
        assert (figure(field, "MIN"), figure(field, "MAX")) == (clock.iso(min(values)), clock.iso(max(values)))


def test_of_nothing_there_is_no_smallest(accounts: List) -> None:
    asked = [
        {"type": "SCALAR", "fieldPath": "points.balance", "scalar": {"type": kind}}
        for kind in ("MIN", "COUNT_DISTINCT")
    ]
    nobody = accounts.select.where(query.selection(ACCOUNTS, {"points.balance": 1}))
    least, number = query.aggregate(ACCOUNTS, nobody, asked)["results"]
    assert (least["scalar"], number["scalar"]) == ({"type": "MIN"}, {"type": "COUNT_DISTINCT", "value": 0})


ZONES = {
    None: UTC,
    "Z": UTC,
    "Europe/Berlin": clock.zone("Europe/Berlin"),
    "Asia/Kathmandu": clock.zone("Asia/Kathmandu"),
    "America/St_Johns": clock.zone("America/St_Johns"),
    "+02:00": timezone(timedelta(hours=2)),
    "-0930": timezone(-timedelta(hours=9, minutes=30)),
}
BEGINS = {
    "YEAR": "%Y-01-01T00:00:00",
    "MONTH": "%Y-%m-01T00:00:00",
    "WEEK": "%Y-%m-%dT00:00:00",
    "DAY": "%Y-%m-%dT00:00:00",
    "HOUR": "%Y-%m-%dT%H:00:00",
    "MINUTE": "%Y-%m-%dT%H:%M:00",
    "SECOND": "%Y-%m-%dT%H:%M:%S",
}


@pytest.mark.parametrize("interval", BEGINS)
def test_dates_are_those_of_the_zone(accounts: List, interval: str) -> None:
    for field, name in product(("createdDate", "expires", "tier.until"), ZONES):
        asked = {"type": "DATE_HISTOGRAM", "fieldPath": field, "dateHistogram": {"interval": interval}}
        (found,) = accounts.summary(asked, zone=name)
        known: Counter[str] = Counter()
        for value, count in counts(accounts, field).items():
            if value is not None:
                known[clock.iso(_begin(value, interval, ZONES[name]))] += count
        assert [(one["value"], one["count"]) for one in found["dateHistogram"]["results"]] == sorted(known.items())


def _begin(moment: datetime, interval: str, zone: tzinfo) -> datetime:
    local = moment.astimezone(zone)
    if interval == "WEEK":
        local -= timedelta(days=local.weekday())
    return datetime.fromisoformat(local.strftime(BEGINS[interval])).replace(tzinfo=zone)


def test_groups_within_groups_are_told_as_one_list(accounts: List) -> None:
    levels = [
        {"name": "tier", "type": "VALUE", "fieldPath": "tier.id", "value": {"missingValues": "INCLUDE"}},
        {"name": "day", "type": "DATE_HISTOGRAM", "fieldPath": "createdDate", "dateHistogram": {"interval": "DAY"}},
        {"name": "names", "type": "SCALAR", "fieldPath": "contact.name", "scalar": {"type": "COUNT_DISTINCT"}},
    ]
    nested = {"name": "n", "type": "NESTED", "nested": {"nestedAggregations": levels}}
    (found,) = accounts.summary(nested)
    assert (found["name"], found["type"]) == ("n", "NESTED")
    tiers = counts(accounts, "tier.id")
    seen = []
    for one in found["nested"]["results"]:
        told = one["results"]
        tier, day = told["tier"]["value"], told["day"]["dateHistogram"]
        id = None if tier["value"] == "N/A" else tier["value"]
        assert tier["count"] == tiers[id]
        here = [
            row
            for row in accounts.rows
            if row["tier.id"] == id and clock.iso(row["createdDate"])[:10] == day["value"][:10]
        ]
        assert day["count"] == len(here)
        assert told["names"] == {"scalar": {"value": len({row["contact.name"] for row in here} - {None})}}
        seen += here
    assert len(seen) == ROWS
    assert [one["results"]["tier"]["value"]["count"] for one in found["nested"]["results"][::2]] == sorted(
        tiers.values(), reverse=True
    )


def test_a_range_within_values_leaves_out_what_is_empty(accounts: List) -> None:
    levels = [
        {"name": "agrees", "type": "VALUE", "fieldPath": "contact.agrees", "value": {"limit": 1, "sortType": "VALUE"}},
        {
            "name": "rich",
            "type": "RANGE",
            "fieldPath": "points.balance",
            "range": {"buckets": [{"from": 701}, {"from": 700}]},
        },
    ]
    (found,) = accounts.summary({"type": "NESTED", "nested": {"nestedAggregations": levels}})
    agree = [row for row in accounts.rows if row["contact.agrees"]]
    rich = sum(row["points.balance"] == 700 for row in agree)
    told = {
        "agrees": {"value": {"value": "true", "count": len(agree)}},
        "rich": {"range": {"from": 700, "count": rich}},
    }
    assert found["nested"]["results"] == [{"results": told}]


VALUE = {"name": "v", "type": "VALUE", "fieldPath": "points.balance"}
SCALAR = {"name": "s", "type": "SCALAR", "fieldPath": "points.balance", "scalar": {"type": "MIN"}}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, ""),
        ([VALUE] * 11, ""),
        ([5], "[0]"),
        ([{**VALUE, "groupBy": {}}], "[0].groupBy"),
        ([{**VALUE, "type": "SUM"}], "[0].type"),
        ([{"fieldPath": "id"}], "[0].type"),
        ([VALUE, {**VALUE, "fieldPath": "id"}], "[1].fieldPath"),
        ([{**VALUE, "name": "n" * 101}], "[0].name"),
        ([{**VALUE, "value": {"limit": 251}}], "[0].value.limit"),
        ([{**VALUE, "value": {"sortType": "NAME"}}], "[0].value.sortType"),
        ([{**VALUE, "value": {"missingValues": True}}], "[0].value.missingValues"),
        ([{**VALUE, "value": {"includeOptions": {"addToBucket": "n" * 21}}}], "[0].value.includeOptions.addToBucket"),
        ([{**SCALAR, "scalar": {"type": "SUM"}}], "[0].scalar.type"),
        ([{**SCALAR, "scalar": None}], "[0].scalar.type"),
        ([{**SCALAR, "fieldPath": "contact.name"}], "[0].scalar"),
        ([{**VALUE, "type": "RANGE"}], "[0].range.buckets"),
        ([{**VALUE, "type": "RANGE", "range": {"buckets": [{}]}}], "[0].range.buckets[0]"),
        ([{**VALUE, "type": "RANGE", "range": {"buckets": [{"from": "1"}]}}], "[0].range.buckets[0].from"),
        ([{**VALUE, "type": "RANGE", "range": {"buckets": [{"to": float("inf")}]}}], "[0].range.buckets[0].to"),
        ([{**VALUE, "type": "RANGE", "range": {"buckets": [{"to": 1}] * 51}}], "[0].range.buckets"),
        ([{"type": "RANGE", "fieldPath": "createdDate", "range": {"buckets": [{"to": 1}]}}], "[0].range"),
        ([{**VALUE, "type": "DATE_HISTOGRAM", "dateHistogram": {"interval": "DAY"}}], "[0].dateHistogram"),
        ([{"type": "DATE_HISTOGRAM", "fieldPath": "createdDate"}], "[0].dateHistogram.interval"),
        ([{"type": "NESTED"}], "[0].nested.nestedAggregations"),
        ([{"type": "NESTED", "nested": {"nestedAggregations": [VALUE]}}], "[0].nested.nestedAggregations"),
        ([{"type": "NESTED", "nested": {"nestedAggregations": [VALUE, VALUE]}}], "[0].nested.nestedAggregations"),
        ([{"type": "NESTED", "nested": {"nestedAggregations": [SCALAR, VALUE]}}], "[0].nested.nestedAggregations"),
        (
            [{"type": "NESTED", "nested": {"nestedAggregations": [VALUE, {**VALUE, "type": "NESTED"}]}}],
            "[0].nested.nestedAggregations[1].type",
        ),
    ],
)
def test_what_cannot_be_summed_up_is_refused_by_its_path(asked: Any, field: str) -> None:
    with pytest.raises(BadRequest) as no:
        query.aggregate(ACCOUNTS, NOBODY.select, asked)
    assert no.value.field == f"search.aggregations{field}"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "+25:00", "../etc/passwd", 5, "x" * 51])
def test_zones_that_are_none_are_refused(zone: Any) -> None:
    with pytest.raises(BadRequest, match=r"search\.timeZone"):
        query.time_zone(zone)


def test_more_than_200_dates_are_refused(accounts: List) -> None:
    for days in range(201):
        _keep(accounts.shop_id, {**_row(random.Random(days)), "createdDate": NOON + days * DAY})
    asked = {"type": "DATE_HISTOGRAM", "fieldPath": "createdDate"}
    with pytest.raises(BadRequest, match="201 dates"):
        accounts.summary({**asked, "dateHistogram": {"interval": "DAY"}})
    assert accounts.summary({**asked, "dateHistogram": {"interval": "MONTH"}})


def test_what_was_found_on_any_page_can_be_summed_up(accounts: List) -> None:
    """Filter and free text may be in a cursor: the page says what they chose."""
    asked = {"filter": {"points.balance": 5}, "cursorPaging": {"limit": 2}}
    page = accounts.page({"cursorPaging": {"cursor": accounts.page(asked, where="search").next}}, where="search")
    (found,) = query.aggregate(ACCOUNTS, accounts.select.where(page.chosen), [VALUE])["results"]
    fives = counts(accounts, "points.balance")[5]
    assert found["values"]["results"] == [{"value": "5", "count": fives}]


# Speed


@pytest.mark.parametrize("asked", [{}, {"filter": {"contact.name": {"$ne": "x"}}}])
def test_newest_first_is_read_from_the_index(accounts: List, asked: Json) -> None:
    """Neither the first page nor one further on sorts the shop's accounts."""
    page = accounts.page({**asked, "cursorPaging": {"limit": 3}})
    for where in ({**asked, "cursorPaging": {"limit": 3}}, {"cursorPaging": {"cursor": page.next}}):
        plan = "\n".join(_plan(accounts, where))
        assert "account_shop_id_created_at_id" in plan
        assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan
        if "cursor" in where["cursorPaging"]:
            assert "(shop_id=? AND (created_at,id)<(?,?))" in plan or "(ROW(created_at, id) < ROW(" in plan


def _plan(accounts: List, asked: Json) -> list[str]:
    """How the database would find the page."""
    with count_queries() as said:
        accounts.page(asked)
    (statement,) = (one.msg for one in said.get_queries())
    if on_sqlite():
        return [row[3] for row in db.database.execute_sql(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1])]
    db.database.execute_sql("SET enable_seqscan = off")  # so few rows are read faster without an index
    db.database.execute_sql("SET enable_bitmapscan = off")
    return [row[0] for row in db.database.execute_sql(f"EXPLAIN {statement[0]}", statement[1])]
