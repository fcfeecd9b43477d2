"""The program as a file: what one file says of a shop's program, how that differs from what is, and making it so.

A file is kept as facts: dotted names in its own words, such as `terms.ends_at`, with values in the domain's
types. What the shop has is read into the same form, so that `plan` is a comparison and nothing else.
`program_file/schema.py` reads the text.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from widget_server import clock, money
from widget_server.db import atomic, lock_rows, new_id
from widget_server.errors import BadRequest, BadTransition, NotWholeCoins
from widget_server.events import ProgramChanged, emit
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty import referrals
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.rules import Campaign, EarningRule, Terms
from widget_server.loyalty.points import tiers
from widget_server.loyalty.points.tiers import Tier, TierProgram
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.programs import Program, ProgramSettings
from widget_server.loyalty.program.shops import Shop, WidgetSettings
from widget_server.loyalty.referrals import ReferralProgram
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.loyalty.rewards.rewards import Reward

Facts = dict[str, Any]
Things = dict[str, Facts]

# a field of the domain -> its name in a file
PROGRAM_WORDS = {
    field.name: field.name.replace("base_", "base.").replace("expiry_", "expiry.") for field in fields(ProgramSettings)
} | {"expiry": "expiry.kind"}
TERMS_WORDS = {field.name: f"terms.{field.name}" for field in fields(Terms)} | {"tier_ids": "terms.tiers"}
RULE_WORDS = {
    **{name: name for name in ("kind", "title", "description", "active", "points")},
    "rate_points": "per.points",
    "rate_per": "per.money",
}
REWARD_WORDS = {
    name: name
    for name in (
        *("kind", "title", "description", "active", "cost_points", "amount", "percent", "product_id", "product_name"),
        *("max_points", "step_points", "point_value", "minimum_subtotal", "collections", "starts_at", "ends_at"),
        *("limit_per_customer", "limit_period", "limit_total", "expires_after_days", "combines", "shareable"),
    )
} | {"tier_id": "tier"}
REFERRAL_WORDS = (
    *("active", "trigger", "minimum_subtotal", "attribution", "window_days", "undo_on_refund"),
    "advocate_daily_cap",
)
GIFT_WORDS = tuple(field.name for field in fields(Gift))
WIDGET_WORDS = tuple(field.name for field in fields(WidgetSettings))
TIERS_WORDS = ("active", "window_days", "base_name", "base_multiplier", "base_benefits")
LEVEL_WORDS = ("required_points", "multiplier", "benefits")
CAMPAIGN_WORDS = ("multiplier", "starts_at", "ends_at")


@dataclass(frozen=True)
class ProgramFile:
    """What a file says, section by section; None for a section that it leaves out.

    Lists are kept by handle (campaigns and levels by name) in the file's order. `tiers` and `levels` are one
    section of the file: they are told together.
    """

    program: Facts | None = None
    earning_rules: Things | None = None
    campaigns: Things | None = None
    tiers: Facts | None = None
    levels: Things | None = None
    rewards: Things | None = None
    referral: Facts | None = None
    widget: Facts | None = None

    @property
    def single(self) -> dict[str, Facts | None]:
        """The sections that stand once."""
        return {"program": self.program, "tiers": self.tiers, "referral": self.referral, "widget": self.widget}

    @property
    def listed(self) -> dict[str, Things | None]:
        """The sections that list things by name."""
        return {
            "tiers.levels": self.levels,
            "earning_rules": self.earning_rules,
            "campaigns": self.campaigns,
            "rewards": self.rewards,
        }


@dataclass(frozen=True)
class Change:
    """One difference between the shop and a file. `before` and `after` are plain JSON values.

    `what` is a section, or a thing in it (`rewards.mug`). For a whole thing `field` is None and the facts
    that are set stand in `after` (add) or `before` (remove). The field `order` of a list names its handles.
    """

    kind: Literal["add", "change", "remove"]
    what: str
    field: str | None = None
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        if self.field is None:
            return f"{'+' if self.kind == 'add' else '-'} {self.what}"
        return f"~ {self.what} {self.field}: {_shown(self.before)} -> {_shown(self.after)}"


def plan(shop: Shop, file: ProgramFile) -> list[Change]:
    """What `apply` would change; changes nothing itself.

    Raises BadRequest (BadTransition for `program.status`) with the path of what does not fit this shop: a tier
    that there is not, a rule that would change its kind, something that ends before it starts; NotWholeCoins for an
    amount off that the shop's currency has no coins for.
    """
    known, wanted = of(shop), _in_zone(file, shop.timezone)
    _check_status(known, wanted)
    _check_kinds(shop, wanted)
    _check_tiers(known, wanted)
    _check_times(wanted)
    _check_coins(shop, wanted)
    return list(_differences(known, wanted))


def apply(shop: Shop, file: ProgramFile) -> list[Change]:
    """Make the shop's program what the file says, whole or not at all; returns what changed.

    Applied again it changes nothing. Rules and rewards that the file no longer lists are archived, never
    deleted: past rows refer to them; one that comes back is the same one. Raises what `plan` raises.
    """
    with atomic():
        lock_rows(Program.of(shop)).get()  # two files at once take turns
        changes = plan(shop, file)
        if changes:
            _write(shop, _in_zone(file, shop.timezone), changes)
            emit(ProgramChanged(shop.id))
        return changes


# What the shop has, in a file's words


def of(shop: Shop) -> ProgramFile:
    """The shop's program as a file would say it, every section filled; what is archived is not in it."""
    levels = tiers.listed(shop.id)
    names = {level.id: level.name for level in levels}
    referral = ReferralProgram.one(shop) or ReferralProgram()
    look = shops.by_id(shop.id).look
    return ProgramFile(
        program=_program_facts(programs.of(shop.id)),
        earning_rules={rule.handle: _rule_facts(rule, names) for rule in _live(shop, EarningRule)},
        campaigns={
            row.name: _facts(row, CAMPAIGN_WORDS) for row in Campaign.of(shop).order_by(Campaign.starts_at, Campaign.id)
        },
        tiers=_tiers_facts(shop),
        levels={level.name: _facts(level, LEVEL_WORDS) for level in levels},
        rewards={reward.handle: _reward_facts(reward, names) for reward in _live(shop, Reward)},
        referral={
            **_facts(referral, REFERRAL_WORDS),
            **_gift_facts("friend", referral.for_friend),
            **_gift_facts("advocate", referral.for_advocate),
        },
        widget=_facts(look, WIDGET_WORDS),
    )


