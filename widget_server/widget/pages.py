"""HTML documents on our own origin: the panel, a friend's short link, and the pages that links in mails open."""

import re
import tomllib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from widget_server import clock
from widget_server.errors import CodeExpired, LinkExpired
from widget_server.loyalty.people import customers, sessions, sign_in, sign_in_codes
from widget_server.loyalty.program import programs, shop_of_request, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.referrals import links
from widget_server.web import built_files, compression, limits
from widget_server.web.networks import address_bucket, client_address
from widget_server.widget import assets, boot
from widget_server.widget.headers import framed, onward, plain
from widget_server.widget.panel import TABS

pages = Blueprint("pages", __name__, template_folder="templates")


@pages.get("/panel")
def panel() -> ResponseReturnValue:
    """Returns the panel's document: it has everything a guest sees; a member needs one more JSON request."""
    shop = shop_of_request.by_embed_key(request.args.get("shop", ""))
    locale = assets.locale_for(request.args.get("lang", ""), shop.locale)
    tab = request.args.get("tab", "")
    tab = tab if tab in TABS else TABS[0]
    facts = boot.facts(shop, programs.of(shop.id), locale, tab)
    theme = request.args.get("theme", "")
    page = render_template(
        "panel.html",
        locale=locale,
        direction=assets.direction(locale),
        theme=theme if theme in ("light", "dark") else "light",
        title=facts["program"]["name"],
        boot=boot.as_script(facts),
        inline=Markup(built_files.manifest()["boot_inline"]["text"]),  # noqa: S704 -- our own build's text
        styles=built_files.name("panel.css"),
        code=built_files.name("panel.js"),
        tab_code=assets.tab_file(tab),
    )
    return framed(
        compression.shared(page, "text/html; charset=utf-8"),
        shop,
        script_hash=built_files.manifest()["boot_inline"]["hash"],
    )


@pages.get("/r/<code>")
def short_link(code: str) -> ResponseReturnValue:
    """Counts a visit by a friend's short link and redirects to the shop's home, never elsewhere (acceptance 40)."""
    advocate = customers.anywhere_by_referral_code(code)
    if advocate is None:
        return plain(rendered("message.html", None, subject="unknown_link"), 404)
    shop = shops.by_id(advocate.shop_id)
    links.count_visit(shop, code, address_bucket(client_address()))
    return onward(f"{shop.origins[0]}/?{urlencode({'ref': advocate.referral_code})}", 302)


@pages.get("/confirm")
def ask_confirmation() -> ResponseReturnValue:
    """Shows the page that a mail's link opens. It needs a click, so that mail scanners confirm nothing."""
    link = request.args.get("link", "")
    row = sign_in_codes.peek_link(link)
    if row is None:
        return too_old()
    shop = shops.by_id(row.shop_id)
    page = rendered("confirm.html", shop, email=row.email, link=link, program=programs.of(shop.id).name)
    return plain(page, leads_to=shop)


@pages.post("/confirm")
def confirm() -> ResponseReturnValue:
    """Confirms the e-mail without signing anybody in, and redirects to the shop (contracts §5).

    When the mailed code is no longer valid, the page shows one to type in the shop's window (contracts §19).
    """
    limits.CONFIRM_LINK.count()
    try:
        followed = sign_in.confirm_by_link(request.form.get("link", ""))
    except CodeExpired:
        return too_old()
    if followed.code is None:
        return onward(f"{followed.shop.origins[0]}/?loyalty=earn", 303)
    groups = " ".join(re.findall("....", followed.code))
    return plain(rendered("long_code.html", followed.shop, code=groups, minutes=sign_in_codes.CODE_MINUTES))


@pages.get("/sessions")
def list_sessions() -> ResponseReturnValue:
    """Shows where the member is signed in, with a button that signs out everywhere (contracts §19).

    The link in a notice mail opens it.
    """
    link = request.args.get("link", "")
    try:
        shop, customer = sign_in.by_sessions_link(link)
    except LinkExpired:
        return too_old()
    rows = sessions.open_sessions(shop.id, customer.id)
    return plain(
        rendered("sessions.html", shop, link=link, rows=rows, day=_day(shop), program=programs.of(shop.id).name)
    )


@pages.post("/sessions")
def close_sessions() -> ResponseReturnValue:
    """Signs the member out everywhere; the same link may be used again."""
    limits.SHOW_SESSIONS.count()
    try:
        shop, customer = sign_in.by_sessions_link(request.form.get("link", ""))
    except LinkExpired:
        return too_old()
    sign_in.close_all(shop, customer)
    return plain(rendered("message.html", shop, subject="signed_out"))


def _day(shop: Shop) -> Callable[[datetime], str]:
    return lambda moment: clock.local_date(moment, shop.timezone).isoformat()


def too_old(subject: str = "old_link") -> ResponseReturnValue:
    """Returns the page for a link that is not valid; `subject` names its texts."""
    return plain(rendered("message.html", None, subject=subject), 410)


def rendered(template: str, shop: Shop | None, **facts: Any) -> str:
    """Returns a page in the reader's language, else the shop's; the shop's own texts replace ours."""
    locale = assets.locale_for(*request.accept_languages.values(), shop.locale if shop else "en")
    words = {**_catalogue()[locale], **(shop.look.strings.get(locale, {}) if shop else {})}
    return render_template(template, words=words, shop=shop, locale=locale, direction=assets.direction(locale), **facts)


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "templates" / "words.toml").read_text("utf-8"))
