"""Every letter reads well in every language, and carries nothing but what it is given."""

import re
import string
import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.make import World
from widget_server import clock, editions
from widget_server.delivery import mail_templates
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.letter_kinds import SWITCHABLE, needs_unsubscribing
from widget_server.loyalty.rewards.gifts import Gift

DATABASES = ("sqlite",)

LANGUAGES = ("ar", "de", "en", "es", "fr")
LINK = "http://widget.localhost:8000/confirm?link=AbC-_9&x=1"
UNSUBSCRIBE = "http://widget.localhost:8000/unsubscribe/a.b.c"
HOME = "http://shop.localhost:8001"
GIFTS = (
    Gift("points", points=1200),
    Gift("amount", amount=Decimal("1250.50")),
    Gift("percent", percent=Decimal("10.00")),
    Gift("free_shipping"),
    Gift("free_product", product_id="p1", product_name="Mug"),
)
WHY = {"cause": "order", "order": "#1042", "title": None}
ADJUSTED = {"cause": "adjusted", "order": None, "title": None}
VALUES: dict[str, dict[str, Any]] = {
    "sign_up": {"code": "04821395", "link": LINK},
    "sign_in": {"code": "04821395", "link": LINK},
    "reset": {"code": "04821395", "link": LINK},
    "by_link": {"link": LINK},
    "staff_invite": {"link": LINK},
    "staff_reset": {"link": LINK},
    "staff_store_erased": {"link": LINK},
    "staff_data_request": {"link": LINK, "expires_at": "2026-04-09T22:00:00Z"},
    "new_device": {"browser": "Firefox, Windows", "link": LINK},
    "new_password": {"browser": "Firefox, Windows", "link": LINK},
    "points_expire": {"points": 1240, "expires_at": "2026-04-09T22:00:00Z"},
    "referral_completed": {"gift": GIFTS[0].as_json()},
    "points_earned": {"points": 1240, "balance": 2450, "comment": None, "why": WHY},
    "points_moved": {"points": -1030, "balance": 1210, "comment": "A mug came back.", "why": ADJUSTED},
    "reward_redeemed": {
        "gift": GIFTS[1].as_json(),
        "code": "FERN-4821",
        "points": -500,
        "balance": 740,
        "minimum": "1250.50",
        "expires_at": "2026-04-09T22:00:00Z",
    },
    "tier_reached": {"tier": "Gold", "benefits": "Free returns."},
    "tier_at_risk": {"tier": "Gold", "expires_at": "2026-04-09T22:00:00Z"},
    "tier_lost": {"tier": "Gold", "tier_now": "Silver"},
    "birthday_gift": {"points": 100, "balance": 200, "comment": None, "why": {**WHY, "cause": "birthday"}},
}
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "table",
    "tr",
    "td",
    "header",
    "main",
    "footer",
    "h1",
    "p",
    "a",
    "bdi",
    "br",
}
SIZE_MAX = 20_000
EVERY_LETTER = pytest.mark.parametrize(
    ("template", "language"), [(template, language) for template in VALUES for language in LANGUAGES]
)


