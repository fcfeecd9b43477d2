"""The audit log: who did what, from where, and what was different afterwards (contracts §16)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import peewee
import pytest

from tests.make import NOON, Shopper, World
from widget_server import clock, config, db, migrate
from widget_server.delivery import endpoints, signatures
from widget_server.ledger import Account
from widget_server.loyalty import audit_log
from widget_server.loyalty.audit_log import Actor, Audited, AuditEntry
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.store_imports import StoreImport
from widget_server.loyalty.imports.imports import Import
from widget_server.loyalty.people import api_keys, merging, privacy
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points import adjustments, batches, tiers
from widget_server.loyalty.preview.copies import PreviewCopy
from widget_server.loyalty.program import shops
from widget_server.loyalty.rewards.checkout import CheckoutDiscount
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.staff.members import StaffMember
from widget_server.program_file import apply, current
from widget_server.program_file.facts import ProgramFile
from widget_server.program_file.stored_drafts import ProgramDraft

BOB = Actor("api_key", "k-1", "bobs till", "192.0.2.7")


def entries(world: World, noun: str | None = None) -> list[AuditEntry]:
    """What the log says, in the order in which it happened."""
    found = AuditEntry.of(world.shop).order_by(AuditEntry.created_at, AuditEntry.id)
    return [one for one in found if noun in (None, one.noun)]


def acts(world: World, noun: str) -> list[tuple[str, Any, Any]]:
    return [(one.verb, one.before, one.after) for one in entries(world, noun)]


def test_an_entry_says_who_from_where_and_when(world: World) -> None:
    with clock.at(NOON), audit_log.acting(BOB):
        key, secret = api_keys.create_key(world.shop.id, "reports", "read")
    with clock.at(NOON + timedelta(minutes=1)), audit_log.acting(BOB):
        api_keys.revoke_key(world.shop.id, key.id)
    made, revoked = entries(world, "api_key")
    assert {(one.actor, one.actor_id, one.actor_name, one.address) for one in (made, revoked)} == {
        ("api_key", "k-1", "bobs till", "192.0.2.7")
    }
    assert (made.verb, made.subject_id, made.created_at) == ("create", key.id, NOON)
    assert made.after == {"name": "reports", "scope": "read", "secret_hash": "hidden"}
    assert (revoked.verb, revoked.before, revoked.after) == (
        "update",
        {"revoked_at": None},
        {"revoked_at": "2026-03-10T12:01:00.000Z"},
    )
    assert not any(word in str(vars(one)) for one in (made, revoked) for word in (secret, key.secret_hash))
    assert audit_log.acting_now() == Actor()


def test_settings_are_noted_with_what_was_different(world: World) -> None:
    world.settings(wait_days=14)
    (_, before, after) = acts(world, "program")[-1]
    assert (before["settings"]["wait_days"], after["settings"]["wait_days"]) == (0, 14)
    assert set(before) == set(after) == {"settings"}


def test_the_same_again_is_no_entry(world: World) -> None:
    count = len(entries(world))
    world.settings()
    file = current.of(world.shop)
    apply.apply(world.shop, file)
    shops.note_news(world.shop)
    assert len(entries(world)) == count


@pytest.mark.parametrize(
    ("noun", "act"),
    [
        ("earning_rule", lambda world: world.order_rule()),
        ("reward", lambda world: world.reward()),
        ("tier", lambda world: world.tier("Gold", 500)),
        ("tier_program", lambda world: tiers.save_program(world.shop, active=True)),
        ("referral_program", lambda world: world.refer()),
        ("shop", lambda world: shops.connect(world.shop, "https://fern.example", {"token": "hush"})),
        ("shop_secret", lambda world: shops.add_secret(world.shop.id, "webhook")),
        ("api_key", lambda world: api_keys.create_key(world.shop.id, "till")),
    ],
)
def test_each_setting_has_entries(world: World, noun: str, act: Any) -> None:
    count = len(entries(world, noun))
    act(world)
    made = entries(world, noun)[count:]
    assert [one.noun for one in made] == [noun] and made[0].after
    assert "hush" not in str([vars(one) for one in made])


def test_campaigns_and_levels_that_go_are_noted(world: World) -> None:
    gold = world.tier("Gold", 500)
    facts = {"multiplier": Decimal(2), "starts_at": NOON, "ends_at": NOON + timedelta(days=1)}
    apply.apply(world.shop, ProgramFile(campaigns={"spring": facts}))
    apply.apply(world.shop, ProgramFile(campaigns={}))
    tiers.remove(world.shop, gold.id, None)
    assert [verb for verb, _, _ in acts(world, "campaign")] == ["create", "delete"]
    verb, before, after = acts(world, "tier")[-1]
    assert (verb, before["name"], after) == ("delete", "Gold", None)


def test_points_that_staff_give_or_edit_are_noted_once(world: World, ann: Shopper) -> None:
    reason = adjustments.Annotation(reason="a reason")
    for _ in range(2):
        adjustments.adjust(world.shop, ann.account.id, by=-100, source="staff", key="k", annotation=reason)
    given, adjusted = entries(world, "points")
    assert (given.verb, given.subject_id, given.after["amount"]) == ("give", ann.account.id, 1000)
    assert (adjusted.verb, adjusted.after["amount"], adjusted.after["balance"]) == ("adjust", -100, 900)
    assert "a reason" not in str(vars(adjusted))  # what is written about a person can be erased elsewhere


def test_a_batch_is_one_entry_and_its_undoing_another(world: World, ann: Shopper) -> None:
    batch = batches.bulk_adjust(world.shop, Account.of(world.shop, Account.id), source="staff", key="b", by=5)
    batches.run(batch.id)
    batches.undo(world.shop, batch.id)
    batches.run(batch.id)
    assert [(one.verb, one.subject_id) for one in entries(world, "batch")] == [("start", batch.id), ("undo", batch.id)]


def test_merges_exports_and_erasures_name_people_by_their_ids_alone(world: World, ann: Shopper) -> None:
    bob = world.member("bob@example.com")
    merging.merge(world.shop, bob.id, ann.id)
    privacy.export(world.shop, ann.customer)
    privacy.erase(world.shop, ann.customer)
    kept = [(one.verb, one.subject_id) for one in entries(world, "customer")]
    assert kept == [("merge", ann.id), ("export", ann.id), ("erase", ann.id)]
    assert "example.com" not in str([vars(one) for one in entries(world)])


@pytest.mark.parametrize("statement", ['UPDATE "audit_entry" SET "verb" = \'x\'', 'DELETE FROM "audit_entry"'])
def test_the_database_refuses_to_change_or_lose_an_entry(world: World, statement: str) -> None:
    before = [vars(one) for one in entries(world)]
    with pytest.raises(peewee.PeeweeException, match="an audit entry is"), db.atomic():
        db.database.execute_sql(statement)
    assert [vars(one) for one in entries(world)] == before


def test_entries_go_after_their_days_and_by_the_one_door(world: World) -> None:
    days = timedelta(days=config.current().audit_days)
    now = clock.now()
    with clock.at(now + days - timedelta(minutes=1)):
        count = len(entries(world))
        audit_log.forget_old()
        assert len(entries(world)) == count
        api_keys.create_key(world.shop.id, "late")
    with clock.at(now + days + timedelta(minutes=1)):
        audit_log.forget_old()
        assert [one.noun for one in entries(world)] == ["api_key"]
    with pytest.raises(peewee.PeeweeException, match="is kept for its days"), db.atomic():
        db.database.execute_sql('DELETE FROM "audit_entry"')  # the door is shut again


def test_every_table_of_settings_is_audited() -> None:
    """What has revisions is edited by somebody: it is audited, or belongs to the shop's business."""
    business = {Account, Customer, Coupon, CheckoutDiscount, Import}
    business |= {
        StoreImport,
        PreviewCopy,
        ProgramDraft,
    }  # nothing of them is live; they note when one is made, published or deleted
    edited = {table for table in migrate.TABLES if "revision" in table._meta.fields}
    audited = {table for table in migrate.TABLES if issubclass(table, Audited)}
    assert edited - business - audited == set()
    assert audited - edited <= {
        rules.Campaign,
        shops.Shop,
        shops.ShopSecret,
        shops.Origin,
        api_keys.ApiKey,
        StaffMember,
    }


def test_who_receives_messages_is_noted(world: World) -> None:
    endpoint = endpoints.create(world.shop.id, url="https://fern.example/hook", event_types=["*"])
    endpoints.change(world.shop.id, endpoint.id, status="disabled")
    endpoints.rotate_secret(world.shop.id, endpoint.id)
    endpoints.Endpoint.remove(world.shop, endpoints.Endpoint.id == endpoint.id)
    signatures.rotate_key(world.shop.id)
    made, disabled, rotated, removed = acts(world, "endpoint")
    assert (made[0], removed[0], disabled[1:]) == ("create", "delete", ({"status": "active"}, {"status": "disabled"}))
    assert rotated[2]["secret_sealed"] == "hidden"
    assert acts(world, "shop_key") == [("rotate", None, None)]
