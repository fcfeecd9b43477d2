"""The sentences of the check of a shop (`checking.py`): what was found, and what to do about it."""

from collections.abc import Callable
from datetime import datetime

from flask_babel import lazy_gettext as _l

from widget_server.stores.checking import Finding

SENTENCES = {
    "program_on": _l("The program is active."),
    "program_off": _l("The program is not active: activate it, or nobody earns points."),
    "tag_seen": _l("The script tag was last seen at %(when)s on %(where)s."),
    "tag_old": _l(
        "The script tag was last seen at %(when)s on %(where)s: look whether the theme or the plugin still has it."
    ),
    "tag_missing": _l(
        "The script tag was never seen: put it into the theme, or activate the plugin, and open a page of the shop."
    ),
    "token_accepted": _l("The shop last signed a customer in at %(when)s."),
    "token_missing": _l(
        "The shop has never signed a customer in: log in to the shop as a customer and open the widget there."
    ),
    "not_connected": _l(
        "The shop is not connected: connect it, or codes do not work at its checkout and its orders are not read."
    ),
    "keys_good": _l("The shop at %(address)s accepts the keys, to read and to write."),
    "keys_refused": _l("The shop does not accept the keys: it %(reason)s."),
    "not_reached": _l("The shop cannot be reached: it %(reason)s. Try again; if it stays so, look at its web server."),
    "webhooks_active": _l("All %(count)s webhooks of the shop to this server are active."),
    "webhooks_missing": _l("These webhooks are missing in the shop: %(topics)s. Repair the webhooks."),
    "webhooks_off": _l("These webhooks are switched off in the shop: %(topics)s. Repair the webhooks."),
    "webhooks_unseen": _l("The webhooks of the shop cannot be read: it %(reason)s."),
    "clock_right": _l("The clocks of the shop and of this server agree, to %(seconds)s seconds."),
    "clock_ahead": _l(
        "The clock of the shop is %(seconds)s seconds ahead of this server: set both by NTP, or sign-ins fail."
    ),
    "clock_behind": _l(
        "The clock of the shop is %(seconds)s seconds behind this server: set both by NTP, or sign-ins fail."
    ),
    "code_made": _l("A test code was made at the checkout of the shop, and deleted again."),
    "code_refused": _l("A test code cannot be made at the checkout of the shop: it %(reason)s."),
    "news_heard": _l("The shop was last heard at %(when)s."),
    "news_old": _l(
        "The shop was last heard at %(when)s. If it had orders since, repair the webhooks and look at its webhook log."
    ),
    "news_never": _l("The shop was never heard: change an order there, and check again a minute later."),
}


def sentence(one: Finding, moment: Callable[[datetime], str]) -> str:
    """Returns the sentence of a finding; `moment` writes a time."""
    facts = {name: moment(value) if isinstance(value, datetime) else value for name, value in one.facts.items()}
    return str(SENTENCES[one.code]) % facts if facts else str(SENTENCES[one.code])
