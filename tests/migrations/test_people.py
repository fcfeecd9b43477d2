"""An installation from before migration 0005: its people, orders and programs as they are afterwards."""

import json
from typing import Any

import pytest
from playhouse.migrations import Runner

from widget_server import db, migrate
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import customers, mailboxes
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.referrals.referral_programs import ReferralProgram

LONG_AGO = "2025-03-01T10:00:00.000000Z"


@pytest.fixture
def earlier(database: str) -> None:
    """The database as it was before this migration."""
    ours = [table._meta.table_name for table in reversed(migrate.TABLES)]  # what others refer to goes last
    runners = set(db.database.get_tables()) - {*ours, "sqlite_sequence"}
    for table in (*ours, *runners):
        db.database.execute_sql(f'DROP TABLE "{table}"')
    Runner(db.database.obj, directory=str(migrate.MIGRATIONS)).up(target="0004_coupon_orders")


def row(table: str, **facts: Any) -> None:
    """A row as it was kept then."""
    names = ", ".join(f'"{name}"' for name in facts)
    marks = ", ".join([db.database.param] * len(facts))
    kept = [value if not isinstance(value, bool) or not db.on_sqlite() else int(value) for value in facts.values()]
    db.database.execute_sql(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', kept)


def a_shop_with_people() -> None:
    words = ("name", "embed_key", "currency", "timezone", "locale", "identity_secret_sealed", "webhook_secret_sealed")
    row(
        "shop",
        id="s",
        platform="generic",
        widget="{}",
        created_at=LONG_AGO,
        **dict.fromkeys(words, "x") | {"timezone": "UTC"},
    )
    times = {"created_at": LONG_AGO, "updated_at": LONG_AGO}
    row("program", id="s", shop_id="s", name="Club", status="active", settings="{}", revision=1, **times)
    row(
        "referral_program",
        id="s",
        shop_id="s",
        active=True,
        trigger="registration",
        attribution="first",
        window_days=30,
        undo_on_refund=True,
        revision=1,
    )
    for number, (id, email, verified, external_id) in enumerate(
        (
            ("plain", "Ann@Example.com", True, None),
            ("wide", "bob@Bücher.example", True, None),
            ("narrow", "bob@xn--bcher-kva.example", True, None),
            ("quoted", '"eve"@example.com', True, None),
            ("shop's", "cid@example.com", False, "c-1"),
        )
    ):
        moment = f"2025-03-01T10:00:0{number}.000000Z"
        row(
            "customer",
            id=id,
            shop_id="s",
            status="member" if id != "shop's" else "visitor",
            external_id=external_id,
            email=email,
            email_key=email.lower(),
            mailbox=email.lower(),
            email_verified=verified,
            labels="[]",
            accepts_marketing=False,
            excluded=False,
            joined_at=moment if id != "shop's" else None,
            created_at=moment,
            updated_at=moment,
        )
    for id, customer_id, reached in (("paid", "shop's", {"placed": LONG_AGO, "paid": LONG_AGO}), ("open", "plain", {})):
        row(
            "order",
            id=id,
            shop_id="s",
            platform="generic",
            external_id=id,
            number=id,
            status="placed",
            customer_id=customer_id,
            state=json.dumps({"reached": reached}),
            placed_at=LONG_AGO,
            **times,
        )


def test_people_keep_what_they_have_and_are_found_by_canonical_addresses(earlier: None) -> None:
    a_shop_with_people()
    assert "0005_people" in migrate.upgrade()
    found = {one.id: (one.email, one.email_key, one.email_verified) for one in Customer.of("s")}
    assert found == {
        "plain": ("Ann@Example.com", "ann@example.com", True),
        "wide": ("bob@Bücher.example", "bob@xn--bcher-kva.example", True),
        "narrow": ("bob@xn--bcher-kva.example", "bob@xn--bcher-kva.example", False),  # the earlier one owns it
        "quoted": ('"eve"@example.com', None, False),
        "shop's": ("cid@example.com", "cid@example.com", False),
    }
    owner = customers.by_verified_email("s", "bob@bücher.example")
    assert owner is not None and owner.id == "wide"
    program, referral = Program.need("s"), ReferralProgram.need("s")
    assert (program.activated_at, referral.advocate_daily_cap) == (program.created_at, 10)


def test_orders_keep_their_owners_and_members_their_claims(earlier: None) -> None:
    a_shop_with_people()
    migrate.upgrade()
    orders = {one.id: (one.owner_by_id, one.owner_as_of, one.was_paid, one.address_digests) for one in Order.of("s")}
    assert orders == {"paid": (True, None, True, []), "open": (False, None, False, [])}
    claims = {(one.digest, one.what, one.verified): one.customer_id for one in mailboxes.MailboxClaim.of("s")}
    assert claims == {
        (mailboxes.digest("ann@example.com"), "membership", True): "plain",
        (mailboxes.digest("bob@xn--bcher-kva.example"), "membership", True): "wide",
        (mailboxes.digest("bob@xn--bcher-kva.example"), "membership", False): "narrow",
    }
