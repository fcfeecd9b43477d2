"""The directory: the list of a shop's customers, with a search, filters and orders, one page at a time.

It stays fast with a million customers, because no page reads more than a few thousand rows:

- A typed text is looked up in the index of search terms; the first FOUND_MAX rows of it are sorted and shown. Of a
  word that very many have, only the first rows are looked at (search_terms.LOOKED_AT_MAX): the page says so.
- The customers who meet a filter are gathered, by the filter's index, while they are at most GATHERED_MAX, and sorted.
- If more meet it, the page is read in the list's order from an index, skipping those who do not: about one in
  (customers / GATHERED_MAX) rows is a hit.
- Who joined in the days of a filter may all be at the end of the list's order. So many are listed by the day they
  joined, from the index of these days; the page says so (`Page.order`).

Pages are found by the values of the row beside them, never by a number of rows to skip. Customers who were merged or
erased are not listed. Customers without an account have no balance and no activity: in these orders they come last.
"""

import base64
import binascii
import json
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from peewee import JOIN, SQL, Field, NodeList, Tuple, Value, fn

from widget_server import clock, totals
from widget_server.db import Condition, Row, UtcDateTime, among, ids_of, on_sqlite
from widget_server.errors import BadRequest
from widget_server.ledger import Account
from widget_server.loyalty.earning.orders import Order as ShopOrder
from widget_server.loyalty.people import customers, folding, search_terms
from widget_server.loyalty.people.customers import FLAGS, Customer
from widget_server.loyalty.people.directory_filters import NO_TIER, Filter, Order
from widget_server.loyalty.people.search_terms import SearchTerm
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import codes
from widget_server.loyalty.rewards.coupons import Coupon

PAGE_SIZE, PAGE_SIZE_MAX = 25, 1_000
FOUND_MAX = 1_000  # rows of the index of search terms
GATHERED_MAX = 2_000
POSITION_LENGTH_MAX = 1_000
OF_FLAG = {"excluded": "excluded", "accepts_marketing": "marketing"}  # the filter's field of each flag
SHOWN = (
    *(Customer.id, Customer.name, Customer.email, Customer.phone, Customer.status, Customer.excluded, Customer.labels),
    *(Customer.accepts_marketing, Customer.joined_at, Customer.created_at, Customer.name_key, Customer.account_id),
    *(Account.balance, Account.tier_id, Account.last_activity_at),
)


@dataclass(frozen=True)
class Stream:
    """A part of a list's order: customers sorted by `column` and then by `id`, from an index of both."""

    id: Field
    column: Field | None = None
    conditions: tuple[Condition, ...] = ()


WITHOUT_ACCOUNT = Stream(Customer.id, None, (Customer.account_id.is_null(),))
STREAMS: dict[str, tuple[Stream, ...]] = {
    "newest": (Stream(Customer.id, Customer.created_at),),
    "name": (Stream(Customer.id, Customer.name_key),),
    "balance": (Stream(Account.customer_id, Account.balance), WITHOUT_ACCOUNT),
    "activity": (Stream(Account.customer_id, Account.last_activity_at), WITHOUT_ACCOUNT),
    "joined": (Stream(Customer.id, Customer.joined_at),),
}


@dataclass(frozen=True)
class Matches:
    """How many customers meet a filter, at least if `is_more`; `ids` when they were gathered."""

    count: int
    is_more: bool = False
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Page:
    """Some rows of the list, with the columns SHOWN. `before` and `after` are the positions of the pages beside it.

    `order` is the order that they have: by the day of joining when too many joined to be sorted as it was wished.
    `balance`, `tier_id` and `last_activity_at` are None for a customer without an account.
    """

    rows: list[Row]
    before: str | None
    after: str | None
    matches: Matches
    order: Order


@dataclass(frozen=True)
class _Position:
    """The row beside a page: its stream, its value there, and its id."""

    stream: int
    value: Any
    id: str


