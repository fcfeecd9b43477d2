"""Taking a change of the program back: the values before it are written again, as a new change (acceptance 59)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from widget_server import clock
from widget_server.db import Money, UtcDateTime, atomic
from widget_server.errors import CannotTakeBack
from widget_server.events import ProgramChanged, emit
from widget_server.json_types import Json
from widget_server.loyalty import versions
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning import campaigns, rules
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import referral_programs
from widget_server.loyalty.rewards import rewards

Columns = dict[str, Any]  # by name, of the types of the table's fields


def take_back(shop: Shop, entry_id: str) -> None:
    """Undo one change of the program, by its entry in the audit log: what it created ends, what it deleted is back.

    Booked points and issued coupons stay as they are. Raises NotFound, CannotTakeBack (`reason`, `fields`) when the
    settings were changed since, and what the change itself may raise, such as TierTaken.
    """
    with atomic():
        programs.locked(shop.id)
        version = versions.need(shop, entry_id)
        if version.obstacle is not None:
            raise CannotTakeBack(reason=version.obstacle, fields=list(version.fields))
        entry = version.entry
        if entry.verb == "create":
            ENDS[entry.noun](shop, str(entry.subject_id))
        elif entry.verb == "delete":
            CREATES[entry.noun](shop, _columns(entry.noun, entry.before or {}))
        else:
            CHANGES[entry.noun](shop, str(entry.subject_id), _before(shop, entry))


def _before(shop: Shop, entry: AuditEntry) -> Columns:
    """Returns the columns that the entry changed with their values before it; other settings in them stay."""
    before, found = dict(entry.before or {}), versions.differences(entry)
    names = dict.fromkeys(one.name.partition(".")[0] for one in found)
    many = versions.SETTINGS.get(entry.noun)
    if many in names:
        table = versions.TABLES[entry.noun]
        row = shops.by_id(shop.id) if entry.noun == "shop" else table.need(shop, table.id == entry.subject_id)
        was, settings = before.get(many) or {}, dict(getattr(row, many))
        for name in (one.name.partition(".")[2] for one in found if one.name.startswith(f"{many}.")):
            settings.pop(name, None)
            settings |= {name: was[name]} if name in was else {}
        before[many] = settings
    return _columns(entry.noun, {name: before.get(name) for name in names})


def _columns(noun: str, values: dict[str, Json]) -> Columns:
    """Returns an entry's values in the types of the table's fields."""
    fields = versions.TABLES[noun]._meta.fields
    return {name: _value(fields[name], value) for name, value in values.items() if name in fields}


def _value(field: object, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(field, Money):
        return Decimal(str(value))
    return clock.parse(value) if isinstance(field, UtcDateTime) else value


def _change_program(shop: Shop, _: str, columns: Columns) -> None:
    if "status" in columns:
        (programs.activate if columns["status"] == "active" else programs.pause)(shop.id)
    settings = columns.get("settings")
    programs.update(
        shop.id,
        name=columns.get("name"),
        points_name=(columns["points_name"] or "") if "points_name" in columns else None,
        icon=(columns["icon"] or {}) if "icon" in columns else None,
        settings=ProgramSettings.from_json(settings) if settings is not None else None,
    )


def _change_rule(shop: Shop, rule_id: str, columns: Columns) -> None:
    rule = rules.EarningRule.need(shop, rules.EarningRule.id == rule_id)
    rules.save_rule(shop, rule.handle, **columns)


def _change_reward(shop: Shop, reward_id: str, columns: Columns) -> None:
    reward = rewards.Reward.need(shop, rewards.Reward.id == reward_id)
    rewards.save_reward(shop, reward.handle, **columns)


def _change_tiers(shop: Shop, _: str, columns: Columns) -> None:
    if columns.get("status", "") is None:  # `active` alone says the rest
        columns.pop("status")
    tiers.save_program(shop, **columns)


def _change_widget(shop: Shop, _: str, columns: Columns) -> None:
    fresh = shops.by_id(shop.id)
    fresh.widget = columns["widget"]
    fresh.save(only=[Shop.widget])
    emit(ProgramChanged(shop.id))


CHANGES: dict[str, Callable[[Shop, str, Columns], object]] = {
    "program": _change_program,
    "earning_rule": _change_rule,
    "reward": _change_reward,
    "tier": lambda shop, tier_id, columns: tiers.change(shop, tier_id, None, **columns),
    "tier_program": _change_tiers,
    "campaign": lambda shop, campaign_id, columns: campaigns.change(shop, campaign_id, None, **columns),
    "referral_program": lambda shop, _, columns: referral_programs.change_program(shop, None, **columns),
    "shop": _change_widget,
}
ENDS: dict[str, Callable[[Shop, str], object]] = {
    "earning_rule": lambda shop, rule_id: rules.remove(shop, rule_id, None),
    "reward": lambda shop, reward_id: rewards.remove(shop, reward_id, None),
    "tier": lambda shop, tier_id: tiers.remove(shop, tier_id, None),
    "campaign": campaigns.remove,
}
CREATES: dict[str, Callable[[Shop, Columns], object]] = {
    "tier": lambda shop, columns: tiers.create(shop, **_without(columns, "id")),
    "campaign": lambda shop, columns: campaigns.create(shop, **_without(columns, "id")),
}


def _without(columns: Columns, *names: str) -> Columns:
    return {name: value for name, value in columns.items() if name not in names}
