"""The referral program: what it gives, and the results of a member's link."""

from decimal import Decimal
from typing import TypedDict

from widget_server.widget.fields import GiftKind, ReferralTrigger


class Gift(TypedDict):
    """What a referral gives to one side."""

    kind: GiftKind
    points: int | None
    amount: Decimal | None
    percent: Decimal | None
    product_name: str | None
    minimum_subtotal: Decimal | None


class ReferralOffer(TypedDict):
    """What a referral gives to both sides, and when."""

    friend_gets: Gift | None
    you_get: Gift | None
    trigger: ReferralTrigger
    minimum_subtotal: Decimal | None


class Uncounted(TypedDict):
    """A referral of the member that was not counted, and whether the member has sent the shop a text about it."""

    referral_id: str
    replied: bool


class Referral(TypedDict):
    """The member's link and its results: friends by status, and points earned. `uncounted`: what was not counted."""

    offer: ReferralOffer
    link: str
    code: str
    joined: int
    pending: int
    completed: int
    earned_points: int
    may_enter_code: bool
    uncounted: Uncounted | None


class QrCode(TypedDict):
    """A QR code as the path of an SVG of `size` modules."""

    size: int
    path: str


class FriendCode(TypedDict):
    """The friend's code that counts, how long a page may store it, and whether a gift may be promised for it."""

    code: str | None
    keep_days: int
    needs_consent: bool
    gift: bool
