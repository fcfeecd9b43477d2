"""Erased means gone: whoever leaves for good stands in no table and in no file, whichever door they came by.

Each story plants marks of one person everywhere, erases the person, and counts the bytes.
"""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import cysqlite
import pytest

from tests.cases.shop import CaseShop
from tests.integrator import Integrator
from tests.make import World, everything_kept, refund
from tests.stores import bodies
from widget_server import clock, config, db, idempotency, job_queue, jobs, ledger, migrate, reactions
from widget_server.db import engines, new_id
from widget_server.delivery import endpoints, mail, outbox
from widget_server.delivery.outbox import Message
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.earning import orders, social
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.imports import imports, stored_files, uploads
from widget_server.loyalty.people import (
    api_keys,
    customer_edits,
    customers,
    former_codes,
    mailboxes,
    merging,
    privacy,
    recognition,
    saved_views,
    sessions,
    sign_in,
)
from widget_server.loyalty.people.customers import Customer, Person
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.people.privacy import Keeper
from widget_server.loyalty.points import adjustments, batches
from widget_server.loyalty.points.adjustments import Annotation
from widget_server.loyalty.referrals import links, referrals
from widget_server.loyalty.referrals.replies import ReferralReply
from widget_server.loyalty.rewards import coupons
from widget_server.loyalty.till import till_codes

EMAIL, SPELT = "Rosamund.Quist@Example.com", "rosamund.quist+news@EXAMPLE.com"
NAME, PHONE = "Rosamund Quist", "+49 151 23456789"
EXTERNAL_ID = {"generic": "shop-account-7712", "shopify": "7000000000000000001", "woocommerce": "5"}
FRIEND = "friend@example.org"
assert reactions.REACTIONS  # it adds the keepers that stand above the rules
PLATFORMS = ("generic", "shopify", "woocommerce")

# what is looked for, in small letters
MARKS = {
    "e-mail": "rosamund.quist@example.com",
    "another spelling": "rosamund.quist+news",
    "name": "rosamund",
    "phone": "23456789",
    "birthday": "1987-06-05",
    "street": "kongens gate 17",
    "city": "fjordholmen",
    "note": "allergic to nickel",
    "label": "choir of trondheim",
    "comment": "sorry about the mug",
    "reason": "moved to oslo",
    "engraving": "engraved for grandma",
}


def told_order(platform: str, number: int, **changes: Any) -> dict[str, Any]:
    """An order with every mark that a checkout may hold, as the platform tells it."""
    if platform == "shopify":
        address = {"name": NAME, "address1": "Kongens gate 17", "city": "Fjordholmen", "zip": "0150", "country": "NO"}
        told = bodies.shopify_order(
            id=6000000000000000000 + number,
            email=EMAIL,
            contact_email=SPELT,
            phone=PHONE,
            landing_site="/",
            note="engraved for grandma",
            billing_address=address,
            shipping_address=address,
            customer={"id": int(EXTERNAL_ID[platform]), "email": EMAIL, "first_name": "Rosamund", "last_name": "Quist"},
        )
        told["line_items"][0] |= {"title": "Mug, engraved for grandma", "name": "Mug, engraved for grandma"}
        return {**told, **changes}
    if platform == "woocommerce":
        address = {
            "first_name": "Rosamund",
            "last_name": "Quist",
            "address_1": "Kongens gate 17",
            "city": "Fjordholmen",
        }
        told = bodies.woo_order(
            id=number,
            number=str(number),
            customer_id=int(EXTERNAL_ID[platform]),
            customer_note="engraved for grandma",
            billing={**address, "email": SPELT, "phone": PHONE},
            shipping=address,
            meta_data=[{"id": 1, "key": "gift", "value": "Fjordholmen"}],
        )
        told["line_items"][0] |= {"name": "Mug, engraved for grandma"}
        return {**told, **changes}
    customer = {"id": EXTERNAL_ID[platform], "email": EMAIL, "name": NAME, "phone": PHONE, "birthday": "1987-06-05"}
    line = {"id": "1", "product_id": "p1", "quantity": 1, "subtotal": "20.00", "name": "Mug, engraved for grandma"}
    return {
        "id": f"o{number}",
        "number": f"#{number}",
        "status": "paid",
        "currency": "USD",
        "placed_at": clock.iso(clock.now()),
        "modified_at": clock.iso(clock.now()),
        "customer": customer,
        "lines": [line],
        "shipping": "0.00",
        "discount": "0.00",
        "tax": "0.00",
        "total": "20.00",
        "note": "Kongens gate 17, Fjordholmen",
        **changes,
    }


