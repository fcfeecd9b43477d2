"""The program as a file: one YAML text, read into a ProgramFile. docs/program-file.md lists every field."""

from collections.abc import Iterator
from decimal import Decimal
from typing import cast

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from widget_server.errors import BadRequest
from widget_server.loyalty.earning.kinds import KINDS, ORDER_KINDS, RATED_KINDS
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.points.tiers import WINDOW_DAYS_DEFAULT as TIER_WINDOW_DAYS_DEFAULT
from widget_server.loyalty.program.letter_kinds import SWITCHABLE
from widget_server.loyalty.program.programs import EXPIRY_MONTHS_MAX, REMINDER_DAYS_MAX, ProgramSettings
from widget_server.loyalty.program.shops import LOCALE, WidgetSettings
from widget_server.loyalty.referrals.referral_programs import DAILY_CAP_DEFAULT, TRIGGERS, WINDOW_DAYS_DEFAULT
from widget_server.program_file.facts import Facts, ProgramFile, Things
from widget_server.program_file.fields import (
    DAYS_MAX,
    Address,
    Amount,
    Day,
    Id,
    Moment,
    OwnSchema,
    Part,
    Whole,
    Words,
    YesNo,
    handle_field,
    list_of,
    map_of,
    misplaced,
    multiplier,
    one_of,
    part,
    word_of,
)
from widget_server.program_file.reading import Path, dotted, read_yaml
from widget_server.program_file.reward_schema import GiftSchema, RewardSchema

DAILY_CAP_MAX = 100_000


def parse(text: str) -> ProgramFile:
    """Read a program file. Raises BadRequest whose `field` is the path of the first fault in the file.

    The fact `problems` lists every fault as a sentence. What depends on the shop (its tiers, its zone) is
    checked by `apply.plan`.
    """
    content = read_yaml(text)
    try:
        file: ProgramFile = FileSchema().load(cast(Facts, content))  # it refuses what is not a mapping
    except ValidationError as wrong:
        faults = sorted(faults_in(wrong.messages))
        path, sentence = faults[0]
        problems = [f"{place}: {problem}" for place, problem in faults]
        raise BadRequest(sentence, field=path, problems=problems) from wrong
    return file


def faults_in(messages: object, path: Path = ()) -> Iterator[tuple[str, str]]:
    """Yields the path and the sentence of each fault that a schema found."""
    if isinstance(messages, dict):
        for name, below in messages.items():
            # marshmallow's keys for the whole value and for the sides of a mapping
            yield from faults_in(below, path if name in ("_schema", "key", "value") else (*path, name))
    elif isinstance(messages, list):
        for below in messages:
            yield from faults_in(below, path)
    else:
        yield dotted(path), str(messages)


# The sections


class BaseSchema(Part):
    """The parts of an order that count (acceptance 19)."""

    after_discounts = YesNo(load_default=ProgramSettings.base_after_discounts)
    shipping = YesNo(load_default=ProgramSettings.base_shipping)
    tax = YesNo(load_default=ProgramSettings.base_tax)
    gift_cards = YesNo(load_default=ProgramSettings.base_gift_cards)


class ExpirySchema(Part):
    """When points expire (acceptance 50)."""

    kind = word_of(ProgramSettings, "expiry")
    months = Whole(most=EXPIRY_MONTHS_MAX, load_default=ProgramSettings.expiry_months)
    percent = Whole(most=100, load_default=ProgramSettings.expiry_percent)
    reminder_days = list_of(Whole(most=REMINDER_DAYS_MAX), ProgramSettings.expiry_reminder_days)


class ProgramSchema(Part):
    """The program itself; a `status` that is left out does not change."""

    name = Words(most=100, required=True)
    points_name = Words(most=40, load_default=None)
    status = one_of(("draft", "active", "paused"))
    rounding = word_of(ProgramSettings, "rounding")
    base = part(BaseSchema)
    prices_include_tax = YesNo(load_default=ProgramSettings.prices_include_tax)
    tax_percent = Amount(most=Decimal(100), load_default=ProgramSettings.tax_percent)
    earn_at = word_of(ProgramSettings, "earn_at")
    wait_days = Whole(0, DAYS_MAX, load_default=ProgramSettings.wait_days)
    after_fallback = word_of(ProgramSettings, "after_fallback")
    cash_on_delivery = word_of(ProgramSettings, "cash_on_delivery")
    combine = word_of(ProgramSettings, "combine")
    guests_earn = YesNo(load_default=ProgramSettings.guests_earn)
    shortfall = word_of(ProgramSettings, "shortfall")
    point_value = Amount(load_default=ProgramSettings.point_value)
    expiry = part(ExpirySchema)
    coupon_after_cancel = word_of(ProgramSettings, "coupon_after_cancel")
    return_days = Whole(0, DAYS_MAX, load_default=ProgramSettings.return_days, allow_none=True)
    orders_from = Day(load_default=ProgramSettings.orders_from, allow_none=True)
    letters = list_of(one_of(SWITCHABLE), ProgramSettings.letters)


