"""The texts that the panel does not need at its first paint: other tabs, forms, sheets, sums and refusals."""

from flask import request

from widget_server.loyalty.program.shops import Shop
from widget_server.widget import assets
from widget_server.widget.routes import ANYBODY, Endpoints, query_parameter
from widget_server.widget.shapes.boot import Words

words = Endpoints("words", "words", "Words that come later")


@words.route("GET", "", ANYBODY, returns=Words, parameters=(query_parameter("lang", "A language, as de."),))
def late(shop: Shop) -> Words:
    """Texts by key in the requested language; the shop's own texts replace ours."""
    locale = assets.locale_for(request.args.get("lang", ""), shop.locale)
    return {"words": assets.late(assets.strings(locale, shop.look.strings))}
