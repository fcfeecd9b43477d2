"""The menu of the dashboard: its entries in order, those that the role may see."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request, url_for
from flask_babel import lazy_gettext as _l

from widget_server.loyalty.staff.roles import Action

if TYPE_CHECKING:
    from widget_server.dashboard.callers import StaffCaller


@dataclass(frozen=True)
class Entry:
    """A page of the menu: its endpoint without "dashboard_", its name, and whether phones have it in the bar below."""

    endpoint: str
    name: str
    icon: str
    action: Action = Action.SEE
    in_bar: bool = False


@dataclass(frozen=True)
class Shown:
    """An entry as a template shows it."""

    address: str
    name: str
    icon: str
    is_current: bool
    in_bar: bool


@dataclass(frozen=True)
class Group:
    """Entries under one heading, which may be empty."""

    heading: str
    entries: list[Shown]


MENU: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("overview.overview", _l("Overview"), "chart", in_bar=True),
            Entry("customers.customer_list", _l("Customers"), "people", in_bar=True),
            Entry("till.till", _l("At the till"), "till", Action.GIVE, in_bar=True),
            Entry("orders.order_list", _l("Orders"), "box"),
            Entry("referrals.referral_list", _l("Referrals"), "share"),
        ),
    ),
    (
        _l("Points"),
        (
            Entry("bulk.batch_list", _l("Bulk updates"), "stack", Action.BULK),
            Entry("imports.import_list", _l("Imports"), "file", Action.BULK),
            Entry("accounting.accounting", _l("Accounting"), "book"),
        ),
    ),
    (
        _l("Program"),
        (
            Entry("program.program", _l("Program"), "star"),
            Entry("earning_rules.rule_list", _l("Ways to earn"), "plus"),
            Entry("rewards.reward_list", _l("Rewards"), "gift"),
            Entry("tiers.tier_list", _l("Tiers"), "steps"),
            Entry("campaigns.campaign_list", _l("Campaigns"), "calendar"),
            Entry("referral_program.referral_program", _l("Referral program"), "share"),
            Entry("mails.mail_list", _l("E-mails"), "mail", Action.PROGRAM),
            Entry("widget_editor.editor", _l("Widget"), "window"),
        ),
    ),
    (
        _l("Settings"),
        (
            Entry("settings.settings", _l("Shop"), "gear", Action.SETTINGS),
            Entry("store_link.connection", _l("Shop connection"), "hook", Action.SETTINGS),
            Entry("api_keys.key_list", _l("API keys"), "key", Action.SETTINGS),
            Entry("secrets.secret_list", _l("Secrets"), "lock", Action.SETTINGS),
            Entry("webhooks.endpoint_list", _l("Webhooks"), "hook", Action.SETTINGS),
            Entry("program_file.program_file", _l("Program file"), "file", Action.SETTINGS),
            Entry("staff.staff_list", _l("Staff"), "people", Action.STAFF),
            Entry("audit_log.entry_list", _l("Audit log"), "book", Action.SETTINGS),
            Entry("test_clock.test_clock", _l("Test clock"), "clock", Action.PROGRAM),
        ),
    ),
)


def groups(staff: "StaffCaller") -> list[Group]:
    """Returns the menu of this member of staff; the entry whose address the present page begins with is marked."""
    allowed = [(heading, [one for one in entries if staff.may(one.action)]) for heading, entries in MENU]
    addresses = [_address(entry) for _, entries in allowed for entry in entries]
    current = max((one for one in addresses if f"{request.path}/".startswith(f"{one}/")), key=len, default=None)
    return [
        Group(str(heading), [_shown(entry, current) for entry in entries]) for heading, entries in allowed if entries
    ]


def bar(menu: list[Group]) -> list[Shown]:
    """Returns the entries that phones have in the bar below."""
    return [entry for group in menu for entry in group.entries if entry.in_bar]


def _address(entry: Entry) -> str:
    return url_for(f"dashboard_{entry.endpoint}")


def _shown(entry: Entry, current: str | None) -> Shown:
    address = _address(entry)
    return Shown(address, str(entry.name), entry.icon, address == current, entry.in_bar)