def _live(shop: Shop, table: Any) -> list[Any]:
    """What a file lists: discounts at a checkout are the admin API's alone."""
    rows = table.of(shop).where(table.archived_at.is_null())
    if table is Reward:
        rows = rows.where(Reward.at_checkout == False)
    return list(rows.order_by(table.position, table.created_at, table.handle))


def _facts(row: Any, names: tuple[str, ...] | Mapping[str, str]) -> Facts:
    words = names if isinstance(names, Mapping) else {name: name for name in names}
    values = {word: getattr(row, name) for name, word in words.items()}
    return {word: list(value) if isinstance(value, tuple) else value for word, value in values.items()}


def _program_facts(program: Program) -> Facts:
    return {
        "name": program.name,
        "points_name": program.points_name,
        "status": program.status,
        **_facts(program.rules, PROGRAM_WORDS),
    }


def _rule_facts(rule: EarningRule, names: dict[str, str]) -> Facts:
    terms = _facts(rule.terms, TERMS_WORDS)
    for word in ("terms.product_multipliers", "terms.collection_multipliers"):
        terms[word] = {id: Decimal(factor) for id, factor in terms[word].items()}
    terms["terms.tiers"] = [names.get(id, id) for id in terms["terms.tiers"]]
    own = {names.get(id, id): _told({"points": one.points, "money": one.per}) for id, one in rule.figures.items() if id}
    base = {} if None in rule.figures else dict.fromkeys(("points", "per.points", "per.money"))
    return {**_facts(rule, RULE_WORDS), **base, "by_tier": own, **terms}


