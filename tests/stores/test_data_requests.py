"""A customer's request for their data, as Shopify passes it on: noted, mailed to the owners, answered by the export."""

from datetime import timedelta

from tests.dashboard.conftest import hire
from tests.make import NOON, World
from tests.stores import bodies
from widget_server import clock
from widget_server.delivery import mail
from widget_server.job_queue import Job, JobName
from widget_server.loyalty import audit_log
from widget_server.loyalty.audit_log import Actor, AuditEntry
from widget_server.loyalty.earning.orders import Parked
from widget_server.loyalty.people import customers, data_requests, merging, privacy
from widget_server.stores import inbox


def asks(world: World, **customer: object) -> inbox.Outcome:
    """Shopify passes on the request of this customer."""
    body = {**bodies.shopify_body("customers/data_request"), "customer": customer}
    return inbox.deliver(world.shop, "shopify", "customers/data_request", bodies.encoded(body))


def mails() -> list[tuple[str, str]]:
    """Whom a mail waits for, and its link."""
    rows = Job.select().where(Job.name == JobName.SEND_MAIL).order_by(Job.created_at)
    letters = [mail.opened(row.payload) for row in rows]
    return [(one["to"], one["values"]["link"]) for one in letters if one["template"] == "staff_data_request"]


def noted(world: World) -> list[tuple[str, str | None]]:
    """What the audit log has of requests."""
    rows = AuditEntry.of(world.shop).where(AuditEntry.noun == data_requests.NOUN)
    return [(row.verb, row.subject_id) for row in rows.order_by(AuditEntry.created_at)]


def test_it_is_noted_once_until_the_shop_has_the_export(world: World) -> None:
    hire(world, email="olga@shop.example")
    hire(world, "support", email="sam@shop.example")
    ann = world.member("ann@example.com")
    customers.update(ann.customer, external_id="77")
    assert asks(world, id=77, email="ann@example.com").status == "booked"
    assert asks(world, id=77, email="ann@example.com", phone="+4912345678").status == "booked"
    (request,) = data_requests.open_requests(world.shop)
    assert (request.customer.id, request.due_at) == (ann.id, request.received_at + timedelta(days=30))
    assert noted(world) == [("receive", ann.id)]
    assert Parked.of(world.shop).count() == 0
    assert mails() == [("olga@shop.example", f"http://widget.localhost:8000/dashboard/customers/{ann.id}")]
    with audit_log.acting(Actor("customer", ann.id)):
        privacy.export(world.shop, ann.customer)  # in the widget: the shop was asked, not the widget
    assert len(data_requests.open_requests(world.shop)) == 1
    with audit_log.acting(Actor("staff", "olga")):
        privacy.export(world.shop, ann.customer)
        privacy.export(world.shop, ann.customer)
    assert data_requests.open_requests(world.shop) == []
    assert noted(world) == [("receive", ann.id), ("answer", ann.id)]
    assert asks(world, id=77).status == "booked"
    assert len(data_requests.open_requests(world.shop)) == 1


def test_a_guest_is_found_by_the_address_and_a_stranger_is_noted_as_unknown(world: World) -> None:
    guest = world.visitor("guest@example.com")
    assert asks(world, id=5, email="GUEST@example.com").status == "booked"
    assert [one.customer.id for one in data_requests.open_requests(world.shop)] == [guest.id]
    outcome = asks(world, id=6, email="stranger@example.com")
    assert (outcome.status, outcome.reason) == ("ignored", "not known")
    assert noted(world) == [("receive", guest.id), ("receive", None)]


def test_it_follows_a_merge_and_ends_with_an_erasure(world: World) -> None:
    ann, kept = world.member("ann@example.com"), world.member("ann@work.example")
    customers.update(ann.customer, external_id="77")
    asks(world, id=77)
    merging.merge(world.shop, ann.id, kept.id)
    assert [one.customer.id for one in data_requests.open_requests(world.shop)] == [kept.id]
    privacy.erase(world.shop, customers.by_id(world.shop.id, kept.id))
    assert data_requests.open_requests(world.shop) == []
    world.books_must_balance()


def test_of_another_shop_nothing_is_seen(world: World) -> None:
    other = World.create(name="Other")
    ann = world.member("ann@example.com")
    customers.update(ann.customer, external_id="77")
    assert asks(other, id=77, email="ann@example.com").reason == "not known"
    assert data_requests.open_requests(world.shop) == data_requests.open_requests(other.shop) == []


def test_after_a_year_it_is_no_longer_shown(world: World) -> None:
    ann = world.member("ann@example.com")
    customers.update(ann.customer, external_id="77")
    with clock.at(NOON):
        asks(world, id=77)
    for days, shown in ((364, 1), (366, 0)):
        with clock.at(NOON + timedelta(days=days)):
            assert len(data_requests.open_requests(world.shop)) == shown