class PerSchema(Part):
    """A rate: points for an amount of money."""

    points = Whole(required=True)
    money = Amount(required=True)


class TermsSchema(Part):
    """When a rule applies, and for whom."""

    minimum_subtotal = Amount(load_default=None)
    include_products = list_of(Id())
    include_collections = list_of(Id())
    exclude_products = list_of(Id())
    exclude_collections = list_of(Id())
    product_multipliers = map_of(multiplier(), Id())
    collection_multipliers = map_of(multiplier(), Id())
    guests = YesNo(load_default=Terms.guests)
    tiers = list_of(Words(100))
    points_per_day = Whole(load_default=None)
    points_per_month = Whole(load_default=None)
    points_ever = Whole(load_default=None)
    times_per_day = Whole(load_default=None)
    times_per_month = Whole(load_default=None)
    times_per_year = Whole(load_default=None)
    times_ever = Whole(load_default=None)
    starts_at = Moment(load_default=None)
    ends_at = Moment(load_default=None)
    url = Address(2000, load_default=None)
    channel = Words(80, load_default=None)
    name = Words(100, load_default=None)


ORDER_TERMS = {
    *("minimum_subtotal", "include_products", "include_collections", "exclude_products", "exclude_collections"),
    *("product_multipliers", "collection_multipliers"),
}
TERMS_NEED = {"social": {"channel"}, "custom": {"name"}}
TERMS_MAY = {kind: {"url"} | (ORDER_TERMS if kind in ORDER_KINDS else set()) for kind in KINDS}


class OwnFigureSchema(OwnSchema):
    """The points or rate of a rule in one tier, instead of its general ones."""

    points = Whole(required=True)
    money = Amount(load_default=None)


class RuleSchema(Part):
    """An earning rule. Without points of its own only the tiers of `by_tier` earn by it."""

    handle = handle_field()
    kind = one_of(tuple(KINDS), required=True)
    title = Words(load_default=None)
    description = Words(1000, load_default=None)
    active = YesNo(load_default=True)
    points = Whole(load_default=None)
    per = fields.Nested(PerSchema, load_default=None)
    by_tier = map_of(fields.Nested(OwnFigureSchema), Words(100))
    terms = part(TermsSchema)

    @validates_schema
    def check_kind(self, rule: Facts, **_: object) -> None:
        """Raises ValidationError for fields that the kind lacks, and for fields that it does not use."""
        kind, terms = rule["kind"], rule["terms"]
        is_of_tiers = rule["points"] is None and rule["per"] is None and bool(rule["by_tier"])
        if (rule["points"] is None) == (rule["per"] is None) and not is_of_tiers:
            raise ValidationError("Either points, or per (points for an amount of money).", "points")
        per = rule["per"] or (is_of_tiers and next(iter(rule["by_tier"].values())).get("money"))
        if per and not KINDS[kind].rated:
            raise ValidationError(f"Only rules of kind {', '.join(RATED_KINDS)} take an amount of money.", "per")
        for tier, own in rule["by_tier"].items():
            if ("money" in own) != bool(per):
                raise ValidationError({"by_tier": {tier: {"money": ["Set it exactly when the rule sets per."]}}})
        errors = misplaced(kind, terms, TERMS_NEED, TERMS_MAY)
        if errors:
            raise ValidationError({"terms": errors})


class CampaignSchema(Part):
    """A period in which orders give a multiple of their points."""

    name = Words(100, required=True)
    multiplier = multiplier(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)


class TierSchema(Part):
    """A tier; without a multiplier it has the base tier's."""

    name = Words(100, required=True)
    required_points = Whole(required=True)
    multiplier = multiplier(load_default=None)
    benefits = Words(1000, load_default=None)


class TiersSchema(Part):
    """Whether there are tiers (`levels` in the file), their window, and the settings of the base tier."""

    active = YesNo(load_default=True)
    window_days = Whole(most=DAYS_MAX, load_default=TIER_WINDOW_DAYS_DEFAULT)
    base_name = Words(100, load_default=None)
    base_multiplier = multiplier(load_default=Decimal(1))
    base_benefits = Words(1000, load_default=None)
    levels = fields.List(fields.Nested(TierSchema), load_default=list)

    @validates_schema
    def check_tiers(self, tiers: Facts, **_: object) -> None:
        """Raises ValidationError for two tiers with the same name or the same required points."""
        for name in ("name", "required_points"):
            _check_unique("levels", tiers["levels"], name)


