"""What a program file may say, how its faults are named, and that its guide lists every field."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields, missing

from demo_shop.catalogue import COLLECTIONS, PRODUCTS
from tests.make import tries
from widget_server.errors import BadRequest
from widget_server.loyalty.earning.kinds import KINDS
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.program.shops import WidgetSettings
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.loyalty.rewards.rewards import KINDS as REWARD_KINDS
from widget_server.program_file import facts, schema
from widget_server.program_file.schema import parse

ROOT = Path(__file__).parents[2]
DEMO = (ROOT / "demo_shop/program.yaml").read_text()
GUIDE = (ROOT / "docs/program-file.md").read_text()

JOIN = "{handle: join, kind: join, points: 100}"
MUG = "{handle: mug, kind: free_product, product_id: p4, cost_points: 2400}"


def rule(words: str) -> str:
    return f"earning_rules: [{JOIN}, {{handle: r, {words}}}]"


def reward(words: str) -> str:
    return f"rewards: [{MUG}, {{handle: r, {words}}}]"


def terms(words: str, kind: str = "order") -> str:
    return rule(f"kind: {kind}, points: 5, terms: {{{words}}}")


def campaign(words: str) -> str:
    return f"campaigns: [{{name: Week, multiplier: 2, starts_at: 2026-03-01, ends_at: 2026-03-08, {words}}}]"


# What a file says


def test_the_demo_has_every_kind_of_rule_and_reward_and_names_only_what_its_shop_has() -> None:
    file = parse(DEMO)
    assert file.earning_rules and file.rewards
    assert {facts["kind"] for facts in file.earning_rules.values()} == set(KINDS)
    assert {facts["kind"] for facts in file.rewards.values()} == set(REWARD_KINDS)
    assert all(section is not None for section in (*file.single.values(), *file.listed.values()))
    products = {facts["product_id"] for facts in file.rewards.values()} - {None}
    order = file.earning_rules["order"]
    assert products <= set(PRODUCTS)
    assert {*order["terms.exclude_collections"], *order["terms.collection_multipliers"]} <= set(COLLECTIONS)


def test_numbers_are_exact_words_stay_words_and_ids_keep_their_digits() -> None:
    file = parse(
        """
        program: {name: Club, point_value: 0.1, expiry: {kind: off}, points_name: "12"}
        earning_rules:
          - handle: order
            kind: order
            per: {points: 10, money: "1.10"}
            terms:
              include_products: [9007199254740993, "007", 0x10]
              product_multipliers: {4711: 1.2345}
              starts_at: 2026-03-10
              ends_at: 2026-03-10T18:00:00+01:00
        """
    )
    assert file.program and file.earning_rules
    assert file.program["point_value"] == Decimal("0.1")
    assert file.program["expiry.kind"] == "off"
    assert file.program["points_name"] == "12"
    facts = file.earning_rules["order"]
    assert facts["per.money"] == Decimal("1.10")
    assert facts["terms.include_products"] == ["9007199254740993", "007", "0x10"]
    assert facts["terms.product_multipliers"] == {"4711": Decimal("1.2345")}
    assert facts["terms.starts_at"] == date(2026, 3, 10)
    assert facts["terms.ends_at"] == datetime(2026, 3, 10, 17, tzinfo=UTC)


def test_what_is_left_out_has_the_default_of_the_domain() -> None:
    file = parse(
        f"program: {{name: Club}}\nearning_rules: [{JOIN}]\nwidget: {{}}\nreferral: {{friend: {{kind: free_shipping}}}}"
    )
    assert file.program and file.earning_rules and file.widget and file.referral
    assert file.rewards is file.tiers is file.levels is file.campaigns is None
    assert "status" not in file.program
    for standard, found, words in (
        (ProgramSettings(), file.program, facts.PROGRAM_WORDS),
        (Terms(), file.earning_rules["join"], facts.TERMS_WORDS),
        (WidgetSettings(), file.widget, {name: name for name in facts.WIDGET_WORDS}),
        (Gift("free_shipping"), file.referral, {name: f"friend.{name}" for name in facts.GIFT_WORDS}),
    ):
        for name, word in words.items():
            value = getattr(standard, name)
            assert found[word] == (list(value) if isinstance(value, tuple) else value), word


@pytest.mark.parametrize("address", ["/", "/about?a=b#c", "https://www.instagram.com/", "http://localhost:8001/x"])
def test_a_button_may_lead_to_the_shop_or_to_the_web(address: str) -> None:
    file = parse(terms(f"url: '{address}'"))
    assert file.earning_rules and file.earning_rules["r"]["terms.url"] == address


# What a file must not say


@pytest.mark.parametrize(
    ("text", "field"),
    [
        # names
        ("colour: red", "colour"),
        ("program: {name: A, colour: red}", "program.colour"),
        ("program: {name: A, base: {colour: 1}}", "program.base.colour"),
        (terms("colour: red"), "earning_rules.1.terms.colour"),
        (rule("kind: join, per: {point: 1, money: 1, points: 1}"), "earning_rules.1.per.point"),
        ("tiers: {levels: [{name: A, required_points: 1, x: 1}]}", "tiers.levels.0.x"),
        ("program: {}", "program.name"),
        ("program:", "program"),
        ("rewards:", "rewards"),
        ("rewards: 5", "rewards"),
        ("earning_rules: [5]", "earning_rules.0"),
        ("[]", "file"),
        # the text
        ("", "file"),
        ("\x00", "file"),
        ("program: {name: A", "line 1"),
        ("program:\n  name: A\n name: B", "line 3"),
        ("program: {name: A, name: B}", "program.name"),
        ("rewards: []\nrewards: []", "rewards"),
        ("program: {[a]: b}", "program"),
        ("program: &a {name: *a}", "line 1"),
        ("program: {name: !!python/name:os.system x}", "line 1"),
        ("program: {name: !!int abc}", "line 1"),
        ("[" * 5000, "file"),
        # handles
        (f"earning_rules: [{JOIN}, {JOIN}]", "earning_rules.1.handle"),
        (f"rewards: [{MUG}, {MUG}]", "rewards.1.handle"),
        ("earning_rules: [{handle: A B, kind: join, points: 1}]", "earning_rules.0.handle"),
        ("rewards: [{kind: free_shipping, cost_points: 1}]", "rewards.0.handle"),
        # points, days, times
        (rule("kind: join, points: 2.5"), "earning_rules.1.points"),
        (rule("kind: join, points: 2.0"), "earning_rules.1.points"),
        (rule("kind: join, points: '2'"), "earning_rules.1.points"),
        (rule("kind: join, points: true"), "earning_rules.1.points"),
        (rule("kind: join, points: 0"), "earning_rules.1.points"),
        (rule("kind: join, points: -5"), "earning_rules.1.points"),
        (rule("kind: join, points: 1000000001"), "earning_rules.1.points"),
        (rule(f"kind: join, points: {'9' * 5000}"), "earning_rules.1.points"),
        (reward("kind: free_shipping, cost_points: 0"), "rewards.1.cost_points"),
        ("program: {name: A, wait_days: -1}", "program.wait_days"),
        ("program: {name: A, wait_days: null}", "program.wait_days"),
        ("program: {name: A, expiry: {percent: 101}}", "program.expiry.percent"),
        ("program: {name: A, expiry: {reminder_days: [7, 0]}}", "program.expiry.reminder_days.1"),
        ("program: {name: A, expiry: {reminder_days: [7, 7]}}", "program.expiry.reminder_days.1"),
        ("tiers: {window_days: 3661}", "tiers.window_days"),
        # money, factors
        ("program: {name: A, point_value: 0}", "program.point_value"),
        ("program: {name: A, point_value: -0.01}", "program.point_value"),
        ("program: {name: A, point_value: 0.00001}", "program.point_value"),
        ("program: {name: A, point_value: .inf}", "program.point_value"),
        ("program: {name: A, point_value: 1e3}", "program.point_value"),
        ("program: {name: A, point_value: 1_000}", "program.point_value"),
        ("program: {name: A, point_value: '1,50'}", "program.point_value"),
        ("program: {name: A, point_value: true}", "program.point_value"),
        ("program: {name: A, point_value: 1000000000001}", "program.point_value"),
        ("tiers: {base_multiplier: 1001}", "tiers.base_multiplier"),
        (terms("product_multipliers: {p1: 2, p2: x}"), "earning_rules.1.terms.product_multipliers.p2"),
        (terms("collection_multipliers: [mugs]"), "earning_rules.1.terms.collection_multipliers"),
        # points or a rate
        (rule("kind: order"), "earning_rules.1.points"),
        (rule("kind: order, points: 5, per: {points: 1, money: 1}"), "earning_rules.1.points"),
        (rule("kind: join, per: {points: 1, money: 1}"), "earning_rules.1.per"),
        (rule("kind: order, per: {points: 1}"), "earning_rules.1.per.money"),
        # figures by level
        (rule("kind: order, points: 5, by_tier: [Gold]"), "earning_rules.1.by_tier"),
        (rule("kind: order, points: 5, by_tier: {Gold: {}}"), "earning_rules.1.by_tier.Gold.points"),
        (rule("kind: order, points: 5, by_tier: {Gold: {points: 5, money: 1}}"), "earning_rules.1.by_tier.Gold.money"),
        (
            rule("kind: order, per: {points: 1, money: 1}, by_tier: {Gold: {points: 5}}"),
            "earning_rules.1.by_tier.Gold.money",
        ),
        (
            reward("kind: amount, amount: 5, cost_points: 5, by_tier: {Gold: {cost_points: 4}}"),
            "rewards.1.by_tier.Gold.amount",
        ),
        (
            reward("kind: free_shipping, cost_points: 5, by_tier: {Gold: {cost_points: 4, percent: 5}}"),
            "rewards.1.by_tier.Gold.percent",
        ),
        (
            reward("kind: sliding, point_value: 1, cost_points: 5, by_tier: {Gold: {cost_points: 4}}"),
            "rewards.1.by_tier",
        ),
        # words, times, addresses, colours
        (rule("kind: dance, points: 5"), "earning_rules.1.kind"),
        ("program: {name: A, status: over}", "program.status"),
        ("program: {name: A, rounding: true}", "program.rounding"),
        ("program: {name: A, guests_earn: yes}", "program.guests_earn"),
        ("program: {name: A, guests_earn: 1}", "program.guests_earn"),
        ("program: {name: ' '}", "program.name"),
        ("program: {name: 5}", "program.name"),
        (f"program: {{name: {'A' * 101}}}", "program.name"),
        ('program: {name: "A\\0"}', "program.name"),
        ('program: {name: "A\\ud800"}', "program.name"),
        (campaign("multiplier: 0").replace("multiplier: 2, ", ""), "campaigns.0.multiplier"),
        ("campaigns: [{name: Week, multiplier: 2, starts_at: 2026-03-01}]", "campaigns.0.ends_at"),
        (f"{campaign('')[:-1]}, {campaign('')[12:]}", "campaigns.1.name"),
        (terms("starts_at: 2026-03-10T12:00:00"), "earning_rules.1.terms.starts_at"),
        (terms("starts_at: 2026-02-30"), "earning_rules.1.terms.starts_at"),
        (terms("starts_at: 1999-12-31"), "earning_rules.1.terms.starts_at"),
        (terms("starts_at: '0001-01-01T00:00:00+14:00'"), "earning_rules.1.terms.starts_at"),
        (terms("starts_at: '2026-03-10T12:00:00.0005Z'"), "earning_rules.1.terms.starts_at"),
        (terms("starts_at: 5"), "earning_rules.1.terms.starts_at"),
        *[
            (terms(f"url: {address}"), "earning_rules.1.terms.url")
            for address in (
                "'javascript:alert(1)'",
                "' javascript:alert(1)'",
                "//evil.example",
                "'/\\evil.example'",
                '"/\\t/evil.example"',
                "about",
                "'https:///about'",
                "'ftp://shop.example/'",
                "'http://[x'",
            )
        ],
        *[
            (f"widget: {{colour: {colour}}}", "widget.colour")
            for colour in ("green", "'#fff'", "'#12345g'", "'#1234567'", "null")
        ],
        ("widget:\n  colour: #1b6b4a", "widget.colour"),
        ("widget: {side: left}", "widget.side"),
        ("widget: {hide_paths: [/a, checkout]}", "widget.hide_paths.1"),
        ("widget: {apply_url: 'javascript:{code}'}", "widget.apply_url"),
        ("widget: {sign_in: shop, sign_up_url: /a}", "widget.sign_in_url"),
        ("widget: {strings: {english: {a: b}}}", "widget.strings.english"),
        ("widget: {strings: {en: {a: 5}}}", "widget.strings.en.a"),
        # what only other kinds have
        (terms("minimum_subtotal: 5", "join"), "earning_rules.1.terms.minimum_subtotal"),
        (terms("exclude_products: [p1]", "visit"), "earning_rules.1.terms.exclude_products"),
        (terms("channel: x", "review"), "earning_rules.1.terms.channel"),
        (terms("url: /", "social"), "earning_rules.1.terms.channel"),
        (terms("url: /", "custom"), "earning_rules.1.terms.name"),
        (reward("kind: amount, cost_points: 5"), "rewards.1.amount"),
        (reward("kind: amount, cost_points: 5, amount: 5, percent: 5"), "rewards.1.percent"),
        (reward("kind: percent, cost_points: 5, percent: 0.5"), "rewards.1.percent"),
        (reward("kind: percent, cost_points: 5, percent: 101"), "rewards.1.percent"),
        (reward("kind: free_product, cost_points: 5"), "rewards.1.product_id"),
        (reward("kind: sliding, cost_points: 5"), "rewards.1.point_value"),
        (reward("kind: free_shipping, cost_points: 5, max_points: 5"), "rewards.1.max_points"),
        (reward("kind: sliding, cost_points: 500, max_points: 100, point_value: 0.01"), "rewards.1.max_points"),
        (
            reward("kind: sliding, cost_points: 100, max_points: 1500, step_points: 60, point_value: 0.01"),
            "rewards.1.step_points",
        ),
        (reward("kind: free_shipping, cost_points: 5, limit_period: day, limit_total: 5"), "rewards.1.limit_period"),
        (reward("kind: free_shipping, cost_points: 5, collections: [{id: mugs}]"), "rewards.1.collections.0.name"),
        ("referral: {friend: {points: 5}}", "referral.friend.kind"),
        ("referral: {friend: {kind: points}}", "referral.friend.points"),
        ("referral: {advocate: {kind: points, points: 5, minimum_subtotal: 5}}", "referral.advocate.minimum_subtotal"),
        ("referral: {advocate: {kind: sliding}}", "referral.advocate.kind"),
        ("referral: {trigger: visit}", "referral.trigger"),
        (
            "tiers: {levels: [{name: A, required_points: 5}, {name: A, required_points: 6}]}",
            "tiers.levels.1.name",
        ),
        (
            "tiers: {levels: [{name: A, required_points: 5}, {name: B, required_points: 5}]}",
            "tiers.levels.1.required_points",
        ),
    ],
)
def test_a_fault_is_named_by_its_path(text: str, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(text)
    assert refused.value.field == field


@pytest.mark.parametrize("text", ["a note to myself", "[rewards, tiers]", "42"])
def test_a_file_without_sections_is_told_what_it_lacks(text: str) -> None:
    with pytest.raises(BadRequest, match="no sections, such as `rewards:`"):
        parse(text)


def test_all_faults_of_the_fields_are_told_at_once() -> None:
    with pytest.raises(BadRequest) as refused:
        parse("program: {name: A, wait_days: -1, status: over}\nrewards: [{handle: x, kind: amount, cost_points: 1.5}]")
    assert [problem.split(":")[0] for problem in refused.value.facts["problems"]] == [
        "program.status",
        "program.wait_days",
        "rewards.0.cost_points",
    ]


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates()
VALUES = st.recursive(
    LEAVES,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["handle", "kind", "terms", "per", "by_tier", "levels", "strings"]), below, max_size=3
        )
    ),
    max_leaves=8,
)


@tries(100)
@given(st.dictionaries(st.sampled_from(list(schema.FileSchema().fields)), VALUES, max_size=3).map(yaml.safe_dump))
def test_whatever_stands_in_a_file_is_read_or_refused_by_name(text: str) -> None:
    try:
        parse(text)
    except BadRequest as refused:
        assert refused.field


@given(st.text(alphabet=" \n:-[]{}#&*!|>'\"%@`,?~abn10.\t\x00é", max_size=40))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    try:
        parse(text)
    except BadRequest as refused:
        assert refused.field


# The guide


def fields_of(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Every field by its dotted name, with its default as the guide writes it."""
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        is_group = isinstance(inner, fields.Nested) and callable(field.load_default) and inner is field
        if not is_group:
            yield name, "required" if field.required else default_of(name, field)
        if isinstance(inner, fields.Nested):
            yield from ((f"{name}.{below}", default) for below, default in fields_of(inner.schema))


