"""What a platform's webhook says, in the generic contract's words (docs/contracts.md §4).

An adapter translates a signed body into one of these; the generic platform's schemas check the
dictionaries, so a platform cannot slip past a check that our own contract makes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from widget_server.json_types import JsonObject


class MalformedMessage(Exception):
    """A signed body that has not the shape its topic promises: parked for the owner, never failed."""


@dataclass(frozen=True)
class OrderSeen:
    """The whole state of an order, as the body of `POST /stores/generic/{shop_id}/order`."""

    order: JsonObject


@dataclass(frozen=True)
class RefundSeen:
    """One refund of an order that may not be known yet; `refund` as in the order's `refunds`.

    With `parts_known` it only describes a refund; whether that refund stands is up to the order's own list.
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
    """The platform made two customers one: what `deleted_id` has goes to `kept_id`."""

    kept_id: str
    deleted_id: str


@dataclass(frozen=True)
class CustomerErased:
    """The platform asks us to forget a person."""

    customer_id: str | None
    email: str | None


@dataclass(frozen=True)
class DataRequested:
    """The platform asks what we know of a person: for the owner to answer."""

    customer_id: str | None
    email: str | None


@dataclass(frozen=True)
class ShopErased:
    """The platform asks us to forget the shop: for the operator to act on."""


@dataclass(frozen=True)
class ActionSeen:
    """Something a customer did, as the body of `POST /stores/generic/{shop_id}/action`."""

    action: JsonObject


@dataclass(frozen=True)
class Ignored:
    """Nothing to do, and why."""

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
    | ActionSeen
    | Ignored
)


def is_no_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """False: the platform sends no delivery that only asks whether somebody is there."""
    return False