NAMELESS = {  # they keep ids alone: the books of a forgotten person, but no word
    one.__name__ for one in (sessions, links, social, coupons, mailboxes, till_codes)
}
TOPICS = {"generic": "order", "shopify": "orders/updated", "woocommerce": "order.updated"}


class Rosamund:
    """A member who leaves marks at every door of a shop."""

    def __init__(self, shop: CaseShop) -> None:
        self.at, self.world, self.shop = shop, shop.world, shop.shop
        self.platform = shop.platform
        _, secret = api_keys.create_key(self.shop.id, "server")
        self.server = Integrator(shop.client, secret)
        self.id = ""

    def leaves_marks(self) -> None:
        """Every door, in the order in which a person comes by."""
        self.has_receivers()
        self.signs_up()
        self.buys()
        self.brings_a_friend()
        self.is_known_to_staff()
        self.stands_in_files()
        self.waits_in_queues()

    def has_receivers(self) -> None:
        for format in ("standard", "wix"):
            endpoints.create(self.shop.id, url="https://receiver.example/hook", format=format)

    def signs_up(self) -> None:
        asked = sign_in.ask(self.shop, EMAIL, purpose="sign_up", locale="en", wishes={"name": NAME})
        jobs.run_all()  # the mail goes to the folder
        self.id = sign_in.confirm(self.shop, asked.challenge, asked.code).customer.id
        customers.update(customers.by_id(self.shop.id, self.id), external_id=EXTERNAL_ID[self.platform])

    def buys(self) -> None:
        self.at.tells(TOPICS[self.platform], told_order(self.platform, 41))
        odd = told_order(self.platform, 42, currency=None)
        self.at.tells(TOPICS[self.platform], odd)
        escaped = b'{"note":"Kongens gate 17, Fjordholmen","to":"Rosamund Qu\\u0069st","phone":"0151-23456789"}'
        orders.park(self.shop, self.platform, "order", escaped, reason="odd")
        form = b"email=rosamund.quist%2Bnews%40example.com&city=Fjordholmen"
        orders.park(self.shop, self.platform, "order", form, reason="odd")

    def brings_a_friend(self) -> None:
        self.world.refer()
        code = customers.by_id(self.shop.id, self.id).referral_code
        former_codes.add(self.shop.id, self.id, "ROSAQUIST77")  # as another app called them
        friend = self.world.member(FRIEND, code=code)
        links.count_visit(self.shop, str(code))
        friend.orders(id="friends-1", landing_referral=code)
        self.world.order(None, id="nobodys-1", landing_referral=code)
        orders.park(self.shop, self.platform, "order", f'{{"id":"f9","ref":"{code}"}}'.encode(), reason="odd")
        sign_in.ask(self.shop, "second@example.org", purpose="sign_up", locale="en", wishes={"referral_code": code})
        referral = referrals.of_friend(self.shop, friend.customer)
        assert referral is not None
        said = {"side": "advocate", "text": f"I am {NAME}, Kongens gate 17, Fjordholmen"}
        row = ReferralReply(id=new_id(), shop_id=self.shop.id, referral_id=referral.id, **said)
        row.created_at = clock.now()
        row.save(force_insert=True)
        till_codes.show(self.shop, customers.by_id(self.shop.id, self.id))

    def is_known_to_staff(self) -> None:
        facts = {"phone": PHONE, "notes": "Allergic to nickel", "labels": ["Choir of Trondheim"], "name": NAME}
        path = f"/loyalty-customers/v1/customers/{self.id}"
        self.server.patch(path, {"customer": {**facts, "birthday": "1987-06-05"}}, Idempotency_Key="k1")
        account = ledger.open_account(self.shop.id, self.id)
        said = Annotation(reason="Moved to Oslo", comment="Sorry about the mug", staff="kim")
        adjustments.adjust(self.shop, account.id, source="staff", key="a", by=500, annotation=said)
        batches.bulk_adjust(self.shop, [account.id], source="staff", key="b", by=5, annotation=said)
        jobs.run_all()
        about_another = Annotation(reason=f"by mistake instead of {NAME}")
        other = customers.by_verified_email(self.shop.id, FRIEND)
        assert other is not None
        theirs = ledger.open_account(self.shop.id, other.id)
        adjustments.adjust(self.shop, theirs.id, source="staff", key="c", by=1, annotation=about_another)
        saved_views.save(self.shop, f"Orders of {NAME}", {"text": PHONE})
        answer = {"name": NAME, "email": EMAIL}
        idempotency.run_once(self.shop.id, "admin", "k2", {}, lambda: answer)

    def stands_in_files(self) -> None:
        rows = f"{EMAIL},5,Kongens gate 17\r\n{NAME} <{SPELT}>,no number,Fjordholmen\r\n"
        for encoding in ("utf-8", "utf-16"):
            upload = uploads.new_upload(self.shop)
            uploads.receive(upload.id, io.BytesIO(f"email,points,street\r\n{rows}".encode(encoding)))
            made = imports.create(self.shop, upload.id, file_name=f"{NAME}.csv")
            jobs.run_all()
            imports.execute(self.shop, made.id, source="staff", again=True)
            jobs.run_all()
        assert imports.has_error_file(imports.Import.need(self.shop, imports.Import.id == made.id))
        stored_files.store(self.shop.id, io.BytesIO(rows.encode()), bytes_max=10**6)  # an upload that was cut off

    def waits_in_queues(self) -> None:
        outbox.sort_new()
        moment = clock.now()
        Message.update(status="dead", answer=f"who is {EMAIL}?", ended_at=moment).where(
            Message.subject == self.id
        ).execute()
        sign_in.ask(self.shop, SPELT, purpose="sign_in", locale="en", wishes={"name": NAME})
        sign_in.ask(self.shop, EMAIL, purpose="sign_in", locale="en")
        job_id = job_queue.enqueue(JobName.SEND_MAIL, {})
        Job.update(last_error=f"KeyError: {NAME}", run_at=clock.parse("2100-01-01T00:00:00Z")).where(
            Job.id == job_id
        ).execute()

    def is_erased(self) -> None:
        """The owner deletes the customer by the admin API, and the worker does what is due."""
        self.server.delete(f"/loyalty-customers/v1/customers/{self.id}", Idempotency_Key="k3")
        jobs.run_all()

    @property
    def marks(self) -> dict[str, str]:
        """The marks of everybody, and those that were made for this person."""
        code = Customer.need(self.shop, Customer.id == self.id).referral_code
        own = {"code": str(code).lower(), "former code": "rosaquist77"}
        return {**MARKS, **own, **({"shop's id": EXTERNAL_ID[self.platform]} if self.platform != "woocommerce" else {})}


