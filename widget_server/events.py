"""What happened, as frozen dataclasses. `reactions.py` lists what each sets off.

`emit()` runs inside the transaction that caused the event, so a reaction and its cause stand or fall together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Change = Literal["created", "updated", "deleted"]


@dataclass(frozen=True)
class Event:
    """Something that happened in one shop."""

    shop_id: str


@dataclass(frozen=True)
class PointsMoved(Event):
    """The ledger booked rows on an account."""

    account_id: str
    customer_id: str
    transaction_id: str
    kind: str
    amount: int


@dataclass(frozen=True)
class ManyPointsMoved(Event):
    """Staff changed many accounts at once: as many adjusts, which nobody needs to hear of one by one."""

    moves: tuple[PointsMoved, ...]


@dataclass(frozen=True)
class AccountCreated(Event):
    """A customer's account was opened."""

    account_id: str
    customer_id: str


@dataclass(frozen=True)
class AccountMerged(Event):
    """An account and its history went to another one, because both turned out to be one person's. No points moved."""

    account_id: str
    customer_id: str
    merged_account_id: str


@dataclass(frozen=True)
class CustomerJoined(Event):
    """A person became a member."""

    customer_id: str


@dataclass(frozen=True)
class CustomerRegistered(Event):
    """The shop's message says that a person registered an account there."""

    customer_id: str
    referral_code: str | None


@dataclass(frozen=True)
class CustomerPastChanged(Event):
    """New facts from before a customer's first known order: the registration date, or whether an order was paid."""

    customer_id: str


@dataclass(frozen=True)
class CustomerChanged(Event):
    """Facts about a person changed that a rule may pay for (newsletter, birthday, verified e-mail)."""

    customer_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class SamePerson(Event):
    """Two rows of customers turned out to be one person: what the first has goes to the second."""

    source_id: str
    target_id: str


@dataclass(frozen=True)
class CustomerErased(Event):
    """A person is forgotten, with those that were merged into them."""

    customer_id: str
    merged_ids: tuple[str, ...]


@dataclass(frozen=True)
class OrderChanged(Event):
    """An order has a new state."""

    order_id: str


@dataclass(frozen=True)
class CouponIssued(Event):
    """A reward was bought, or given, and its coupon is to be had."""

    coupon_id: str


@dataclass(frozen=True)
class CouponChanged(Event):
    """A coupon changed its status."""

    coupon_id: str
    status: str


@dataclass(frozen=True)
class CouponDeleted(Event):
    """The admin API lists a coupon no more."""

    coupon_id: str


@dataclass(frozen=True)
class ReferralChanged(Event):
    """A referral changed its status."""

    referral_id: str
    status: str


@dataclass(frozen=True)
class ProgramChanged(Event):
    """The program as a whole was edited, activated or paused; `fields` names its columns and settings."""

    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleChanged(Event):
    """An earning rule was made, edited (`fields` names the columns) or archived."""

    rule_id: str
    change: Change
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class RewardChanged(Event):
    """A reward was made, edited (`fields` names the columns) or archived."""

    reward_id: str
    change: Change
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class TierChanged(Event):
    """A tier was made, edited (`fields` names the columns) or removed."""

    tier_id: str
    change: Change
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchChanged(Event):
    """A change of many accounts began, ended or was undone."""

    batch_id: str
    status: str


@dataclass(frozen=True)
class ImportCreated(Event):
    """A file with points is there and is read."""

    import_id: str


@dataclass(frozen=True)
class ChannelFollowed(Event):
    """A member said that they follow a social channel."""

    channel_id: str


@dataclass(frozen=True)
class CheckoutChanged(Event):
    """A discount at a checkout was applied, or changed its status."""

    discount_id: str
    status: str


@dataclass(frozen=True)
class ShopConnected(Event):
    """We hold keys to the shop's own API from now on."""


@dataclass(frozen=True)
class ShopDisconnected(Event):
    """The keys to the shop's own API are forgotten."""


@dataclass(frozen=True)
class MailWanted(Event):
    """A person is to get a mail: `template` and its figures; secrets of the mail travel in `values`."""

    template: str
    to: str
    locale: str
    values: dict[str, Any]


_sink: list[Callable[[Event], None]] = []


def wire(handler: Callable[[Event], None]) -> None:
    """Say who listens; the last one wins. create_app does it once."""
    _sink[:] = [handler]


def emit(event: Event) -> None:
    """Tell that `event` happened; raises RuntimeError when nobody listens, so that no event is ever lost."""
    if not _sink:
        raise RuntimeError(f"nobody is wired to hear {type(event).__name__}")
    _sink[0](event)
