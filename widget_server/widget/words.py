"""The words that the panel does not need at its first paint: of other tabs, forms, sheets, sums and refusals."""

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from widget_server.web import auth
from widget_server.widget import assets
from widget_server.widget.routes import ANYBODY, Endpoints
from widget_server.widget.shapes import Words

words = Endpoints("words", "words", "Words that come later", callers=ANYBODY)


@words.get("")
@words.takes_query("lang", "A language, as de.")
@words.response(200, Words)
def late() -> ResponseReturnValue:
    """Key to text, in the requested language, the shop's own words over ours."""
    shop = auth.shop()
    locale = assets.locale_for(request.args.get("lang", ""), shop.locale)
    return jsonify(words=assets.late(assets.strings(locale, shop.look.strings)))
