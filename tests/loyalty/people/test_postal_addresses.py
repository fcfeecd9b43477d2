"""A postal address is known again however it is written, and never kept."""

from datetime import timedelta

import pytest

from tests.make import NOON, World, everything_kept
from widget_server import clock, jobs
from widget_server.loyalty.earning.orders import Order
from widget_server.loyalty.people import privacy
from widget_server.loyalty.people.customers import Person
from widget_server.loyalty.people.postal_addresses import KEPT_DAYS, PostalAddress

ANN = PostalAddress("Ann Lee", "Hauptstraße 1", "Hof", "10115", "DE")


@pytest.mark.parametrize(
    "spelt",
    [
        PostalAddress("ANN LEE", "hauptstrasse 1, hof", "", "10115", "de"),
        PostalAddress("Ann-Lee", "Hauptstraße 1 Hof", "", " 10 115 ", "DE"),
        PostalAddress("Änn Leé", "HAUPTSTRASSE 1", "(Hof)", "10115", "DE"),
    ],
)
def test_it_is_the_same_however_it_is_written(world: World, spelt: PostalAddress) -> None:
    assert ANN.digest == spelt.digest is not None


@pytest.mark.parametrize("missing", ["name", "address1", "postcode", "country"])
def test_half_of_one_is_none(missing: str) -> None:
    whole = PostalAddress("Ann Lee", "Weg 1", "", "10115", "DE")
    assert PostalAddress(**{**whole.__dict__, missing: " - "}).digest is None


def test_only_its_digest_is_kept_and_goes_with_its_owner(world: World) -> None:
    bob = Person(email="bob@example.com", address_digests=(str(ANN.digest),))
    order = world.order(bob)
    assert Order.need(world.shop).address_digests == [ANN.digest]
    assert order.billing_email == "bob@example.com"
    owner = world.visitor("bob@example.com").customer
    assert privacy.export(world.shop, owner)["orders"][0]["billing_email"] == "bob@example.com"
    privacy.erase(world.shop, owner)
    kept = Order.need(world.shop)
    assert (kept.address_digests, kept.billing_email, kept.owner_as_of) == ([], None, None)
    assert not any(word in everything_kept() for word in ("Hauptstra", "bob@example.com", str(ANN.digest)))


def test_a_digest_is_kept_for_half_a_year_and_no_late_message_brings_it_back(world: World) -> None:
    bob = Person(email="bob@example.com", address_digests=(str(ANN.digest),))
    with clock.at(NOON):
        world.order(bob, id="o1")
    with clock.at(NOON + timedelta(days=100)):
        world.order(bob, id="o2")
    with clock.at(NOON + timedelta(days=KEPT_DAYS, minutes=1)):
        jobs.every_minute()
        kept = {order.external_id: order.address_digests for order in Order.of(world.shop)}
        assert kept == {"o1": [], "o2": [ANN.digest]}
        world.order(bob, id="o1", placed_at=NOON, status="fulfilled", revision=2)
        assert Order.need(world.shop, Order.external_id == "o1").address_digests == []
