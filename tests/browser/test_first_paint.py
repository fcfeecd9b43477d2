"""What the first paint costs: requests, their order, and bytes as the server sends them (contracts §6)."""

import re
import urllib.request
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Route

from tests.browser.conftest import Demo, Visitor
from tests.browser.looks import speak
from tests.browser.pages import logs_in, panel_frame, points_of, settles, stored
from widget_server.widget import assets
from widget_server.widget.panel import TABS

Make = Callable[..., Visitor]
LOADER_BYTES_MAX = 1024
# the guest's page or the first tab: 14 kB less 1 kB of air; another tab, which a link opens, has a file of its own
FIRST_TAB_BYTES_MAX = 13312
OTHER_TAB_BYTES_MAX = 14336


def _asked_us(visitor: Visitor) -> list[str]:
    """The paths asked of the widget's server, in order, without the builds' hashes."""
    urls = [urlsplit(url) for url in visitor.requests if url.startswith(visitor.demo.widget + "/")]
    return [_name(url.path) for url in urls]


def _name(path: str) -> str:
    stem, dash, _ = path.partition("-")
    return f"{stem}.{path.rsplit('.', 1)[1]}" if dash else path


def test_one_request_until_the_launcher_is_there_and_a_guest_costs_document_script_and_styles(visitor: Make) -> None:
    ann = visitor()
    ann.visits("/")
    ann.launcher.wait_for()
    settles(ann)
    assert _asked_us(ann) == ["/widget.js"]  # acceptance 2

    ann.opens_widget()
    ann.panel.get_by_text("Ways to earn").wait_for()
    settles(ann)
    assert _asked_us(ann)[1:3] == ["/assets/embed.js", "/panel"]
    assert sorted(_asked_us(ann)[3:]) == ["/assets/panel.css", "/assets/panel.js"]
    assert ann.complaints == []


def test_a_member_costs_one_answer_more_and_it_is_there_before_the_script(visitor: Make) -> None:
    mara = visitor()
    logs_in(mara)
    mara.visits("/")
    mara.opens_widget()
    points_of(mara)
    settles(mara)  # the day's first visit is counted

    held: list[Route] = []
    mara.visits("/")
    mara.context.route("**/assets/panel-*.js", lambda route, _: held.append(route))
    mara.requests.clear()
    with mara.page.expect_response(lambda answer: "/widget/panel?" in answer.url) as first:
        mara.launcher.click()
    assert first.value.ok
    assert len(held) == 1  # the answer is here, the script is still on its way
    held[0].continue_()
    points_of(mara)
    settles(mara)
    assert sorted(_asked_us(mara)[:5]) == [
        "/assets/embed.js",
        "/assets/panel.css",
        "/assets/panel.js",
        "/panel",
        "/widget/panel",
    ]
    # once the tab is drawn the other tabs' files come, and nothing else
    assert sorted(_asked_us(mara)[5:]) == sorted(f"/assets/{tab}.js" for tab in TABS[1:])
    assert mara.complaints == []


def test_the_file_of_a_linked_tab_is_on_its_way_before_the_panels_script_runs(visitor: Make) -> None:
    mara = visitor()
    logs_in(mara)
    held: list[Route] = []
    mara.context.route("**/assets/panel-*.js", lambda route, _: held.append(route))
    with mara.page.expect_response(lambda answer: "/assets/my_balance-" in answer.url) as early:
        mara.visits("/?loyalty=my_balance", until="commit")
    assert early.value.ok
    while not held:
        mara.page.wait_for_timeout(50)
    held[0].continue_()
    mara.panel.get_by_role("heading", name="History").wait_for()
    settles(mara)
    assert _asked_us(mara).count("/assets/my_balance.js") == 1
    assert mara.complaints == []


def test_a_tab_whose_file_did_not_arrive_comes_when_it_is_tried_again(visitor: Make) -> None:
    mara = visitor()
    logs_in(mara)
    mara.context.route("**/assets/redeem-*", lambda route: route.abort())
    mara.visits("/?loyalty=earn")
    points_of(mara)
    settles(mara)
    mara.panel.locator("#t-redeem").click()
    mara.panel.get_by_role("heading", name="No connection").wait_for()
    mara.context.unroute("**/assets/redeem-*")
    mara.panel.get_by_role("button", name="Try again").click()
    mara.panel.get_by_role("button", name=re.compile("^Redeem ")).first.wait_for()
    assert [line for line in mara.complaints if "Failed to load resource" not in line] == []


