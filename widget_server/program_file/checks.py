"""Checks whether a program file fits the shop: tiers, times, kinds of rules, decimal places of the currency."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from widget_server import clock, money
from widget_server.errors import BadRequest, BadTransition, LowContrast, NotWholeCoins
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.program import contrast_guard, widget_icons
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file.facts import Facts, ProgramFile, Things

MISFITS = (BadTransition, NotWholeCoins, LowContrast)  # what a file is refused for that other bodies are not


def check(shop: Shop, known: ProgramFile, wanted: ProgramFile) -> None:
    """Check that the file `wanted`, its days in the shop's zone, fits the shop, which has `known`.

    Raises BadRequest with the path of what does not fit (BadTransition for `program.status`), NotWholeCoins, and
    LowContrast for a colour of the widget that is new.
    """
    _check_status(known, wanted)
    _check_kinds(shop, wanted)
    _check_tiers(known, wanted)
    _check_times(wanted)
    _check_coins(shop, wanted)
    _check_contrast(known, wanted)
    _check_icon(shop, known, wanted)


def in_zone(file: ProgramFile, zone: str) -> ProgramFile:
    """Returns the file with each day as its first moment in the shop's zone."""

    def home(facts: Facts) -> Facts:
        return {name: clock.start_of(value, zone) if type(value) is date else value for name, value in facts.items()}

    def all_home(things: Things | None) -> Things | None:
        return None if things is None else {name: home(facts) for name, facts in things.items()}

    return replace(
        file,
        earning_rules=all_home(file.earning_rules),
        campaigns=all_home(file.campaigns),
        rewards=all_home(file.rewards),
    )


def _check_status(known: ProgramFile, wanted: ProgramFile) -> None:
    before, after = (known.program or {}).get("status"), (wanted.program or {}).get("status")
    if after == "draft" and before != "draft":
        raise BadTransition("A program that was active cannot be a draft again; pause it.", field="program.status")
    if after == "paused" and before == "draft":
        raise BadTransition("A draft cannot be paused: it never ran.", field="program.status")


def _check_kinds(shop: Shop, wanted: ProgramFile) -> None:
    """A rule, archived or not, keeps its kind: old orders are still scored by it."""
    was = dict(EarningRule.of(shop, EarningRule.handle, EarningRule.kind).tuples())
    for at, (handle, facts) in enumerate((wanted.earning_rules or {}).items()):
        if was.get(handle, facts["kind"]) != facts["kind"]:
            raise BadRequest(
                f"{handle!r} was a rule of kind {was[handle]}; give this one another handle.",
                field=f"earning_rules.{at}.kind",
            )


def _check_tiers(known: ProgramFile, wanted: ProgramFile) -> None:
    names = (known.levels if wanted.levels is None else wanted.levels) or {}
    for path, _, name in _tiers_named(wanted):
        if name not in names:
            raise BadRequest(f"There is no tier {name!r}.", field=path)
    left = ProgramFile(
        earning_rules=known.earning_rules if wanted.earning_rules is None else None,
        rewards=known.rewards if wanted.rewards is None else None,
    )
    for _, thing, name in _tiers_named(left):
        if name in (known.levels or {}) and name not in names:
            raise BadRequest(f"{name!r} cannot be removed: {thing} refers to it.", field="tiers.levels")


def _tiers_named(file: ProgramFile) -> Iterator[tuple[str, str, str]]:
    """Yields the path of each mention of a tier, the entry that has it, and the tier's name."""
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
    """Yields the path of each fixed discount, and its amount."""
    for at, facts in enumerate((file.rewards or {}).values()):
        off = {"amount": facts["amount"]}
        off |= {f"by_tier.{name}.amount": own.get("amount") for name, own in facts["by_tier"].items()}
        yield from ((f"rewards.{at}.{word}", amount) for word, amount in off.items() if amount is not None)
    for side in ("friend", "advocate"):
        amount = (file.referral or {}).get(f"{side}.amount")
        if amount is not None:
            yield f"referral.{side}.amount", amount


def _check_contrast(known: ProgramFile, wanted: ProgramFile) -> None:
    """A colour from before the check stays until it or the mode is changed."""
    before, after = known.widget or {}, wanted.widget
    if after is None or (after["colour"], after["mode"]) == (before.get("colour"), before.get("mode")):
        return
    try:
        contrast_guard.check(after["colour"], after["mode"])
    except LowContrast as refusal:
        refusal.field = "widget.colour"
        raise


def _check_icon(shop: Shop, known: ProgramFile, wanted: ProgramFile) -> None:
    name = (wanted.widget or {}).get("icon_file")
    if name and name != (known.widget or {}).get("icon_file") and not widget_icons.exists(shop, name):
        raise BadRequest("This shop has no picture of this name: upload it first.", field="widget.icon_file")
