"""What is said about points that staff change: the internal reason, and the comment that the customer reads."""

import json
from functools import cache

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.validators import Length

from widget_server.dashboard.forms import OPTIONAL, KeyedForm, Line, choices
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.points.adjustments import TEXT_LENGTH_MAX
from widget_server.loyalty.program.shops import Shop
from widget_server.web import built_files

SHORT = Length(max=TEXT_LENGTH_MAX, message=_l("A text has at most %(max)d characters."))
WAYS = {"default": _l("Default comment"), "custom": _l("Custom comment")}
OTHERWISE = "en"


class NotedForm(KeyedForm):
    """A form that changes points, with the texts about the change."""

    reason = Line(_l("Reason"), validators=[OPTIONAL, SHORT], description=_l("Optional. Only staff can read it."))
    comment_way = RadioField(_l("Comment for the customer"), choices=choices(WAYS), default="default")
    comment = TextAreaField(
        _l("Custom comment text"), validators=[OPTIONAL, SHORT], description=_l("The customer reads it in the history.")
    )

    def offer(self, text: str) -> None:
        """Show what the customer reads as the default comment."""
        self.comment_way.description = _("The default comment reads: “%(comment)s”", comment=text)

    def texts(self) -> tuple[str | None, str | None]:
        """Returns the internal reason and the comment; without a comment the panel shows its own text."""
        custom = self.comment.data if self.comment_way.data == "custom" else None
        return (self.reason.data or "").strip() or None, (custom or "").strip() or None


def default_comment(shop: Shop, customer: Customer, cause: str) -> str:
    """Returns what the panel shows the customer for a row of this cause (gift, adjusted) without a comment.

    It is in the customer's language, or the shop's; the shop's own texts replace ours.
    """
    key = f"row_{cause}"
    for tag in (customer.locale, shop.locale, OTHERWISE):
        language = (tag or "").replace("_", "-").split("-")[0].lower()
        found = shop.look.strings.get(language, {}).get(key) or _texts(language).get(key)
        if found:
            return str(found)
    return key


@cache
def _texts(language: str) -> dict[str, str]:
    file = built_files.FOLDER / "locales" / f"{language}.json"
    known = {one.stem for one in file.parent.glob("*.json")}
    return json.loads(file.read_text("utf-8")) if language in known else {}
