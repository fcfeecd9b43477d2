"""The program as a file: one YAML text, read into a ProgramFile. docs/program-file.md lists every field.

Of YAML the plain part is read: mappings, lists, texts, whole and decimal numbers, true, false and null. No
anchors and no tags; no key twice; only `true` and `false` are booleans, so that `off` stays a word; decimal
numbers are exact.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

import yaml
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from widget_server import clock
from widget_server.errors import BadRequest
from widget_server.ledger import POINTS_MAX
from widget_server.loyalty.earning.rules import KINDS, ORDER_KINDS, RATED_KINDS, Terms
from widget_server.loyalty.points.tiers import WINDOW_DAYS_DEFAULT as TIER_WINDOW_DAYS_DEFAULT
from widget_server.loyalty.program.programs import ProgramSettings
from widget_server.loyalty.program.shops import LOCALE, WidgetSettings
from widget_server.loyalty.referrals import DAILY_CAP_DEFAULT, TRIGGERS, WINDOW_DAYS_DEFAULT
from widget_server.loyalty.rewards.gifts import Gift
from widget_server.loyalty.rewards.rewards import KINDS as REWARD_KINDS
from widget_server.program_file.apply import Facts, ProgramFile, Things

MONEY_MAX = Decimal(10**12)
MULTIPLIER_MAX = Decimal(1000)
AMOUNT = r"[0-9]{1,18}(\.[0-9]{1,4})?"  # the database keeps four decimal places
DAYS_MAX = 3660
DAILY_CAP_MAX = 100_000
YEARS = range(2000, 3000)

Path = tuple[str | int, ...]


def parse(text: str) -> ProgramFile:
    """Read a program file. Raises BadRequest whose `field` is the path of the first fault in the file.

    The fact `problems` lists every fault as a sentence. What only the shop can tell (its tiers, its zone) is
    checked by `apply.plan`.
    """
    told = _read(text)
    try:
        return FileSchema().load(told)
    except ValidationError as wrong:
        faults = sorted(_faults(wrong.messages))
        path, words = faults[0]
        problems = [f"{path}: {words}" for path, words in faults]
        raise BadRequest(words, field=path, problems=problems) from wrong


def _faults(messages: Any, path: Path = ()) -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for name, below in messages.items():
            # marshmallow's own words for "the whole of it" and for the sides of a mapping
            yield from _faults(below, path if name in ("_schema", "key", "value") else (*path, name))
    elif isinstance(messages, list):
        for below in messages:
            yield from _faults(below, path)
    else:
        yield _dotted(path), messages


def _dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "file"


# The text


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or event.tag is not None:
            raise yaml.composer.ComposerError(None, None, "anchors and tags are not read here", event.start_mark)
        return super().compose_node(parent, index)


_TAG = "tag:yaml.org,2002:"
for _kind, _pattern, _first in (
    ("null", r"(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"(?:true|false)$", ["t", "f"]),
    ("int", r"-?(?:0|[1-9][0-9]{0,17})$", list("-0123456789")),
    ("float", r"-?[0-9]{1,18}\.[0-9]{1,18}$", list("-0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(_pattern), _first)

_PLAIN: dict[str, Callable[[str], Any]] = {
    f"{_TAG}null": lambda _: None,
    f"{_TAG}bool": lambda text: text == "true",
    f"{_TAG}int": int,
    f"{_TAG}float": Decimal,
    f"{_TAG}str": str,
}


def _read(text: str) -> Any:
    try:
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise BadRequest(f"{str(broken.problem).capitalize()}.", field=f"line {line}") from broken
    except (yaml.YAMLError, RecursionError) as broken:
        raise BadRequest("This is not YAML.", field="file") from broken
    if node is None:
        raise BadRequest("The file is empty.", field="file")
    return _value(node, ())


def _value(node: yaml.Node, path: Path) -> Any:
    if isinstance(node, yaml.MappingNode):
        return dict(_entries(node, path))
    if isinstance(node, yaml.SequenceNode):
        return [_value(below, (*path, at)) for at, below in enumerate(node.value)]
    return _PLAIN[node.tag](node.value)


def _entries(node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
    """Keys are texts as written: an id that is a number keeps its digits."""
    seen = set()
    for key, below in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _unreadable(key, path, "A name is a plain text")
        name = (*path, key.value)
        if key.value in seen:
            raise _unreadable(key, name, "It stands there twice")
        seen.add(key.value)
        yield key.value, _value(below, name)


def _unreadable(node: yaml.Node, path: Path, words: str) -> BadRequest:
    return BadRequest(f"{words} (line {node.start_mark.line + 1}).", field=_dotted(path))


# The kinds of values


class Whole(fields.Field[int]):
    """A whole number: 2.5, "2" and true are none."""

    def __init__(self, least: int = 1, most: int = POINTS_MAX, **facts: Any) -> None:
        super().__init__(**facts)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise ValidationError(f"A whole number from {self.least} to {self.most}.")
        return value


class Amount(fields.Field[Decimal]):
    """Money, or a factor: a number or its text, above 0, with at most four decimal places, exact."""

    def __init__(self, least: Decimal = Decimal(0), most: Decimal = MONEY_MAX, **facts: Any) -> None:
        super().__init__(**facts)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        text = "" if isinstance(value, bool) else str(value)
        if not re.fullmatch(AMOUNT, text):
            raise ValidationError("A number as 10 or 10.50, with at most four decimal places.")
        amount = Decimal(text)
        if not amount or not self.least <= amount <= self.most:
            raise ValidationError(f"A number {f'from {self.least}' if self.least else 'above 0'} to {self.most}.")
        return amount


class YesNo(fields.Field[bool]):
    """true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise ValidationError("true or false.")
        return value