def default_of(name: str, field: fields.Field[Any]) -> Any:
    if field.load_default is missing:
        return "as it is"
    value = field.load_default() if callable(field.load_default) else field.load_default
    return "none" if value is None else int(value) if isinstance(value, Decimal) else value


def fields_of_guide(section: str) -> Iterator[tuple[str, Any]]:
    text = GUIDE.split(f"\n## `{section}`\n")[1].split("\n## ")[0]
    for names, default in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \| [^|]+ \|$", text, re.MULTILINE):
        code = re.fullmatch(r"`(.+)`", default)
        for name in names.split(", "):
            yield name.strip("`"), yaml.safe_load(code[1]) if code and code[1] != "off" else default.strip("`")


@pytest.mark.parametrize("section", list(schema.FileSchema().fields))
def test_the_guide_lists_every_field_with_its_default(section: str) -> None:
    field = schema.FileSchema().fields[section]
    nested = field.inner if isinstance(field, fields.List) else field
    assert isinstance(nested, fields.Nested)
    listed = list(fields_of_guide(section))
    assert len(listed) == len(dict(listed))
    assert dict(listed) == dict(fields_of(nested.schema))


def test_the_guide_names_every_word_of_a_choice() -> None:
    text = GUIDE.replace("\n", " ")
    for section, field in schema.FileSchema().fields.items():
        nested = field.inner if isinstance(field, fields.List) else field
        for name, choice in choices_of(nested.schema):
            for word in choice:
                assert f"`{word}`" in text, f"{section}.{name}: {word}"


def choices_of(schema: Schema) -> Iterator[tuple[str, list[str]]]:
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        for validator in inner.validators:
            if hasattr(validator, "choices"):
                yield name, list(validator.choices)
        if isinstance(inner, fields.Nested):
            yield from choices_of(inner.schema)