def in_tables(marks: dict[str, str]) -> set[str]:
    """The marks that a query still finds."""
    kept = everything_kept().lower()
    return {name for name, mark in marks.items() if mark in kept}


def in_files(marks: dict[str, str]) -> set[str]:
    """The marks whose bytes lie in some file of the instance folder."""
    found = set()
    for path in config.current().instance.rglob("*"):
        content = path.read_bytes().lower() if path.is_file() else b""
        found |= {
            name for name, mark in marks.items() if mark.encode() in content or mark.encode("utf-16-le") in content
        }
    return found


@pytest.fixture(params=PLATFORMS)
def rosamund(shop_on: Callable[..., CaseShop], request: pytest.FixtureRequest) -> Rosamund:
    who = Rosamund(shop_on(request.param))
    who.leaves_marks()
    return who


@pytest.fixture
def somebody(shop_on: Callable[..., CaseShop]) -> Rosamund:
    """The person of one platform, for what does not depend on it."""
    who = Rosamund(shop_on("generic"))
    who.leaves_marks()
    return who


def test_whoever_is_erased_stands_in_no_table_and_no_file(rosamund: Rosamund) -> None:  # acceptance 58
    marks = rosamund.marks
    assert in_tables(marks) == set(marks), "else the rest proves nothing"
    assert {"name", "e-mail"} <= in_files(marks)  # in the folder of mails at least
    rosamund.is_erased()
    assert in_tables(marks) == set()
    assert in_files(marks) == set()
    rosamund.world.books_must_balance()