class Words(fields.Field[str]):
    """A text that says something; blanks around it go."""

    def __init__(self, most: int = 200, pattern: str = ".+", like: str = "", **facts: Any) -> None:
        super().__init__(**facts)
        self.most, self.pattern, self.like = most, re.compile(pattern, re.DOTALL), like

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = value.strip() if isinstance(value, str) else ""
        if not 0 < len(text) <= self.most:
            raise ValidationError(f"A text of 1 to {self.most} characters.")
        if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in text):
            raise ValidationError("A text without control characters.")
        if not self.pattern.fullmatch(text):
            raise ValidationError(self.like)
        return text


class Id(Words):
    """An id of the shop's platform; a number is kept as its text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(str(value) if type(value) is int else value, attr, data, **kwargs)


class Address(Words):
    """Where a button leads: http(s), or a path of the shop's own site from its single leading slash."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _leads_somewhere(text):
            raise ValidationError("An address as https://shop.example/page, or a path of the shop as /page.")
        return text


class Moment(fields.Field[date]):
    """A time with its offset, or a day, which means its first moment in the shop's zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        try:
            text = value if isinstance(value, str) else ""
            found = date.fromisoformat(text) if len(text) == 10 else clock.parse(text)
        except (ValueError, OverflowError) as wrong:
            raise ValidationError("A day as 2026-03-10, or a time as 2026-03-10T12:00:00+01:00.") from wrong
        if found.year not in YEARS or (isinstance(found, datetime) and found.microsecond):
            raise ValidationError(f"A day, or a time to the second, from {YEARS[0]} to {YEARS[-1]}.")
        return found


class Day(fields.Field[date]):
    """A day of the shop's zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        try:
            found = date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "")
        except ValueError as wrong:
            raise ValidationError("A day as 2026-03-10.") from wrong
        if found.year not in YEARS:
            raise ValidationError(f"A day from {YEARS[0]} to {YEARS[-1]}.")
        return found


def _leads_somewhere(text: str) -> bool:
    """Browsers pass over blanks and read a backslash as a slash: neither may stand in an address."""
    if re.search(r"[\s\\]", text):
        return False
    if text.startswith("/"):
        return not text.startswith("//")
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _one_of(words: tuple[str, ...], **facts: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(words, error="One of: {choices}."), **facts)


def _word_of(settings: type, name: str) -> fields.String:
    """A field whose words and default are those of a settings class."""
    return _one_of(get_args(get_type_hints(settings)[name]), load_default=getattr(settings, name))