class Page(HTMLParser):
    """What a mail reader would see, open and fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.links, self.tags, self.root = "", [], set(), {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        facts = dict(attrs)
        assert "src" not in facts and "background" not in facts and "url(" not in (facts.get("style") or "")
        if tag == "a":
            self.links.append(facts["href"])
        if tag == "html":
            self.root = facts

    def handle_data(self, data: str) -> None:
        self.text += data


def write(world: World, template: str, locale: str = "en", **values: Any) -> mail_templates.Mail:
    facts = {**VALUES[template], **values}
    facts |= {"unsubscribe": UNSUBSCRIBE} if needs_unsubscribing(template) else {}
    return mail_templates.write(template, locale, world.shop, world.program, facts)


def catalogue(language: str) -> dict[str, Any]:
    return tomllib.loads((mail_templates.TEMPLATES / f"{language}.toml").read_text("utf-8"))


@EVERY_LETTER
def test_a_letter_says_the_same_as_text_and_as_html(world: World, template: str, language: str) -> None:
    letter = write(world, template, language)
    page = Page(letter.html)
    said = [line for line in letter.text.split("\n") if line not in ("", "-- ", HOME)]
    assert len(said) >= 3 and all(line.removesuffix(f": {UNSUBSCRIBE}") in page.text for line in said)
    assert page.root == {"lang": language, "dir": "rtl" if language == "ar" else "ltr"}
    assert page.tags <= TAGS and len(letter.html.encode()) <= SIZE_MAX
    links = {*re.findall(r"https?://\S+", letter.text)}
    assert {*page.links} == links and (UNSUBSCRIBE in links) == needs_unsubscribing(template)
    assert "Fern Club" in letter.subject and "Fjord & Fern" in letter.text
    assert "{" not in letter.subject + letter.text and "None" not in letter.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", ["sign_up", "sign_in"])
def test_code_and_link_stand_alone_on_their_lines_and_in_no_subject(world: World, template: str, language: str) -> None:
    letter = write(world, template, language)
    lines = letter.text.splitlines()
    assert "04821395" in lines and LINK in lines and "15" in letter.text
    assert re.findall(r"(?<!\d)\d{8}(?!\d)", letter.text) == ["04821395"]
    assert "04821395" not in letter.subject
    assert Page(letter.html).links == [LINK, HOME]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reset_has_a_code_and_no_link_to_confirm(world: World, language: str) -> None:
    letter = write(world, "reset", language)
    assert "04821395" in letter.text.splitlines() and LINK not in letter.text + letter.html
    assert Page(letter.html).links == [HOME]


@pytest.mark.parametrize(
    ("language", "points", "last_day"),
    [
        ("en", "Points: 1,240", "9 April 2026"),
        ("de", "Punkte: 1.240", "9. April 2026"),
        ("fr", "Points : 1\u202f240", "9 avril 2026"),
        ("es", "Puntos: 1.240", "9 de abril de 2026"),
        ("ar", "النقاط: 1,240", "9 أبريل 2026"),
    ],
)
def test_points_expire_on_the_shops_last_day(world: World, language: str, points: str, last_day: str) -> None:
    letter = write(world, "points_expire", language)  # midnight in Berlin is the first moment without them
    assert points in letter.text and last_day in letter.text


def test_the_last_day_is_the_one_the_calendar_of_points_means(world: World) -> None:
    world.settings(expiry="inactivity", expiry_months=1)
    with clock.at(datetime(2026, 3, 9, 12, tzinfo=UTC)):
        ann = world.member()
        ann.is_given(70)
        from widget_server.loyalty.points import expiry

        following = expiry.next_expiry(world.shop, world.program, ann.account)
    assert following is not None
    letter = write(world, "points_expire", points=following.points, expires_at=clock.iso(following.at))
    assert "9 April 2026" in letter.text and "Points: 70" in letter.text


@pytest.mark.parametrize(
    ("language", "phrases"),
    [
        ("en", ["Points: +1,200", "1,250.50 EUR off", "10% off", "Free shipping", "Mug for free"]),
        ("de", ["Punkte: +1.200", "1.250,50 EUR Rabatt", "10 % Rabatt", "Kostenloser Versand", "Mug gratis"]),
        (
            "fr",
            [
                "Points : +1\u202f200",
                "1\u202f250,50 EUR de remise",
                "10 % de remise",
                "Livraison gratuite",
                "Mug offert",
            ],
        ),
        ("es", ["Puntos: +1.200", "1.250,50 EUR de descuento", "10 % de descuento", "Envío gratis", "Mug gratis"]),
        ("ar", ["النقاط: \u200e+1,200", "خصم 1,250.50 EUR", "خصم 10%", "شحن مجاني", "Mug مجانًا"]),
    ],
)
def test_a_completed_referral_names_the_gift(world: World, language: str, phrases: list[str]) -> None:
    for gift, phrase in zip(GIFTS, phrases, strict=True):
        assert phrase in write(world, "referral_completed", language, gift=gift.as_json()).text.splitlines()


def test_moved_points_keep_their_sign_and_say_the_comment_if_there_is_one(world: World) -> None:
    letter = write(world, "points_moved")
    assert "Points: -1,030\n\nA mug came back.\n\nBalance now: 1,210" in letter.text
    assert "Points: -1,030\n\nBalance now: 1,210" in write(world, "points_moved", comment=None).text


def test_points_bear_the_name_the_program_gives_them(world: World) -> None:
    programs.update(world.shop.id, points_name="Ferns")
    assert "Ferns: 1.240" in write(world, "points_expire", "de").text


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de-AT", "de"), ("de_CH", "de"), ("FR", "fr"), ("ar-EG", "ar"), ("en-GB", "en")]
    + [(odd, "en") for odd in ("it", "", "../layout", "de/../en", "dehors", "-de")],
)
def test_a_locale_falls_back_to_its_language_and_then_to_english(locale: str, language: str) -> None:
    assert mail_templates.language_of(locale) == language


def test_every_language_has_every_letter_with_the_same_values() -> None:
    def shape(words: Any) -> Any:
        if isinstance(words, dict):
            return {name: shape(value) for name, value in words.items() if name not in ("points_name", "months")}
        text = " ".join(words) if isinstance(words, list) else str(words)
        return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})

    assert set(LANGUAGES) == mail_templates.LANGUAGES
    english = catalogue("en")
    assert set(english["letters"]) == set(VALUES) >= set(SWITCHABLE) and set(english["gifts"]) == {
        gift.kind for gift in GIFTS
    }
    for language in LANGUAGES:
        assert shape(catalogue(language)) == shape(english), language
        assert len(set(catalogue(language)["months"])) == 12
        for name, entry in catalogue(language)["letters"].items():
            assert not re.search(r"code|link|points\b", str(re.findall(r"{(.*?)}", entry["subject"]))), name


def test_names_can_break_no_line_and_no_markup(world: World) -> None:
    world.shop.name = 'Fjord\r\nBcc: eve@example.com\n\n<script>alert(1)</script> "&" \u202egnp.exe\x00'
    letter = mail_templates.write(
        "sign_up", "en", world.shop, _named(world, "Fern {code} Club\u2028Second\x1b"), VALUES["sign_up"]
    )
    assert letter.sender == 'Fjord Bcc: eve@example.com <script>alert(1)</script> "&" gnp.exe'
    assert letter.subject == "Your code for Fern {code} Club Second"
    assert letter.sender in Page(letter.html).text and "script" not in Page(letter.html).tags
    assert "<script" not in letter.html


@pytest.mark.parametrize("template", SWITCHABLE)
def test_what_owners_and_staff_typed_is_one_escaped_line_in_every_letter(world: World, template: str) -> None:
    evil = "<img src=x onerror=alert(1)>\r\nBcc: eve@example.com\n\u202e{code}"
    gift = Gift("free_product", product_name=evil).as_json()
    hostile: dict[str, Any] = {"tier": evil, "tier_now": evil, "benefits": evil, "comment": evil, "gift": gift}
    hostile["why"] = {"cause": "custom", "order": None, "title": evil}
    known = {name: value for name, value in hostile.items() if name in VALUES[template]}
    for language in LANGUAGES:
        letter = write(world, template, language, **known)
        assert "img" not in Page(letter.html).tags and "<img" not in letter.html
        assert "\nBcc" not in letter.text and "\u202e" not in letter.text + letter.html
        assert "\n" not in letter.subject and "eve@" not in letter.subject


def test_a_comment_is_one_escaped_line(world: World) -> None:
    letter = write(world, "points_moved", comment="<b>Sorry</b>\r\n-- \nfor the wait")
    assert "<b>Sorry</b> -- for the wait" in letter.text.splitlines()
    assert "b" not in Page(letter.html).tags and "<b>Sorry</b> -- for the wait" in Page(letter.html).text


def test_a_long_name_is_cut_and_any_script_is_kept(world: World) -> None:
    letter = mail_templates.write("sign_in", "de", world.shop, _named(world, "Farn" * 100), VALUES["sign_in"])
    assert letter.subject == "Dein Code für " + "Farn" * 19 + "Far…"
    family = "می\u200cخواهم 蕨 👩\u200d🌾"
    assert family in mail_templates.write("sign_in", "de", world.shop, _named(world, family), VALUES["sign_in"]).subject


def test_what_is_not_there_is_a_mistake_not_a_blank(world: World) -> None:
    with pytest.raises(KeyError, match="welcome"):
        mail_templates.write("welcome", "en", world.shop, world.program, {})
    with pytest.raises(KeyError, match="code"):
        mail_templates.write("sign_up", "en", world.shop, world.program, {"link": LINK})


def _named(world: World, name: str) -> programs.Program:
    program = editions.changeable(world.program)
    program.name = name
    return program
