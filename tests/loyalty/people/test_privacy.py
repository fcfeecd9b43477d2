"""What we know of somebody is hers to have and to have forgotten; the books stay (acceptance 49, 52, 58)."""

from datetime import date, timedelta

import pytest

from tests.make import NOON, Shopper, World, cart, everything_kept, refund, who
from widget_server import clock, idempotency, ledger
from widget_server.db import canonical
from widget_server.errors import CodeExpired, NotFound, SignedOut
from widget_server.loyalty.earning import orders
from widget_server.loyalty.earning.orders import Parked
from widget_server.loyalty.people import customer_edits, customers, folding, merging, privacy, recognition, sign_in
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.points import adjustments
from widget_server.loyalty.points.adjustments import Annotation
from widget_server.loyalty.referrals import links
from widget_server.loyalty.rewards import codes
from widget_server.loyalty.rewards.coupons import Coupon

ANN = "Ann.Lee@example.com"
FACTS = {"name": "Ann Rosamund Lee", "phone": "+49 151 2345678", "birthday": date(1987, 6, 5)}
PERSONAL = (
    "ann.lee",
    "annlee",
    "rosamund",
    "2345678",
    "1987-06-05",
    "shop-account-77",
    "moved to oslo",
    "sorry, ann",
    "choir of trondheim",
    "allergic to nickel",
)


@pytest.fixture
def ann(world: World) -> Shopper:
    """A member of whom every table knows something."""
    world.order_rule(10)
    world.refer()
    recognition.recognise(world.shop.id, Person(external_id="shop-account-77", email=ANN, email_verified=True, **FACTS))
    ann = world.vouched("shop-account-77", ANN, verified=True)
    customer_edits.edit(world.shop.id, ann.id, labels=["Choir of Trondheim"], notes="Allergic to nickel")
    world.member("friend@example.com", code=ann.customer.referral_code)
    links.count_visit(world.shop, ann.customer.referral_code)
    ann.orders("50.00", id="o1")
    said = Annotation(reason="Moved to Oslo, cannot come", comment="Sorry, Ann", staff="kim")
    adjustments.adjust(world.shop, ann.account.id, source="staff", key="a", by=30, annotation=said)
    ann.redeems(world.reward(cost=100))
    sign_in.ask(world.shop, ANN, purpose="sign_in", locale="en", wishes={"name": FACTS["name"]})
    answer = {"name": FACTS["name"], "email": ANN}
    idempotency.run_once(world.shop.id, "widget", "k", {}, lambda: answer, customer_id=ann.id)
    body = canonical({"id": "x", "customer": {"email": ANN.lower(), "name": FACTS["name"]}}).encode()
    orders.park(world.shop, "generic", "order", body, reason="odd")
    return ann


def known_words() -> set[str]:
    kept = everything_kept().lower()
    return {word for word in PERSONAL if word in kept}


def test_the_story_above_leaves_each_word_somewhere(ann: Shopper) -> None:
    assert known_words() == set(PERSONAL) - {"annlee"}  # else the next test proves nothing


def test_who_is_forgotten_stands_nowhere_and_the_books_stay(world: World, ann: Shopper) -> None:  # acceptance 58
    history, code = ann.history(), Coupon.one(world.shop, Coupon.customer_id == ann.id).code
    privacy.erase(world.shop, ann.customer)
    privacy.erase(world.shop, ann.customer)  # twice is once
    assert known_words() == set()
    assert ann.history() == history
    assert list(ledger.audit()) == []
    with pytest.raises(SignedOut):
        who(world.shop, ann.token)
    assert codes.check(world.shop, code, cart()).reason == "revoked"
    assert not ann.customer.is_member


def test_each_column_that_is_hers_is_empty(world: World, ann: Shopper) -> None:
    privacy.erase(world.shop, ann.customer)
    kept = {"id", "shop_id", "status", "email_verified", "accepts_marketing", "excluded", "created_at", "updated_at"}
    kept |= {"name_key", "account_id"}
    times = {"joined_at", "left_at", "registered_at", "rewards_seen_at", "erased_at"}
    row = ann.customer
    assert {name for name in row.__data__ if getattr(row, name) not in (None, [], {})} - times <= kept
    assert row.name_key == folding.NAMELESS