def _list_of(inner: fields.Field[Any], default: tuple[Any, ...] = ()) -> fields.List[Any]:
    return fields.List(inner, load_default=lambda: list(default), validate=lambda values: _check_once(list(values)))


def _check_once(values: list[Any]) -> None:
    for at, value in enumerate(values):
        if value in values[:at]:
            raise ValidationError({at: ["It stands there twice."]})


def _map_of(values: fields.Field[Any], keys: fields.Field[str]) -> fields.Dict:
    return fields.Dict(keys=keys, values=values, load_default=dict)


def _part(schema: type[Schema]) -> fields.Nested:
    """A group of fields that may be left out: each has its default then."""
    return fields.Nested(schema, load_default=lambda: schema().load({}))


def _multiplier(**facts: Any) -> Amount:
    return Amount(most=MULTIPLIER_MAX, **facts)


class _Part(Schema):
    """Its fields become facts: those of a group are named with a dot."""

    @post_load
    def as_facts(self, data: Facts, **_: Any) -> Facts:
        facts: Facts = {}
        for name, value in data.items():
            field = self.fields[name]
            if isinstance(field, fields.Nested):
                words = value or dict.fromkeys(field.schema.fields)
                facts |= {f"{name}.{word}": one for word, one in words.items()}
            else:
                facts[name] = value
        return facts


# The sections


class BaseSchema(_Part):
    """What of an order counts (acceptance 19)."""

    after_discounts = YesNo(load_default=ProgramSettings.base_after_discounts)
    shipping = YesNo(load_default=ProgramSettings.base_shipping)
    tax = YesNo(load_default=ProgramSettings.base_tax)
    gift_cards = YesNo(load_default=ProgramSettings.base_gift_cards)


class ExpirySchema(_Part):
    """When points run out (acceptance 50)."""

    kind = _word_of(ProgramSettings, "expiry")
    months = Whole(most=600, load_default=ProgramSettings.expiry_months)
    percent = Whole(most=100, load_default=ProgramSettings.expiry_percent)
    reminder_days = _list_of(Whole(most=365), ProgramSettings.expiry_reminder_days)


class ProgramSchema(_Part):
    """The program itself; a `status` that is left out stays what it is."""

    name = Words(most=100, required=True)
    points_name = Words(most=40, load_default=None)
    status = _one_of(("draft", "active", "paused"))
    rounding = _word_of(ProgramSettings, "rounding")
    base = _part(BaseSchema)
    prices_include_tax = YesNo(load_default=ProgramSettings.prices_include_tax)
    tax_percent = Amount(most=Decimal(100), load_default=ProgramSettings.tax_percent)
    earn_at = _word_of(ProgramSettings, "earn_at")
    wait_days = Whole(0, DAYS_MAX, load_default=ProgramSettings.wait_days)
    after_fallback = _word_of(ProgramSettings, "after_fallback")
    cash_on_delivery = _word_of(ProgramSettings, "cash_on_delivery")
    combine = _word_of(ProgramSettings, "combine")
    guests_earn = YesNo(load_default=ProgramSettings.guests_earn)
    shortfall = _word_of(ProgramSettings, "shortfall")
    point_value = Amount(load_default=ProgramSettings.point_value)
    expiry = _part(ExpirySchema)
    coupon_after_cancel = _word_of(ProgramSettings, "coupon_after_cancel")
    return_days = Whole(0, DAYS_MAX, load_default=ProgramSettings.return_days, allow_none=True)
    orders_from = Day(load_default=ProgramSettings.orders_from, allow_none=True)


def _handle() -> Words:
    pattern = r"[a-z0-9][a-z0-9_-]{0,63}"
    return Words(64, pattern, "A handle as free-mug: small letters, digits, - and _.", required=True)


class PerSchema(_Part):
    """A rate: so many points for so much money."""

    points = Whole(required=True)
    money = Amount(required=True)


class TermsSchema(_Part):
    """When a rule applies, and for whom."""

    minimum_subtotal = Amount(load_default=None)
    include_products = _list_of(Id())
    include_collections = _list_of(Id())
    exclude_products = _list_of(Id())
    exclude_collections = _list_of(Id())
    product_multipliers = _map_of(_multiplier(), Id())
    collection_multipliers = _map_of(_multiplier(), Id())
    guests = YesNo(load_default=Terms.guests)
    tiers = _list_of(Words(100))
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
    channel = Words(40, load_default=None)
    name = Words(100, load_default=None)