def page(
    shop: Shop,
    chosen: Filter,
    order: Order,
    *,
    after: str | None = None,
    before: str | None = None,
    size: int = PAGE_SIZE,
) -> Page:
    """Returns the page of the list `after` or `before` a position, by default the first one.

    Raises BadRequest for a position that is not one of this order.
    """
    matches = match(shop, chosen)
    if matches.ids is None and _is_at_its_end(chosen, order):
        order = Order("joined", order.way)
    if before is not None:
        position = _read(order, before, "before")
        rows = _take(shop, chosen, order, matches, position, size + 1, backward=True)
        if len(rows) >= size:
            has_more, shown = len(rows) > size, rows[:size][::-1]
            return Page(
                shown, _written(order, shown[0]) if has_more else None, _written(order, shown[-1]), matches, order
            )
        after = None  # less than a page is before it: show the first page
    start = _read(order, after, "after") if after is not None else None
    rows = _take(shop, chosen, order, matches, start, size + 1)
    shown = rows[:size]
    return Page(
        shown,
        _written(order, shown[0]) if start and shown else None,
        _written(order, shown[-1]) if len(rows) > size else None,
        matches,
        order,
    )


def everybody(shop: Shop, chosen: Filter, order: Order, at_once: int) -> Iterator[list[Row]]:
    """Yields all customers who meet the filter, also those whom a page does not show, some at a time, in this order."""
    start = None
    while rows := _take(shop, chosen, order, Matches(0), start, at_once):
        yield rows
        start = _position_of(order, rows[-1])


def match(shop: Shop, chosen: Filter) -> Matches:
    """Returns how many customers meet the filter, counted up to a limit."""
    if chosen.is_empty:
        return Matches(totals.in_all(shop.id, ["listed"])["listed"])
    if chosen.text:
        return _found(shop, chosen)
    terms = _terms(chosen)
    if len(terms) == 1 and not _facts(shop, chosen):  # whoever has the term is listed: nothing else is to be read
        query = search_terms.having(shop.id, terms[0])
    else:
        query = selected(shop, chosen, Customer.id)
    ids = tuple(ids_of(query.limit(GATHERED_MAX + 1)))
    if len(ids) > GATHERED_MAX:
        return Matches(GATHERED_MAX, True)
    return Matches(len(ids), ids=ids)


def selected(shop: Shop, chosen: Filter, *columns: Field) -> Any:
    """Returns a query of all customers who meet the filter, each once, joined with their accounts; without a limit."""
    query = Customer.of(shop, *columns).where(customers.present(), *_facts(shop, chosen))
    query = query.join_from(
        Customer,
        Account,
        JOIN.INNER if chosen.needs_account else JOIN.LEFT_OUTER,
        on=(Account.customer_id == Customer.id),
    )
    for number, term in enumerate(_terms(chosen)):
        mark = SearchTerm.alias(f"mark_{number}")
        here = (mark.shop_id == shop.id) & (mark.term == term) & (mark.customer_id == Customer.id)
        query = query.join_from(Customer, mark, on=here)
    return query.where(_is_found(shop, chosen.text)) if chosen.text else query


def by_ids(shop: Shop, ids: Sequence[str], *columns: Field) -> Any:
    """Returns a query of the listed customers with these ids, joined with their accounts."""
    query = Customer.of(shop, *columns).where(customers.present(), among(Customer.id, ids))
    return query.join(Account, JOIN.LEFT_OUTER, on=(Account.customer_id == Customer.id))


def _found(shop: Shop, chosen: Filter) -> Matches:
    """Returns the first customers whom the text finds, of those who meet the other conditions."""
    words, ids, is_more = search_terms.read_words(chosen.text), list[str](), False
    conditions = (customers.present(), *_facts(shop, chosen), *_has_terms(shop, chosen))
    if numbered := _ids_by_number(shop, chosen.text):
        ids += [id for (id,) in by_ids(shop, numbered, Customer.id).where(*conditions).tuples()]
    if words:
        terms, is_cut = search_terms.found(shop.id, words, _terms(chosen))
        query = terms.join_from(SearchTerm, Customer, JOIN.CROSS)
        query = query.where(Customer.id == SearchTerm.customer_id, Customer.shop_id == shop.id, *conditions)
        query = query.join_from(Customer, Account, JOIN.LEFT_OUTER, on=(Account.customer_id == Customer.id))
        found = ids_of(query.order_by(SearchTerm.term, SearchTerm.customer_id).limit(FOUND_MAX))
        is_more = is_cut or len(found) == FOUND_MAX
        ids += found
    once = tuple(dict.fromkeys(ids))
    return Matches(len(once), is_more, once)


