"""Proofs of who somebody is: the end follows from the set of the news, never from their sequence.

Each proof has a twin: with its guard taken out, the very same property fails.
"""

import json
import unicodedata
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.make import NOON, World, proof, undone
from widget_server import clock, jobs
from widget_server.ledger import Account
from widget_server.loyalty.earning import new_customers
from widget_server.loyalty.earning.orders import Claim, Order
from widget_server.loyalty.people import customers, emails, recognition
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.people.emails import Email
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop
from widget_server.stores import inbox

TWIN = {"derandomize": True, "database": None, "phases": [Phase.generate]}  # to be found, not to be explained

# Whose order is it? (case 03, 21)

PEOPLE: dict[str, dict[str, Any] | None] = {
    "ann by id": {"id": "c-1", "email": "ann@example.com", "name": "Ann"},
    "ann by mail": {"id": None, "email": "ann@example.com", "name": "Ann"},
    "bob by id": {"id": "c-2", "email": "bob@example.com", "name": "Bob"},
    "bob by mail": {"id": None, "email": "bob@example.com", "name": "Bob"},
    "cleaned": {"id": None, "email": "deleted@site.invalid", "name": "[deleted]"},
    "nobody": None,
}


@dataclass(frozen=True)
class News:
    """The shop tells of an order, as of a minute, by whom it is."""

    order: str
    minute: int
    who: str

    def body(self) -> bytes:
        """The message of the generic platform."""
        return json.dumps(
            {
                "id": self.order,
                "status": "paid",
                "currency": "EUR",
                "placed_at": clock.iso(NOON),
                "modified_at": clock.iso(NOON + timedelta(minutes=self.minute)),
                "customer": PEOPLE[self.who],
                "lines": [{"id": "1", "subtotal": "10.00"}],
                "total": "10.00",
            }
        ).encode()


def owner_of(order: str, told: set[News]) -> str | None:
    """The naive model: who the set of the news says that it is, as `c-1` or an address."""
    mine = [one for one in told if one.order == order]
    by_id = [one for one in mine if one.who.endswith("by id")]
    by_mail = [one for one in mine if one.who.endswith("by mail")]
    if by_id:
        return "c-1" if max(by_id, key=lambda one: one.minute).who.startswith("ann") else "c-2"
    return f"{min(by_mail, key=lambda one: one.minute).who[:3]}@example.com" if by_mail else None


class OrdersAndTheirNames(RuleBasedStateMachine):
    """Three orders of two people, told with and without the shop's ids, and cleaned, in any sequence."""

    @initialize()
    def open_a_shop(self) -> None:
        self.undone = ExitStack()
        self.undone.enter_context(undone())
        self.world = World.create()
        self.world.order_rule(10)
        self.told: set[News] = set()

    @rule(order=st.sampled_from("xyz"), minute=st.integers(0, 9), who=st.sampled_from(sorted(PEOPLE)))
    def tells(self, order: str, minute: int, who: str) -> None:
        # one moment has one state of an order: of two that differ neither is the newer
        if all((one.order, one.minute) != (order, minute) or one.who == who for one in self.told):
            self.told.add(News(order, minute, who))
            assert (
                inbox.deliver(self.world.shop, "generic", "order", News(order, minute, who).body()).status == "booked"
            )

    @invariant()
    def each_order_is_whose_the_set_says(self) -> None:
        names, worth = owners(self.world), dict[str, int]()
        for order in {one.order for one in self.told}:
            owner = owner_of(order, self.told)
            assert names[order] == owner, order
            if owner is not None:
                worth[owner] = worth.get(owner, 0) + 100
        assert {owner: points for owner, points in balances(self.world).items() if points} == worth

    def teardown(self) -> None:
        if hasattr(self, "world"):
            with self.undone:
                self.world.books_must_balance()


def owners(world: World) -> dict[str, str | None]:
    rows = {one.id: one for one in Customer.of(world.shop)}
    named = {id: one.external_id or one.email for id, one in rows.items()}
    return {order.external_id: named.get(order.customer_id) for order in Order.of(world.shop)}


def balances(world: World) -> dict[str, int]:
    found = {}
    for account in Account.of(world.shop):
        owner = customers.by_id(world.shop.id, account.customer_id)
        found[owner.external_id or owner.email or owner.id] = account.balance
    return found


def news_in_any_sequence(short: int, **facts: Any) -> None:
    run_state_machine_as_test(OrdersAndTheirNames, settings=proof(short, **facts))


def test_whose_an_order_is_follows_from_the_set_of_its_news(world: World) -> None:
    news_in_any_sequence(20)