ORDER_TERMS = {
    *("minimum_subtotal", "include_products", "include_collections", "exclude_products", "exclude_collections"),
    *("product_multipliers", "collection_multipliers"),
}
TERMS_NEED = {"social": {"channel", "url"}, "custom": {"name"}}
TERMS_MAY = {kind: {"url"} | (ORDER_TERMS if kind in ORDER_KINDS else set()) for kind in KINDS}


class _OwnSchema(Schema):
    """What a level has of its own: only what is told."""

    @post_load
    def as_facts(self, data: Facts, **_: Any) -> Facts:
        return {name: value for name, value in data.items() if value is not None}


class OwnFigureSchema(_OwnSchema):
    """What a rule gives in one level, instead of its own points or rate."""

    points = Whole(required=True)
    money = Amount(load_default=None)


class RuleSchema(_Part):
    """An earning rule."""

    handle = _handle()
    kind = _one_of(KINDS, required=True)
    title = Words(load_default=None)
    description = Words(1000, load_default=None)
    active = YesNo(load_default=True)
    points = Whole(load_default=None)
    per = fields.Nested(PerSchema, load_default=None)
    by_tier = _map_of(fields.Nested(OwnFigureSchema), Words(100))
    terms = _part(TermsSchema)

    @validates_schema
    def check_kind(self, rule: Facts, **_: Any) -> None:
        """What the kind does not look at is a mistake of the file, not a wish to pass over."""
        kind, terms = rule["kind"], rule["terms"]
        if (rule["points"] is None) == (rule["per"] is None):
            raise ValidationError("Either points, or per: so many points for so much money.", "points")
        if rule["per"] and kind not in RATED_KINDS:
            raise ValidationError(f"Only rules of kind {', '.join(RATED_KINDS)} know an amount of money.", "per")
        for level, own in rule["by_tier"].items():
            if ("money" in own) != (rule["per"] is not None):
                raise ValidationError({"by_tier": {level: {"money": ["With per, and only then."]}}})
        errors = _misplaced(kind, terms, TERMS_NEED, TERMS_MAY)
        if errors:
            raise ValidationError({"terms": errors})


class CampaignSchema(_Part):
    """A time in which orders give a multiple."""

    name = Words(100, required=True)
    multiplier = _multiplier(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)


class LevelSchema(_Part):
    """A level; without a multiplier the base's holds."""

    name = Words(100, required=True)
    required_points = Whole(required=True)
    multiplier = _multiplier(load_default=None)
    benefits = Words(1000, load_default=None)


class TiersSchema(_Part):
    """Whether there are levels, their window, and what holds below the first."""

    active = YesNo(load_default=True)
    window_days = Whole(most=DAYS_MAX, load_default=TIER_WINDOW_DAYS_DEFAULT)
    base_name = Words(100, load_default=None)
    base_multiplier = _multiplier(load_default=Decimal(1))
    base_benefits = Words(1000, load_default=None)
    levels = fields.List(fields.Nested(LevelSchema), load_default=list)

    @validates_schema
    def check_levels(self, tiers: Facts, **_: Any) -> None:
        """A level is known by its name, and reached by points that lead to no other."""
        for name in ("name", "required_points"):
            _check_unique("levels", tiers["levels"], name)


class CollectionSchema(_Part):
    """A collection, as the platform knows it and as the shopper reads it."""

    id = Id(required=True)
    name = Words(required=True)

    @post_load
    def as_facts(self, data: Facts, **_: Any) -> Facts:
        return data


REWARD_NEEDS = {
    "amount": {"amount"},
    "sliding": {"point_value"},
    "percent": {"percent"},
    "free_product": {"product_id"},
}
REWARD_MAY = {"sliding": {"max_points", "step_points"}, "free_product": {"product_name"}}


class OwnPriceSchema(_OwnSchema):
    """What a reward costs in one level, and is worth there."""

    cost_points = Whole(required=True)
    amount = Amount(load_default=None)
    percent = Amount(Decimal(1), Decimal(100), load_default=None)