def _reward_facts(reward: Reward, names: dict[str, str]) -> Facts:
    facts = _facts(reward, REWARD_WORDS)
    own = {names.get(id, id): _told(asdict(price)) for id, price in reward.prices.items() if id}
    base = {} if None in reward.prices else dict.fromkeys(("cost_points", "amount", "percent"))
    return {**facts, **base, "by_tier": own, "tier": names.get(facts["tier"], facts["tier"])}


def _told(facts: Facts) -> Facts:
    return {word: value for word, value in facts.items() if value is not None}


def _tiers_facts(shop: Shop) -> Facts:
    facts = _facts(TierProgram.one(shop) or TierProgram(), TIERS_WORDS)
    return {**facts, "active": bool(facts["active"])}


def _gift_facts(side: str, gift: Gift | None) -> Facts:
    return {f"{side}.{name}": getattr(gift, name) if gift else None for name in GIFT_WORDS}


# Does the file fit the shop?


def _in_zone(file: ProgramFile, zone: str) -> ProgramFile:
    """The file with each day as its first moment in the shop's zone."""

    def home(facts: Facts) -> Facts:
        return {word: clock.start_of(value, zone) if type(value) is date else value for word, value in facts.items()}

    def all_home(things: Things | None) -> Things | None:
        return None if things is None else {name: home(facts) for name, facts in things.items()}

    return replace(
        file,
        earning_rules=all_home(file.earning_rules),
        campaigns=all_home(file.campaigns),
        rewards=all_home(file.rewards),
    )


def _check_status(known: ProgramFile, wanted: ProgramFile) -> None:
    was, told = (known.program or {}).get("status"), (wanted.program or {}).get("status")
    if told == "draft" and was != "draft":
        raise BadTransition("A program that was active cannot be a draft again; pause it.", field="program.status")
    if told == "paused" and was == "draft":
        raise BadTransition("A draft cannot be paused: it never ran.", field="program.status")


def _check_kinds(shop: Shop, wanted: ProgramFile) -> None:
    """Old orders are still scored by their rule, archived or not, so that it stays what it was."""
    was = dict(EarningRule.of(shop, EarningRule.handle, EarningRule.kind).tuples())
    for at, (handle, facts) in enumerate((wanted.earning_rules or {}).items()):
        if was.get(handle, facts["kind"]) != facts["kind"]:
            raise BadRequest(
                f"{handle!r} was a rule of kind {was[handle]}; give this one another handle.",
                field=f"earning_rules.{at}.kind",
            )


def _check_tiers(known: ProgramFile, wanted: ProgramFile) -> None:
    names = (known.levels if wanted.levels is None else wanted.levels) or {}
    for path, _, name in _tiers_asked_for(wanted):
        if name not in names:
            raise BadRequest(f"There is no tier {name!r}.", field=path)
    left = ProgramFile(
        earning_rules=known.earning_rules if wanted.earning_rules is None else None,
        rewards=known.rewards if wanted.rewards is None else None,
    )
    for _, thing, name in _tiers_asked_for(left):
        if name in (known.levels or {}) and name not in names:
            raise BadRequest(f"{name!r} cannot be removed: {thing} refers to it.", field="tiers.levels")


def _tiers_asked_for(file: ProgramFile) -> Iterator[tuple[str, str, str]]:
    """The path of each mention, the thing that it is in, and the tier's name."""
    for at, (handle, facts) in enumerate((file.earning_rules or {}).items()):
        for index, name in enumerate(facts["terms.tiers"]):
            yield f"earning_rules.{at}.terms.tiers.{index}", f"earning_rules.{handle}", name
        for name in facts["by_tier"]:
            yield f"earning_rules.{at}.by_tier.{name}", f"earning_rules.{handle}", name
    for at, (handle, facts) in enumerate((file.rewards or {}).items()):
        if facts["tier"] is not None:
            yield f"rewards.{at}.tier", f"rewards.{handle}", facts["tier"]
        for name in facts["by_tier"]:
            yield f"rewards.{at}.by_tier.{name}", f"rewards.{handle}", name


def _check_times(wanted: ProgramFile) -> None:
    for section, things in wanted.listed.items():
        for at, facts in enumerate((things or {}).values()):
            for group in ("", "terms."):
                starts, ends = facts.get(f"{group}starts_at"), facts.get(f"{group}ends_at")
                if starts and ends and ends <= starts:
                    raise BadRequest("It ends before it starts.", field=f"{section}.{at}.{group}ends_at")


