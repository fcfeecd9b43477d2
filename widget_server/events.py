"""Events, as frozen dataclasses. `reactions.py` lists the reactions to each.

`emit()` runs inside the transaction that caused the event, so a reaction and its cause are committed together.
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
    """The ledger booked rows on an account; `amount` is in points."""

    account_id: str
    customer_id: str
    transaction_id: str
    kind: str
    amount: int


@dataclass(frozen=True)
class ManyPointsMoved(Event):
    """Staff changed many accounts at once: one adjustment for each, without a reaction to each single one."""

    moves: tuple[PointsMoved, ...]


@dataclass(frozen=True)
class ManyPointsEarned(Event):
    """Many accounts earned points at once: what follows from each `PointsMoved` is done for all of them together."""

    moves: tuple[PointsMoved, ...]


@dataclass(frozen=True)
class AccountCreated(Event):
    """A customer's account was opened."""

    account_id: str
    customer_id: str


@dataclass(frozen=True)
class AccountMerged(Event):
    """An account and its history were merged into another one of the same person. No points moved."""

    account_id: str
    customer_id: str
    merged_account_id: str


@dataclass(frozen=True)
class CustomerJoined(Event):
    """A customer joined the program and is a member now."""

    customer_id: str


@dataclass(frozen=True)
class CustomerRegistered(Event):
    """The shop reported that a person registered an account there."""

    customer_id: str
    referral_code: str | None


@dataclass(frozen=True)
class CustomerPastChanged(Event):
    """New facts about the time before a customer's first known order: registration date, or a paid order."""

    customer_id: str


@dataclass(frozen=True)
class CustomerChanged(Event):
    """Customer fields changed for which a rule may give points (newsletter, birthday, verified e-mail)."""

    customer_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class SamePerson(Event):
    """Two customer rows belong to one person: the data of the source goes to the target."""

    source_id: str
    target_id: str


@dataclass(frozen=True)
class CustomerErased(Event):
    """A customer was erased, with the customers that were merged into them."""

    customer_id: str
    merged_ids: tuple[str, ...]


@dataclass(frozen=True)
class OrderChanged(Event):
    """An order has a new state."""

    order_id: str


@dataclass(frozen=True)
class CouponIssued(Event):
    """A reward was bought or given, and its coupon is available."""

    coupon_id: str


@dataclass(frozen=True)
class CouponChanged(Event):
    """A coupon changed its status."""

    coupon_id: str
    status: str


@dataclass(frozen=True)
class CouponDeleted(Event):
    """A coupon is not listed in the admin API any more."""

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
    """An earning rule was created, edited (`fields` names the columns) or archived."""

    rule_id: str
    change: Change
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class RewardChanged(Event):
    """A reward was created, edited (`fields` names the columns) or archived."""

    reward_id: str
    change: Change
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class TierChanged(Event):
    """A tier was created, edited (`fields` names the columns) or removed."""

    tier_id: str
    change: Change
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class TierMoved(Event):
    """An account moved from one tier to another by itself or by a grant; None is the base tier. For letters alone."""

    account_id: str
    customer_id: str
    before_id: str | None
    tier_id: str | None


@dataclass(frozen=True)
class ManyTiersMoved(Event):
    """Many accounts moved to another tier at once."""

    moves: tuple[TierMoved, ...]


@dataclass(frozen=True)
class BatchChanged(Event):
    """A batch (a change of many accounts) began, ended or was undone."""

    batch_id: str
    status: str


@dataclass(frozen=True)
class ImportCreated(Event):
    """A file with points was uploaded and is being read."""

    import_id: str


@dataclass(frozen=True)
class ChannelFollowed(Event):
    """A member declared that they follow a social channel."""

    channel_id: str


@dataclass(frozen=True)
class CheckoutChanged(Event):
    """A discount at a checkout was applied, or changed its status."""

    discount_id: str
    status: str


@dataclass(frozen=True)
class ShopConnected(Event):
    """The server has received keys to the shop's own API."""


@dataclass(frozen=True)
class ShopDisconnected(Event):
    """The keys to the shop's own API were deleted."""


@dataclass(frozen=True)
class MailWanted(Event):
    """A mail is to be sent: `template` and its `values`, which also contain the secrets of the mail.

    `customer_id` is set for letters of a topic: the customer's link to unsubscribe is added when it is written.
    """

    template: str
    to: str
    locale: str
    values: dict[str, Any]
    customer_id: str | None = None


@dataclass(frozen=True)
class ManyMailsWanted(Event):
    """Many mails of one shop are to be sent."""

    mails: tuple[MailWanted, ...]


_sink: list[Callable[[Event], None]] = []


def wire(handler: Callable[[Event], None]) -> None:
    """Set the handler of all events; the last call wins. create_app calls it once."""
    _sink[:] = [handler]


def emit(event: Event) -> None:
    """Pass `event` to the handler; raises RuntimeError when there is none, so that no event is ever lost."""
    if not _sink:
        raise RuntimeError(f"nobody is wired to hear {type(event).__name__}")
    _sink[0](event)
