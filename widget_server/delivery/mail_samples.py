"""Sample values of each letter, for a preview and for a test mail: no code or link in them works."""

from datetime import timedelta
from decimal import Decimal

from widget_server import clock, config, events
from widget_server.delivery import mail_templates
from widget_server.delivery.mail_templates import Mail, Values
from widget_server.errors import NotFound
from widget_server.loyalty import audit_log
from widget_server.loyalty.people import mail_preferences
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.letter_kinds import SWITCHABLE, needs_unsubscribing
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.rewards.gifts import Gift

LETTERS = (  # those that a shop's customers get, in the order in which the dashboard lists them
    *SWITCHABLE,
    *("sign_up", "sign_in", "by_link", "reset", "new_device", "new_password"),
)
CODE = "ABCD-2345"
BROWSER = "Firefox"


def write(shop: Shop, letter: str, locale: str) -> Mail:
    """Returns a letter with sample values in the language of `locale`. Raises NotFound for an unknown letter."""
    return mail_templates.write(letter, locale, shop, programs.of(shop.id), values(letter))


def send(shop: Shop, letter: str, locale: str, to: str) -> None:
    """Queue a letter with sample values to one address. Raises NotFound for an unknown letter."""
    sample = values(letter)
    events.emit(events.MailWanted(shop.id, letter, to, locale, dict(sample)))
    audit_log.note(shop.id, "test", "mail", after={"letter": letter, "locale": locale})


def values(letter: str) -> Values:
    """Returns the sample values of a letter. Raises NotFound for an unknown letter."""
    if letter not in LETTERS:
        raise NotFound()
    link = f"{config.current().base_url}/sample-link"
    soon = clock.iso(clock.now() + timedelta(days=30))
    order = {"cause": "order", "order": "1042", "title": None}
    adjusted = {"cause": "adjusted", "order": None, "title": None}
    points: Values = {"points": 120, "balance": 1240, "comment": None, "why": order}
    gift = dict(Gift("amount", amount=Decimal(5)).as_json())
    samples: dict[str, Values] = {
        "points_earned": points,
        "points_moved": {**points, "comment": "Thank you for your patience!", "why": adjusted},
        "reward_redeemed": {
            "gift": gift,
            "code": CODE,
            "points": -500,
            "balance": 740,
            "minimum": "20",
            "expires_at": soon,
        },
        "points_expire": {"points": 350, "expires_at": soon},
        "tier_reached": {"tier": "Gold", "benefits": None},
        "tier_at_risk": {"tier": "Gold", "expires_at": soon},
        "tier_lost": {"tier": "Gold", "tier_now": "Silver"},
        "birthday_gift": points,
        "referral_completed": {"gift": dict(Gift("points", points=200).as_json())},
        "reset": {"code": CODE},
        "by_link": {"link": link},
        "new_device": {"browser": BROWSER, "link": link},
        "new_password": {"browser": BROWSER, "link": link},
    }
    sample = samples.get(letter, {"code": CODE, "link": link})
    return {**sample, "unsubscribe": mail_preferences.sample_link()} if needs_unsubscribing(letter) else sample