def test_twin_if_the_newest_name_held_a_lost_one_would_move_the_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def newest(claim: Claim, order: Order) -> bool:
        return order.customer_id is None or (*claim.as_of, claim.who) > tuple(order.owner_as_of)

    monkeypatch.setattr(Claim, "beats", newest)
    with pytest.raises(AssertionError):
        news_in_any_sequence(60, **TWIN)


# When did the shop begin? (case 05)

DAYS = [date(2026, 3, day) for day in range(1, 8)]
some_day = st.sampled_from(DAYS)
steps = st.lists(st.tuples(st.sampled_from(["order", "begin"]), some_day, st.integers(0, 23)), min_size=1, max_size=7)


@undone()
def what_is_placed_before_the_beginning_gives_nothing(told: list[tuple[str, date, int]]) -> None:
    """An order counts once its day is not before the beginning; the owner may move that to and fro."""
    world = World.create(orders_from=DAYS[3])
    world.order_rule(10)
    begins, placed, counted = DAYS[3], dict[str, datetime](), set[str]()
    for number, (step, day, hour) in enumerate(told):
        if step == "begin":
            begins = day
            world.settings(orders_from=day)
            jobs.run_all()
        else:
            placed[f"o{number}"] = clock.start_of(day, world.shop.timezone) + timedelta(hours=hour)
            with clock.at(NOON + timedelta(days=30)):
                world.guest_orders("ann@example.com", "10.00", id=f"o{number}", placed_at=placed[f"o{number}"])
        counted |= {name for name, at in placed.items() if clock.local_date(at, world.shop.timezone) >= begins}
        assert world.given_by_order() == dict.fromkeys(counted, 100)
        reasons = {row.external_id: row.ineligible_reason for row in Order.of(world.shop)}
        assert reasons == {name: None if name in counted else "before_program" for name in placed}
    world.books_must_balance()


def test_what_is_placed_before_the_beginning_gives_nothing(world: World) -> None:
    proof(25)(given(steps)(what_is_placed_before_the_beginning_gives_nothing))()


def test_twin_if_the_beginning_were_not_asked_old_orders_would_pay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "is_before_program", lambda shop, program, moment: False)
    with pytest.raises(AssertionError):
        proof(40, **TWIN)(given(steps)(what_is_placed_before_the_beginning_gives_nothing))()


# Is somebody a new customer? (case 10)

COMES = NOON + timedelta(days=200)
FATES = {  # the statuses told of an order, and whether it was ever paid
    "only placed": (("placed",), False),
    "declined": (("placed", "cancelled"), False),
    "paid": (("placed", "paid"), True),
    "cancelled later": (("paid", "cancelled"), True),
}
hours_before = st.integers(-48, 24 * 90)
bought = st.lists(st.tuples(st.sampled_from(sorted(FATES)), hours_before), max_size=3)
said = st.lists(st.tuples(st.booleans(), hours_before), max_size=2)
registered = st.none() | hours_before
sequence = st.randoms(use_true_random=False)


@dataclass(frozen=True)
class Past:
    """What is to be known of somebody: orders, the platform's word, a registration; hours before she comes."""

    orders: list[tuple[str, int]]
    said: list[tuple[bool, int]]
    registered: int | None

    def is_new(self) -> bool:
        """The naive model: no paid order before this visit, no word of one that we do not know, no old account."""
        paid = [hours for fate, hours in self.orders if FATES[fate][1]]
        if any(hours > 0.5 for hours in paid):
            return False
        words = [hours for paying, hours in self.said if paying]
        if words and max(words) >= 0 and not any(hours >= max(words) for hours in paid):
            return False
        return self.registered is None or self.registered <= 30 * 24


@undone()
def who_is_new_follows_from_the_facts(past: Past, shuffled: Any) -> None:
    world = World.create()
    news = [("order", (number, *one)) for number, one in enumerate(past.orders)]
    news += [("said", one) for one in past.said] + [("registered", past.registered)]
    shuffled.shuffle(news)
    me = {"external_id": "c-1", "email": "ann@example.com"}
    with clock.at(COMES + timedelta(days=3)):
        for what, facts in news:
            if what == "order":
                number, fate, hours = facts
                placed = COMES - timedelta(hours=hours)
                for minute, status in enumerate(FATES[fate][0]):
                    at = placed + timedelta(seconds=minute)
                    world.order(Person(**me), id=f"o{number}", status=status, placed_at=placed, modified_at=at)
            elif what == "said":
                paying, hours = facts
                word = Person(**me, paying=paying, of_account=True, as_of=COMES - timedelta(hours=hours))
                recognition.recognise(world.shop.id, word)
            elif facts is not None:
                at = COMES - timedelta(hours=facts)
                recognition.recognise(world.shop.id, Person(**me, registered_at=at, of_account=True))
    ann = recognition.recognise(world.shop.id, Person(**me))
    assert new_customers.is_new_customer(world.shop, ann, COMES) == past.is_new()


