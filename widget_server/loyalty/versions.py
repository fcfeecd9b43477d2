"""Versions of the program: what changed, when and by whom, read from the audit log (acceptance 59).

An entry may be taken back (`taking_back`) while what it set is still in force. Points that were booked never change.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from widget_server import json_types
from widget_server.db import Table, canonical
from widget_server.json_types import Json, JsonObject
from widget_server.loyalty import audit_log
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.earning.rules import Campaign, EarningRule
from widget_server.loyalty.points.tier_figures import BASE
from widget_server.loyalty.points.tiers import Tier, TierProgram
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referral_programs import ReferralProgram
from widget_server.loyalty.rewards.rewards import Reward

Obstacle = Literal["changed_since", "gone", "set_up", "was_draft", "tier_gone", "nothing"]
TABLES: dict[str, type[Any]] = {
    table._meta.table_name: table
    for table in (Program, EarningRule, Reward, TierProgram, Tier, Campaign, ReferralProgram, Shop)
}
LISTED = ("earning_rule", "reward", "tier", "campaign")  # a shop has many of them; of the others one
SETTINGS = {"program": "settings", "earning_rule": "settings", "shop": "widget"}  # a column with many settings
DERIVED = {"program": ("activated_at", "resumed_at")}  # set by a change of the status
EDITS = ("create", "update", "delete")  # what else is done with these nouns changes no setting
PAGE = 50


@dataclass(frozen=True)
class Difference:
    """One setting that an entry changed: its name, after a dot for one of many in a column, and both values."""

    name: str
    before: Json
    after: Json


@dataclass(frozen=True)
class Version:
    """One change. `name` is what the changed thing is called; `obstacle` says why it cannot be taken back, if so.

    `fields` names what was changed since then, for the obstacle `changed_since`.
    """

    entry: AuditEntry
    name: str | None
    differences: tuple[Difference, ...]
    obstacle: Obstacle | None
    fields: tuple[str, ...] = ()


def listed(shop: Shop, *, after_id: str | None = None, nouns: Sequence[str] = tuple(TABLES)) -> list[Version]:
    """Returns the changes of the program, newest first, at most PAGE; those older than the entry `after_id`, if given.

    Raises NotFound for an unknown entry.
    """
    last = AuditEntry.need(shop, AuditEntry.id == after_id) if after_id else None
    newest = heapq.merge(*(_of_noun(shop, noun, last) for noun in nouns), key=_place, reverse=True)
    rows = {noun: _rows(shop, noun) for noun in TABLES}
    return [version(one, rows) for one, _ in zip(newest, range(PAGE), strict=False)]


def need(shop: Shop, entry_id: str) -> Version:
    """Returns one change of the program; raises NotFound, also for another entry of the audit log."""
    entry = AuditEntry.need(
        shop, AuditEntry.id == entry_id, AuditEntry.noun.in_(list(TABLES)), AuditEntry.verb.in_(EDITS)
    )
    return version(entry, {noun: _rows(shop, noun) for noun in TABLES})


def version(entry: AuditEntry, rows: dict[str, dict[str, Table]]) -> Version:
    """Returns an entry as a change of the program; `rows` are the shop's present ones, by noun and id."""
    row = rows[entry.noun].get(entry.subject_id or "")
    facts = audit_log.facts_of(row) if row is not None else None
    found = differences(entry)
    since = () if facts is None else changed_since(found, facts)
    obstacle = _obstacle(entry, found, facts, since, set(rows["tier"]))
    return Version(entry, _name(entry, facts), found, obstacle, since if obstacle == "changed_since" else ())


def differences(entry: AuditEntry) -> tuple[Difference, ...]:
    """Returns what an entry changed, setting by setting."""
    before, after = entry.before or {}, entry.after or {}
    many, found = SETTINGS.get(entry.noun), list[Difference]()
    for name in dict.fromkeys((*before, *after)):
        if name == many:
            was, now = _object(before.get(name)), _object(after.get(name))
            found += [_difference(f"{name}.{one}", was.get(one), now.get(one)) for one in dict.fromkeys((*was, *now))]
        elif name not in DERIVED.get(entry.noun, ()) and entry.noun != "shop":
            found.append(_difference(name, before.get(name), after.get(name)))
    return tuple(one for one in found if canonical(one.before) != canonical(one.after))


def changed_since(found: Sequence[Difference], facts: JsonObject) -> tuple[str, ...]:
    """Returns the names of the settings that do not have the values of the entry any more."""
    return tuple(one.name for one in found if canonical(_at(facts, one.name)) != canonical(one.after))


def _obstacle(
    entry: AuditEntry,
    found: Sequence[Difference],
    facts: JsonObject | None,
    since: Sequence[str],
    tier_ids: set[str],
) -> Obstacle | None:
    if not found:
        return "nothing"
    if entry.verb == "delete":
        return None if facts is None else "changed_since"
    if facts is None:
        return "gone"
    if entry.verb == "create" and (entry.noun not in LISTED or facts.get("archived_at")):
        return "gone" if entry.noun in LISTED else "set_up"
    if any(one.name == "status" and one.before == "draft" for one in found):
        return "was_draft"
    if since:
        return "changed_since"
    named = {tier for one in found for tier in _tiers_in(one)} if entry.verb == "update" else set()
    return "tier_gone" if named - tier_ids else None


def _tiers_in(one: Difference) -> set[str]:
    """Returns the ids of the tiers that the value before names."""
    if one.name == "tier_id" and one.before:
        return {str(one.before)}
    if one.name == "by_tier":
        return set(_object(one.before)) - {BASE}
    return {str(tier) for tier in one.before or ()} if one.name == "settings.tier_ids" else set()  # type: ignore[union-attr]


def _of_noun(shop: Shop, noun: str, last: AuditEntry | None) -> list[AuditEntry]:
    found = AuditEntry.of(shop).where(AuditEntry.noun == noun, AuditEntry.verb.in_(EDITS))
    if last is not None:
        older = (AuditEntry.created_at < last.created_at) | (AuditEntry.id < last.id)
        found = found.where(AuditEntry.created_at <= last.created_at, older)
    entries = found.order_by(AuditEntry.created_at.desc(), AuditEntry.id.desc()).limit(PAGE)
    return [one for one in entries if noun != "shop" or "widget" in (one.after or {})]


def _place(entry: AuditEntry) -> tuple[object, str]:
    return entry.created_at, entry.id


def _rows(shop: Shop, noun: str) -> dict[str, Table]:
    if noun == "shop":
        return {shop.id: shops.by_id(shop.id)}
    return {row.id: row for row in TABLES[noun].of(shop)}


def _name(entry: AuditEntry, facts: JsonObject | None) -> str | None:
    if entry.noun not in LISTED:
        return None
    known = {**(entry.before or {}), **(entry.after or {}), **(facts or {})}
    name = known.get("title") or known.get("name") or known.get("kind")
    return None if name is None else str(name)


def _difference(name: str, before: Json, after: Json) -> Difference:
    return Difference(name, before, after)


def _at(facts: JsonObject, name: str) -> Json:
    column, _, one = name.partition(".")
    value: Json = facts.get(column)
    return _object(value).get(one) if one else value


def _object(value: Json) -> json_types.JsonObject:
    return value if isinstance(value, dict) else {}