class RewardSchema(_Part):
    """A reward; of a sliding one `cost_points` is the least that can be spent."""

    handle = _handle()
    kind = _one_of(REWARD_KINDS, required=True)
    title = Words(load_default=None)
    description = Words(1000, load_default=None)
    active = YesNo(load_default=True)
    cost_points = Whole(required=True)
    amount = Amount(load_default=None)
    percent = Amount(Decimal(1), Decimal(100), load_default=None)
    by_tier = _map_of(fields.Nested(OwnPriceSchema), Words(100))
    product_id = Id(load_default=None)
    product_name = Words(load_default=None)
    max_points = Whole(load_default=None)
    step_points = Whole(load_default=None)
    point_value = Amount(load_default=None)
    minimum_subtotal = Amount(load_default=None)
    collections = _list_of(fields.Nested(CollectionSchema))
    tier = Words(100, load_default=None)
    starts_at = Moment(load_default=None)
    ends_at = Moment(load_default=None)
    limit_per_customer = Whole(load_default=None)
    limit_period = _one_of(("day", "month", "year", "ever"), load_default="ever")
    limit_total = Whole(load_default=None)
    expires_after_days = Whole(most=DAYS_MAX, load_default=None)
    combines = YesNo(load_default=False)
    shareable = YesNo(load_default=False)

    @validates_schema
    def check_kind(self, reward: Facts, **_: Any) -> None:
        """Each kind has its own figures; a slider's steps end where it ends."""
        errors = _misplaced(reward["kind"], reward, REWARD_NEEDS, REWARD_MAY)
        if errors:
            raise ValidationError(errors)
        for level, own in reward["by_tier"].items():
            if reward["kind"] == "sliding":
                raise ValidationError("A slider is the same in every level.", "by_tier")
            for name in ("amount", "percent"):
                if (name in own) != (reward[name] is not None):
                    raise ValidationError({"by_tier": {level: {name: [f"As the kind {reward['kind']} has it."]}}})
        least, most, step = reward["cost_points"], reward["max_points"], reward["step_points"] or 1
        if most is not None and most < least:
            raise ValidationError("It is less than cost_points, the least that can be spent.", "max_points")
        if most is not None and (most - least) % step:
            raise ValidationError("Steps of this size do not lead from cost_points to max_points.", "step_points")
        if reward["limit_period"] != "ever" and reward["limit_per_customer"] is None:
            raise ValidationError("A period belongs to limit_per_customer.", "limit_period")


COUPON_TERMS = {"minimum_subtotal", "expires_after_days", "combines"}
GIFT_NEEDS = {
    "points": {"points"},
    "amount": {"amount"},
    "percent": {"percent"},
    "free_product": {"product_id"},
}
GIFT_MAY = {
    "amount": COUPON_TERMS,
    "percent": COUPON_TERMS,
    "free_shipping": COUPON_TERMS,
    "free_product": {"product_name", *COUPON_TERMS},
}


class GiftSchema(_Part):
    """What a referral gives to one side: points, or a coupon."""

    kind = _one_of(get_args(get_type_hints(Gift)["kind"]), required=True)
    points = Whole(load_default=None)
    amount = Amount(load_default=None)
    percent = Amount(Decimal(1), Decimal(100), load_default=None)
    product_id = Id(load_default=None)
    product_name = Words(load_default=None)
    minimum_subtotal = Amount(load_default=None)
    expires_after_days = Whole(most=DAYS_MAX, load_default=None)
    combines = YesNo(load_default=Gift.combines)

    @validates_schema
    def check_kind(self, gift: Facts, **_: Any) -> None:
        """Each kind has its own figures."""
        errors = _misplaced(gift["kind"], gift, GIFT_NEEDS, GIFT_MAY)
        if errors:
            raise ValidationError(errors)


