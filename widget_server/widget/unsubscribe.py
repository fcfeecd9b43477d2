"""The page of the link in mails: which mails a customer wants. One click in a mail program stops them all (RFC 8058).

There is no cookie and no session: the link is the right to change these preferences, and to nothing else.
"""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from widget_server.errors import LinkExpired
from widget_server.loyalty.people import mail_preferences
from widget_server.loyalty.people.mail_preferences import PATH, Reader
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.letter_kinds import TOPICS
from widget_server.web import limits
from widget_server.widget import pages
from widget_server.widget.headers import plain

unsubscribe = Blueprint("unsubscribe", __name__, template_folder="templates")


@unsubscribe.get(f"{PATH}/<token>")
def ask_preferences(token: str) -> ResponseReturnValue:
    """Shows which mails the customer gets. It changes nothing: mail scanners open links too."""
    return _page(token, mail_preferences.read(token))


@unsubscribe.post(f"{PATH}/<token>")
def set_preferences(token: str) -> ResponseReturnValue:
    """Stores the chosen topics; what a mail provider posts (`List-Unsubscribe=One-Click`) turns all off.

    The response is the page, not a redirect, which a provider does not follow.
    """
    limits.UNSUBSCRIBE.count()
    reader = mail_preferences.read(token)
    if request.form.get("act") == "choose":
        mail_preferences.set_wanted(reader.customer, request.form.getlist("topic"))
    else:
        mail_preferences.set_off(reader.customer)
    return _page(token, mail_preferences.read(token), is_saved=True)


@unsubscribe.errorhandler(LinkExpired)
def show_unknown(_refusal: LinkExpired) -> ResponseReturnValue:
    """Shows that the link belongs to nobody."""
    return pages.too_old("unknown_link")


def _page(token: str, reader: Reader, *, is_saved: bool = False) -> ResponseReturnValue:
    text = pages.rendered(
        "unsubscribe.html",
        reader.shop,
        program=programs.of(reader.shop.id).name,
        address=f"{PATH}/{token}",
        topics=TOPICS,
        wanted=mail_preferences.wanted(reader.customer),
        is_saved=is_saved,
    )
    return plain(text, leads_to=reader.shop)
