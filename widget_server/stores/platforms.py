"""The platforms that shops run on. A new one is a folder beside this file and a line in PLATFORMS."""

from collections.abc import Mapping
from typing import Protocol

from widget_server.errors import BadRequest
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores import generic, shopify, woocommerce
from widget_server.stores.calls import Api, Found, Recipient
from widget_server.stores.messages import Message


class Codes(Protocol):
    """Creates codes in the checkout of a platform, through the API of a connected shop."""

    @property
    def KEYS(self) -> dict[str, str]:
        """The keys of the API, each with the platform's own name for it."""

    @property
    def OTHER_KEYS(self) -> dict[str, str]:
        """Keys that do instead, of an app that was made under former rules of the platform."""

    def is_other_key(self, key: str) -> bool:
        """Whether this is one of OTHER_KEYS, by its looks."""

    @property
    def GIVES_USES_BACK(self) -> bool:
        """Whether a code can be used again once the order that used it is cancelled."""

    @property
    def TAKEN(self) -> str:
        """The API's error code for a coupon code that exists already."""

    def check(self, api: Api) -> None:
        """Check that the keys give access to codes in the API. Raises NotReached, Refused."""

    def make(self, api: Api, coupon: Coupon, recipient: Recipient, currency: str) -> None:
        """Create the coupon's code in the checkout. Raises NotReached, Refused."""

    def find(self, api: Api, code: str) -> Found | None:
        """Returns the code as the shop has it; None when it has none. Raises NotReached, Refused."""

    def delete(self, api: Api, found: Found) -> None:
        """Remove a code from the shop. Raises NotReached, Refused."""


class Platform(Protocol):
    """The topics and the meaning of a platform's webhooks, and what its checkout can do."""

    @property
    def TOPICS(self) -> tuple[str, ...]:
        """The topics of its webhooks, as in the URL path."""

    @property
    def ENDINGS(self) -> frozenset[str]:
        """The topics that report the end of something, if the signature does not cover the topic (contracts §18)."""

    @property
    def CALLS(self) -> tuple[str, ...]:
        """The calls that a shop's own checkout makes to this server."""

    @property
    def APPLY_URL(self) -> str | None:
        """The path where a shopper uses a code, with or without `{code}`; None: the shop must provide it."""

    @property
    def CODES(self) -> Codes | None:
        """Creates codes in its checkout; None where the checkout calls this server instead."""

    def verify(self, secret: str, headers: Mapping[str, str], body: bytes) -> bool:
        """True when the shop signed this body with `secret`."""

    def translate(self, topic: str, body: bytes) -> Message:
        """Returns the message in a signed body; raises MalformedMessage when it lacks the shape of its topic."""

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """True when this unsigned delivery only tests the connection."""


PLATFORMS: dict[str, Platform] = {"generic": generic, "shopify": shopify, "woocommerce": woocommerce}


def codes_of(platform: str) -> Codes:
    """Returns the platform's `Codes`. Raises BadRequest for a platform without."""
    found = PLATFORMS[platform].CODES
    if found is None:
        raise BadRequest("A generic shop calls this server itself: there is nothing to connect.", field="platform")
    return found
