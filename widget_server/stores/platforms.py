"""The platforms that shops run on. A new one is a folder beside this file and a line in PLATFORMS."""

from collections.abc import Mapping
from typing import Protocol

from widget_server.errors import BadRequest
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.stores import generic, shopify, woocommerce
from widget_server.stores.calls import Api, Found, Recipient
from widget_server.stores.messages import Message


class Codes(Protocol):
    """How the checkout of a platform learns a code, through the API of a connected shop."""

    @property
    def KEYS(self) -> dict[str, str]:
        """The keys that open the API, and what the platform calls each."""

    @property
    def GIVES_USES_BACK(self) -> bool:
        """Whether a code can be used again once the order that used it is cancelled."""

    @property
    def TAKEN(self) -> str:
        """The code of the API's refusal of a code that it has already."""

    def check(self, api: Api) -> None:
        """Checks that the keys open the API, and for codes. Raises NotReached, Refused."""

    def make(self, api: Api, coupon: Coupon, recipient: Recipient, currency: str) -> None:
        """Teach the checkout the coupon's code. Raises NotReached, Refused."""

    def find(self, api: Api, code: str) -> Found | None:
        """Returns the code as the shop has it; None when it has none. Raises NotReached, Refused."""

    def delete(self, api: Api, found: Found) -> None:
        """Remove a code from the shop. Raises NotReached, Refused."""


class Platform(Protocol):
    """What a platform's webhooks are called and say, and what its checkout can do."""

    @property
    def TOPICS(self) -> tuple[str, ...]:
        """The topics of its webhooks, as its addresses have them."""

    @property
    def ENDINGS(self) -> frozenset[str]:
        """The topics by which something ends, where the signature does not cover the topic (contracts §18)."""

    @property
    def CALLS(self) -> tuple[str, ...]:
        """What a checkout of the shop's own asks us."""

    @property
    def APPLY_URL(self) -> str | None:
        """Where a shopper uses a code, below the shop's home, with `{code}` in it or not; None: the shop must say."""

    @property
    def CODES(self) -> Codes | None:
        """How its checkout learns codes; None where the shop asks us."""

    def verify(self, secret: str, headers: Mapping[str, str], body: bytes) -> bool:
        """True when the shop signed this body with `secret`."""

    def translate(self, topic: str, body: bytes) -> Message:
        """Returns what a signed body says; raises MalformedMessage when it is not of its topic's shape."""

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """True when this unsigned delivery only asks whether somebody is there."""


PLATFORMS: dict[str, Platform] = {"generic": generic, "shopify": shopify, "woocommerce": woocommerce}


def codes_of(platform: str) -> Codes:
    """Returns how the platform's checkout learns codes. Raises BadRequest where it learns none."""
    found = PLATFORMS[platform].CODES
    if found is None:
        raise BadRequest("A generic shop calls this server itself: there is nothing to connect.", field="platform")
    return found
