"""One rule or reward edited by itself: read and checked like an entry of a file, and saved as one row.

An entry is given as in a file: plain values by the names of its fields, groups such as `terms` as mappings. A refusal
has the path within the entry as its `field` (`terms.ends_at`), and in the fact `faults` every path with its sentence.
"""

from marshmallow import ValidationError

from widget_server.db import atomic
from widget_server.errors import BadRequest, Refusal
from widget_server.loyalty.earning import rules
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.points import tiers
from widget_server.loyalty.program import programs, revisions
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards import rewards
from widget_server.loyalty.rewards.rewards import Reward
from widget_server.program_file import checks, current
from widget_server.program_file.facts import Facts, ProgramFile
from widget_server.program_file.fields import Part
from widget_server.program_file.reading import Plain
from widget_server.program_file.reward_schema import RewardSchema
from widget_server.program_file.schema import RuleSchema, faults_in
from widget_server.program_file.writing import reward_columns, rule_columns

Entry = dict[str, Plain]


def read_rule(shop: Shop, handle: str, entry: Entry) -> Facts:
    """Returns the facts of a rule. Raises BadRequest with the path of what is wrong in it."""
    facts = _loaded(RuleSchema(), handle, entry)
    file = _checked(shop, "earning_rules", ProgramFile(earning_rules={handle: facts}))
    return (file.earning_rules or {})[handle]


def read_reward(shop: Shop, handle: str, entry: Entry) -> Facts:
    """Returns the facts of a reward. Raises BadRequest and NotWholeCoins with the path of what is wrong in it."""
    facts = _loaded(RewardSchema(), handle, entry)
    file = _checked(shop, "rewards", ProgramFile(rewards={handle: facts}))
    return (file.rewards or {})[handle]


def rule_facts(handle: str, entry: Entry) -> Facts:
    """Returns the facts of a rule, checked by itself alone. Raises BadRequest with the path of what is wrong in it."""
    return _loaded(RuleSchema(), handle, entry)


def reward_facts(handle: str, entry: Entry) -> Facts:
    """Returns the facts of a reward, checked by itself alone. Raises BadRequest with the path of what is wrong."""
    return _loaded(RewardSchema(), handle, entry)


def handle_of_rule(shop: Shop, rule: EarningRule | None, kind: str) -> str:
    """Returns the rule's handle; for a new one of this kind a free one."""
    return rule.handle if rule is not None else revisions.last_place(rules.positions(shop), _base(kind))["handle"]


def handle_of_reward(shop: Shop, reward: Reward | None, kind: str) -> str:
    """Returns the reward's handle; for a new one of this kind a free one."""
    return reward.handle if reward is not None else revisions.last_place(rewards.positions(shop), _base(kind))["handle"]


def save_rule(shop: Shop, rule: EarningRule | None, revision: int | None, entry: Entry) -> EarningRule:
    """Change a rule, or create one, last in the merchant's order; `revision` is the one that was read.

    Past rows keep what they were booked with (acceptance 59). Raises NotFound, StaleRevision, and as `read_rule` does.
    """
    with atomic():
        programs.locked(shop.id)
        if rule is not None:
            revisions.check_revision(rules.need(shop, rule.id), revision)
        handle = handle_of_rule(shop, rule, str(entry["kind"]))
        columns = rule_columns(read_rule(shop, handle, entry), _tier_ids(shop))
        if rule is None:
            columns |= {"position": revisions.last_place(rules.positions(shop), handle)["position"]}
        return rules.save_rule(shop, handle, **columns)


def save_reward(shop: Shop, reward: Reward | None, revision: int | None, entry: Entry) -> Reward:
    """Change a reward, or create one, last in the merchant's order; `revision` is the one that was read.

    Coupons keep the terms they were bought with. Raises NotFound, StaleRevision, and as `read_reward` does.
    """
    with atomic():
        programs.locked(shop.id)
        if reward is not None:
            revisions.check_revision(rewards.need(shop, reward.id), revision)
        handle = handle_of_reward(shop, reward, str(entry["kind"]))
        columns = reward_columns(read_reward(shop, handle, entry), _tier_ids(shop))
        if reward is None:
            columns |= {"position": revisions.last_place(rewards.positions(shop), handle)["position"]}
        return rewards.save_reward(shop, handle, **columns)


def _base(kind: str) -> str:
    return kind.replace("_", "-")


def _tier_ids(shop: Shop) -> dict[str, str]:
    return {tier.name: tier.id for tier in tiers.listed(shop.id)}


def _loaded(schema: Part, handle: str, entry: Entry) -> Facts:
    try:
        facts: Facts = schema.load({**entry, "handle": handle})
    except ValidationError as wrong:
        faults = sorted(faults_in(wrong.messages))
        raise BadRequest(faults[0][1], field=faults[0][0], faults=faults) from wrong
    facts.pop("handle")
    return facts


def _checked(shop: Shop, section: str, file: ProgramFile) -> ProgramFile:
    """Returns the file with its days in the shop's zone, after what depends on the shop was checked."""
    wanted = checks.in_zone(file, shop.timezone)
    try:
        checks.check(shop, current.of(shop), wanted)
    except Refusal as refusal:
        refusal.field = (refusal.field or "").removeprefix(f"{section}.0.")
        raise
    return wanted
