"""The editor of the widget: its look, the contrast of its colour, its texts, and the preview (acceptance 6, 11, 60)."""

import io
import itertools
import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import FrameLocator, expect

from tests.dashboard import filled
from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.loyalty.program.test_widget_icons import png
from tests.make import PROOFS, World
from widget_server import db
from widget_server.loyalty import versions
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import WidgetSettings
from widget_server.widget import assets
from widget_server.widget.panel import TABS

DATABASES = ("sqlite",)
# who, tab, theme, language; the short form has each tab of a member, both themes and both directions
SCENES = list(itertools.product(("guest", "member"), TABS, ("light", "dark"), ("en", "ar")))
FEW = [("guest", "earn", "dark", "ar")]
FEW += [("member", tab, ("light", "dark")[at % 2], ("ar", "en")[at // 2 % 2]) for at, tab in enumerate(TABS)]


def look(world: World) -> WidgetSettings:
    """The look as it is stored now."""
    return shops.by_id(world.shop.id).look


def panel_of(clerk: Clerk) -> FrameLocator:
    """The panel in the preview in the page."""
    return clerk.page.frame_locator("iframe[name=preview]").frame_locator("loyalty-widget iframe")


def test_every_setting_is_saved_as_a_version_that_can_be_taken_back(desk: Desk, world: World) -> None:
    typed = {
        "colour": "#aa0000",
        "mode": "auto",
        "side": "start",
        "offset_x": "8",
        "label": "Fjord Club",
        "icon": None,
        "hide_on_desktop": "y",
        "show_paths": "/shop/*\n\n/",
        "hide_paths": "/checkout/*",
        "when_paused": "hide",
        "sign_in": "shop",
        "sign_in_url": "/account/login",
        "sign_up_url": "https://fjord.example/join",
        "needs_consent": "y",
        "identity_digest": "y",
        "till_code": "y",
    }
    before = look(world)
    assert filled.send(desk, "/widget/edit", **typed).status_code == 303
    now = look(world)
    assert (now.colour, now.mode, now.side, now.offset_x, now.label) == ("#aa0000", "auto", "start", 8, "Fjord Club")
    assert (now.icon, now.hide_on_desktop, *now.show_paths, *now.hide_paths) == (
        False,
        True,
        "/shop/*",
        "/",
        "/checkout/*",
    )
    assert (now.when_paused, now.sign_in, now.sign_in_url) == ("hide", "shop", "/account/login")
    assert now.needs_consent and now.identity_digest and now.till_code
    assert filled.send(desk, "/widget/edit").status_code == 303 and look(world) == now  # as it is shown: no change
    entry = AuditEntry.of(world.shop).where(AuditEntry.noun == "shop").order_by(AuditEntry.created_at.desc()).first()
    assert (entry.actor, entry.actor_name) == ("staff", "Olga Owner")
    page = desk.get("/program/versions").text
    assert "Widget: changed" in page and "Only on these pages" in page
    (version,) = versions.listed(world.shop, nouns=("shop",))[:1]
    assert desk.post(f"/program/versions/{version.entry.id}/take-back").status_code == 303
    assert look(world) == before


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"colour": "green"}, "A colour such as #1b6b4a"),
        ({"offset_x": "1001"}, "A number from 0 to 1000"),
        ({"mode": "pink"}, "Not a valid choice"),
        ({"hide_paths": "checkout"}, "checkout is not a path"),
        ({"sign_in": "shop"}, "This is needed when customers sign in"),
        ({"apply_url": "javascript:alert(1)"}, "An address as https://shop.example/page"),
        ({"seen": "another"}, "It was changed meanwhile"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_changes(
    desk: Desk, world: World, typed: dict[str, str], error: str
) -> None:
    before = look(world)
    refused = filled.send(desk, "/widget/edit", **typed)
    assert refused.status_code == 422 and error in refused.text
    assert look(world) == before


def test_a_pale_colour_is_refused_with_a_proposal_that_can_be_taken(desk: Desk, world: World) -> None:
    refused = filled.send(desk, "/widget/edit", colour="#FFFF00")
    assert refused.status_code == 422 and look(world).colour == "#1b6b4a"
    assert "its contrast is 1.01 to 1, and 3.0 to 1 is needed" in refused.text
    assert 'value="#92930f"' in refused.text  # the button that takes it
    taken = filled.send(desk, "/widget/edit", colour="#ffff00", take="#92930f")
    assert taken.status_code == 200 and look(world).colour == "#1b6b4a"  # it stands in the form, not saved yet
    assert re.search(r'name="colour"[^>]*value="#92930f"', taken.text) and "too pale" not in taken.text
    assert filled.send(desk, "/widget/edit", colour="#92930f").status_code == 303
    live = desk.post("/widget/contrast", colour="#ffd400", mode="light").text
    assert "too pale" in live and "#a78c1d" in live and "<html" not in live
    assert "too pale" not in desk.post("/widget/contrast", colour="#ffd400", mode="dark").text
    assert "<li" not in desk.post("/widget/contrast", colour="yellow").text


def test_texts_are_saved_for_one_language(desk: Desk, world: World) -> None:
    filled.send(desk, "/widget/texts/de", **{"text:launcher.label": "Fjordtreue", "text:welcome": " "})
    filled.send(desk, "/widget/texts/fr", **{"text:launcher.label": "Fidélité", "text:no_such_key": "x"})
    assert look(world).strings == {"de": {"launcher.label": "Fjordtreue"}, "fr": {"launcher.label": "Fidélité"}}
    page = desk.get("/widget/texts/de").text
    assert 'value="Fjordtreue"' in page
    for text in assets.strings("de", {}).values():
        assert str(text).replace("&", "&amp;").replace("'", "&#39;")[:20] in page
    filled.send(desk, "/widget/texts/de", **{"text:launcher.label": ""})
    assert look(world).strings == {"fr": {"launcher.label": "Fidélité"}}
    assert desk.get("/widget/texts/tlh").status_code == 404


def test_readers_see_it_and_change_nothing(desk_of: Callable[..., Desk], world: World) -> None:
    desk = desk_of("reader")
    page = desk.get("/widget").text
    assert "#1b6b4a" in page and "<iframe" in page and 'name="colour"' not in page
    assert desk.get("/widget/preview").status_code == 200
    for path in ("/widget/edit", "/widget/contrast", "/widget/texts/de"):
        assert desk.post(path, colour="#aa0000").status_code == 403
    assert look(world).colour == "#1b6b4a"


def test_the_preview_is_for_staff_in_the_dashboard_alone(desk: Desk, world: World) -> None:
    drawn = urlencode({"shop": world.shop.embed_key, "look": '{"colour":"#aa0000"}'})
    paths = ("/widget/preview", f"/widget/preview/widget.js?{drawn}", "/widget/preview/panel?lang=ar")
    for path in paths:
        policy = desk.get(path).headers["Content-Security-Policy"]
        for rule in ("connect-src 'none'", "form-action 'none'", "frame-ancestors 'self'"):
            assert rule in policy, path
        assert "unsafe" not in policy and desk.get(path).headers["Cache-Control"] == "no-store"
    assert "#aa0000" in desk.get(paths[1]).text
    for bad in ("{", "[]", '{"colour":"red;}*{display:none"}', '{"fern":1}', '{"label":7}'):
        assert desk.get(f"/widget/preview/widget.js?{urlencode({'look': bad})}").status_code == 400, bad
    hostile = desk.post("/widget/preview", colour="</script><script>x", label="</script><b>").text
    assert "</script><b>" not in hostile and "<script>x" not in hostile
    stranger = desk.client.application.test_client()
    assert all(stranger.get(f"/dashboard{path}").status_code in (302, 303) for path in paths)


def counts() -> dict[str, int]:
    """How many rows each table has."""
    return {
        name: db.database.execute_sql(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
        for name in db.database.get_tables()
    }


def plays(clerk: Clerk, who: str, tab: str, scheme: str, language: str) -> None:
    """Choose a scene, and wait for the widget of the frame to show it."""
    clerk.page.locator(f"[name=preview_who][value={who}]").check()
    clerk.page.locator("[name=preview_tab]").select_option(tab)
    clerk.page.locator(f"[name=preview_scheme][value={scheme}]").check()
    clerk.page.locator("[name=preview_language]").select_option(language)
    root = panel_of(clerk).locator(f"html[lang={language}][data-theme={scheme}]")
    shown = (
        f"body:has(#t-{tab}[aria-selected=true]) section h2"
        if who == "member"
        else "body:not(:has([role=tab])) main h2"
    )
    root.locator(shown).first.wait_for()


def test_an_owner_picks_a_colour_that_is_seen(office: Callable[..., Clerk], world: World) -> None:  # acceptance 60
    world.order_rule(10)
    clerk = office("owner").goes("/")
    clerk.presses("Widget")
    clerk.page.set_viewport_size({"width": 1280, "height": 1000})
    button = clerk.page.frame_locator("iframe[name=preview]").locator("loyalty-widget button[aria-expanded]")
    expect(button).to_have_css("background-color", "rgb(27, 107, 74)")
    colour = clerk.page.get_by_label("Accent colour", exact=True)
    steps = clerk.page.evaluate("history.length")
    colour.fill("#0a5ad6")
    expect(button).to_have_css("background-color", "rgb(10, 90, 214)")
    assert clerk.page.evaluate("document.activeElement.name") == "colour"  # the panel does not take the focus
    assert clerk.page.evaluate("history.length") == steps
    colour.fill("#ffff00")
    clerk.sees("This colour is too pale for the widget. It cannot be saved.")
    clerk.presses("Save")
    clerk.sees("This colour is too pale: its contrast is 1.01 to 1")
    assert look(world).colour == "#1b6b4a"
    clerk.presses("Take #92930f, the nearest that is seen")
    expect(button).to_have_css("background-color", "rgb(146, 147, 15)")
    clerk.presses("Save")
    clerk.sees("Saved. Pages of the shop show it within some minutes.")
    assert look(world).colour == "#92930f"
    script = clerk.context.request.get(f"{clerk.address}/widget.js?shop={world.shop.embed_key}").text()
    assert "background:#92930f" in script  # what the shop's page loads


def test_the_preview_shows_every_scene_and_writes_nothing(office: Callable[..., Clerk], world: World) -> None:
    world.order_rule(10)
    world.reward()
    world.refer()
    world.tier("Gold", 1000, "1.5")
    clerk = office("owner").goes("/widget")
    before = counts()
    for scene in SCENES if PROOFS else FEW:
        plays(clerk, *scene)
    plays(clerk, "member", "redeem", "light", "en")
    panel = panel_of(clerk)
    assert panel.locator("header").inner_text().startswith(world.program.name)
    panel.get_by_role("tab", name="My rewards").click()
    panel.get_by_text("SAMPLE234567").first.wait_for()
    panel.get_by_role("tab", name="Redeem points").click()
    panel.get_by_role("button", name=re.compile("Redeem")).first.click()
    panel.get_by_role("dialog").get_by_role("button").first.click()
    clerk.page.locator("[name=preview_tab]").select_option("closed")
    clerk.page.frame_locator("iframe[name=preview]").locator("loyalty-widget button[aria-expanded=false]").wait_for()
    assert counts() == before  # no session, no redemption: nothing


expect.set_options(timeout=20_000)


def test_the_button_keeps_off_pages_and_devices(office: Callable[..., Clerk], world: World) -> None:
    clerk = office("owner").goes("/widget")
    clerk.page.locator("[name=preview_tab]").select_option("closed")
    button = clerk.page.frame_locator("iframe[name=preview]").locator("loyalty-widget button[aria-expanded]")
    expect(button).to_be_visible()
    clerk.types(Not_on_these_pages="/checkout/*", Path_of_the_page="/checkout/pay")
    expect(button).to_be_hidden()
    clerk.types(Path_of_the_page="/cart")
    expect(button).to_be_visible()
    clerk.page.get_by_label("No button on phones").check()
    expect(button).to_be_hidden()
    clerk.page.get_by_label("Computer").check()
    expect(button).to_be_visible()


def test_on_a_phone_and_without_javascript(office: Callable[..., Clerk], world: World) -> None:
    clerk = office("marketer", viewport=PHONE, java_script_enabled=False).goes("/widget")
    clerk.types(Accent_colour="#aa0000", Text_of_the_button="Fjord Club").presses("Show the preview")
    frame = clerk.page.frame_locator("iframe[name=preview]")
    frame.get_by_text("The widget itself needs JavaScript").wait_for()
    frame.locator("svg rect[fill='#aa0000']").first.wait_for()  # the frame's former page may still be there
    assert frame.locator("svg text").first.text_content() == "Fjord Club"
    assert look(world).colour == "#1b6b4a"
    clerk.types(Accent_colour="#ffff00").presses("Save")
    clerk.presses("Take #92930f, the nearest that is seen")
    clerk.presses("Save")
    clerk.sees("Saved. Pages of the shop show it within some minutes.")
    assert (look(world).colour, look(world).label) == ("#92930f", "Fjord Club")
    clerk.presses("Texts")
    clerk.page.locator("[name='text:launcher.label']").fill("Points")
    clerk.presses("Save")
    assert look(world).strings == {"en": {"launcher.label": "Points"}}


def test_a_picture_of_the_button_is_uploaded_and_removed(desk: Desk, world: World) -> None:
    def upload(content: bytes) -> int:
        return desk.post("/widget/icon", icon=(io.BytesIO(content), "icon.png")).status_code

    assert upload(b"<svg onload='alert(1)'/>") == 422 and look(world).icon_file is None
    assert upload(png()) == 303
    name = look(world).icon_file
    assert name and f"/icons/{world.shop.embed_key}/{name}" in desk.get("/widget/icon").text
    drawn = urlencode({"shop": world.shop.embed_key, "look": f'{{"icon_file":"{name}"}}'})
    assert name in desk.get(f"/widget/preview/widget.js?{drawn}").text
    assert desk.post("/widget/icon/remove").status_code == 303 and look(world).icon_file is None
