"""Whoever is forgotten is found in whatever spelling, and nobody else is taken for them (acceptance 58)."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import proof
from widget_server.loyalty.people.forgetting import Forgotten

ROSAMUND = Forgotten(
    "s",
    ids=("0b7f2b2e-6f0c-4c59-9a55-2f6d2d9f4f10",),
    emails=frozenset(["rosa.quist@gmail.com", "r@bücher.example".encode("idna").decode(), "ros@work.example"]),
    others=frozenset(["ros+other@work.example"]),
    phones=frozenset(["+49 151 23456789", "555123"]),
    names=frozenset(["Rosamund Ågot Quist", "Rosa"]),
    external_ids=frozenset(["shop-account-7712", "7000000000001", "41"]),
    order_ids=frozenset(["o1"]),
    codes=frozenset(["K7QX2MP"]),
)
ROSAMUND = Forgotten(**{**vars(ROSAMUND), "emails": ROSAMUND.emails | {"r@xn--bcher-kva.example"}})

NAMED = (
    "ROSA.QUIST@GMAIL.COM",
    "to: <rosaquist+news@googlemail.com>",
    '{"e":"ros@WORK.example."}',
    "r@bücher.example",
    "r@XN--BCHER-KVA.EXAMPLE",
    "0151 / 2345-6789",
    "tel:(+49)15123456789",
    "0049 151 23 45 67 89,",
    "12345 0151 / 2345-6789 5 pieces",
    "call 555 123 now",
    "rosamund  ågot\tQUIST",
    "ref=shop-account-7712&x",
    "customer 7000000000001",
    "0B7F2B2E-6F0C-4C59-9A55-2F6D2D9F4F10",
)
NOT_NAMED = (
    "",
    "rosa.quist@gmail.company",
    "xrosa.quist@gmail.com",
    "ros+other@work.example",  # somebody who lives at the same mailbox
    "rosa.quist@example.com",
    "15123456780",
    "5551234",
    "1 151 23456789 0".replace(" ", ""),
    "Rosa",  # a first name is everybody's
    "Rosamund Ågot Quister",
    "shop-account-77123",
    "41",
    "17000000000001",
    "K7QX2MP",  # a code is taken out of the texts of others, which stay
)


@pytest.mark.parametrize("text", NAMED)
def test_a_spelling_of_the_person_is_found(text: str) -> None:
    assert ROSAMUND.is_named_in(f"a,b\n{text}\n1,2")


@pytest.mark.parametrize("text", NOT_NAMED)
def test_what_looks_alike_is_somebody_else(text: str) -> None:
    assert not ROSAMUND.is_named_in(f"a,b\n{text}\n1,2")


def test_nothing_is_no_text() -> None:
    assert not ROSAMUND.is_named_in(None)


WORDS = st.text(max_size=40).filter(lambda text: not text[-1:].isdigit() and not text[:1].isdigit())


@proof(100)
@given(st.sampled_from(NAMED), WORDS, WORDS)
def test_a_spelling_is_found_in_whatever_encoding_it_comes(text: str, before: str, after: str) -> None:
    around = f"{before} {text} {after}"
    assert ROSAMUND.is_named_in(around)
    assert ROSAMUND.is_named_in(json.dumps({"x": around}))
    assert ROSAMUND.is_named_in(f"field={quote_plus(text)}&next={quote_plus(after)}%20")


@pytest.mark.parametrize(
    ("body", "owns"),
    [
        ({"customer": {"id": 41}}, True),
        ({"customer": "41"}, True),
        ({"order": {"customer_id": 41}}, True),
        ({"id": "o1", "total": "5.00"}, True),
        ({"order_id": "o1"}, True),
        ({"buyers": [{"first_name": "Rosamund Ågot", "last_name": "Quist"}]}, True),
        ({"customer": {"id": 42}, "total": "41"}, False),
        ({"id": 41, "lines": [{"id": "o1"}]}, False),
        ({"first_name": "Rosa", "last_name": "Quist"}, False),
        (["o1"], False),
    ],
)
def test_a_message_is_about_the_person_by_its_structure_too(body: Any, owns: bool) -> None:
    assert ROSAMUND.owns_message(json.dumps(body)) is owns
    assert not ROSAMUND.owns_message("no JSON")


def test_codes_go_out_of_the_texts_of_others() -> None:
    assert ROSAMUND.without_codes('{"ref":"k7qx2mp","a":"K7QX2MPX"}') == '{"ref":"","a":"K7QX2MPX"}'


def test_what_a_database_looks_for_is_never_short() -> None:
    assert all(len(word) >= 6 for word in ROSAMUND.words)
    assert {"shop-account-7712", "Rosamund Ågot Quist", "ros@work.example"} <= set(ROSAMUND.words)
    assert not {"41", "Rosa", "555123 "} & set(ROSAMUND.words)