def test_others_are_not_forgotten_with_her(world: World, ann: Shopper) -> None:
    customers.update(ann.customer, external_id="7", phone="12")
    bob = world.vouched("70", "bob@example.com", verified=True)
    orders.park(world.shop, "generic", "refund", b'{"id":"r7","customer":"70","phone":"0512"}', reason="early")
    orders.park(world.shop, "generic", "order", b'{"email":"AnnxLee@example.com"}', reason="odd")
    other = World.create()
    twin = other.member(ANN)
    privacy.erase(world.shop, ann.customer)
    assert Parked.of(world.shop).count() == 2
    assert who(world.shop, bob.token).email == "bob@example.com"
    assert who(other.shop, twin.token).email == ANN


def test_what_comes_later_makes_somebody_new(world: World, ann: Shopper) -> None:  # acceptance 58
    before = ann.balance
    privacy.erase(world.shop, ann.customer)
    person = Person(external_id="shop-account-77", email=ANN, email_verified=True)
    fresh = recognition.recognise(world.shop.id, person)
    assert (fresh.id != ann.id, fresh.status, fresh.joined_at) == (True, "visitor", None)
    assert world.order(person, id="o2").customer_id == fresh.id
    back = world.member(ANN)
    assert (back.id, back.balance, ann.balance) == (fresh.id, 200, before)


def test_a_refund_of_a_forgotten_person_s_order_is_booked(world: World, ann: Shopper) -> None:
    privacy.erase(world.shop, ann.customer)
    orders.receive_refund(world.shop, "generic", "o1", refund("50.00"))
    assert list(ledger.audit()) == []
    assert ann.customer.erased_at is not None
    assert known_words() == set()


def test_a_forgotten_advocate_is_no_longer_rewarded(world: World, ann: Shopper) -> None:
    friend = customers.by_verified_email(world.shop.id, "friend@example.com")
    before, code = ann.balance, ann.customer.referral_code
    privacy.erase(world.shop, ann.customer)
    Shopper(world, friend.id, "").orders()
    assert ann.balance == before
    assert customers.by_referral_code(world.shop.id, code) is None


def test_a_code_in_her_mail_is_dead_too(world: World, ann: Shopper) -> None:
    asked = sign_in.ask(world.shop, ANN.upper(), purpose="sign_in", locale="en")
    privacy.erase(world.shop, ann.customer)
    with pytest.raises(CodeExpired):
        sign_in.confirm(world.shop, asked.challenge, asked.code)


def test_merged_rows_are_forgotten_with_the_person(world: World, ann: Shopper) -> None:  # acceptance 58
    old = world.vouched("shop-account-77-old", "annlee@work.example", verified=True)
    old.is_given(5)
    said = Annotation(reason="Rosamund moved to Oslo")
    adjustments.adjust(world.shop, old.account.id, source="staff", key="b", by=1, annotation=said)
    merging.merge(world.shop, old.id, ann.id)
    signpost = old.customer  # the owner opens the old row
    privacy.erase(world.shop, signpost)
    assert known_words() == set()
    assert ann.customer.erased_at is not None
    assert recognition.recognise(world.shop.id, Person(external_id="shop-account-77-old")).id not in (old.id, ann.id)


def test_a_used_coupon_stays_used_and_never_lives_again(world: World, ann: Shopper) -> None:
    coupon = Coupon.one(world.shop, Coupon.customer_id == ann.id)
    codes.use(world.shop, coupon.code, "o9")
    privacy.erase(world.shop, ann.customer)
    assert Coupon.need(world.shop, Coupon.id == coupon.id).status == "used"
    assert codes.release(world.shop, coupon.code, "o9", source="t").status == "revoked"


def test_what_a_person_was_known_by_before_is_forgotten_too(world: World, ann: Shopper) -> None:
    """Ann moves to another address, number and name; a file and a parked message have the earlier ones."""
    old = world.vouched("shop-account-78", "annlee@work.example", verified=True)
    facts = {"email": "ann@new.example", "phone": "+47 900 12345", "name": "Ann Berg"}
    customer_edits.edit(world.shop.id, ann.id, **facts)
    for body in (b'{"email":"ann.lee@example.com"}', b"Ann Rosamund Lee", b"0151-2345678", b"annlee@work.example"):
        orders.park(world.shop, "generic", "order", body, reason="odd")
    merging.merge(world.shop, old.id, ann.id)
    assert privacy.export(world.shop, ann.customer)["customer"]["former"] == {
        "email": [ANN, "annlee@work.example"],
        "phone": [FACTS["phone"]],
        "name": [FACTS["name"]],
        "external_id": ["shop-account-78"],
    }
    privacy.erase(world.shop, ann.customer)
    assert known_words() == set()


