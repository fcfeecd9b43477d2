"""Roles of staff, and the actions that each allows (acceptance 59). The matrix is documented in docs/dashboard.md."""

from enum import Enum
from typing import Literal, get_args

Role = Literal["owner", "marketer", "support", "reader"]
ROLES: tuple[Role, ...] = get_args(Role)


class Action(Enum):
    """What a page shows or changes. Every page of the dashboard, and every form on it, needs exactly one."""

    SEE = "see"  # read everything but secrets
    GIVE = "give"  # give and deduct points of one customer, within the caps of the role; redeem at the till
    CARE = "care"  # contact data, labels, notes, coupons, and leaving or re-joining of one customer
    MODERATE = "moderate"  # approve, block and attach referrals; retry parked orders
    BULK = "bulk"  # points of many customers: bulk updates, imports, exports
    PROGRAM = "program"  # rules, rewards, tiers, campaigns, the referral program, the widget, mails
    PEOPLE = "people"  # merge, exclude and erase customers
    SETTINGS = "settings"  # origins, keys, secrets, webhooks, the connection to the shop
    STAFF = "staff"  # who may use the dashboard


_SUPPORT = frozenset({Action.SEE, Action.GIVE, Action.CARE, Action.MODERATE})
ALLOWED: dict[Role, frozenset[Action]] = {
    "owner": frozenset(Action),
    "marketer": frozenset({*_SUPPORT, Action.BULK, Action.PROGRAM}),
    "support": _SUPPORT,
    "reader": frozenset({Action.SEE}),
}


def may(role: str, action: Action) -> bool:
    """Returns whether a role allows an action; False for an unknown role."""
    return any(known == role and action in allowed for known, allowed in ALLOWED.items())
