"""Letters: the text of a mail, in the language of its recipient.

A language is one catalogue in templates/; a letter in it is a subject and a few paragraphs, rendered by one layout
for plain text and one for HTML. A subject contains no secret: mail servers log it.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from widget_server import clock, money
from widget_server.loyalty.people.sign_in_codes import CODE_MINUTES
from widget_server.loyalty.program import colours
from widget_server.loyalty.program.letter_kinds import LETTER_KINDS, needs_unsubscribing
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards.gifts import Gift

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = frozenset(path.stem for path in TEMPLATES.glob("*.toml"))
LANGUAGE_OF_LAST_RESORT = "en"
NAME_LENGTH_MAX = 80
KINDS = {
    "{code}": "code",
    "{link}": "link",
    "{comment}": "comment",
    "{benefits}": "comment",
}
FIGURE = re.compile(r"{(gift|tier|browser)}|{points_name}\s?: \u200e?{points(:\+)?}")  # lines written large
DARK = "@media (prefers-color-scheme: dark)"
JOINERS = "\u200c\u200d"  # control characters that Persian words and emoji need

_layouts = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
)


@dataclass(frozen=True)
class Mail:
    """A rendered mail: the sender's name, and the body as plain text and as HTML.

    `unsubscribe` is the address in letters of a topic; None in those that are transactional.
    """

    language: str
    sender: str
    subject: str
    text: str
    html: str
    unsubscribe: str | None = None


@dataclass(frozen=True)
class Paragraph:
    """A piece of the body; `kind` is text, figure, code, link or comment."""

    kind: str
    text: str


@dataclass(frozen=True)
class Number:
    """A figure that a catalogue writes as {points}, or with its sign as {points:+}."""

    value: int | Decimal
    marks: dict[int, str]

    def __format__(self, sign: str) -> str:
        form = "," if isinstance(self.value, int) else ",f"
        return f"{self.value:{sign}{form}}".translate(self.marks)


class Values(TypedDict, total=False):
    """The values in letters; each letter uses some of them (`write`)."""

    code: str
    link: str
    browser: str
    points: int
    balance: int
    comment: str | None
    expires_at: str | None
    gift: dict[str, Any]
    why: dict[str, Any]
    minimum: str | None
    tier: str
    tier_now: str | None
    benefits: str | None
    unsubscribe: str


def write(template: str, locale: str, shop: Shop, program: Program, values: Values) -> Mail:
    """Returns the letter `template` in the language of `locale` (German for de-AT, English for an unknown one).

    `values` are: for sign_up and sign_in code and link; for reset code; for by_link, staff_invite, staff_reset and
    staff_store_erased link; for staff_data_request link and expires_at (when it is due); for new_device and
    new_password browser (its family, may be empty) and link; for points_expire points and expires_at (the first moment
    at which they are gone, ISO 8601); for referral_completed gift (the advocate's, as `Gift.as_json`); for
    points_earned, points_moved and birthday_gift points (signed), balance, why (loyalty/letters/writing.py) and comment
    (may be None); for reward_redeemed gift, code, points, balance, minimum and expires_at (both may be None); for
    tier_reached tier and benefits; for tier_at_risk tier and expires_at; for tier_lost tier and tier_now (may be None).
    Letters of a topic also have unsubscribe, an address, unless an earlier version queued them.
    Raises KeyError for a missing letter or value.
    """
    language = language_of(locale)
    catalogue = _catalogue(language)
    entry = catalogue["letters"][template]
    words = _words(catalogue, shop, program, values)
    subject = entry["subject"].format(**words)
    paragraphs = [Paragraph(_kind_of(line), line.format(**words)) for line in entry["body"]]
    unsubscribe = values.get("unsubscribe") if needs_unsubscribing(template) else None
    page = {
        "accents": colours.accents(shop.look.colour),
        "dark": DARK,
        "language": language,
        "direction": catalogue["direction"],
        "subject": subject,
        "paragraphs": [paragraph for paragraph in paragraphs if paragraph.text],
        "shop": words["shop"],
        "home": shop.origins[0],
        "visit": catalogue["visit"].format(**words) if template in LETTER_KINDS else None,
        "reason": catalogue["reason"].format(**words) if unsubscribe else None,
        "unsubscribe_name": catalogue["unsubscribe"],
        "unsubscribe": unsubscribe,
    }
    text, html = (_layouts.get_template(name).render(page) for name in ("layout.txt", "layout.html"))
    return Mail(language, words["shop"], subject, text, html, unsubscribe)


def language_of(locale: str) -> str:
    """Returns the catalogue's language for `locale`, as "de"."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else LANGUAGE_OF_LAST_RESORT


def one_line(text: str) -> str:
    """Returns `text` without line breaks, control characters and marks that change the reading direction."""
    spaced = " ".join(text.split())
    return "".join(sign for sign in spaced if sign.isprintable() or sign in JOINERS)


def _kind_of(line: str) -> str:
    return "figure" if FIGURE.fullmatch(line) else KINDS.get(line, "text")


def _name(text: str) -> str:
    cleaned = one_line(text)
    return cleaned if len(cleaned) <= NAME_LENGTH_MAX else cleaned[: NAME_LENGTH_MAX - 1] + "…"


@cache
def _catalogue(language: str) -> dict[str, Any]:
    return tomllib.loads((TEMPLATES / f"{language}.toml").read_text("utf-8"))


def _words(catalogue: dict[str, Any], shop: Shop, program: Program, values: Values) -> dict[str, Any]:
    """Returns the values of the catalogue's {names}."""
    marks = str.maketrans({",": catalogue["thousands_mark"], ".": catalogue["decimal_mark"]})
    words: dict[str, Any] = {
        "shop": _name(shop.name),
        "program": _name(program.name),
        "points_name": _name(program.points_name or catalogue["points_name"]),
        "minutes": CODE_MINUTES,
    }
    for name, value in values.items():
        words[name] = Number(value, marks) if isinstance(value, int) else value
    if "comment" in values:
        words["comment"] = one_line(values["comment"] or "")
    if "browser" in values:
        words["browser"] = _name(values["browser"]) or catalogue["unknown_browser"]
    if "benefits" in values:
        words["benefits"] = one_line(values["benefits"] or "")
    if "expires_at" in values:
        ends = values["expires_at"]
        words["last_day"] = _last_day(catalogue, clock.parse(ends), shop) if ends else ""
        words["good_through"] = catalogue["good_through"].format(**words) if ends else ""
    if "minimum" in values:
        words["minimum"] = _minimum(catalogue, values["minimum"], shop, marks)
    for name in ("tier", "tier_now"):
        if name in values:
            words[name] = _name(values[name] or "")  # type: ignore[literal-required]
    if "tier_now" in values:
        words["tier_now"] = catalogue["tier_now"].format(**words) if words["tier_now"] else ""
    if "why" in values:
        words["why"] = _why(catalogue, values["why"], words)
    if "gift" in values:
        words["gift"] = _gift(catalogue, Gift.from_json(values["gift"]), shop, words["points_name"], marks)
    return words


def _last_day(catalogue: dict[str, Any], gone_at: datetime, shop: Shop) -> str:
    """Returns the last day before `gone_at` in the shop's time zone, written out."""
    day = clock.local_date(gone_at - timedelta(microseconds=1), shop.timezone)
    return str(catalogue["date"].format(day=day.day, month=catalogue["months"][day.month - 1], year=day.year))


def _minimum(catalogue: dict[str, Any], minimum: str | None, shop: Shop, marks: dict[int, str]) -> str:
    """Returns the sentence that says from which amount a code can be used; empty when there is none."""
    if minimum is None:
        return ""
    amount = Number(money.whole_coins(Decimal(minimum), shop.currency), marks)
    return str(catalogue["minimum"].format(amount=amount, currency=shop.currency))


def _why(catalogue: dict[str, Any], why: dict[str, Any], words: dict[str, Any]) -> str:
    """Returns why points moved: by the cause, else the title of the rule; empty when neither says anything."""
    reasons, order, cause = catalogue["reasons"], _name(why["order"] or ""), why["cause"]
    if order:
        cause = "order" if words["points"].value > 0 else "order_changed"
    elif cause in ("order", "order_changed"):
        return ""
    return str(reasons[cause].format(**words, order=order)) if cause in reasons else _name(why["title"] or "")


def _gift(catalogue: dict[str, Any], gift: Gift, shop: Shop, points_name: str, marks: dict[int, str]) -> str:
    return str(
        catalogue["gifts"][gift.kind].format(
            points_name=points_name,
            points=Number(gift.points or 0, marks),
            amount=Number(money.whole_coins(gift.amount or Decimal(0), shop.currency), marks),
            currency=shop.currency,
            percent=Number((gift.percent or Decimal(0)).normalize(), marks),
            product=_name(gift.product_name or gift.product_id or ""),
        )
    )
