"""E-mail addresses: the one canonical form of each, or none (proofs: tests/pairs/test_people.py)."""

import pytest

from tests.make import World, refused
from widget_server.errors import EmailInvalid
from widget_server.loyalty.people import customers, emails, recognition, sign_in, sign_in_codes
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.people.sign_in_codes import SignInCode


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (" Ann@Example.COM\n", "ann@example.com"),
        ("o'brien+x@example.co.uk", "o'brien+x@example.co.uk"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--BCHER-KVA.example", "ann@xn--bcher-kva.example"),
        ("ann@weiß.example", "ann@xn--wei-7ka.example"),
        ("ann@weiss.example", "ann@weiss.example"),
    ],
)
def test_the_canonical_form(typed: str, key: str) -> None:
    email = emails.parse(typed)
    assert (email.typed, email.key) == (typed.strip(), key)


@pytest.mark.parametrize(
    "text",
    [
        *('"ann"@example.com', "ann(x)@example.com", "ann@(x)example.com", "a,b@example.com", "<ann@example.com>"),
        *("ann\u200b@example.com", "ann@exam\u200bple.com", "\uff41nn@example.com", "ren\u00e9e@example.com"),
        *("mailto:ann@example.com", "ann@example.com.", "ann@localhost", "ann@[127.0.0.1]", "ann@127.0.0.1"),
        *("deleted@site.invalid", "ann@example..com", ".ann@example.com", "a..n@example.com", "ann@-x.example"),
        *("ann%example.com@relay.com", "ann!x@relay.com", "=?utf-8?q?ann?=@example.com", "ann@xn--abc-.example"),
        *("ann@xn--99999999.example", "ann@☃.example", f"{'a' * 250}@example.com", f"ann@{'x.' * 130}example.com"),
    ],
)
def test_what_has_none_is_refused(text: str) -> None:
    assert refused(lambda: emails.parse(text), EmailInvalid).field == "email"


@pytest.mark.parametrize(
    ("typed", "mailbox"),
    [
        ("+x@example.com", "+x@example.com"),
        ("a.n.n+x@gmail.com", "ann@gmail.com"),
        ("a.n@example.com", "a.n@example.com"),
    ],
)
def test_the_mailbox_behind_it(typed: str, mailbox: str) -> None:
    assert emails.parse(typed).mailbox == mailbox


def test_an_address_that_is_none_finds_nobody(world: World) -> None:
    recognition.recognise(world.shop.id, Person(external_id="c-1"))  # somebody without an address
    assert customers.by_verified_email(world.shop.id, '"ann"@example.com') is None
    assert recognition.recognise(world.shop.id, Person(external_id="c-2", email="ann@site.invalid")).email is None


def test_a_code_asked_by_one_spelling_is_known_by_the_other(world: World) -> None:
    asked = sign_in.ask(world.shop, "Ann@Bücher.example", purpose="sign_in", locale="en")
    assert SignInCode.need(world.shop).email_key == "ann@xn--bcher-kva.example"
    sign_in_codes.confirm_code(world.shop.id, asked.challenge, asked.code)
    world.member("ann@xn--bcher-kva.example")
    world.member("ANN@bücher.example")
    assert Customer.of(world.shop).count() == 1