def _is_found(shop: Shop, text: str) -> Condition:
    """Returns the condition that the text finds the customer, for queries without a limit."""
    found: Condition = among(Customer.id, _ids_by_number(shop, text))
    words = search_terms.read_words(text)
    if words:
        every: Any = reduce(operator.and_, search_terms.all_of(shop.id, Customer.id, words))
        found = every | found
    return found


def _ids_by_number(shop: Shop, text: str) -> list[str]:
    """Returns the customers with an order of this number, with or without its #, or a coupon with this code."""
    typed = text.strip()
    numbers = {typed, f"#{typed}", typed.removeprefix("#")}
    orders = ShopOrder.of(shop, ShopOrder.customer_id).where(
        ShopOrder.number.in_(sorted(numbers)), ShopOrder.customer_id.is_null(False)
    )
    owners = [id for (id,) in orders.limit(FOUND_MAX).tuples()]
    coupons = Coupon.of(shop, Coupon.customer_id).where(Coupon.code_key == codes.key_of(typed))
    return list(dict.fromkeys([*owners, *(id for (id,) in coupons.tuples())]))


def _facts(shop: Shop, chosen: Filter, *, joined: Any = Customer.joined_at) -> list[Condition]:
    """Returns the conditions on the rows of customers and accounts; `joined` is how the day of joining is read."""
    found: list[Condition] = []
    if chosen.status is not None:
        found.append(Customer.status == chosen.status)
    if chosen.account is not None:
        found.append(Customer.account_id.is_null(not chosen.account))
    if chosen.tier is not None:
        found.append(Account.tier_id.is_null() if chosen.tier == NO_TIER else Account.tier_id == chosen.tier)
    if chosen.balance_min is not None:
        found.append(Account.balance >= chosen.balance_min)
    if chosen.balance_max is not None:
        found.append(Account.balance <= chosen.balance_max)
    found += [getattr(Customer, flag) == False for flag in FLAGS if getattr(chosen, OF_FLAG[flag]) is False]
    for column, first, last in (
        (joined, chosen.joined_from, chosen.joined_to),
        (Account.last_activity_at, chosen.active_from, chosen.active_to),
    ):
        if first is not None:
            found.append(column >= _moment(clock.start_of(first, shop.timezone)))
        if last is not None:
            found.append(column < _moment(clock.start_of(last + timedelta(days=1), shop.timezone)))
    if chosen.needs_account:
        found.append(Account.id.is_null(False))
    return found


def _moment(moment: datetime) -> Value:
    """Returns a time as it is stored, to be compared with a column or with what is made of one."""
    return Value(UtcDateTime().db_value(moment), converter=False)


def _terms(chosen: Filter) -> list[str]:
    """Returns the terms that the customer must have: the label, and flags that are set."""
    found = [folding.label_term(chosen.label)] if chosen.label else []
    return found + [folding.flag_term(flag) for flag in FLAGS if getattr(chosen, OF_FLAG[flag])]


def _has_terms(shop: Shop, chosen: Filter) -> list[Condition]:
    found: list[Condition] = [customers.LABELLED] if chosen.label else []
    for number, term in enumerate(_terms(chosen)):
        mark = SearchTerm.alias(f"mark_{number}")
        own = mark.select(mark.term).where(mark.customer_id == Customer.id, mark.term == term, mark.shop_id == shop.id)
        found.append(fn.EXISTS(own))
    return found


def _take(
    shop: Shop,
    chosen: Filter,
    order: Order,
    matches: Matches,
    start: _Position | None,
    limit: int,
    *,
    backward: bool = False,
) -> list[Row]:
    """Returns up to `limit` rows after `start`, or before it, the nearest first; None: from the list's beginning."""
    streams = list(enumerate(STREAMS[order.by]))
    down = (order.way == "down") != backward
    rows: list[Row] = []
    for number, stream in streams[::-1] if backward else streams:
        if start is not None and (number > start.stream if backward else number < start.stream):
            continue
        if _is_empty(stream, chosen):
            continue
        inside = start if start is not None and start.stream == number else None
        query = _of_stream(shop, chosen, stream, matches.ids, by_day=order.by == "joined")
        query = _in_order(query, stream, inside, down=down, gathered=matches.ids is not None)
        rows += [_numbered(row, number) for row in query.limit(limit - len(rows)).objects(Row)]
        if len(rows) >= limit:
            break
    return rows