def test_two_rows_of_one_person_are_forgotten_as_one(somebody: Rosamund) -> None:
    other = somebody.world.vouched("shop-account-old-99", "r.quist@work.example", verified=True)
    other.is_given(5)
    sign_in.ask(somebody.shop, "r.quist@work.example", purpose="sign_in", locale="en")
    merging.merge(somebody.shop, somebody.id, other.id)
    marks = {**somebody.marks, "work": "r.quist@work.example", "old id": "shop-account-old-99"}
    somebody.is_erased()  # by the id of the row that went into the other
    assert in_tables(marks) | in_files(marks) == set()
    somebody.world.books_must_balance()


def test_news_of_an_old_order_bring_no_word_back(somebody: Rosamund) -> None:
    marks = somebody.marks
    somebody.is_erased()
    somebody.at.tells("order", told_order("generic", 41, status="fulfilled"))
    orders.receive_refund(somebody.shop, "generic", "o41", refund("5.00"))
    assert in_tables(marks) | in_files(marks) == set()
    somebody.world.books_must_balance()


def test_the_platform_may_ask_for_somebody_of_whom_there_is_no_row(shop_on: Callable[..., CaseShop]) -> None:
    shop = shop_on("shopify")
    odd = told_order("shopify", 42, currency=None)
    shop.tells("orders/updated", odd)
    assert Parked.of(shop.shop).count() == 1
    redacted = bodies.shopify_privacy(customer={"id": 7000000000000000001, "email": EMAIL.lower(), "phone": PHONE})
    shop.tells("customers/redact", redacted)
    jobs.run_all()
    assert in_tables(MARKS) | in_files(MARKS) == set()


def test_others_keep_what_is_theirs(somebody: Rosamund) -> None:
    """Bob has a short id, a name and a phone number that look alike, and Carol the same address at another shop."""
    shop = somebody.shop
    bob = somebody.world.vouched("77", "rosamund@example.com", verified=True)
    customers.update(bob.customer, name="Rosamund Quister", phone="+49 151 99999999")
    kept = (
        '{"id":"f1","email":"rosamund@example.com","name":"Rosamund Quister"}',
        '{"id":"f2","customer":{"id":"shop-account-77123"},"total":"7712.00"}',
        '{"id":"f3","email":"x.rosamund.quist@example.com.example.net"}',
    )
    for body in kept:
        orders.park(shop, "generic", "order", body.encode(), reason="odd")
    elsewhere = World.create(name="Elsewhere").member(EMAIL)
    jobs.run_all()
    somebody.is_erased()
    assert {row.body for row in Parked.of(shop)} >= set(kept)
    assert bob.customer.email == "rosamund@example.com"
    assert elsewhere.customer.email == EMAIL
    mails = [path.read_text() for path in (config.current().instance / "mail").iterdir()]
    assert any(elsewhere.world.shop.id in mail and EMAIL.lower() in mail.lower() for mail in mails)