# Two rows are one person


def test_a_merge_gathers_what_staff_wrote_and_keeps_the_exclusion(world: World) -> None:  # acceptance 58
    old, ann = world.visitor("ann@old.example"), world.member(ANN)
    customer_edits.edit(
        world.shop.id, old.id, name="Ann Lee", labels=["VIP", "Mugs"], notes="Came by bike", excluded=True
    )
    customer_edits.edit(world.shop.id, ann.id, labels=["Mugs", "Tea"], notes="Likes tea")
    merging.merge(world.shop, old.id, ann.id)
    row, signpost = ann.customer, old.customer
    assert (row.labels, row.notes) == (["Mugs", "Tea", "VIP"], "Likes tea\n\nCame by bike")
    assert row.excluded is True
    assert (signpost.labels, signpost.notes, signpost.merged_into) == ([], None, ann.id)


def test_a_merge_into_a_signpost_reaches_the_person_it_points_to(world: World) -> None:
    ann, once, twice = world.member(ANN), world.visitor("once@example.com"), world.visitor("twice@example.com")
    merging.merge(world.shop, once.id, ann.id)
    twice.is_given(30)
    merging.merge(world.shop, twice.id, once.id)
    merging.merge(world.shop, ann.id, once.id)  # merged already
    assert (ann.balance, twice.customer.merged_into, ann.customer.merged_into) == (30, ann.id, None)


def test_who_is_not_here_or_was_forgotten_is_not_merged(world: World) -> None:
    ann, bob = world.member(ANN), world.member("bob@example.com")
    stranger = World.create().visitor()
    privacy.erase(world.shop, bob.customer)
    for pair in ((ann.id, "none"), ("none", ann.id), (ann.id, stranger.id), (ann.id, bob.id), (bob.id, ann.id)):
        with pytest.raises(NotFound):
            merging.merge(world.shop, *pair)
    assert ann.customer.email == ANN


# What she may have (acceptance 52)


def test_she_reads_everything_but_the_internal_reason(world: World, ann: Shopper) -> None:  # acceptance 49, 52
    told = privacy.export(world.shop, ann.customer)
    assert told["customer"]["email"] == ANN
    assert (told["customer"]["name"], told["customer"]["birthday"]) == (FACTS["name"], "1987-06-05")
    assert told["account"]["balance"] == ann.balance == sum(row["amount"] for row in told["transactions"])
    assert [row["cause"] for row in told["transactions"]] == ["order", "adjusted", "redeemed"]
    assert told["comments"] == ["Sorry, Ann"]
    assert [row["number"] for row in told["orders"]] == ["#o1"]
    assert [row["status"] for row in told["coupons"]] == ["active"]
    assert [row["status"] for row in told["referrals_as_advocate"]] == ["joined"]
    text = canonical(told).lower()
    assert told["customer"]["labels"] == ["Choir of Trondheim"]
    for secret in ("oslo", "nickel", "kim", "password", "friend@example.com", ann.token.lower()):
        assert secret not in text


def test_what_was_booked_before_a_merge_is_in_it(world: World) -> None:
    world.order_rule(10)
    with clock.at(NOON):
        ann = world.vouched("c-1", ANN)
        world.guest_orders(ANN, "10.00")
        guest = recognition.recognise(world.shop.id, Person(email=ANN))
        account = ledger.account_of(world.shop.id, guest.id)
        said = Annotation(reason="secret", comment="A welcome")
        adjustments.adjust(world.shop, account.id, source="staff", key="a", by=5, annotation=said)
    with clock.at(NOON + timedelta(days=1)):
        world.vouched("c-1", ANN, verified=True)
        told = privacy.export(world.shop, ann.customer)
    assert sum(row["amount"] for row in told["transactions"]) == ann.balance == 105
    assert told["comments"] == ["A welcome"]
    assert "secret" not in canonical(told)


def test_somebody_without_an_account_has_a_short_file(world: World) -> None:
    told = privacy.export(world.shop, world.visitor().customer)
    assert (told["account"], told["transactions"], told["comments"]) == (None, [], [])
    assert told["customer"]["email"] == "guest@example.com"
