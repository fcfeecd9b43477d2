"""The one script tag: the loader, with the shop's launcher settings inlined (contracts §6)."""

import hashlib
import json
import re
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, request

from widget_server import config
from widget_server.loyalty.program import colours, programs, shop_of_request, shops, widget_icons
from widget_server.loyalty.program.colours import Accent
from widget_server.loyalty.program.shops import Shop, WidgetSettings
from widget_server.web import built_files, compression
from widget_server.widget import assets

script = Blueprint("script", __name__)

PLACEHOLDER = "__LOYALTY_CONFIG__"
MAX_AGE_SECONDS = 300
STALE_SECONDS = 86_400
ICON_SECONDS = 31_536_000
ORIGIN_LENGTH_MAX = 200
LoaderConfig = dict[str, str | dict[str, str]]


@script.get("/widget.js")
def loader() -> Response:
    """Returns the loader with the settings of the shop that has this embed key; raises NotFound."""
    shop = shop_of_request.by_embed_key(request.args.get("shop", ""))
    shops.note_widget(shop, _page_origin())
    text = filled(settings(shop))
    response = compression.shared(text, "text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}, stale-while-revalidate={STALE_SECONDS}"
    response.set_etag(hashlib.sha256(text.encode()).hexdigest()[:20])
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"  # a page's module scripts are fetched with CORS
    response.make_conditional(request)
    return response


@script.get("/icons/<embed_key>/<name>")
def icon(embed_key: str, name: str) -> Response:
    """Returns a picture that the shop uploaded; it never changes. Raises NotFound."""
    response = make_response(widget_icons.content(shop_of_request.by_embed_key(embed_key), name))
    response.headers["Content-Type"] = "image/png"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = f"public, max-age={ICON_SECONDS}, immutable"
    return response


def _page_origin() -> str | None:
    """Returns the origin of the page with the script tag, if the browser names it."""
    parts = urlsplit(request.referrer or "")
    return f"{parts.scheme}://{parts.netloc}"[:ORIGIN_LENGTH_MAX] if parts.scheme and parts.netloc else None


def filled(values: LoaderConfig) -> str:
    """Returns the loader with these settings."""
    return _filled(json.dumps(values, separators=(",", ":"), ensure_ascii=False))


@lru_cache(maxsize=256)
def _filled(values: str) -> str:
    return built_files.text("loader.js").replace(PLACEHOLDER, values)


def settings(shop: Shop) -> LoaderConfig:
    """Returns the values of LoaderConfig in widget_static/src/config.ts."""
    look, program = shop.look, programs.of(shop.id)
    sleeping = not program.is_active and look.when_paused == "hide"
    return {
        "e": f"/assets/{built_files.name('embed.js')}?",
        "w": _words(shop, look),
        "s": _declarations(shop, look),
        "h": "" if look.hidden or sleeping or program.status == "draft" else hidden_paths(look),
    }


def _words(shop: Shop, look: WidgetSettings) -> dict[str, str]:
    if look.label is not None:
        return {"": look.label}
    words = {locale: assets.strings(locale, look.strings)["launcher.label"] for locale in assets.LOCALES}
    return {"": words.pop(assets.locale_for(shop.locale, "en")), **words}


def _declarations(shop: Shop, look: WidgetSettings) -> str:
    """Returns the launcher's CSS declarations; the settings validate every value."""
    light, dark = colours.accents(look.colour)
    colour = {"light": light, "dark": dark, "auto": _either(light, dark)}[look.mode]
    text = (
        f"inset-inline-{look.side}:{look.offset_x}px;bottom:{look.offset_y}px;z-index:{look.z_index};"
        f"--i:{colour['ink']};background:{colour['accent']};color:{colour['on_accent']}"
    )
    if look.mode != "auto":
        text += f";color-scheme:{look.mode}"
    if not look.icon:
        text += ";&:before{display:none}"
    elif look.icon_file:
        # more specific than the loader's own rule for the icon
        address = f"{config.current().base_url}/icons/{shop.embed_key}/{look.icon_file}"
        text += f";&:not(a):before{{clip-path:none;background:url({address}) center/contain no-repeat}}"
    if look.hide_on_mobile:
        text += ";@media(max-width:480px){display:none}"
    if look.hide_on_desktop:
        text += ";@media(min-width:481px){display:none}"
    return text


def _either(light: Accent, dark: Accent) -> Accent:
    """Returns colours in CSS light-dark() that follow the colour scheme of the page."""
    return {
        "accent": f"light-dark({light['accent']},{dark['accent']})",
        "on_accent": f"light-dark({light['on_accent']},{dark['on_accent']})",
        "ink": f"light-dark({light['ink']},{dark['ink']})",
    }


def hidden_paths(look: WidgetSettings) -> str:
    """Returns the source of a regular expression for the paths without a launcher; "^$" matches no path."""
    hidden = [f"^{_pattern(one)}$" for one in look.hide_paths]
    if look.show_paths:
        hidden.append(f"^(?!(?:{'|'.join(map(_pattern, look.show_paths))})$)")
    return "|".join(hidden) or "^$"


def _pattern(glob: str) -> str:
    return re.escape(glob).replace(r"\*", ".*")