def test_a_friends_order_counts_without_the_code(somebody: Rosamund) -> None:
    somebody.is_erased()
    order = Order.need(somebody.shop, Order.external_id == "friends-1")
    assert (order.merged.landing_referral, order.customer_id is not None) == ("", True)
    assert Parked.of(somebody.shop).where(Parked.body == '{"id":"f9","ref":""}').exists()


def mail_written_meanwhile(somebody: Rosamund, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A mail is being written while its reader is erased; the marks that lie in the folder then."""
    sign_in.ask(somebody.shop, EMAIL, purpose="sign_in", locale="en")
    job = job_queue.claim(Job.name == JobName.SEND_MAIL, Job.payload != {})
    assert job is not None
    write = mail._to_folder

    def late(*args: Any) -> Path:
        somebody.is_erased()
        return write(*args)

    monkeypatch.setattr(mail, "_to_folder", late)
    mail.send(job.payload)
    return in_files(MARKS)


def test_a_mail_that_is_being_written_does_not_stay(somebody: Rosamund, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mail_written_meanwhile(somebody, monkeypatch) == set()


def test_without_a_second_look_it_stays(somebody: Rosamund, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_is_promised", lambda payload: True)
    assert "name" in mail_written_meanwhile(somebody, monkeypatch)


@pytest.mark.parametrize("known", [True, False])
def test_what_names_a_former_address_goes_because_it_is_known(
    somebody: Rosamund, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not known:
        monkeypatch.setattr(customers, "all_former", lambda *rows, **replaced: {})
    orders.park(somebody.shop, "generic", "order", b'{"a":"r.quist@work.example","b":"Lillehammer"}', reason="odd")
    for email in ("r.quist@work.example", "rq@new.example"):
        customers.update(customers.by_id(somebody.shop.id, somebody.id), email=email)
    somebody.is_erased()
    assert ("town" in in_tables({"town": "lillehammer"})) is not known


# Each guard is needed


def test_without_secure_delete_the_file_has_it_still(sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert left_in_file() == set()
    monkeypatch.setattr(engines, "SECURE_DELETE", 0)
    db.disconnect()
    db.open_database(f"sqlite:///{sqlite}")
    db.connect()
    assert left_in_file() != set()


def test_without_emptying_the_log_the_log_has_it_still(sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert left_in_file() == set()
    monkeypatch.setattr(privacy, "empty_log", lambda: True)
    assert left_in_file() != set()


def test_while_somebody_reads_the_log_stays_and_the_job_tries_again(sqlite: Path) -> None:
    world = World.create()
    customer = planted(world)
    reader = cysqlite.connect(str(sqlite))  # of the same library: a process has its locks but once
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM customer").fetchone()
    privacy.erase(world.shop, customer)
    assert in_files(MARKS)
    assert jobs.run_all() == 1
    assert in_files(MARKS)  # the reader holds it
    reader.execute("ROLLBACK")
    with clock.at(clock.now() + timedelta(seconds=privacy.SETTLE_AGAIN_SECONDS)):
        assert jobs.run_all() == 1
    assert in_files(MARKS) == set()
    reader.close()


def test_the_worker_settles_each_erasure(somebody: Rosamund) -> None:
    privacy.erase(somebody.shop, customers.by_id(somebody.shop.id, somebody.id))
    assert Job.select().where(Job.name == JobName.SETTLE_ERASURE).count() == 1
    privacy.settle({})  # PostgreSQL takes a VACUUM outside transactions alone
    jobs.run_all()
    assert Job.select().where(Job.name == JobName.SETTLE_ERASURE).count() == 0


@pytest.mark.parametrize("keeper", [keeper for keeper in privacy.KEEPERS if keeper.forget.__module__ not in NAMELESS])
def test_without_one_of_its_keepers_a_person_is_not_forgotten(
    somebody: Rosamund, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privacy, "KEEPERS", [one for one in privacy.KEEPERS if one is not keeper])
    marks = somebody.marks
    somebody.is_erased()
    assert in_tables(marks) | in_files(marks)


@pytest.mark.parametrize("reading", ["_has_address", "_has_phone"])
def test_without_its_spellings_a_person_is_not_found(
    somebody: Rosamund, reading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders.park(somebody.shop, "generic", "order", b'{"a":"0151 / 2345 6789","b":"Fjordholmen"}', reason="odd")
    orders.park(
        somebody.shop, "generic", "order", b'{"a":"rosamund.quist+2@example.com","b":"Fjordholmen"}', reason="odd"
    )
    monkeypatch.setattr(Forgotten, reading, lambda *_: False)
    somebody.is_erased()
    assert "city" in in_tables(MARKS)


def planted(world: World) -> Customer:
    customer = recognition.recognise(world.shop.id, Person(email=EMAIL, name=NAME, phone=PHONE))
    customer_edits.edit(world.shop.id, customer.id, notes="Allergic to nickel " * 100)
    customer_edits.edit(world.shop.id, customer.id, notes="Allergic to nickel")
    return customer


def left_in_file() -> set[str]:
    """What is left in files of somebody who is planted and erased."""
    world = World.create()
    privacy.erase(world.shop, planted(world))
    jobs.run_all()
    assert in_tables(MARKS) == set()
    return in_files(MARKS)


# Every table is thought of

NOTHING_PERSONAL = {
    "data_key": "keys, wrapped",
    "shop": "the shop's own settings",
    "shop_secret": "sealed secrets of the shop",
    "widget_icon": "a picture of the shop's launcher, without texts",
    "audit_entry": "people by their ids alone, no address of a shopper",
    "audit_door": "a time",
    "origin": "the shop's own sites",
    "program": "the shop's own words",
    "tier": "the shop's own words",
    "tier_program": "the shop's own words",
    "used_token": "an id that the shop gave a token, for some minutes",
    "api_key": "the shop's own servers",
    "account": "ids and figures",
    "transaction": "the nameless ledger",
    "journal": "ids of rows, and keyed hashes",
    "books_mark": "ids of rows, and what is wrong with them",
    "audit_place": "ids of rows",
    "debt": "ids and figures",
    "award": "ids, figures and the rule",
    "batch_item": "ids, figures and a code",
    "delivery": "a keyed digest",
    "connection_code": "the digest of a token, for an hour",
    "store_import": "ids of orders, times, figures, and what the shop's API said of itself",
    "feed": "ids, times, and what the shop's API said of itself",
    "earning_rule": "the shop's own words",
    "campaign": "the shop's own words",
    "reward": "the shop's own words",
    "coupon_order": "ids of coupons and orders",
    "checkout_discount": "ids of coupons and checkouts",
    "referral_program": "the shop's own settings",
    "referral": "ids and a code",
    "total_change": "figures",
    "quarter_total": "figures",
    "day_total": "figures",
    "edition": "a random number",
    "shop_key": "a sealed key",
    "endpoint": "the shop's own receivers",
    "lane": "ids",
    "beat": "names of our own processes",
    "hit": "keyed digests",
    "staff_account": "the shop's own staff: deleted with the last membership",
    "staff_member": "ids of staff, and roles",
    "staff_link": "an invitation to the staff, for a week",
    "staff_session": "where staff are signed in, for two weeks",
    "staff_device": "digests",
    "preview_copy": "a program and sample customers; of real ones days and figures alone",
    "preview_event": "what happened to sample customers",
    "program_draft": "the shop's own words",
}


def test_each_table_with_texts_is_forgotten_in_or_says_why_not() -> None:
    texts = {
        table._meta.table_name
        for table in migrate.TABLES
        if any(isinstance(field, (db.Text, db.Json, db.Bytes)) for field in table._meta.sorted_fields)
    }
    covered = {table._meta.table_name for keeper in privacy.KEEPERS for table in keeper.tables}
    assert texts - covered == set(NOTHING_PERSONAL)
    assert covered.isdisjoint(NOTHING_PERSONAL)