def _is_empty(stream: Stream, chosen: Filter) -> bool:
    """Whether the filter leaves nobody in a stream; to find that out, the database would read it to its end."""
    if stream is WITHOUT_ACCOUNT:
        return chosen.needs_account
    return stream.id is Account.customer_id and chosen.account is False


def _numbered(row: Row, stream: int) -> Row:
    row.stream = stream
    return row


def _of_stream(shop: Shop, chosen: Filter, stream: Stream, ids: tuple[str, ...] | None, *, by_day: bool) -> Any:
    """Returns the query of a stream: of the gathered customers, else of all who meet the filter."""
    of_account = stream.id is Account.customer_id
    table: Any = Account if of_account else Customer
    query = table.of(shop, *SHOWN).where(customers.present(), *stream.conditions)
    if of_account:  # CROSS: SQLite begins with the account, whose index has the order
        query = query.join_from(Account, Customer, JOIN.CROSS)
        query = query.where(Customer.id == Account.customer_id, Customer.shop_id == shop.id)
    elif chosen.needs_account and ids is None:  # CROSS: it must not begin with the account, and sort
        query = query.join_from(Customer, Account, JOIN.CROSS).where(Account.customer_id == Customer.id)
    else:
        query = query.join_from(Customer, Account, JOIN.LEFT_OUTER, on=(Account.customer_id == Customer.id))
    if ids is not None:
        return query.where(among(stream.id, ids))
    if chosen.text:
        query = query.where(_is_found(shop, chosen.text))
    joined = Customer.joined_at if by_day else _unindexed(Customer.joined_at)
    return query.where(*_facts(shop, chosen, joined=joined), *_has_terms(shop, chosen))


def _is_at_its_end(chosen: Filter, order: Order) -> bool:
    """Whether the order has those who joined in the chosen days at its end, so that nearly everybody would be read.

    New members are among the newest customers and the latest to be active.
    """
    if order.by not in ("newest", "activity"):
        return False
    return (chosen.joined_to if order.way == "down" else chosen.joined_from) is not None


def _in_order(query: Any, stream: Stream, start: _Position | None, *, down: bool, gathered: bool) -> Any:
    """Returns the query in the order of the stream, from the start on."""
    columns = [column for column in (stream.column, stream.id) if column is not None]
    if start is not None:
        values = [start.value, start.id][-len(columns) :]
        here = Tuple(*columns)
        there = Tuple(
            *(Value(column.db_value(value), converter=False) for column, value in zip(columns, values, strict=True))
        )
        query = query.where(here < there if down else here > there)
    sorting: list[Any] = [_unindexed(column) if gathered else column for column in columns]  # they are to be sorted
    word = SQL("DESC" if down else "ASC")
    return query.order_by(*(NodeList((column, word)) for column in sorting))


def _unindexed(column: Field) -> Any:
    """Returns the column as SQLite does not look for an index of."""
    return NodeList((SQL("+"), column)) if on_sqlite() else column


def _position_of(order: Order, row: Row) -> _Position:
    column = STREAMS[order.by][row.stream].column
    return _Position(row.stream, getattr(row, column.name) if column is not None else None, row.id)


def _written(order: Order, row: Row) -> str:
    """Returns the position of a row, as addresses hold it."""
    here = _position_of(order, row)
    text = here.value.isoformat() if isinstance(here.value, datetime) else here.value
    packed = json.dumps([order.by, here.stream, text, here.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _read(order: Order, position: str, field: str) -> _Position:
    """Returns the position; raises BadRequest for a text that is not one of this order."""
    try:
        if len(position) > POSITION_LENGTH_MAX:
            raise ValueError("too long")
        raw = base64.b64decode(position + "=" * (-len(position) % 4), altchars=b"-_", validate=True)
        by, number, value, id = json.loads(raw)
        column = STREAMS[by][number].column if by == order.by and type(number) is int else None
        if by != order.by or type(id) is not str or number not in range(len(STREAMS[order.by])):
            raise ValueError("of another list")
        if isinstance(column, UtcDateTime):
            value = clock.parse(value)
        elif type(value) is not (type(None) if column is None else int if column is Account.balance else str):
            raise ValueError("no value of this order")
        return _Position(number, value, id)
    except (ValueError, TypeError, IndexError, KeyError, binascii.Error) as malformed:
        raise BadRequest("This is not a position in this list.", field=field) from malformed
