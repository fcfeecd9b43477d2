"""What happened in a preview copy, in words."""

from dataclasses import dataclass, field

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server.dashboard import reasons
from widget_server.dashboard.mail_words import name_of
from widget_server.dashboard.words import points
from widget_server.loyalty.preview.happenings import Happening
from widget_server.loyalty.program.shops import Shop

COUPONS = {
    "issuing": _l("A coupon is being created"),
    "active": _l("A coupon was issued"),
    "applied": _l("A coupon was applied"),
    "used": _l("A coupon was used"),
    "expired": _l("A coupon expired"),
    "returned": _l("A coupon was returned"),
    "revoked": _l("A coupon was revoked"),
    "failed": _l("A coupon could not be created"),
}


@dataclass(frozen=True)
class Shown:
    """A happening in words: what it is, and what follows; `number` is its number in the copy."""

    happening: Happening
    number: int
    title: str
    sentences: list[str] = field(default_factory=list)


def shown(shop: Shop, happening: Happening, number: int) -> Shown:
    """Returns a happening in words."""
    facts = happening.facts
    if happening.entry is not None:
        row = reasons.shown(happening.entry, shop.currency)
        return Shown(happening, number, row.title, row.sentences)
    if happening.kind == "tier":
        base = _("the base tier")
        before, after = facts["before"] or base, facts["after"] or base
        return Shown(happening, number, _("Tier: from %(before)s to %(after)s", before=before, after=after))
    if happening.kind == "coupon":
        text = COUPONS.get(facts["status"], facts["status"])
        return Shown(happening, number, f"{text}: {facts['title'] or facts['code'] or ''}")
    if happening.kind == "mail":
        return Shown(happening, number, name_of(facts["template"]))
    return Shown(happening, number, _("Added with %(n)s points", n=points(facts["points"])))