def _check_coins(shop: Shop, wanted: ProgramFile) -> None:
    for path, amount in _amounts_off(wanted):
        if not money.is_whole_coins(amount, shop.currency):
            raise NotWholeCoins(shop.currency, field=path)


def _amounts_off(file: ProgramFile) -> Iterator[tuple[str, Decimal]]:
    """The path of each fixed discount, and its amount."""
    for at, facts in enumerate((file.rewards or {}).values()):
        off = {"amount": facts["amount"]}
        off |= {f"by_tier.{name}.amount": own.get("amount") for name, own in facts["by_tier"].items()}
        yield from ((f"rewards.{at}.{word}", amount) for word, amount in off.items() if amount is not None)
    for side in ("friend", "advocate"):
        amount = (file.referral or {}).get(f"{side}.amount")
        if amount is not None:
            yield f"referral.{side}.amount", amount


# How they differ


def _differences(known: ProgramFile, wanted: ProgramFile) -> Iterator[Change]:
    for section, facts in wanted.single.items():
        yield from _changed(section, known.single[section] or {}, facts or {})
    for section, things in wanted.listed.items():
        if things is not None:
            yield from _relisted(section, known.listed[section] or {}, things)


def _relisted(section: str, was: Things, now: Things) -> Iterator[Change]:
    for name, facts in was.items():
        if name not in now:
            yield Change("remove", f"{section}.{name}", before=_set(facts))
    for name, facts in now.items():
        if name in was:
            yield from _changed(f"{section}.{name}", was[name], facts)
        else:
            yield Change("add", f"{section}.{name}", after=_set(facts))
    before, after = [name for name in was if name in now], [name for name in now if name in was]
    if before != after and section in ("earning_rules", "rewards"):
        yield Change("change", section, "order", before, after)


def _changed(what: str, was: Facts, now: Facts) -> Iterator[Change]:
    for field, value in now.items():
        if was[field] != value:
            yield Change("change", what, field, plain(was[field]), plain(value))


def _set(facts: Facts) -> Facts:
    return {word: plain(value) for word, value in facts.items() if value is not None and value not in ([], {})}


