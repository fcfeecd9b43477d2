"""The draft that a backtest scores orders with, made of an edited rule or of a file: rows in memory, never saved."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from widget_server import editions
from widget_server.db import new_id
from widget_server.loyalty.backtest import drafts
from widget_server.loyalty.backtest.drafts import Draft
from widget_server.loyalty.earning.kinds import ORDER_KINDS
from widget_server.loyalty.earning.rules import Campaign, EarningRule
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import Tier, TierProgram
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.programs import Program, ProgramSettings
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referral_programs import ReferralProgram
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.program_file import checks, current
from widget_server.program_file.facts import (
    CAMPAIGN_WORDS,
    PROGRAM_WORDS,
    TIER_SETTINGS_WORDS,
    TIER_WORDS,
    Facts,
    ProgramFile,
    Things,
)
from widget_server.program_file.writing import columns_of, referral_columns, reward_columns, rule_columns

Thing = TypeVar("Thing", EarningRule, Reward)


def with_rule(shop: Shop, handle: str, facts: Facts) -> Draft:
    """Returns today's program with the rule `handle` changed or added; `facts` as `entries.read_rule` returns them."""
    now = drafts.present(shop)
    ids = {tier.name: tier.id for tier in now.tiers}
    edited = _rule(shop, handle, facts, ids)
    kept = [edited if rule.handle == handle else rule for rule in now.rules]
    is_new = all(rule.handle != handle for rule in now.rules)
    if edited.kind not in ORDER_KINDS:
        return now
    return replace(now, rules=[*kept, edited] if is_new else kept)


def of_file(shop: Shop, file: ProgramFile) -> Draft:
    """Returns the program as it would be after applying the file; sections that it leaves out stay as they are.

    Raises BadRequest, BadTransition and NotWholeCoins for a file that does not fit the shop, as `apply.plan` does.
    """
    known, wanted = current.of(shop), checks.in_zone(file, shop.timezone)
    checks.check(shop, known, wanted)
    now = drafts.present(shop)
    if wanted.tiers is not None and wanted.levels is not None:
        now = replace(now, **_tiers(shop, wanted.tiers, wanted.levels))
    ids = {tier.name: tier.id for tier in now.tiers}
    if wanted.program is not None:
        now = replace(now, program=_program(shop, wanted.program))
    if wanted.earning_rules is not None:
        same = {rule.handle: rule for rule in now.rules if _is_same(known.earning_rules, wanted.earning_rules, rule)}
        of_orders = {name: one for name, one in wanted.earning_rules.items() if one["kind"] in ORDER_KINDS}
        now = replace(now, rules=[same.get(name) or _rule(shop, name, one, ids) for name, one in of_orders.items()])
    if wanted.campaigns is not None:
        campaigns = [Campaign(**columns_of(one, CAMPAIGN_WORDS)) for one in wanted.campaigns.values()]
        now = replace(now, campaigns=campaigns)
    if wanted.rewards is not None:
        columns = [reward_columns(facts, ids) for facts in wanted.rewards.values()]
        at_checkout = [reward for reward in now.rewards if reward.at_checkout]  # they are in no file
        now = replace(now, rewards=[*at_checkout, *(Reward(**one) for one in columns)])
    return now


@dataclass(frozen=True)
class Rows:
    """The rules, rewards and tiers of a file as rows in memory, by handle; those that exist have their ids."""

    tiers: list[Tier]
    rules: dict[str, EarningRule]
    rewards: dict[str, Reward]
    referral: ReferralProgram


def rows_of(shop: Shop, file: ProgramFile, revision: int) -> Rows:
    """Returns the rows of a file with every section, each with this revision. They are never saved."""
    levels = _tiers(shop, file.tiers or {}, file.levels or {})["tiers"]
    ids = {tier.name: tier.id for tier in levels}
    rules = {
        name: _edited(shop, EarningRule, name, rule_columns(facts, ids), revision)
        for name, facts in (file.earning_rules or {}).items()
    }
    rewards = {
        name: _edited(shop, Reward, name, reward_columns(facts, ids), revision)
        for name, facts in (file.rewards or {}).items()
    }
    referral = ReferralProgram(id=shop.id, shop_id=shop.id, revision=revision)
    for column, value in referral_columns(file.referral or {}).items():
        setattr(referral, column, value)
    return Rows(levels, rules, rewards, referral)


def _edited(shop: Shop, table: type[Thing], handle: str, columns: Facts, revision: int) -> Thing:
    stored: Any = table.one(shop, table.handle == handle)
    row: Any = stored or table(id=new_id(), shop_id=shop.id, handle=handle)
    for column, value in {**columns, "archived_at": None, "revision": revision}.items():
        setattr(row, column, value)
    return cast(Thing, row)


def _is_same(known: Things | None, wanted: Things, rule: EarningRule) -> bool:
    """True for a rule that the file does not change: its row may hold what a file cannot say."""
    return rule.handle in wanted and wanted[rule.handle] == (known or {}).get(rule.handle)


def _rule(shop: Shop, handle: str, facts: Facts, ids: dict[str, str]) -> EarningRule:
    stored = EarningRule.one(shop, EarningRule.handle == handle)
    rule_id = new_id() if stored is None else stored.id
    return EarningRule(id=rule_id, shop_id=shop.id, handle=handle, archived_at=None, **rule_columns(facts, ids))


def _program(shop: Shop, facts: Facts) -> Program:
    program = editions.changeable(programs.of(shop.id))
    program.settings = ProgramSettings(**columns_of(facts, PROGRAM_WORDS)).as_json()
    program.status = "active"
    return program


def _tiers(shop: Shop, settings: Facts, levels: Things) -> Facts:
    stored = {tier.name: tier for tier in tiers.listed(shop.id)}
    program = TierProgram.one(shop) or TierProgram(id=shop.id, shop_id=shop.id)
    for name, value in columns_of(settings, TIER_SETTINGS_WORDS).items():
        setattr(program, name, value)
    made = [
        Tier(
            id=stored[name].id if name in stored else new_id(),
            shop_id=shop.id,
            name=name,
            **columns_of(facts, TIER_WORDS),
        )
        for name, facts in levels.items()
    ]
    by_points = sorted(made, key=lambda tier: tier.required_points)
    return {"tier_program": program if program.active else None, "tiers": by_points}
