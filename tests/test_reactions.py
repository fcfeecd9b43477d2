"""One page of consequences: what follows from what, in the transaction that caused it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.make import Shopper, World, refund
from widget_server import clock, db, events, reactions
from widget_server.delivery import mail, mail_templates
from widget_server.job_queue import Job
from widget_server.loyalty.people import customers, recognition
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.program import programs
from widget_server.loyalty.referrals import referrals

ADVOCATE, FRIEND = "ann@example.com", "bob@example.com"


def thanks() -> list[dict[str, Any]]:
    """The letters to advocates that wait to be sent."""
    opened = [mail.opened(job.payload) for job in Job.everywhere().where(Job.name == "send_mail")]
    return [letter for letter in opened if letter["template"] == "referral_completed"]


@pytest.fixture
def ann(world: World) -> Shopper:
    """An advocate; her shop gives 200 points for a friend's first paid order."""
    world.refer()
    return world.member(ADVOCATE)


def friend(ann: Shopper, email: str = FRIEND) -> Shopper:
    return ann.world.member(email, code=ann.customer.referral_code)


def test_every_event_is_on_the_page() -> None:
    def below(event: type[events.Event]) -> set[type[events.Event]]:
        return {event}.union(*map(below, event.__subclasses__()))

    assert set(reactions.REACTIONS) == below(events.Event) - {events.Event}


def test_a_cause_and_its_consequences_stand_or_fall_together(world: World) -> None:
    world.rule("join", points=100)
    with pytest.raises(RuntimeError), db.atomic():
        world.member()
        assert Job.everywhere().exists()
        raise RuntimeError
    assert not Customer.of(world.shop).exists()
    assert not Job.everywhere().exists()
    events.wire(lambda event: 1 / 0)  # a consequence fails
    try:
        with pytest.raises(ZeroDivisionError):
            customers.join(recognition.recognise(world.shop.id, Person(email=ADVOCATE)))
    finally:
        events.wire(reactions.react)
    assert not Customer.of(world.shop).where(Customer.status == "member").exists()


def test_joining_pays_once_and_a_newsletter_she_takes_already_too(world: World) -> None:
    world.rule("join", points=100)
    world.rule("newsletter", points=30)
    ann = world.member(accepts_marketing=True)
    assert sorted(ann.history()) == [("join", 100), ("newsletter", 30)]
    customers.leave(ann.customer)
    ann = world.member(accepts_marketing=True)
    customers.update(ann.customer, accepts_marketing=False)
    customers.update(ann.customer, accepts_marketing=True)
    assert ann.balance == 130
    bob = world.member(FRIEND)
    customers.update(bob.customer, name="Bob")
    assert bob.balance == 100
    customers.update(bob.customer, accepts_marketing=True)
    assert bob.balance == 130


# A friend counts: the advocate reads what she got


def test_the_advocate_reads_what_she_got(world: World, ann: Shopper) -> None:  # acceptance 43, 45
    bob = friend(ann)
    bob.orders("20.00", status="placed")
    assert thanks() == []
    with clock.at(clock.now() + timedelta(hours=1)):
        bob.orders("20.00")
    (letter,) = thanks()
    gift = letter["values"].pop("gift")
    assert letter == {
        "shop_id": world.shop.id,
        "template": "referral_completed",
        "to": ADVOCATE,
        "locale": "en",
        "values": {},
        "customer_id": ann.id,
    }
    assert (gift["kind"], gift["points"]) == ("points", 200)
    values: mail_templates.Values = {"gift": gift, "unsubscribe": "https://w.example/unsubscribe/1"}
    written = mail_templates.write("referral_completed", "en", world.shop, world.program, values)
    assert "Points: +200" in written.text and FRIEND not in written.text
    bob.orders("30.00")
    assert len(thanks()) == 1


def test_a_coupon_is_named_in_her_own_language(world: World) -> None:
    world.refer(advocate_gift={"kind": "percent", "percent": "10"}, trigger="registration")
    ann = world.member(ADVOCATE)
    customers.update(ann.customer, locale="de-AT")
    friend(ann)
    (letter,) = thanks()
    assert letter["locale"] == "de-AT"
    assert Decimal(letter["values"]["gift"]["percent"]) == 10


def test_a_friend_who_comes_back_is_no_news(ann: Shopper) -> None:  # acceptance 46
    bob = friend(ann)
    bob.orders("20.00", id="o1", revision=1)
    bob.orders("20.00", id="o1", revision=2, refunds=(refund("20.00"),))
    assert ann.balance == 0
    bob.orders("30.00", id="o2")
    assert (ann.balance, len(thanks())) == (200, 1)
    friend(ann, "cleo@example.com").orders("20.00")
    assert len(thanks()) == 2


def test_what_does_not_count_is_no_news(world: World, ann: Shopper) -> None:  # acceptance 44, 45
    blocked = world.member("ann+two@example.com", code=ann.customer.referral_code)
    blocked.orders("20.00")
    bob = friend(ann)
    bob.orders("20.00", status="cancelled")
    programs.pause(world.shop.id)
    bob.orders("20.00")
    assert thanks() == []


@pytest.mark.parametrize("why", ["unverified", "no address", "left", "excluded", "nothing to get"])
def test_nobody_is_mailed_who_cannot_be_or_got_nothing(world: World, why: str) -> None:
    world.refer(**({"advocate_gift": None} if why == "nothing to get" else {}))
    ann = {
        "unverified": lambda: world.vouched("c-1", ADVOCATE),
        "no address": lambda: world.vouched("c-1"),
    }.get(why, lambda: world.member(ADVOCATE))()
    bob = friend(ann)
    if why == "left":
        customers.leave(ann.customer)
    if why == "excluded":
        customers.update(ann.customer, excluded=True)
    bob.orders("20.00")
    assert referrals.Referral.need(world.shop, referrals.Referral.friend_id == bob.id).status == "completed"
    assert thanks() == []