def plain(value: Any) -> Any:
    """A fact as JSON: money and times as text."""
    if isinstance(value, Decimal):
        return _text(value)
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def _text(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# Making it so


def _write(shop: Shop, file: ProgramFile, changes: list[Change]) -> None:
    """Tiers come first: rules and rewards refer to them."""
    touched = {change.what for change in changes}
    if file.tiers is not None and file.levels is not None:
        _write_tiers(shop, file.tiers, file.levels, changes)
    ids = {level.name: level.id for level in tiers.listed(shop.id)}
    if file.program is not None and "program" in touched:
        _write_program(shop, file.program, {change.field for change in changes if change.what == "program"})
    if file.earning_rules is not None:
        columns = {handle: _rule_columns(facts, ids) for handle, facts in file.earning_rules.items()}
        _write_list(shop, EarningRule, "earning_rules", columns, changes, rules.save_rule)
    if file.rewards is not None:
        columns = {handle: _reward_columns(facts, ids) for handle, facts in file.rewards.items()}
        _write_list(shop, Reward, "rewards", columns, changes, rewards.save_reward)
    if file.campaigns is not None:
        _write_campaigns(shop, file.campaigns, changes)
    if file.referral is not None and "referral" in touched:
        _write_referral(shop, file.referral)
    if file.widget is not None and "widget" in touched:
        shop.widget = WidgetSettings(**_columns(file.widget, WIDGET_WORDS)).as_json()
        shop.save(only=[Shop.widget])


def _columns(facts: Facts, names: tuple[str, ...] | Mapping[str, str]) -> Facts:
    words = names if isinstance(names, Mapping) else {name: name for name in names}
    values = {name: facts[word] for name, word in words.items()}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _write_program(shop: Shop, facts: Facts, changed: set[str | None]) -> None:
    programs.update(
        shop.id,
        name=facts["name"],
        points_name=(facts["points_name"] or "") if "points_name" in changed else None,
        settings=ProgramSettings(**_columns(facts, PROGRAM_WORDS)),
    )
    if "status" in changed:
        (programs.activate if facts["status"] == "active" else programs.pause)(shop.id)


def _rule_columns(facts: Facts, ids: dict[str, str]) -> Facts:
    terms = _columns(facts, TERMS_WORDS)
    terms["tier_ids"] = tuple(ids[name] for name in terms["tier_ids"])
    for name in ("product_multipliers", "collection_multipliers"):
        terms[name] = {id: _text(factor) for id, factor in terms[name].items()}
    own = {
        ids[name]: {"points": one["points"]} | ({"per": str(one["money"])} if "money" in one else {})
        for name, one in facts["by_tier"].items()
    }
    return {**_columns(facts, RULE_WORDS), "by_tier": own or None, "settings": Terms(**terms).as_json()}


def _reward_columns(facts: Facts, ids: dict[str, str]) -> Facts:
    columns = _columns(facts, REWARD_WORDS)
    own = {
        ids[name]: {word: value if word == "cost_points" else str(value) for word, value in one.items()}
        for name, one in facts["by_tier"].items()
    }
    return {**columns, "by_tier": own or None, "tier_id": ids[facts["tier"]] if facts["tier"] is not None else None}


def _write_list(
    shop: Shop,
    table: type[EarningRule] | type[Reward],
    section: str,
    columns: Things,
    changes: list[Change],
    save: Callable[..., object],
) -> None:
    """A thing that only moved in the list keeps its revision: its own words are the same."""
    mine = [change for change in changes if change.what == section or change.what.startswith(f"{section}.")]
    touched = {change.what for change in mine}
    for position, (handle, values) in enumerate(columns.items() if mine else ()):
        if f"{section}.{handle}" in touched:
            save(shop, handle, position=position, archived_at=None, **values)
        else:
            table.change(shop, {table.position: position}, table.handle == handle)
    for handle in _removed(section, mine):
        save(shop, handle, active=False, archived_at=clock.now())


def _write_campaigns(shop: Shop, campaigns: Things, changes: list[Change]) -> None:
    Campaign.remove(shop, Campaign.name.in_(_removed("campaigns", changes)))
    for name, facts in campaigns.items():
        row = Campaign.one(shop, Campaign.name == name)
        new = row is None
        row = row or Campaign(id=new_id(), shop_id=shop.id, name=name)
        for column, value in _columns(facts, CAMPAIGN_WORDS).items():
            setattr(row, column, value)
        row.save(force_insert=new)


def _write_referral(shop: Shop, facts: Facts) -> None:
    gifts = {}
    for side in ("friend", "advocate"):
        terms = {name: facts[f"{side}.{name}"] for name in GIFT_WORDS}
        gifts[f"{side}_gift"] = Gift(**terms).as_json() if terms["kind"] else None
    referrals.save_program(shop, **_columns(facts, REFERRAL_WORDS), **gifts)


def _write_tiers(shop: Shop, facts: Facts, levels: Things, changes: list[Change]) -> None:
    mine = {(change.what, change.field): change for change in changes}
    touched = {what for what, _ in mine}
    if "tiers" in touched:
        tiers.save_program(shop, **_columns(facts, TIERS_WORDS))
    ids = {level.name: level.id for level in tiers.listed(shop.id)}
    for name in _removed("tiers.levels", changes):
        tiers.remove(shop, ids.pop(name), None)
    # no two levels may need the same points, not even while two swap theirs
    moved = [name for name in ids if (f"tiers.levels.{name}", "required_points") in mine]
    Tier.change(shop, {Tier.required_points: Tier.required_points + 2 * POINTS_MAX}, Tier.name.in_(moved))
    for name in (name for name in levels if f"tiers.levels.{name}" in touched):
        columns = _columns(levels[name], LEVEL_WORDS)
        if name in ids:
            tiers.change(shop, ids[name], None, **columns)
        else:
            tiers.create(shop, name, **columns)


def _removed(section: str, changes: list[Change]) -> list[str]:
    return [
        change.what.removeprefix(f"{section}.")
        for change in changes
        if change.kind == "remove" and change.what.startswith(f"{section}.")
    ]
