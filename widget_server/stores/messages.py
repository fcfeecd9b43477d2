"""The content of a platform's webhook, in the format of the generic contract (docs/contracts.md §4).

An adapter translates a signed body into one of these; the generic platform's schemas check the
dictionaries, so no platform can bypass a check of our own contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from widget_server.json_types import JsonObject


class MalformedMessage(Exception):
    """A signed body without the shape that its topic requires: parked for the owner, never failed."""


@dataclass(frozen=True)
class OrderSeen:
    """The whole state of an order, as the body of `POST /stores/generic/{shop_id}/order`."""

    order: JsonObject


@dataclass(frozen=True)
class RefundSeen:
    """One refund of an order that may not be known yet; `refund` as in the order's `refunds`.

    With `parts_known` it only describes a refund; the order's own list decides whether that refund exists.
    """

    order_id: str
    refund: JsonObject


@dataclass(frozen=True)
class OrderGone:
    """The platform deleted the order: it counts as cancelled."""

    order_id: str


@dataclass(frozen=True)
class CustomerSeen:
    """A customer, as the body of `POST /stores/generic/{shop_id}/customer`."""

    customer: JsonObject


@dataclass(frozen=True)
class CustomersMerged:
    """The platform merged two customers: everything of `deleted_id` goes to `kept_id`."""

    kept_id: str
    deleted_id: str


@dataclass(frozen=True)
class CustomerErased:
    """The platform requests the erasure of a person."""

    customer_id: str | None
    email: str | None


@dataclass(frozen=True)
class DataRequested:
    """The platform requests a person's data: for the owner to respond to."""

    customer_id: str | None
    email: str | None


@dataclass(frozen=True)
class ShopErased:
    """The platform requests the erasure of the data of its shop at this domain."""

    domain: str


@dataclass(frozen=True)
class AppUninstalled:
    """The shop's owner uninstalled the app that this server uses: its access has ended."""


@dataclass(frozen=True)
class ActionSeen:
    """Something a customer did, as the body of `POST /stores/generic/{shop_id}/action`."""

    action: JsonObject


@dataclass(frozen=True)
class Ignored:
    """A message that needs no action, with the reason."""

    reason: str


Message = (
    OrderSeen
    | RefundSeen
    | OrderGone
    | CustomerSeen
    | CustomersMerged
    | CustomerErased
    | DataRequested
    | ShopErased
    | AppUninstalled
    | ActionSeen
    | Ignored
)


def is_no_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Returns False: the platform sends no deliveries that only test the connection."""
    return False
