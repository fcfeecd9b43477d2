"""The member's own data and sessions, and the responses to their actions."""

from datetime import datetime
from typing import Annotated, TypedDict

from marshmallow.validate import OneOf

from widget_server.widget.shapes.earn import EarnRule
from widget_server.widget.shapes.my_balance import Balance, History
from widget_server.widget.shapes.my_rewards import Coupon, CouponPage
from widget_server.widget.shapes.redeem import Reward
from widget_server.widget.shapes.referral import Referral


class Nothing(TypedDict):
    """An empty object."""


class Member(TypedDict):
    """What a member sees about themselves.

    `can_verify_email` means that the address is not verified yet: points of guest orders may be waiting for its owner.
    It does not reveal whether there are any, since the address may be somebody else's.
    """

    name: str | None
    email: str | None
    email_verified: bool
    can_verify_email: bool
    birthday: str | None
    has_password: bool


class MemberPanel(TypedDict):
    """A member's first paint: name, balance, and the tab that opens.

    `next_cursor` is of the tab's list; those of coupons and of the history are in their pages too.
    """

    member: Member
    balance: Balance
    unseen: int
    earn: list[EarnRule] | None
    rewards: list[Reward] | None
    my_rewards: CouponPage | None
    referral: Referral | None
    history: History | None
    next_cursor: str | None


class Challenge(TypedDict):
    """A confirmation in progress: a code was mailed and belongs to `challenge`."""

    challenge: str
    expires_at: datetime


class Session(TypedDict):
    """A session for this panel; the token is sent once. The panel keeps `device` and sends it with later sign-ins."""

    token: str
    expires_at: datetime
    member: Member
    referral: Annotated[str | None, OneOf(["bound", "blocked"])]
    device: str | None


class ListedSession(TypedDict):
    """One session: the browser's family ("Firefox, Windows") if known, and times that are exact to the hour."""

    browser: str | None
    created_at: datetime
    last_used_at: datetime | None
    is_this: bool


class SessionList(TypedDict):
    """A member's sessions, newest first."""

    sessions: list[ListedSession]


class Redemption(TypedDict):
    """A coupon that was bought or returned, and the balance after it."""

    coupon: Coupon
    balance: Balance


class Clicked(TypedDict):
    """The balance and the rule after a click on a social rule."""

    balance: Balance
    rule: EarnRule


class Visited(TypedDict):
    """The points that a daily visit gave, and the balance after it."""

    points: int
    balance: Balance


class BirthdaySet(TypedDict):
    """The member after setting a birthday, and the birthday rule if there is one."""

    member: Member
    rule: EarnRule | None
