"""Letters about facts: who gets which, once for each fact, and who gets none (contracts §25)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.counter import Counter
from tests.make import NOON, Shopper, World, day, refund, undone
from tests.sameness import differences, known_ids, left_behind
from widget_server import clock, db, events, jobs, reactions
from widget_server.delivery import mail
from widget_server.job_queue import Job
from widget_server.loyalty import first_program
from widget_server.loyalty.earning import birthdays, orders
from widget_server.loyalty.imports import members
from widget_server.loyalty.imports.reading import MemberFacts
from widget_server.loyalty.letters import facts, writing
from widget_server.loyalty.people import customers, mail_preferences, mailing, merging, privacy
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import adjustments, awards, batches, tier_grants, tier_rechecks, tiers
from widget_server.loyalty.points.adjustments import Annotation
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.letter_kinds import ON_AT_FIRST, ON_BEFORE, SWITCHABLE
from widget_server.loyalty.rewards import coupons, issuing
from widget_server.loyalty.rewards.coupons import Coupon

OF_CODES = ("sign_up", "sign_in")


@pytest.fixture
def club(world: World) -> World:
    """A shop that sends every letter."""
    world.settings(letters=SWITCHABLE)
    return world


def write_all(*, after: timedelta = timedelta(minutes=2)) -> None:
    """The worker writes the letters that are due by then; it sends none."""
    with clock.at(clock.now() + after):
        while jobs.run_next(Job.name == "write_letter"):
            pass
    assert not Job.select().where(Job.name == "write_letter").exists()


def letters() -> list[mail.Letter]:
    """The letters that wait to be sent, but those with codes."""
    rows = Job.select().where(Job.name == "send_mail").order_by(Job.created_at, Job.id)
    return [one for one in (mail.opened(row.payload) for row in rows) if one["template"] not in OF_CODES]


def written() -> list[tuple[str, int | None]]:
    """Each letter with its points."""
    write_all()
    return [(one["template"], one["values"].get("points")) for one in letters()]


# Earned


def test_an_order_under_two_rules_is_one_letter_with_its_number_and_the_new_balance(club: World) -> None:
    club.order_rule()
    club.rule("first_order", points=50)
    ann = club.member()
    ann.orders("20.00", number="#1042")
    assert written() == [("points_earned", 250)]
    (letter,) = letters()
    assert letter["to"] == "ann@example.com" and letter["customer_id"] == ann.id
    assert letter["values"]["why"] == {"cause": "order", "order": "#1042", "title": None}
    assert letter["values"]["balance"] == 250
    assert written() == [("points_earned", 250)]


def test_pending_points_are_a_letter_when_they_are_confirmed(club: World) -> None:
    club.settings(letters=SWITCHABLE, wait_days=30)
    club.order_rule()
    ann = club.member()
    ann.orders("20.00")
    assert written() == [] and ann.pending == 200
    with clock.at(clock.now() + timedelta(days=31)):
        awards.mature_due()
        assert written() == [("points_earned", 200)]


def test_a_visit_each_day_is_too_small_for_a_letter_and_a_review_is_not(club: World) -> None:
    club.rule("visit", points=1)
    club.rule("review", points=30, title="Review of a mug")
    ann = club.member()
    ann.does("visit", "2026-03-10")
    ann.does("review")
    assert written() == [("points_earned", 30)]
    assert letters()[0]["values"]["why"] == {"cause": "review", "order": None, "title": "Review of a mug"}


def test_what_staff_give_comes_with_their_comment(club: World) -> None:
    ann = club.member()
    annotation = Annotation(reason="angry call", comment="Sorry for the wait")
    adjustments.earn_points(club.shop, ann.account.id, 40, source="staff", key="g", annotation=annotation)
    assert written() == [("points_earned", 40)]
    values = letters()[0]["values"]
    assert values["comment"] == "Sorry for the wait" and "angry" not in str(letters())


def test_a_changed_balance_and_a_refund_are_letters_about_a_change(club: World) -> None:
    club.order_rule()
    ann = club.member()
    ann.orders("20.00", id="o1", revision=1)
    ann.orders("20.00", id="o1", revision=2, refunds=(refund("5.00", lines={"1": "5.00"}),))
    adjustments.adjust(club.shop, ann.account.id, source="staff", key="a", to_balance=100)
    assert sorted(written()) == [("points_earned", 200), ("points_moved", -50), ("points_moved", -50)]


# No surprise


def test_a_shop_that_never_chose_sends_what_it_sent_before(world: World) -> None:
    stored = {name: value for name, value in world.program.settings.items() if name != "letters"}
    programs.Program.change(world.shop, {programs.Program.settings: stored})
    assert world.program.rules.letters == ON_BEFORE
    world.order_rule()
    world.member().orders("20.00")
    assert not Job.select().where(Job.name == "write_letter").exists()


def test_a_shop_of_the_first_run_begins_with_the_usual_letters(world: World) -> None:
    first_program.save(world.shop, first_program.FirstProgram("Fern Club"))
    assert world.program.rules.letters == ON_AT_FIRST
    assert {"points_earned", "reward_redeemed", "birthday_gift"} <= {*ON_AT_FIRST} <= {*SWITCHABLE}


def test_a_change_of_many_customers_is_no_letter(club: World) -> None:
    people = [club.member(f"{name}@example.com") for name in ("ann", "bob")]
    batch = batches.bulk_adjust(club.shop, [one.account.id for one in people], source="staff", key="b", by=10)
    batches.run(batch.id)
    assert [one.balance for one in people] == [10, 10] and written() == []


def test_orders_from_before_the_shop_was_connected_are_no_letter(club: World) -> None:
    club.order_rule()
    ann = club.member()
    ann.orders("20.00", placed_at=clock.now() - timedelta(days=90))
    assert ann.balance == 200 and written() == []
    club.settings(letters=SWITCHABLE, orders_from=clock.now().date() + timedelta(days=1))
    ann.orders("30.00", placed_at=clock.now() - timedelta(days=30))
    club.settings(letters=SWITCHABLE, orders_from=date(2000, 1, 1))
    orders.reconsider(club.shop)  # the owner lets them count
    assert ann.balance == 500 and written() == []


@pytest.mark.parametrize(
    "facts",
    [
        {"email_verified": False},
        {"excluded": True},
        {"status": "visitor"},
        {"email": None},
        {"mails_off": ["points"]},
        {"mails_off": ["all"]},
    ],
)
def test_no_letter_for_those_who_cannot_or_will_not_have_it(club: World, facts: dict[str, Any]) -> None:
    club.rule("review", points=30)
    ann = club.member()
    ann.does("review")
    customers.update(ann.customer, **facts)
    assert written() == []


def test_no_letter_for_somebody_erased_meanwhile(club: World) -> None:
    club.rule("review", points=30)
    ann = club.member()
    ann.does("review")
    privacy.erase(club.shop, ann.customer)
    assert written() == []


def test_a_letter_that_waits_to_be_sent_is_not_sent_after_unsubscribing(club: World, tmp_path: Any) -> None:
    club.rule("review", points=30)
    ann = club.member()
    ann.does("review")
    ann.redeems(club.reward(cost=10))
    assert sorted(written()) == [("points_earned", 30), ("reward_redeemed", -10)]
    mail_preferences.set_off(ann.customer)
    for row in Job.select().where(Job.name == "send_mail"):
        mail.send(row.payload)
    sent = "".join(path.read_text() for path in (tmp_path / "mail").iterdir())
    assert "your reward" in sent and "something for you" not in sent  # what the customer redeemed is told of


# Once


def test_a_job_that_runs_twice_writes_once(club: World) -> None:
    club.rule("review", points=30)
    ann = club.member()
    ann.does("review")
    ann.redeems(club.reward(cost=10))
    payloads = [row.payload for row in Job.select().where(Job.name == "write_letter")]
    for payload in payloads * 3:
        writing.write(payload)
    assert sorted(one["template"] for one in letters()) == ["points_earned", "reward_redeemed"]


def test_a_crash_between_the_key_and_the_letter_keeps_neither(club: World) -> None:
    club.rule("review", points=30)
    club.member().does("review")
    (job,) = Job.select().where(Job.name == "write_letter")
    events.wire(lambda event: 1 / 0)  # the worker dies when it queues the mail
    try:
        with pytest.raises(ZeroDivisionError):
            writing.write(job.payload)
    finally:
        events.wire(reactions.react)
    assert letters() == []
    assert written() == [("points_earned", 30)]


def test_points_that_were_merged_before_the_letter_are_told_to_the_one_who_stays(club: World) -> None:
    club.rule("review", points=30)
    old, ann = club.member("old@example.com"), club.member("ann@example.com")
    ann.is_given(5)
    old.does("review")
    merging.merge(club.shop, old.id, ann.id)
    write_all()
    told = [(one["to"], one["values"]["points"], one["values"]["balance"]) for one in letters()]
    assert sorted(told) == [("ann@example.com", 5, 35), ("ann@example.com", 30, 35)]


# Redeemed


def test_a_redeemed_reward_comes_with_its_code_and_a_returned_one_does_not(club: World) -> None:
    ann = club.member()
    ann.is_given(1000)
    write_all()
    coupon = ann.redeems(club.reward(minimum_subtotal=Decimal(20), expires_after_days=30))
    gone = ann.redeems(club.reward(cost=100))
    ann.returns(gone)
    write_all()
    (letter,) = [one for one in letters() if one["template"] == "reward_redeemed"]
    values = letter["values"]
    assert (values["code"], values["points"], values["balance"]) == (coupon.code, -500, 500)
    assert values["minimum"] == "20.00" or Decimal(values["minimum"]) == 20
    assert values["gift"]["kind"] == "amount" and values["expires_at"] == clock.iso(coupon.expires_at)


def test_the_code_of_a_connected_shop_is_mailed_once_the_shop_has_made_it(club: World) -> None:
    ann = club.member()
    ann.is_given(500)
    write_all()
    coupon = ann.redeems(club.reward())
    Coupon.change(club.shop, {Coupon.status: "issuing"}, Coupon.id == coupon.id)
    write_all()
    assert [one["template"] for one in letters()] == ["points_earned"]
    issuing.code_made(club.shop, coupon.id)
    write_all()
    held = coupons.locked(club.shop.id, coupon.id)
    coupons.move(coupons.move(held, "applied"), "active")  # a cart let it go
    write_all()
    assert [one["template"] for one in letters()] == ["points_earned", "reward_redeemed"]


# Tiers


def test_a_tier_that_is_reached_and_one_that_is_lost(club: World) -> None:
    club.tier("Gold", 100)
    tiers.save_program(club.shop, window_days=30, base_name="Green")
    with clock.at(day("03-01")):
        ann = club.member()
        ann.is_given(100)
        write_all()
    with clock.at(day("04-20")):
        tier_rechecks.recheck_all(club.shop)
        write_all()
    told = [(one["template"], one["values"]) for one in letters() if one["template"].startswith("tier")]
    assert told == [
        ("tier_reached", {"tier": "Gold", "benefits": None}),
        ("tier_lost", {"tier": "Gold", "tier_now": "Green"}),
    ]


def test_nobody_is_written_to_when_the_owner_or_a_file_moves_many(club: World) -> None:
    ann = club.member()
    ann.is_given(100)
    write_all()
    gold = club.tier("Gold", 50)
    tier_rechecks.recheck_everybody(club.shop)
    assert ann.account.tier_id == gold.id
    tiers.remove(club.shop, gold.id, None)
    silver = club.tier("Silver", 5000)
    last = clock.now().date() + timedelta(days=9)
    guest = club.visitor("guest@example.com")
    customers.update(guest.customer, email_verified=True)
    club.rule("join", points=70)
    facts = MemberFacts(tier="Silver", tier_until=last)
    for customer_id in (ann.id, guest.id):
        assert members.apply(club.shop, customer_id, facts, batch_id="b") is None
    assert guest.customer.is_member and guest.balance == 70 and ann.account.tier_id == silver.id
    assert written() == [("points_earned", 100)]


def test_a_tier_that_ends_soon_is_one_letter_however_often_its_end_moves(club: World) -> None:
    gold = club.tier("Gold", 5000)
    with clock.at(day("03-01")):
        ann = club.member()
        tier_grants.grant(club.shop, ann.id, gold.id, date(2026, 4, 20))
        write_all()
        assert facts.remind_of_tiers(club.shop) == 0  # 50 days
    with clock.at(day("03-25")):
        assert facts.remind_of_tiers(club.shop) == 1
        tier_grants.grant(club.shop, ann.id, gold.id, date(2026, 4, 22))
        facts.remind_of_tiers(club.shop)
    (letter,) = [one for one in letters() if one["template"] == "tier_at_risk"]
    assert letter["values"] == {"tier": "Gold", "expires_at": "2026-04-20T22:00:00.000Z"}


def test_letters_that_are_sent_together_are_as_one_by_one_in_every_row(club: World) -> None:
    """Some were sent before, some may not be sent, and one is listed twice."""
    people = [club.member(f"c{number}@example.com") for number in range(5)]
    customers.update(people[1].customer, locale="de")
    customers.update(people[2].customer, mails_off=["all"])
    each = [mailing.Letter(one.id, "points_expire", {"points": 5, "to": one.id}, f"k:{one.id}") for one in people]
    assert sum(mailing.send_each(club.shop, each[3:4])) == 1
    each.append(each[0])

    def one_by_one() -> int:
        return sum(
            mailing.send(club.shop, customers.by_id(club.shop.id, one.customer_id), one.name, one.values, key=one.key)
            for one in each
        )

    known, results = known_ids(), []
    with clock.at(NOON):
        for way in (one_by_one, lambda: mailing.send_together(club.shop, each)):
            with undone():
                results.append((way(), left_behind(known)))
    (sent, alone), (also, together) = results
    assert sent == also == 5
    assert differences(alone, together) == []


def test_many_letters_are_sent_by_as_many_statements_as_few(club: World) -> None:
    people = [club.member(f"c{number}@example.com") for number in range(9)]
    each = [mailing.Letter(one.id, "points_expire", {"points": 5}, one.id) for one in people]
    counts = []
    for some in (each[:3], each[3:]):
        with Counter() as counted, db.atomic():
            assert mailing.send_together(club.shop, some) == len(some)
        counts.append(len(counted.statements))
    assert counts[0] == counts[1] < 20


# Birthday and referral: one letter for a fact, in the words of the occasion


@pytest.mark.parametrize(("accepts", "template"), [(True, "birthday_gift"), (False, "points_earned")])
def test_a_birthday_is_congratulated_where_marketing_is_welcome(club: World, accepts: bool, template: str) -> None:
    club.rule("birthday", points=100)
    with clock.at(day("01-05")):
        ann = club.member(accepts_marketing=accepts)
        birthdays.tell(ann.customer, date(1990, 3, 10))
    with clock.at(NOON):
        birthdays.pay(club.shop)
        write_all()
    (letter,) = letters()
    assert (letter["template"], letter["values"]["points"]) == (template, 100)
    assert letter["values"]["why"]["cause"] == "birthday"


@pytest.mark.parametrize(
    ("on", "template"), [(SWITCHABLE, "referral_completed"), (("points_earned",), "points_earned")]
)
def test_the_points_of_a_referral_are_one_letter(world: World, on: tuple[str, ...], template: str) -> None:
    world.settings(letters=on)
    world.refer()
    ann = world.member()
    bob = world.member("bob@example.com", code=ann.customer.referral_code)
    bob.orders("20.00")
    write_all()
    assert [(one["to"], one["template"]) for one in letters()] == [("ann@example.com", template)]


# Preferences of one person


def test_a_merge_keeps_what_either_did_not_want(world: World) -> None:
    old, ann = world.member("old@example.com"), world.member("ann@example.com")
    mail_preferences.set_wanted(old.customer, ("points", "expiry", "referrals", "birthday"))
    mail_preferences.set_wanted(ann.customer, ("points", "tiers", "referrals", "birthday"))
    fact = next(one for one in merging.preview(world.shop, old.id, ann.id).facts if one.name == "mails_off")
    assert fact.kept == ["expiry", "tiers"]
    merging.merge(world.shop, old.id, ann.id)
    assert ann.customer.mails_off == ["expiry", "tiers"]
    last = world.member("last@example.com")
    mail_preferences.set_off(last.customer)
    merging.merge(world.shop, last.id, ann.id)
    assert ann.customer.mails_off == ["all"] and last.customer.mails_off == []


def test_preferences_are_in_the_export_and_go_with_an_erasure(world: World) -> None:
    ann: Shopper = world.member()
    mail_preferences.set_off(ann.customer)
    assert privacy.export(world.shop, ann.customer)["customer"]["mails_off"] == ["all"]
    privacy.erase(world.shop, ann.customer)
    assert Customer.need(world.shop, Customer.id == ann.id).mails_off == []
