"""The widget's look and texts: the editor with its preview in a frame, the contrast of a colour, texts by language."""

import json
from typing import Any, NamedTuple

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server.dashboard import setting_words
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import done, fragment, page
from widget_server.dashboard.look_forms import (
    GROUPS,
    LOOKS,
    TAB_NAMES,
    IconForm,
    LookForm,
    SceneForm,
    TextsForm,
    scene_form,
)
from widget_server.dashboard.mails import LANGUAGE_NAMES
from widget_server.dashboard.pages import Pages
from widget_server.errors import BadRequest, NotFound
from widget_server.loyalty.program import colours, contrast_guard
from widget_server.loyalty.program.contrast_guard import Judgement
from widget_server.loyalty.program.shops import WidgetSettings
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file import looks
from widget_server.program_file.looks import Settings
from widget_server.web import built_files
from widget_server.widget import assets, preview

pages = Pages("widget_editor", "/widget")

EDITOR = "widget_editor.editor"
TEXT, TEXT_LENGTH_MAX = "text:", 1000
ANYWHERE, LATER = _l("Everywhere"), _l("Forms, notices and all others")


class Contrast(NamedTuple):
    """How the widget's colour is seen: each use, and the nearest colour that passes; None when it passes itself."""

    colour: str
    uses: list[Judgement]
    proposal: str | None
    is_present: bool


class OwnText(NamedTuple):
    """A text of the widget: its key, ours, and the shop's own; "" for none."""

    key: str
    ours: str
    own: str


@pages.page("", Action.SEE)
def editor(staff: StaffCaller) -> ResponseReturnValue:
    """Show the look with its preview; who may change it gets the form."""
    if staff.may(Action.PROGRAM):
        return _editor(staff, _form(staff))
    look = staff.shop.look
    names = [*LOOKS, *(name for group in GROUPS.values() for name in group)]
    facts = [(LookForm()[name].label.text, setting_words.value(name, getattr(look, name))) for name in names]
    return page("widget/look.html", facts=facts, scene=_scene(staff))


@pages.form("/edit", Action.PROGRAM)
def edit(staff: StaffCaller) -> ResponseReturnValue:
    """Change the look; the one that was read must be the present one. `take` only puts a proposal into the form."""
    form, taken = _form(staff), request.form.get("take")
    if taken is not None:
        form.colour.raw_data, form.colour.data = None, taken
    elif form.accepts():
        with form.refusals():
            looks.save(staff.shop, form.settings(staff.shop.look), str(form.seen.data))
            return done(_("Saved. Pages of the shop show it within some minutes."), EDITOR)
    return _editor(staff, form)


@pages.act("/contrast", Action.PROGRAM)
def contrast(staff: StaffCaller) -> ResponseReturnValue:
    """Show how the colour that is typed is seen, while it is typed."""
    form = _form(staff)
    form.validate()
    return fragment("widget/_contrast.html", contrast=_contrast(staff, form))


@pages.form("/texts/<language>", Action.PROGRAM)
def texts(staff: StaffCaller, language: str) -> ResponseReturnValue:
    """Change the texts of one language. Raises NotFound for a language that the widget does not have."""
    if language not in assets.LOCALES:
        raise NotFound()
    form, own = TextsForm(seen=looks.mark(staff.shop)), staff.shop.look.strings.get(language, {})
    if form.accepts():
        with form.refusals():
            looks.save(staff.shop, _with_texts(staff.shop.look, language), str(form.seen.data))
            return done(_("Saved."), "widget_editor.texts", language=language)
    typed = _typed_texts() if request.method == "POST" else own
    return page(
        "widget/texts.html",
        form=form,
        chosen=language,
        direction=assets.direction(language),
        names={one: LANGUAGE_NAMES[one] for one in assets.LOCALES},
        groups=_texts_by_group(language, typed),
        scene=scene_form(request.form, language),
    )


@pages.form("/icon", Action.PROGRAM)
def icon(staff: StaffCaller) -> ResponseReturnValue:
    """Upload the picture of the button, which replaces the icon of ours."""
    form = IconForm()
    if form.accepts():
        with form.refusals():
            looks.set_icon(staff.shop, form.icon.content)
            return done(_("Saved. Pages of the shop show it within some minutes."), EDITOR)
    return page("widget/icon.html", form=form, address=_icon_address(staff))


@pages.act("/icon/remove", Action.PROGRAM)
def remove_icon(staff: StaffCaller) -> ResponseReturnValue:
    """Show the icon of ours again."""
    looks.remove_icon(staff.shop)
    return done(_("The button has our icon again."), EDITOR)


