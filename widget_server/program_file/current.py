"""The present program of a shop, in the form of a program file."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from widget_server import clock
from widget_server.loyalty.earning.rules import Campaign, EarningRule
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import TierProgram
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals.referral_programs import ReferralProgram
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.program_file.facts import (
    CAMPAIGN_WORDS,
    GIFT_WORDS,
    PROGRAM_WORDS,
    REFERRAL_WORDS,
    REWARD_WORDS,
    RULE_WORDS,
    TERMS_WORDS,
    TIER_SETTINGS_WORDS,
    TIER_WORDS,
    WIDGET_WORDS,
    Facts,
    ProgramFile,
)


def of(shop: Shop) -> ProgramFile:
    """Returns the shop's program in the form of a file, with every section, without archived rows."""
    listed = tiers.listed(shop.id)
    names = {tier.id: tier.name for tier in listed}
    referral = ReferralProgram.one(shop) or ReferralProgram()
    look = shops.by_id(shop.id).look
    return ProgramFile(
        program=_program_facts(programs.of(shop.id)),
        earning_rules={rule.handle: rule_facts(rule, names) for rule in _live(shop, EarningRule)},
        campaigns={
            row.name: facts_of(row, CAMPAIGN_WORDS)
            for row in Campaign.of(shop).order_by(Campaign.starts_at, Campaign.id)
        },
        tiers=_tiers_facts(shop),
        levels={tier.name: facts_of(tier, TIER_WORDS) for tier in listed},
        rewards={reward.handle: reward_facts(reward, names) for reward in _live(shop, Reward)},
        referral=referral_facts(referral),
        widget=facts_of(look, WIDGET_WORDS),
    )


def _live(shop: Shop, table: Any) -> list[Any]:
    """Returns the rows that a file lists: discounts at a checkout are only in the admin API."""
    rows = table.of(shop).where(table.archived_at.is_null())
    if table is Reward:
        rows = rows.where(Reward.at_checkout == False)
    return list(rows.order_by(table.position, table.created_at, table.handle))


def facts_of(row: Any, names: tuple[str, ...] | Mapping[str, str]) -> Facts:
    """Returns what a row, or settings, have under these names, as the facts of a file: times to the millisecond."""
    file_names = names if isinstance(names, Mapping) else {name: name for name in names}
    values = {file_name: getattr(row, name) for name, file_name in file_names.items()}
    return {name: _fact(value) for name, value in values.items()}


def _fact(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.to_millisecond(value)
    if isinstance(value, str):
        return value.strip() or None  # a file has no empty texts
    return list(value) if isinstance(value, tuple) else value


def _program_facts(program: Program) -> Facts:
    return {
        "name": program.name,
        "points_name": program.points_name,
        "status": program.status,
        **facts_of(program.rules, PROGRAM_WORDS),
    }


def rule_facts(rule: EarningRule, names: dict[str, str]) -> Facts:
    """Returns a rule as the facts of a file; `names` are those of the tiers, by their ids."""
    terms = facts_of(rule.terms, TERMS_WORDS)
    for name in ("terms.product_multipliers", "terms.collection_multipliers"):
        terms[name] = {id: Decimal(factor) for id, factor in terms[name].items()}
    terms["terms.tiers"] = [names.get(id, id) for id in terms["terms.tiers"]]
    own = {
        names.get(id, id): _without_nulls({"points": one.points, "money": one.per})
        for id, one in rule.figures.items()
        if id
    }
    base = {} if None in rule.figures else dict.fromkeys(("points", "per.points", "per.money"))
    return {**facts_of(rule, RULE_WORDS), **base, "by_tier": own, **terms}


def reward_facts(reward: Reward, names: dict[str, str]) -> Facts:
    """Returns a reward as the facts of a file; `names` are those of the tiers, by their ids."""
    facts = facts_of(reward, REWARD_WORDS)
    own = {names.get(id, id): _without_nulls(asdict(price)) for id, price in reward.prices.items() if id}
    base = {} if None in reward.prices else dict.fromkeys(("cost_points", "amount", "percent"))
    return {**facts, **base, "by_tier": own, "tier": names.get(facts["tier"], facts["tier"])}


def referral_facts(referral: ReferralProgram) -> Facts:
    """Returns the referral program as the facts of a file."""
    return {
        **facts_of(referral, REFERRAL_WORDS),
        **_gift_facts("friend", referral.for_friend),
        **_gift_facts("advocate", referral.for_advocate),
    }


def _without_nulls(facts: Facts) -> Facts:
    return {name: value for name, value in facts.items() if value is not None}


def _tiers_facts(shop: Shop) -> Facts:
    facts = facts_of(TierProgram.one(shop) or TierProgram(), TIER_SETTINGS_WORDS)
    return {**facts, "active": bool(facts["active"])}


def _gift_facts(side: str, gift: Gift | None) -> Facts:
    return {f"{side}.{name}": getattr(gift, name) if gift else None for name in GIFT_WORDS}
