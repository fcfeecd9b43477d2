"""Devices: which browsers a customer has signed in from with the widget's own sign-in (contracts §19).

A device is a random token that a panel stores with its session and sends at the next sign-in. There is no browser
fingerprinting. A customer gets one notice of each new device, and a known device has a rate limit of its own, which
strangers cannot use up.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from peewee import CompositeKey

from widget_server import clock, config
from widget_server.db import ShopTable, Text, UtcDateTime, delete_before, insert_once

DEVICE_DAYS = 365


class Device(ShopTable):
    """One customer on one device. `id` is the hash of the device's token; customers may share a device."""

    id = Text()
    customer_id = Text(index=True)
    created_at = UtcDateTime()
    last_used_at = UtcDateTime(index=True)

    class Meta:
        primary_key = CompositeKey("shop_id", "id", "customer_id")


@dataclass(frozen=True)
class Browser:
    """The browser of a sign-in: the device token that its panel stores, if any, and its family.

    `family` is approximate and only for display, such as "Firefox, Windows"; empty when it is not known.
    """

    device: str | None = None
    family: str = ""


@dataclass(frozen=True)
class Remembered:
    """The token for the panel to store, and whether the customer signed in from this device for the first time."""

    token: str
    is_new: bool


def is_known(shop_id: str, customer_id: str, token: str | None) -> bool:
    """True when this customer has signed in from the device with this token."""
    if not token:
        return False
    mine = (Device.id == config.digest(token), Device.customer_id == customer_id)
    return bool(Device.of(shop_id).where(*mine).exists())


def count(shop_id: str, customer_id: str) -> int:
    """Returns how many devices the customer has signed in from."""
    return Device.of(shop_id).where(Device.customer_id == customer_id).count()


def remember(shop_id: str, customer_id: str, token: str | None) -> Remembered:
    """Note a sign-in of the customer from a device; a token that the shop never issued is replaced by a fresh one."""
    if not token or not Device.of(shop_id).where(Device.id == config.digest(token)).exists():
        token = secrets.token_urlsafe(24)
    id, now = config.digest(token), clock.now()
    facts = {"shop_id": shop_id, "id": id, "customer_id": customer_id, "created_at": now, "last_used_at": now}
    is_new = insert_once(Device, facts)
    if not is_new:
        Device.change(shop_id, {Device.last_used_at: now}, Device.id == id, Device.customer_id == customer_id)
    return Remembered(token, is_new)


def move(shop_id: str, source_id: str, target_id: str) -> None:
    """Move the devices of a merged customer (`source_id`) to the one it was merged into (`target_id`)."""
    for row in Device.of(shop_id).where(Device.customer_id == source_id):
        insert_once(Device, {**row.__data__, "customer_id": target_id})
    forget_all(shop_id, source_id)


def forget_all(shop_id: str, customer_id: str) -> None:
    """Delete all devices of the customer: after a new password, and whenever all sessions are closed."""
    Device.remove(shop_id, Device.customer_id == customer_id)


def forget_old() -> None:
    """Delete devices that nobody has signed in from for DEVICE_DAYS."""
    delete_before(Device, Device.last_used_at, clock.now() - timedelta(days=DEVICE_DAYS))