class ReferralSchema(Part):
    """The referral program (acceptance 40-46)."""

    active = YesNo(load_default=True)
    trigger = one_of(TRIGGERS, load_default="first_paid_order")
    minimum_subtotal = Amount(load_default=None)
    attribution = one_of(("first", "last"), load_default="first")
    window_days = Whole(most=DAYS_MAX, load_default=WINDOW_DAYS_DEFAULT)
    advocate_daily_cap = Whole(most=DAILY_CAP_MAX, load_default=DAILY_CAP_DEFAULT, allow_none=True)
    undo_on_refund = YesNo(load_default=True)
    friend = fields.Nested(GiftSchema, load_default=None)
    advocate = fields.Nested(GiftSchema, load_default=None)


class Colour(Words):
    """A colour, #rrggbb; it must be quoted, since YAML reads # as a comment."""

    default_error_messages = {"null": 'A colour as "#1b6b4a", in quotes: # starts a comment.'}


class WidgetSchema(Part):
    """How the launcher and the panel look, and where their buttons lead."""

    colour = Colour(7, "#[0-9a-fA-F]{6}", 'A colour as "#1b6b4a", in quotes.', load_default=WidgetSettings.colour)
    mode = word_of(WidgetSettings, "mode")
    side = word_of(WidgetSettings, "side")
    offset_x = Whole(0, 1000, load_default=WidgetSettings.offset_x)
    offset_y = Whole(0, 1000, load_default=WidgetSettings.offset_y)
    z_index = Whole(0, 2**31 - 1, load_default=WidgetSettings.z_index)
    label = Words(40, load_default=WidgetSettings.label)
    icon = YesNo(load_default=WidgetSettings.icon)
    icon_file = Words(40, r"[0-9a-f]{32}\.png", "The name of an uploaded picture.", load_default=None)
    hidden = YesNo(load_default=WidgetSettings.hidden)
    hide_on_mobile = YesNo(load_default=WidgetSettings.hide_on_mobile)
    hide_on_desktop = YesNo(load_default=WidgetSettings.hide_on_desktop)
    hide_paths = list_of(Words(200, r"[/*]\S*", "A path as /checkout or /checkout/*."))
    show_paths = list_of(Words(200, r"[/*]\S*", "A path as /checkout or /checkout/*."))
    sign_in = word_of(WidgetSettings, "sign_in")
    sign_in_url = Address(2000, load_default=None)
    sign_up_url = Address(2000, load_default=None)
    apply_url = Address(2000, load_default=None)
    needs_consent = YesNo(load_default=WidgetSettings.needs_consent)
    identity_digest = YesNo(load_default=WidgetSettings.identity_digest)
    till_code = YesNo(load_default=WidgetSettings.till_code)
    when_paused = word_of(WidgetSettings, "when_paused")
    strings = map_of(map_of(Words(1000), Words(100)), Words(40, LOCALE.pattern, "A locale as en or de-AT."))

    @validates_schema
    def check_sign_in(self, widget: Facts, **_: object) -> None:
        """Raises ValidationError when sign-in by the shop lacks the address of its sign-in or sign-up page."""
        for name in ("sign_in_url", "sign_up_url"):
            if widget["sign_in"] == "shop" and widget[name] is None:
                raise ValidationError("Required with sign_in: shop.", name)


class FileSchema(Schema):
    """The whole file; a section that is left out is not changed."""

    program = fields.Nested(ProgramSchema)
    earning_rules = fields.List(fields.Nested(RuleSchema))
    campaigns = fields.List(fields.Nested(CampaignSchema))
    tiers = fields.Nested(TiersSchema)
    rewards = fields.List(fields.Nested(RewardSchema))
    referral = fields.Nested(ReferralSchema)
    widget = fields.Nested(WidgetSchema)

    @validates_schema
    def check_names(self, file: Facts, **_: object) -> None:
        """Raises ValidationError for two entries of a list with the same handle (campaigns: the same name)."""
        for section, name in (("earning_rules", "handle"), ("campaigns", "name"), ("rewards", "handle")):
            _check_unique(section, file.get(section, []), name)

    @post_load
    def as_file(self, file: Facts, **_: object) -> ProgramFile:
        """Returns the file's sections, with lists as dicts by handle or name."""
        levels = file["tiers"].pop("levels") if "tiers" in file else None
        return ProgramFile(
            program=file.get("program"),
            earning_rules=_by(file.get("earning_rules"), "handle"),
            campaigns=_by(file.get("campaigns"), "name"),
            tiers=file.get("tiers"),
            levels=_by(levels, "name"),
            rewards=_by(file.get("rewards"), "handle"),
            referral=file.get("referral"),
            widget=file.get("widget"),
        )


def _by(things: list[Facts] | None, name: str) -> Things | None:
    return None if things is None else {facts.pop(name): facts for facts in things}


def _check_unique(section: str, things: list[Facts], name: str) -> None:
    seen = set()
    for at, facts in enumerate(things):
        if facts[name] in seen:
            raise ValidationError({section: {at: {name: [f"{facts[name]} appears twice."]}}})
        seen.add(facts[name])
