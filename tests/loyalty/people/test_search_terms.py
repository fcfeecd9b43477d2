"""Search terms: a customer is found by what is known of them now, whatever happened to their row before."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.make import World, tries
from widget_server import db, jobs
from widget_server.errors import Refusal
from widget_server.loyalty.people import customer_edits, customers, folding, merging, privacy, recognition, search_terms
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.people.search_terms import SearchTerm


def stored(world: World) -> set[tuple[str, str]]:
    """Each term with its customer."""
    return set(SearchTerm.of(world.shop, SearchTerm.customer_id, SearchTerm.term).tuples())


def computed(world: World) -> set[tuple[str, str]]:
    """The same, computed from the rows of the customers as they are now."""
    return {(row.id, term) for row in Customer.of(world.shop) for term in customers.terms_of(row)}


def finds(world: World, text: str) -> set[str | None]:
    """The names of the customers whom the text finds."""
    words = search_terms.read_words(text)
    ids = [id for (id,) in search_terms.found(world.shop.id, words)[0].tuples()] if words else []
    return {row.name for row in Customer.of(world.shop).where(Customer.id.in_(ids))}


def known(world: World, name: str | None, **facts: Any) -> Customer:
    return customer_edits.create(world.shop.id, Person(name=name, **facts))


# What finds whom


def test_each_word_of_a_name_finds_it_without_case_and_accents(world: World) -> None:
    for name in ("Zoë Müller-Łukasz", "Sören O'Brien", "Ann Müller", "ΣΊΣΥΦΟΣ"):
        known(world, name)
    assert finds(world, "mull") == {"Zoë Müller-Łukasz", "Ann Müller"}
    assert finds(world, "MÜLLER zoe") == {"Zoë Müller-Łukasz"}
    assert finds(world, "lukasz") == finds(world, "müller-l") == {"Zoë Müller-Łukasz"}
    assert finds(world, "brien") == finds(world, "o'br so") == {"Sören O'Brien"}
    assert finds(world, "σίσυφος") == {"ΣΊΣΥΦΟΣ"}
    assert finds(world, "uller") == finds(world, "ann zoe") == set()


def test_an_address_is_found_by_its_beginning_and_by_the_parts_before_the_host(world: World) -> None:
    known(world, "Lee", email="Ann.Lee+shop@Example.com")
    for text in ("ann.lee", "ANN.LEE+SHOP@example.com", "shop", "ann lee"):
        assert finds(world, text) == {"Lee"}, text
    assert finds(world, "example.com") == set()


def test_a_number_is_found_however_it_is_divided_with_and_without_its_country(world: World) -> None:
    known(world, "Abroad", phone="+49 (151) 234-567")
    known(world, "Home", phone="0151 / 234 567")
    assert finds(world, "0151 234") == finds(world, "0151-234567") == finds(world, "151234567") == {"Abroad", "Home"}
    assert finds(world, "+49 151 234") == finds(world, "0049151") == {"Abroad"}


def test_a_label_and_a_flag_find_nobody_by_typing(world: World) -> None:
    ann = known(world, "Ann")
    customer_edits.edit(world.shop.id, ann.id, labels=["VIP", "Ünder"], excluded=True)
    assert finds(world, "vip") == finds(world, "#vip") == finds(world, "!excluded") == finds(world, "!") == set()
    assert {term for _, term in stored(world)} == {"ann", "#vip", "#under", "!excluded"}
    known(world, "#vip !excluded")
    assert (
        search_terms.having(world.shop.id, "#vip").count()
        == search_terms.having(world.shop.id, "!excluded").count()
        == 1
    )
    assert finds(world, "#vip") == {"#vip !excluded"}


def test_a_member_is_found_by_the_referral_code(world: World) -> None:
    ann = world.member(name="Ann")
    assert finds(world, ann.customer.referral_code.lower()) == {"Ann"}


def test_whoever_is_erased_or_merged_is_not_found(world: World) -> None:
    ann, old = known(world, "Ann Lee"), known(world, "Old Lee")
    merging.merge(world.shop, old.id, ann.id)
    assert finds(world, "lee") == {"Ann Lee"}
    assert finds(world, "old") == set()
    privacy.erase(world.shop, customers.by_id(world.shop.id, ann.id))
    assert stored(world) == set()


def test_another_shops_customers_are_not_found(world: World) -> None:
    known(World.create(name="Other"), "Ann")
    assert finds(world, "ann") == set()


def test_no_letter_sorts_behind_the_end_of_a_prefix(world: World) -> None:
    """Terms are compared by their characters, also those beyond the usual planes, whatever the database's language."""
    for name in ("a\U0001f600b", "aä", "a-", "B", "äb", "azz", "a\uffee"):
        known(world, name)
    assert finds(world, "a") == {"a\U0001f600b", "aä", "a-", "äb", "azz", "a\uffee"}


