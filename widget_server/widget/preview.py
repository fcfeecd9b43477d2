"""The real widget with a look that is not saved, for the dashboard: a stand-in for a page of the shop, and its panel.

The documents may be framed by the dashboard alone, send nothing (`connect-src 'none'`, `form-action 'none'`), and run
only our built files: `preview.ts` gives the widget samples instead of responses, and a storage that ends with the
document.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

from flask import Response, make_response, render_template

from widget_server import config
from widget_server.json_types import JsonObject
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop, WidgetSettings
from widget_server.web import built_files, compression
from widget_server.widget import assets, boot, samples, script
from widget_server.widget.panel import TABS

CLOSED = "closed"  # instead of a tab: the launcher alone
LOADER_SETTINGS = (
    *("colour", "mode", "side", "offset_x", "offset_y", "z_index", "label", "icon", "icon_file"),
    *("hide_on_mobile", "hide_on_desktop"),
)
LABEL = "launcher.label"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: {icons}; frame-src 'self'; "
    "connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
    "require-trusted-types-for 'script'"
)


@dataclass(frozen=True)
class Scene:
    """What is looked at: who, on which tab (or CLOSED), in which language and theme, on a page of which path."""

    who: Literal["guest", "member"]
    tab: str
    locale: str
    scheme: Literal["light", "dark"] | None
    path: str


def page(shop: Shop, program: Program, look: WidgetSettings, scene: Scene, base: str, note: dict[str, str]) -> Response:
    """Returns the stand-in for a page of the shop. `base` is the address of the preview, `note` has a `text`, in the
    language `lang`, for browsers without JavaScript.
    """
    if scene.scheme is not None:
        look = replace(look, mode=scene.scheme)
    drafted = _with_look(shop, look)
    text = render_template(
        "preview_page.html",
        shop=shop,
        locale=scene.locale,
        direction=assets.direction(scene.locale),
        mode=look.mode,
        samples=boot.as_script(_samples(drafted, program, scene)),
        loader=f"{base}/widget.js?{urlencode({'shop': shop.embed_key, 'look': _loader_look(look, scene)})}",
        tab=None if scene.tab == CLOSED else scene.tab,
        preview=built_files.name("preview.js"),
        styles=built_files.name("preview.css"),
        colours=boot.facts(drafted, program, scene.locale)["theme"],
        label=look.label or assets.strings(scene.locale, look.strings)[LABEL],
        note=note,
    )
    return compression.quickly(_framed(make_response(text)))


def loader(shop: Shop, look: WidgetSettings, hidden: bool, base: str) -> Response:
    """Returns the loader with this look; its panel is the preview's."""
    values = script.settings(_with_look(shop, look))
    values |= {"h": "" if hidden else "^$", "p": f"{base}/panel"}
    return _framed(make_response(script.filled(values), {"Content-Type": "text/javascript; charset=utf-8"}))


def panel(locale: str, theme: str, tab: str) -> Response:
    """Returns the panel's document; its data is in the page around it."""
    text = render_template(
        "preview_panel.html",
        locale=locale,
        direction=assets.direction(locale),
        theme=theme if theme in ("light", "dark") else "light",
        preview=built_files.name("preview.js"),
        styles=built_files.name("panel.css"),
        code=built_files.name("panel.js"),
        tab_code=assets.tab_file(tab) if tab in TABS else None,
    )
    return compression.quickly(_framed(make_response(text)))


def is_hidden(look: WidgetSettings, path: str) -> bool:
    """Returns whether there is no launcher on the pages of this path."""
    return look.hidden or re.search(script.hidden_paths(look), path) is not None


def _samples(shop: Shop, program: Program, scene: Scene) -> JsonObject:
    facts = boot.facts(shop, program, scene.locale)
    guest = {**facts["guest"], "earn_cursor": None, "rewards_cursor": None}  # a preview requests nothing
    words = assets.strings(scene.locale, shop.look.strings)
    member: Any = samples.member_panel(shop, program) if scene.who == "member" else None
    return {"boot": {**facts, "guest": guest, "strings": words}, "words": {"words": words}, "member": member}


def _loader_look(look: WidgetSettings, scene: Scene) -> str:
    own = {locale: {LABEL: words[LABEL]} for locale, words in look.strings.items() if LABEL in words}
    chosen = {name: value for name, value in look.as_json().items() if name in LOADER_SETTINGS}
    return json.dumps({**chosen, "strings": own, "hidden": is_hidden(look, scene.path)}, separators=(",", ":"))


def _with_look(shop: Shop, look: WidgetSettings) -> Shop:
    """Returns a copy of the shop in memory; it is never saved."""
    return Shop(**{**shop.__data__, "widget": look.as_json()})


def _framed(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY.format(icons=config.current().base_url)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
