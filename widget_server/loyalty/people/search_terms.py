"""Search terms: the index by which customers are found while their name, address, number or code is typed.

`customers` writes the terms whenever the facts of a row change; nothing else does. A word finds a customer when one of
their terms begins with it. Terms are ordered by their characters, on both databases.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from peewee import CompositeKey, fn

from widget_server.db import Condition, Row, Selection, ShopTable, Text, among, insert_many
from widget_server.loyalty.people import folding

WORDS_MAX = 8
AFTER_ALL = "\U0010ffff"  # no letter is larger
COUNT_MAX = 2_000  # how far the customers of a word are counted, to find the rarest word


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


def found(shop_id: str, words: Sequence[str]) -> Selection[SearchTerm]:
    """Returns a query of the terms of customers who match every word, by the rarest word; at least one word is needed.

    A customer with several terms that begin with that word has several rows.
    """
    rarest = min(words, key=lambda word: (_count(shop_id, word), -len(word)))
    matching = SearchTerm.of(shop_id, SearchTerm.customer_id).where(_begins(SearchTerm, rarest))
    for number, word in enumerate(words):
        if word != rarest:
            matching = matching.where(_has(shop_id, SearchTerm.customer_id, word, f"word_{number}"))
    return matching


def all_of(shop_id: str, customer_id: Text, words: Iterable[str]) -> list[Condition]:
    """Returns the conditions that the customer of a row matches every word, for a query that is not limited."""
    return [
        customer_id.in_(SearchTerm.of(shop_id, SearchTerm.customer_id).where(_begins(SearchTerm, word)))
        for word in words
    ]


def having(shop_id: str, term: str) -> Selection[SearchTerm]:
    """Returns a query of the ids of the customers with exactly this term: a label or a flag."""
    return SearchTerm.of(shop_id, SearchTerm.customer_id).where(SearchTerm.term == term)


def read_words(text: str) -> list[str]:
    """Returns the words of a typed text that are searched: the first WORDS_MAX."""
    return folding.words(text)[:WORDS_MAX]


def _count(shop_id: str, word: str) -> int:
    first = SearchTerm.of(shop_id, SearchTerm.term).where(_begins(SearchTerm, word)).limit(COUNT_MAX)
    return int(first.count())


def _has(shop_id: str, customer_id: Text, word: str, alias: str) -> Condition:
    """The condition that the customer has another term that begins with this word."""
    other = SearchTerm.alias(alias)
    same = other.select(other.term).where(other.shop_id == shop_id, other.customer_id == customer_id)
    exists: Condition = fn.EXISTS(same.where(_begins(other, word)))
    return exists


def _begins(table: Any, word: str) -> Condition:
    begins: Condition = (table.term >= word) & (table.term < f"{word}{AFTER_ALL}")
    return begins
