"""The data in the documents, the same for everybody: shop, program, colours, texts, and what a guest sees."""

from decimal import Decimal
from typing import Literal, NotRequired, TypedDict

from widget_server.widget.fields import ProgramStatus
from widget_server.widget.shapes.earn import EarnRule
from widget_server.widget.shapes.redeem import Reward
from widget_server.widget.shapes.referral import ReferralOffer


class Accent(TypedDict):
    """One theme's colours, as #rrggbb or in CSS light-dark()."""

    accent: str
    on_accent: str
    ink: str


class Theme(TypedDict):
    """The colours of both themes, which one to show, and the CSS rule for the picture of a point, if there is one."""

    mode: Literal["light", "dark", "auto"]
    light: Accent
    dark: Accent
    point: NotRequired[str]


class ShopFacts(TypedDict):
    """The shop's data for the panel. `decimals` is the number of decimal places of its currency."""

    name: str
    embed_key: str
    currency: str
    timezone: str
    decimals: int
    origins: list[str]
    sign_in: Literal["widget", "shop"]
    sign_in_url: str | None
    sign_up_url: str | None


class ProgramFacts(TypedDict):
    """The program's data for the panel."""

    name: str
    status: ProgramStatus
    points_name: str | None


class Worth(TypedDict):
    """What a number of points is worth in the shop's currency."""

    points: int
    money: Decimal


class GuestFacts(TypedDict):
    """What a guest sees, without being signed in: the first page of the rules and of the rewards.

    `earn_cursor` and `rewards_cursor` are of the next pages, None when there are none.
    """

    earn: list[EarnRule]
    earn_cursor: str | None
    rewards: list[Reward]
    rewards_cursor: str | None
    referral: ReferralOffer | None
    worth: Worth | None


class Boot(TypedDict):
    """The data in the panel's document, so that a guest needs no further request."""

    shop: ShopFacts
    program: ProgramFacts
    locale: str
    dir: Literal["ltr", "rtl"]
    strings: dict[str, str]
    theme: Theme
    guest: GuestFacts


class Words(TypedDict):
    """Texts by key, in one language."""

    words: dict[str, str]


class BadgeFigures(TypedDict):
    """The points of a page's prices, in the order of the request, and the member's balance."""

    points: list[int]
    balance: int | None
