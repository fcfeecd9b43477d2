"""What the documents carry for everybody: shop, program, colours, words, and what a guest reads."""

from decimal import Decimal
from typing import Literal, TypedDict

from widget_server.widget.fields import ProgramStatus
from widget_server.widget.shapes.earn import EarnRule
from widget_server.widget.shapes.redeem import Reward
from widget_server.widget.shapes.referral import ReferralOffer


class Accent(TypedDict):
    """One theme's colours."""

    accent: str
    on_accent: str
    ink: str


class Theme(TypedDict):
    """The colours of both themes, and which one to show."""

    mode: Literal["light", "dark", "auto"]
    light: Accent
    dark: Accent


class ShopFacts(TypedDict):
    """What the panel knows of the shop. `decimals` are those of its currency's coins."""

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
    """What the panel knows of the program."""

    name: str
    status: ProgramStatus
    points_name: str | None


class Worth(TypedDict):
    """So many points are worth so much."""

    points: int
    money: Decimal


class GuestFacts(TypedDict):
    """What a guest reads."""

    earn: list[EarnRule]
    rewards: list[Reward]
    referral: ReferralOffer | None
    worth: Worth | None


class Boot(TypedDict):
    """What the panel's document carries, so that a guest needs no further request."""

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
    """The figures for the badges of a page, in the order of the request."""

    points: list[int]
    balance: int | None