def _served(demo: Demo, url: str, **headers: str) -> int:
    """Bytes of the body as they travel to a browser that takes brotli."""
    address = url.replace("widget.localhost", "127.0.0.1")
    asked = urllib.request.Request(address, headers={"Accept-Encoding": "gzip, deflate, br", **headers})
    with urllib.request.urlopen(asked) as answer:
        assert answer.headers["Content-Encoding"] == "br", url
        return len(answer.read())


def test_sizes_as_they_travel_in_every_language_with_every_tab(visitor: Make) -> None:
    mara = visitor()
    logs_in(mara)
    mara.visits("/")
    mara.opens_widget()
    points_of(mara)
    key = mara.demo.facts["embed_key"]
    assert _served(mara.demo, f"{mara.demo.widget}/widget.js?shop={key}") <= LOADER_BYTES_MAX

    frame = panel_frame(mara.page)
    address = urlsplit(frame.url)
    asked = dict(parse_qsl(address.query, keep_blank_values=True))
    files = [frame.locator(f"{tag}[{name}]").get_attribute(name) for tag, name in (("script", "src"), ("link", "href"))]
    sizes = {str(path): _served(mara.demo, mara.demo.widget + str(path)) for path in files}
    token = stored(frame)[f"loyalty:{key}"]
    for tab in TABS:
        answer = _served(
            mara.demo,
            f"{mara.demo.widget}/widget/panel?tab={tab}",
            Authorization=f"Bearer {token}",
            **{"X-Loyalty-Shop": key},
        )
        for lang in ("en", "de", "fr", "es", "ar"):
            query = urlencode({**asked, "tab": tab, "lang": lang})
            document = _served(mara.demo, address._replace(query=query).geturl())
            total = sum(sizes.values()) + document + answer
            if late := assets.tab_file(tab):
                total += _served(mara.demo, f"{mara.demo.widget}/assets/{late}")
            most = FIRST_TAB_BYTES_MAX if tab == TABS[0] else OTHER_TAB_BYTES_MAX
            assert total <= most, (sizes, tab, answer, lang, document)


@pytest.mark.parametrize(("lang", "tabs"), [("en", TABS), ("ar", TABS[::-1])])
def test_every_tab_has_its_words_whichever_came_first(visitor: Make, lang: str, tabs: tuple[str, ...]) -> None:
    mara = visitor()
    logs_in(mara)
    speak(mara.context, lang)
    shown: list[str] = []
    for first in (tabs[0], tabs[2]):
        mara.visits(f"/?loyalty={first}")
        for tab in tabs:
            mara.panel.locator(f"#t-{tab}").click()
            mara.panel.locator(f"#p:not(:has(.wait))[aria-labelledby=t-{tab}]").wait_for()
            shown.append(mara.panel.locator("#p").inner_text())
    assert shown[:5] == shown[5:]
    # no line is missing, and none is a key
    assert not [text for text in shown if not text or "_" in text or "undefined" in text]
    late = [path for path in _asked_us(mara) if path == "/widget/words"]
    assert len(late) == 2  # once a page


def test_a_refusal_has_its_words_even_before_anything_was_done(visitor: Make) -> None:
    mara = visitor()
    logs_in(mara)
    mara.visits("/?loyalty=earn")
    mara.panel.get_by_role("link", name="Open").wait_for()
    refusal = {"error": {"code": "not_found", "message": "", "field": None}}
    refusal["error"] |= dict.fromkeys(("needs", "has", "retry_after_seconds"))  # type: ignore[arg-type]
    mara.context.route("**/click", lambda route: route.fulfill(status=404, json=refusal))
    words = "**/widget/words?*"
    mara.context.route(words, lambda route: route.abort())
    mara.panel.get_by_role("link", name="Open").click()
    mara.panel.get_by_role("alert").get_by_text("That did not work.").wait_for()
    mara.context.unroute(words)
    mara.panel.get_by_role("link", name="Open").click()
    mara.panel.get_by_role("alert").get_by_text("This is no longer there.").wait_for()


def test_dates_are_those_of_the_shops_calendar_wherever_the_shopper_is(visitor: Make) -> None:
    # acceptance 25, 48: "Again on" and the days of the history are the shop's local days
    told = set()
    for zone in ("Pacific/Honolulu", "Pacific/Kiritimati"):
        mara = visitor(timezone_id=zone)
        logs_in(mara)
        mara.visits("/?loyalty=my_balance")
        mara.panel.get_by_role("heading", name="History").wait_for()
        mara.panel.locator("details").first.wait_for()
        told.add(mara.panel.locator("main").inner_text())
    assert len(told) == 1