@given(st.text(max_size=40), st.text(max_size=12))
def test_a_beginning_of_each_word_finds_the_name(name: str, other: str) -> None:
    terms = folding.terms(name=name, email=None, email_key=None, phone=None, referral_code=None, labels=[other])
    for word in folding.words(name):
        if not folding.PHONE.fullmatch(name.strip()):
            assert any(term.startswith(word) for term in terms if term[:1] not in "#!~")
    assert folding.fold(folding.fold(name)) == folding.fold(name)


# Whatever happens


NAMES = st.sampled_from(["Ann Lee", "Änne O'Lee", "Bo", "Bo Mc-Bo", "", "李 小龍", "#vip !excluded"])
EMAILS = st.sampled_from(["ann@example.com", "Ann.Lee@example.com", "bo+x@exämple.com", "cy@example.com", None])
PHONES = st.sampled_from(["+49 151 222", "0151 222", "12", "", None])
LABELS = st.lists(st.sampled_from(["VIP", "vip", "Gold card", "Ü"]), max_size=3)
WHO = st.integers(0, 5)

lives = st.lists(
    st.one_of(
        st.tuples(st.just("create"), NAMES, EMAILS, PHONES),
        st.tuples(st.just("message"), NAMES, EMAILS, PHONES),
        st.tuples(st.just("edit"), WHO, NAMES, EMAILS, PHONES, LABELS, st.booleans()),
        st.tuples(st.just("join"), WHO),
        st.tuples(st.just("leave"), WHO),
        st.tuples(st.just("prove"), WHO, EMAILS),
        st.tuples(st.just("merge"), WHO, WHO),
        st.tuples(st.just("erase"), WHO),
        st.tuples(st.just("import"), EMAILS),
    ),
    max_size=12,
)


def live(world: World, what: str, *facts: Any) -> None:
    """One thing that happens to a customer; it may be refused."""
    shop = world.shop
    rows = list(Customer.of(shop).order_by(Customer.created_at, Customer.id))
    if what in ("create", "message"):
        name, email, phone = facts
        person = Person(name=name or None, email=email, phone=phone, of_account=True, accepts_marketing=bool(phone))
        if what == "create":
            customer_edits.create(shop.id, person)
        else:
            recognition.recognise(shop.id, person)
    elif what == "import":
        recognition.recognise(shop.id, Person(email=facts[0]))
    elif rows:
        who = rows[facts[0] % len(rows)]
        if what == "edit":
            _, name, email, phone, labels, excluded = facts
            edits = {"name": name, "email": email, "phone": phone, "labels": labels, "excluded": excluded}
            customer_edits.edit(shop.id, who.id, **edits)
        elif what == "join":
            customers.join(customers.live(who))
        elif what == "leave":
            customers.leave(who)
        elif what == "prove" and facts[1]:
            recognition.prove_email(who, facts[1])
        elif what == "merge":
            merging.merge(shop, who.id, rows[facts[1] % len(rows)].id)
        elif what == "erase":
            privacy.erase(shop, who)


def test_terms_and_sort_keys_are_those_of_the_rows_after_any_life(world: World) -> None:
    @tries(25)
    @given(lives)
    def story(steps: list[tuple[Any, ...]]) -> None:
        for step in steps:
            try:
                with db.atomic():
                    live(world, *step)
            except Refusal:
                pass
        jobs.run_all()
        assert stored(world) == computed(world)
        for row in Customer.of(world.shop):
            assert row.name_key == folding.name_key(row.name, row.email_key)

    story()
