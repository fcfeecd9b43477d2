"""Which browsers a customer has signed in from: known by a random token, to their owner alone."""

from datetime import timedelta

from tests.make import NOON, World, everything_kept
from widget_server import clock
from widget_server.loyalty.people import devices, sessions
from widget_server.loyalty.people.devices import Device


def test_a_device_is_new_once_and_its_token_is_kept_hashed(world: World) -> None:
    first = devices.remember(world.shop.id, "ann", None)
    assert first.is_new
    again = devices.remember(world.shop.id, "ann", first.token)
    assert (again.token, again.is_new) == (first.token, False)
    assert devices.is_known(world.shop.id, "ann", first.token)
    assert first.token not in everything_kept()


def test_a_device_is_known_to_its_owner_in_its_shop(world: World) -> None:  # acceptance 9
    token = devices.remember(world.shop.id, "ann", None).token
    other = World.create()
    for shop_id, customer_id, shown in (
        (world.shop.id, "bob", token),
        (other.shop.id, "ann", token),
        (world.shop.id, "ann", token + "x"),
        (world.shop.id, "ann", ""),
        (world.shop.id, "ann", None),
    ):
        assert not devices.is_known(shop_id, customer_id, shown)
    assert devices.remember(other.shop.id, "ann", token).token != token


def test_nobody_chooses_the_token_of_a_device(world: World) -> None:
    assert devices.remember(world.shop.id, "ann", "1234").token != "1234"


def test_signing_out_everywhere_forgets_devices(world: World) -> None:
    token = devices.remember(world.shop.id, "ann", None).token
    devices.remember(world.shop.id, "bob", token)
    sessions.close_all(world.shop.id, "ann")
    assert not devices.is_known(world.shop.id, "ann", token)
    assert devices.is_known(world.shop.id, "bob", token)


def test_what_two_rows_of_one_person_have_signed_in_from_is_theirs(world: World) -> None:
    shared = devices.remember(world.shop.id, "source", None).token
    devices.remember(world.shop.id, "target", shared)
    own = devices.remember(world.shop.id, "source", None).token
    devices.move(world.shop.id, "source", "target")
    assert devices.is_known(world.shop.id, "target", shared) and devices.is_known(world.shop.id, "target", own)
    assert Device.of(world.shop).count() == 2


def test_a_device_of_long_ago_is_forgotten(world: World) -> None:
    with clock.at(NOON):
        old, kept = (devices.remember(world.shop.id, "ann", None).token for _ in range(2))
    with clock.at(NOON + timedelta(days=devices.DEVICE_DAYS - 1)):
        devices.remember(world.shop.id, "ann", kept)
    with clock.at(NOON + timedelta(days=devices.DEVICE_DAYS + 1)):
        devices.forget_old()
    assert not devices.is_known(world.shop.id, "ann", old)
    assert devices.is_known(world.shop.id, "ann", kept)