def _icon_address(staff: StaffCaller) -> str | None:
    name = staff.shop.look.icon_file
    return url_for("script.icon", embed_key=staff.shop.embed_key, name=name) if name else None


# The documents of the preview


@pages.form("/preview", Action.SEE)
def preview_page(staff: StaffCaller) -> ResponseReturnValue:
    """Return the page of the preview, with the look that is sent, else the present one; nothing is saved."""
    scene = _scene(staff).scene()
    note = {"lang": str(get_locale()), "text": _("The widget itself needs JavaScript. These are its colours:")}
    return preview.page(staff.shop, staff.program, _drafted(staff), scene, _base(), note)


@pages.page("/preview/widget.js", Action.SEE)
def preview_loader(staff: StaffCaller) -> ResponseReturnValue:
    """Return the loader of the preview with the look of its address. Raises BadRequest for one that is none."""
    try:
        sent = json.loads(request.args.get("look", "{}"))
    except ValueError as broken:
        raise BadRequest(field="look") from broken
    if not isinstance(sent, dict):
        raise BadRequest(field="look")
    hidden = bool(sent.pop("hidden", False))
    return preview.loader(staff.shop, looks.read(sent), hidden, _base())


@pages.page("/preview/panel", Action.SEE)
def preview_panel(staff: StaffCaller) -> Response:
    """Return the panel of the preview."""
    values = request.args
    locale = assets.locale_for(values.get("lang", ""), staff.shop.locale)
    return preview.panel(locale, values.get("theme", ""), values.get("tab", ""))


def _base() -> str:
    return url_for("dashboard_widget_editor.preview_page")


def _editor(staff: StaffCaller, form: LookForm) -> Response:
    return page(
        "widget/editor.html",
        form=form,
        looks=LOOKS,
        groups=GROUPS,
        contrast=_contrast(staff, form),
        scene=_scene(staff),
    )


def _form(staff: StaffCaller) -> LookForm:
    return LookForm(**{**vars(staff.shop.look), "seen": looks.mark(staff.shop)})


def _scene(staff: StaffCaller) -> SceneForm:
    return scene_form(request.values, staff.shop.locale)


def _drafted(staff: StaffCaller) -> WidgetSettings:
    """Returns the look with what is typed; what is wrong in it is as it is now."""
    look = staff.shop.look
    if request.method != "POST":
        return look
    language = request.form.get("language", "")
    settings = _with_texts(look, language) if language in assets.LOCALES else looks.plain(look)
    if "colour" in request.form:
        form = _form(staff)
        form.validate()
        settings = {**form.settings(look), "strings": settings["strings"]}
    try:
        return looks.read(settings)
    except BadRequest:
        return look


def _contrast(staff: StaffCaller, form: LookForm) -> Contrast | None:
    """Returns how the form's colour is seen; None for a text that is no colour."""
    look, colour, mode = staff.shop.look, str(form.colour.data or "").lower(), form.mode.data
    if not colours.is_colour(colour) or mode not in contrast_guard.THEMES:
        return None
    uses, nearest = contrast_guard.judge(colour, mode), contrast_guard.nearest(colour, mode)
    is_present = (colour, mode) == (look.colour.lower(), look.mode)
    return Contrast(colour, uses, None if nearest == colour else nearest, is_present)


# Texts


def _typed_texts() -> dict[str, str]:
    return {
        name.removeprefix(TEXT): value.strip()[:TEXT_LENGTH_MAX]
        for name, value in request.form.items()
        if name.startswith(TEXT)
    }


def _with_texts(look: WidgetSettings, language: str) -> Settings:
    """Returns the look with the texts that are typed in a language; an empty one is ours again."""
    known, typed = assets.strings(language, {}), _typed_texts()
    own = {**look.strings.get(language, {}), **{key: text for key, text in typed.items() if key in known}}
    own = {key: text for key, text in own.items() if text}
    strings: dict[str, Any] = {**look.strings, language: own}
    return {**looks.plain(look), "strings": {one: words for one, words in strings.items() if words}}


def _texts_by_group(language: str, own: dict[str, str]) -> dict[Any, list[OwnText]]:
    """Returns every text of a language, by where the widget shows it."""
    ours, groups = assets.strings(language, {}), dict[Any, list[OwnText]]()
    by_key = {key: tab for tab, keys in built_files.manifest()["words"].items() for key in keys}
    by_key[preview.LABEL] = ""
    for name in ("", *TAB_NAMES, None):
        found = [OwnText(key, text, own.get(key, "")) for key, text in ours.items() if by_key.get(key) == name]
        if found:
            groups[ANYWHERE if name == "" else LATER if name is None else TAB_NAMES[name]] = found
    return groups