def test_who_is_new_follows_from_the_facts(world: World) -> None:
    facts = st.builds(Past, bought, said, registered)
    proof(50)(given(facts, sequence)(who_is_new_follows_from_the_facts))()


def test_twin_if_any_order_made_a_customer_who_only_looked_would_be_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_any_order(shop: Shop, customer: Customer, before: datetime, **facts: Any) -> bool:
        return bool(Order.of(shop).where(Order.customer_id == customer.id, Order.created_at < before).exists())

    monkeypatch.setattr(new_customers, "has_bought", has_any_order)
    with pytest.raises(AssertionError):
        facts = st.builds(Past, bought, said, registered)
        proof(60, **TWIN)(given(facts, sequence)(who_is_new_follows_from_the_facts))()


# Two spellings of one mailbox (case 15)

SPELT = {  # how people and programs write an address: each is the same mailbox, or no address
    "as it is": lambda local, host: f"{local}@{host}",
    "shouted": lambda local, host: f"{local}@{host}".upper(),
    "blanks around": lambda local, host: f" {local}@{host}\n",
    "invisible at the end": lambda local, host: f"{local}@{host}\u200b",
    "invisible inside": lambda local, host: f"{local[0]}\u200d{local[1:]}@{host}",
    "composed": lambda local, host: unicodedata.normalize("NFC", f"{local}@{host}"),
    "decomposed": lambda local, host: unicodedata.normalize("NFD", f"{local}@{host}"),
    "punycode": lambda local, host: f"{local}@{host.encode('idna').decode()}",
    "wide": lambda local, host: f"{local}@{host}".replace(".", "\u3002"),
    "as a link": lambda local, host: f"mailto:{local}@{host}",
    "in brackets": lambda local, host: f"<{local}@{host}>",
    "with a name": lambda local, host: f'"Ann" <{local}@{host}>',
    "quoted": lambda local, host: f'"{local}"@{host}',
    "escaped": lambda local, host: f'"\\{local}"@{host}',
    "with a comment": lambda local, host: f"{local}(home)@{host}",
    "with a comment in the host": lambda local, host: f"{local}@(home){host}",
    "with a trailing dot": lambda local, host: f"{local}@{host}.",
    "with a blank inside": lambda local, host: f"{local} @{host}",
}
TAGGED = {
    "tagged": lambda local, host: f"{local}+spring@{host}",
    "tagged twice": lambda local, host: f"{local}+a+b@{host}",
}
locals_ = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z0-9]{1,6})?", fullmatch=True)
hosts = st.sampled_from(
    ["example.com", "gmail.com", "bücher.example", "café.example", "müller-söhne.example", "почта.рф"]
)


def two_spellings_are_one_key_or_the_second_is_none(local: str, host: str, spelling: str) -> None:
    known = emails.parse(f"{local}@{host}")
    spelt = emails.find(SPELT[spelling](local, host))
    assert spelt is None or spelt.key == known.key
    assert emails.parse(known.key).key == known.key
    tagged = [emails.parse(write(local, host)) for write in TAGGED.values()]
    assert {one.mailbox for one in tagged} == {known.mailbox}
    assert emails.parse(known.mailbox).mailbox == known.mailbox


def test_two_spellings_are_one_key_or_the_second_is_none() -> None:
    found = given(locals_, hosts, st.sampled_from(sorted(SPELT)))(two_spellings_are_one_key_or_the_second_is_none)
    proof(400)(found)()


@pytest.mark.parametrize("text", ["", "@", "ann", "ann@", "@example.com", "ann@example", "a@b@example.com"])
def test_what_is_no_address_has_no_key(text: str) -> None:
    assert (emails.find(text), emails.key_of(text)) == (None, "")


@given(st.text(max_size=40) | st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=20)))
def a_key_is_its_own_canonical_form(text: str) -> None:
    key = emails.key_of(text)
    assert emails.key_of(key) == key
    assert key.isascii() and key == key.lower()


def test_a_key_is_its_own_canonical_form() -> None:
    proof(400)(a_key_is_its_own_canonical_form)()


def test_twin_if_a_key_were_the_folded_text_one_mailbox_would_be_two_people(monkeypatch: pytest.MonkeyPatch) -> None:
    def folded(text: str) -> Email:
        return Email(text.strip(), text.strip().lower())

    monkeypatch.setattr(emails, "parse", folded)
    with pytest.raises(AssertionError):
        found = given(locals_, hosts, st.sampled_from(sorted(SPELT)))(two_spellings_are_one_key_or_the_second_is_none)
        proof(100, **TWIN)(found)()