class ReferralSchema(_Part):
    """Friends bring friends (acceptance 40-46)."""

    active = YesNo(load_default=True)
    trigger = _one_of(TRIGGERS, load_default="first_paid_order")
    minimum_subtotal = Amount(load_default=None)
    attribution = _one_of(("first", "last"), load_default="first")
    window_days = Whole(most=DAYS_MAX, load_default=WINDOW_DAYS_DEFAULT)
    advocate_daily_cap = Whole(most=DAILY_CAP_MAX, load_default=DAILY_CAP_DEFAULT, allow_none=True)
    undo_on_refund = YesNo(load_default=True)
    friend = fields.Nested(GiftSchema, load_default=None)
    advocate = fields.Nested(GiftSchema, load_default=None)


class Colour(Words):
    """#rrggbb; YAML reads an unquoted one as a comment."""

    default_error_messages = {"null": 'A colour as "#1b6b4a", in quotes: # starts a comment.'}


class WidgetSchema(_Part):
    """How the launcher and the panel look, and where their buttons lead."""

    colour = Colour(7, "#[0-9a-fA-F]{6}", 'A colour as "#1b6b4a", in quotes.', load_default=WidgetSettings.colour)
    mode = _word_of(WidgetSettings, "mode")
    side = _word_of(WidgetSettings, "side")
    offset_x = Whole(0, 1000, load_default=WidgetSettings.offset_x)
    offset_y = Whole(0, 1000, load_default=WidgetSettings.offset_y)
    z_index = Whole(0, 2**31 - 1, load_default=WidgetSettings.z_index)
    label = Words(40, load_default=WidgetSettings.label)
    icon = YesNo(load_default=WidgetSettings.icon)
    hidden = YesNo(load_default=WidgetSettings.hidden)
    hide_on_mobile = YesNo(load_default=WidgetSettings.hide_on_mobile)
    hide_paths = _list_of(Words(200, r"[/*]\S*", "A path as /checkout or /checkout/*."))
    sign_in = _word_of(WidgetSettings, "sign_in")
    sign_in_url = Address(2000, load_default=None)
    sign_up_url = Address(2000, load_default=None)
    apply_url = Address(2000, load_default=None)
    needs_consent = YesNo(load_default=WidgetSettings.needs_consent)
    when_paused = _word_of(WidgetSettings, "when_paused")
    strings = _map_of(_map_of(Words(1000), Words(100)), Words(40, LOCALE.pattern, "A locale as en or de-AT."))

    @validates_schema
    def check_sign_in(self, widget: Facts, **_: Any) -> None:
        """Who signs in with the shop must be led there."""
        for name in ("sign_in_url", "sign_up_url"):
            if widget["sign_in"] == "shop" and widget[name] is None:
                raise ValidationError("With sign_in: shop it is needed.", name)


class FileSchema(Schema):
    """The file whole; a section that is left out is left alone."""

    program = fields.Nested(ProgramSchema)
    earning_rules = fields.List(fields.Nested(RuleSchema))
    campaigns = fields.List(fields.Nested(CampaignSchema))
    tiers = fields.Nested(TiersSchema)
    rewards = fields.List(fields.Nested(RewardSchema))
    referral = fields.Nested(ReferralSchema)
    widget = fields.Nested(WidgetSchema)

    @validates_schema
    def check_names(self, file: Facts, **_: Any) -> None:
        """A thing is known by its handle (a campaign by its name): no two share one."""
        for section, name in (("earning_rules", "handle"), ("campaigns", "name"), ("rewards", "handle")):
            _check_unique(section, file.get(section, []), name)

    @post_load
    def as_file(self, file: Facts, **_: Any) -> ProgramFile:
        """The sections, their lists by handle or name."""
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
            raise ValidationError({section: {at: {name: [f"{facts[name]} stands there twice."]}}})
        seen.add(facts[name])


def _misplaced(
    kind: str, facts: Facts, needs: Mapping[str, set[str]], may: Mapping[str, set[str]]
) -> dict[str, list[str]]:
    """What a thing of this kind lacks, and what only other kinds have."""
    needed, allowed = needs.get(kind, set()), needs.get(kind, set()) | may.get(kind, set())
    somewhere = set().union(*needs.values(), *may.values())
    is_set = {name for name in somewhere if facts[name] not in (None, False, [], {})}
    return {name: [f"The kind {kind} needs it."] for name in needed - is_set} | {
        name: [f"The kind {kind} has no such thing."] for name in is_set - allowed
    }
