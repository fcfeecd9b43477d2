"""Search terms: the index by which customers are found while their name, address, number or code is typed.

`customers` writes the terms whenever the facts of a row change; nothing else does. A word finds a customer when one of
their terms begins with it. Terms are ordered by their characters, on both databases.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from peewee import CompositeKey, Node, Tuple, fn

from widget_server.db import Condition, Row, Selection, ShopTable, Text, among, insert_many
from widget_server.loyalty.people import folding

WORDS_MAX = 8
AFTER_ALL = "\U0010ffff"  # no letter is larger
Matches = Callable[[Any], Condition]  # the condition on a row of terms, or of an alias
LOOKED_AT_MAX = 1_000  # terms of the rarest word that a page looks at, for the other words and conditions
COUNT_MAX = 1_000  # how far the customers of a word are counted, to find the rarest word


class SearchTerm(ShopTable):
    """One word by which one customer is found; derived from the customer's row (folding.terms)."""

    term = Text()
    customer_id = Text()

    class Meta:
        primary_key = CompositeKey("shop_id", "term", "customer_id")
        clustered = True
        indexes = ((("customer_id", "term"), False),)


def store(shop_id: str, customer_id: str, terms: frozenset[str]) -> None:
    """Make these the terms of a customer; the caller has locked the customer's row. None: the customer is not found."""
    rows = SearchTerm.of(shop_id, SearchTerm.term).where(SearchTerm.customer_id == customer_id)
    known = {term for (term,) in rows.tuples()}
    if gone := known - terms:
        SearchTerm.remove(shop_id, SearchTerm.customer_id == customer_id, among(SearchTerm.term, gone))
    new = sorted(terms - known)
    insert_many(SearchTerm, [Row(shop_id=shop_id, term=term, customer_id=customer_id) for term in new])


def found(shop_id: str, words: Sequence[str], terms: Sequence[str] = ()) -> tuple[Selection[SearchTerm], bool]:
    """Returns a query of the terms of customers who match every word and have each of `terms` (labels and flags).

    It reads those of the rarest; at least one word or term is needed. A customer with several terms that begin with
    that word has several rows. True: the rarest has so many terms that only the first LOOKED_AT_MAX are looked at.
    """
    wanted = [*(_begins_with(word) for word in words), *(_equals(term) for term in terms)]
    counts = [(_count(shop_id, matches), number) for number, matches in enumerate(wanted)]
    longest = {number: -len(word) for number, word in enumerate(words)}
    few, rarest = min(counts, key=lambda one: (one[0], longest.get(one[1], 0)))
    matching = SearchTerm.of(shop_id, SearchTerm.customer_id).where(wanted[rarest](SearchTerm))
    for number, matches in enumerate(wanted):
        if number != rarest:
            matching = matching.where(_has(shop_id, SearchTerm.customer_id, matches, f"word_{number}"))
    edge = _edge(shop_id, wanted[rarest]) if few >= COUNT_MAX else None
    if edge is None:
        return matching, False
    return matching.where(Tuple(SearchTerm.term, SearchTerm.customer_id) < edge), True


def _edge(shop_id: str, matches: Matches) -> Node | None:
    """Returns where the first LOOKED_AT_MAX terms end; None when there are no more."""
    rows = SearchTerm.of(shop_id, SearchTerm.term, SearchTerm.customer_id).where(matches(SearchTerm))
    rows = rows.order_by(SearchTerm.term, SearchTerm.customer_id).offset(LOOKED_AT_MAX).limit(1)
    last = next(iter(rows.tuples()), None)
    return None if last is None else Tuple(*last)


def all_of(shop_id: str, customer_id: Text, words: Iterable[str]) -> list[Condition]:
    """Returns the conditions that the customer of a row matches every word, for a query that is not limited."""
    return [
        customer_id.in_(SearchTerm.of(shop_id, SearchTerm.customer_id).where(_begins_with(word)(SearchTerm)))
        for word in words
    ]


def having(shop_id: str, term: str) -> Selection[SearchTerm]:
    """Returns a query of the ids of the customers with exactly this term: a label or a flag."""
    return SearchTerm.of(shop_id, SearchTerm.customer_id).where(SearchTerm.term == term)


def beginning(shop_id: str, start: str) -> Selection[SearchTerm]:
    """Returns a query of the ids of the first customers with a term that begins so, at most LOOKED_AT_MAX terms."""
    rows = SearchTerm.of(shop_id, SearchTerm.customer_id).where(_begins_with(start)(SearchTerm))
    return rows.order_by(SearchTerm.term, SearchTerm.customer_id).limit(LOOKED_AT_MAX)


def read_words(text: str) -> list[str]:
    """Returns the words of a typed text that are searched: the first WORDS_MAX."""
    return folding.words(text)[:WORDS_MAX]


def _count(shop_id: str, matches: Matches) -> int:
    first = SearchTerm.of(shop_id, SearchTerm.term).where(matches(SearchTerm)).limit(COUNT_MAX)
    return int(first.count())


def _has(shop_id: str, customer_id: Text, matches: Matches, alias: str) -> Condition:
    """The condition that the customer has another term that matches."""
    other = SearchTerm.alias(alias)
    same = other.select(other.term).where(other.shop_id == shop_id, other.customer_id == customer_id)
    exists: Condition = fn.EXISTS(same.where(matches(other)))
    return exists


def _begins_with(word: str) -> Matches:
    return lambda table: (table.term >= word) & (table.term < f"{word}{AFTER_ALL}")


def _equals(term: str) -> Matches:
    return lambda table: table.term == term
