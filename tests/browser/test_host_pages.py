"""Pages of every make that shows the widget, each as its shop builds it (docs/host-pages.md).

On each the launcher is there and opens the panel, the page's own nodes are the same nodes, and nobody complains.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser import frameworks
from tests.browser.conftest import Demo, Visitor
from tests.browser.pages import add_file, add_page, policy, script_tag, settles

Make = Callable[..., Visitor]
CASE = Path(__file__).parents[1] / "payloads" / "cases" / "22-react-18-hydrates-the-document.html"
HEADING = "<h1>Hello</h1><p id='x'>shop</p>"

# the nodes of the page as the parser made them
NODES = """
if (self === top) addEventListener("DOMContentLoaded", () => {
  const nodes = [...document.querySelectorAll("html, head, title, body, h1, p")];
  Object.defineProperty(document, "same", { get: () => nodes.length > 4 && nodes.every((node) => node.isConnected) });
});
"""
THROWN_OUT = """
if (self === top) addEventListener("DOMContentLoaded", () => {
  window.thrown = 0;
  new MutationObserver((all) => {
    for (const { removedNodes } of all) {
      thrown += [...removedNodes].filter((node) => node.matches?.("loyalty-widget, :has(loyalty-widget)")).length;
    }
  }).observe(document, { childList: true, subtree: true });
});
"""


@pytest.fixture
def ann(visitor: Make) -> Visitor:
    """A shopper whose pages remember the nodes they were made of, and whether we were thrown out."""
    one = visitor()
    one.context.add_init_script(NODES + THROWN_OUT)
    return one


def source(demo: Demo) -> str:
    """The address of the script tag."""
    found = re.search(r'src="([^"]+)"', script_tag(demo))
    assert found
    return found.group(1)


def launcher(ann: Visitor) -> Locator:
    """The launcher, whatever it says now."""
    return ann.page.locator("loyalty-widget button[aria-expanded]")


def untyped(demo: Demo) -> str:
    """The strict policy for a framework that writes HTML and styles itself."""
    strict = policy(demo).replace("; require-trusted-types-for 'script'", "")
    return strict + "; style-src 'self' 'unsafe-inline'"


def works(ann: Visitor) -> None:
    """The launcher is there once, it opens the panel and closes it."""
    button = launcher(ann)
    button.click()
    ann.sees_panel().get_by_text("Ways to earn").wait_for()
    assert ann.page.locator("loyalty-widget").count() == 1
    button.click()
    ann.panel.locator("h1").wait_for(state="hidden")


def left_alone(ann: Visitor) -> None:
    """The page's own nodes are those the parser made, and no console has a word."""
    assert ann.page.evaluate("document.same")
    assert ann.complaints == []


# Frameworks that hydrate the whole document


@pytest.mark.parametrize("pause", [0, 600])
@pytest.mark.parametrize("mode", ["development", "production"])
@pytest.mark.parametrize("react", ["18", "19"])
def test_react_hydrates_the_document_whenever_it_does(ann: Visitor, react: str, mode: str, pause: int) -> None:
    app = f"/test/app.js?pause={pause}"
    add_file(ann, app, frameworks.bundled("react_client.js", mode=mode, react=react))
    add_page(ann, "/test/react", html=frameworks.rendered(react, source(ann.demo), app))
    ann.visits("/test/react")
    if pause:
        ann.launcher.wait_for()  # it was there before
    ann.page.wait_for_function("() => window.hydrated")
    works(ann)
    assert ann.page.evaluate("recovered") == []
    assert ann.page.evaluate("thrown") == 0
    left_alone(ann)


@pytest.mark.parametrize("build", ["development", "production.min"])
def test_the_page_that_react_18_drew_anew_because_of_us(ann: Visitor, build: str) -> None:
    page, app = CASE.read_text("utf-8").replace("HOST/widget.js?shop=KEY", source(ann.demo)).split("<!-- app.js:")
    add_page(ann, "/test/case", html=page)
    for name, package in (("react", "react-18"), ("react-dom", "react-dom-18")):
        add_file(ann, f"/{name}.js", frameworks.installed(f"{package}/umd/{name}.{build}.js"))
    hydrate = "ReactDOM.hydrateRoot(document, tree, { onRecoverableError: (no) => recovered.push(String(no)) }), 600);"
    code = app.removesuffix("-->\n").replace("ReactDOM.hydrateRoot(document, tree), 600);", hydrate)
    assert hydrate in code
    add_file(ann, "/app.js", f"window.recovered = [];{code};setTimeout(() => {{ window.hydrated = true; }}, 900);")
    ann.visits("/test/case")
    ann.page.wait_for_function("() => window.hydrated")
    works(ann)
    assert ann.page.evaluate("recovered") == []
    # React's development build praises its tools, and warns of an id without a name; neither is about us
    ann.complaints[:] = [line for line in ann.complaints if "widget" in line.lower() or "hydrat" in line.lower()]
    left_alone(ann)


@pytest.mark.parametrize("mode", ["development", "production"])
def test_vue_hydrates_its_part(ann: Visitor, mode: str) -> None:
    add_file(ann, "/test/app.js?place=app", frameworks.bundled("vue_client.js", mode=mode))
    # as Vue's server renders a fragment
    body = (
        '<div id="app"><!--[--><h1>Hello</h1><p id="x">shop</p><!--]--></div>'
        '<script src="/test/app.js?place=app"></script>'
    )
    add_page(ann, "/test/vue", head=script_tag(ann.demo), body=body)
    ann.visits("/test/vue")
    ann.page.wait_for_function("() => window.hydrated")
    works(ann)
    left_alone(ann)


def test_vue_draws_the_whole_body_anew(ann: Visitor) -> None:
    add_page(ann, "/test/vue", head=script_tag(ann.demo), body=HEADING, csp=untyped(ann.demo))
    add_file(ann, "/test/app.js?place=body", frameworks.bundled("vue_client.js"))
    ann.visits("/test/vue")
    ann.launcher.wait_for()
    ann.page.evaluate(
        "document.head.append(Object.assign(document.createElement('script'), { src: '/test/app.js?place=body' }))"
    )
    ann.page.wait_for_function("() => window.hydrated")
    works(ann)
    assert ann.page.evaluate("thrown") == 1
    # Vue says itself that a body is a poor place to mount
    assert [line for line in ann.complaints if "[Vue warn]" not in line] == []


# Shops that swap their pages without loading


def swaps(ann: Visitor, *, head: str, attributes: str = "", csp: str | None = None) -> None:
    """Two pages with a link between them, and our tag on both."""
    for path, title, link in (("/test/first", "First", "/test/next"), ("/test/next", "Next", "/test/first")):
        body = f"<h1>{title}</h1><a {attributes} href='{link}'>Onward</a>"
        add_page(ann, path, head=head + script_tag(ann.demo), body=body, csp=csp)


def goes_onward(ann: Visitor, title: str) -> None:
    """Follow the page's link without loading."""
    ann.page.evaluate("document.kept = true")
    ann.page.get_by_role("link", name="Onward").click()
    ann.page.locator("h1", has_text=title).wait_for()
    assert ann.page.evaluate("document.kept"), "the page was loaded"


def stays(ann: Visitor) -> None:
    """The launcher is on the next page and on the one after it; a panel that was open is open there."""
    ann.visits("/test/first")
    works(ann)
    goes_onward(ann, "Next")
    works(ann)
    ann.page.evaluate("LoyaltyWidget.open('redeem')")
    ann.panel.get_by_text("Ways to redeem").wait_for()
    goes_onward(ann, "First")
    ann.panel.get_by_text("Ways to redeem").wait_for()
    assert ann.page.locator("loyalty-widget").count() == 1
    expect(launcher(ann)).to_have_attribute("aria-expanded", "true")
    settles(ann)
    assert ann.complaints == []


def comes_back(ann: Visitor) -> None:
    """The page before, as the framework kept it: with a copy of our element in it, which is not ours."""
    ann.page.go_back()
    ann.page.locator("h1", has_text="Next").wait_for()
    ann.page.evaluate("LoyaltyWidget.close()")
    works(ann)
    assert ann.complaints == []


@pytest.mark.parametrize("place", ["head", "body"])
def test_turbo_swaps_the_body(ann: Visitor, place: str) -> None:
    add_file(ann, "/test/turbo.js", frameworks.installed("@hotwired/turbo/dist/turbo.es2017-umd.js"))
    turbo = "<script src='/test/turbo.js'></script>"
    csp = untyped(ann.demo)
    swaps(ann, head=turbo, csp=csp)
    if place == "body":  # a tag in the body runs anew with each page
        for path, title, link in (("/test/first", "First", "/test/next"), ("/test/next", "Next", "/test/first")):
            body = f"<h1>{title}</h1><a href='{link}'>Onward</a>{script_tag(ann.demo)}"
            add_page(ann, path, head=turbo, body=body, csp=csp)
    stays(ann)
    comes_back(ann)


def test_htmx_boosts_the_links(ann: Visitor) -> None:
    add_file(ann, "/test/htmx.js", frameworks.installed("htmx.org/dist/htmx.min.js"))
    head = (
        """<meta name="htmx-config" content='{"includeIndicatorStyles":false,"allowEval":false}'>"""
        "<script src='/test/htmx.js'></script>"
    )
    csp = untyped(ann.demo)
    swaps(ann, head=head, attributes="hx-boost='true'", csp=csp)
    stays(ann)
    comes_back(ann)


@pytest.mark.parametrize("swap", ["body", "root"])
def test_a_shop_swaps_its_body_under_a_view_transition_or_its_root(ann: Visitor, swap: str) -> None:
    add_file(ann, "/test/swap.js", frameworks.bundled("swap_client.js"))
    csp = untyped(ann.demo)
    swaps(ann, head="<script src='/test/swap.js'></script>", attributes=f"data-swap='{swap}'", csp=csp)
    stays(ann)


@pytest.mark.parametrize(
    "throw",
    [
        "document.querySelector('loyalty-widget').remove()",
        "document.body.replaceChildren()",
        "document.body.replaceWith(document.createElement('body'))",
        "document.documentElement.replaceWith(document.documentElement.cloneNode(true))",
    ],
)
def test_a_page_that_throws_us_out_gets_us_back_and_open_brings_us_back_at_once(ann: Visitor, throw: str) -> None:
    add_page(ann, "/test/out", head=script_tag(ann.demo), body=HEADING)
    ann.visits("/test/out")
    ann.launcher.wait_for()
    ann.page.evaluate(throw)
    works(ann)
    there = ann.page.evaluate(f"{throw}; LoyaltyWidget.open(); document.querySelectorAll('loyalty-widget').length")
    assert there == 1
    ann.sees_panel()
    settles(ann)
    assert ann.complaints == []


def test_after_destroy_nothing_comes_back(ann: Visitor) -> None:
    add_page(ann, "/test/out", head=script_tag(ann.demo), body=HEADING)
    ann.visits("/test/out")
    ann.opens_widget()
    ann.page.evaluate("document.querySelector('loyalty-widget').remove(); LoyaltyWidget.destroy()")
    ann.page.wait_for_timeout(700)
    assert ann.page.locator("loyalty-widget").count() == 0
    left_alone(ann)


def test_a_page_that_removes_us_again_and_again_is_not_brought_to_a_stop(ann: Visitor) -> None:
    add_page(ann, "/test/guard", head=script_tag(ann.demo), body=HEADING)
    ann.visits("/test/guard")
    ann.launcher.wait_for()
    ann.page.evaluate(
        """() => new MutationObserver(() => document.querySelector("loyalty-widget")?.remove())
          .observe(document, { childList: true, subtree: true })"""
    )
    ann.page.evaluate("document.body.append('x')")
    ann.page.wait_for_timeout(700)
    assert ann.page.evaluate("1 + 1") == 2
    assert ann.page.evaluate("thrown") < 10
    left_alone(ann)


def test_the_launcher_waits_until_the_page_is_there(ann: Visitor) -> None:
    add_page(ann, "/test/slow", head=script_tag(ann.demo), body=HEADING + "<img src='/test/slow.png' alt=''>")
    held: list[Route] = []
    ann.context.route("**/test/slow.png", lambda route, _: held.append(route))
    ann.page.goto(ann.demo.shop + "/test/slow", wait_until="commit")
    ann.page.wait_for_function("() => 'LoyaltyWidget' in window")
    ann.page.wait_for_timeout(500)
    assert ann.page.locator("loyalty-widget").count() == 0
    ann.page.evaluate("LoyaltyWidget.open()")  # somebody wants it now
    ann.sees_panel()
    held[0].fulfill(body="", content_type="image/png")
    left_alone(ann)


# Ways to bring the script


def test_two_tags_are_one_widget(ann: Visitor) -> None:
    add_page(ann, "/test/two", head=script_tag(ann.demo), body=HEADING + script_tag(ann.demo))
    ann.visits("/test/two")
    works(ann)
    left_alone(ann)


def test_a_tag_manager_brings_the_script_late(ann: Visitor) -> None:
    code = f"""addEventListener("load", () => setTimeout(() => {{
      const tag = document.createElement("script");
      tag.async = true;
      tag.src = {json.dumps(source(ann.demo))};
      const first = document.getElementsByTagName("script")[0];
      first.parentNode.insertBefore(tag, first);
    }}, 300));"""
    add_file(ann, "/test/manager.js", code)
    csp = untyped(ann.demo)
    add_page(ann, "/test/manager", head="<script src='/test/manager.js'></script>", body=HEADING, csp=csp)
    ann.visits("/test/manager")
    works(ann)
    left_alone(ann)


def test_the_tag_is_a_module(ann: Visitor) -> None:
    tag = script_tag(ann.demo, 'type="module" data-locale="de"')
    add_page(ann, "/test/module", head=tag, body=HEADING)
    ann.visits("/test/module")
    button = ann.page.locator("loyalty-widget button[aria-expanded]")
    expect(button).to_have_text("Prämien")  # its attributes are read too
    button.click()
    ann.sees_panel()
    left_alone(ann)


# Policies and media


def test_under_the_strict_policy(ann: Visitor) -> None:
    add_page(ann, "/test/strict", head=script_tag(ann.demo), body=HEADING, csp=policy(ann.demo))
    ann.visits("/test/strict")
    works(ann)
    left_alone(ann)


def test_on_a_page_that_isolates_itself_panel_and_badges_open(ann: Visitor) -> None:
    isolated = {"Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Opener-Policy": "same-origin"}
    badge = "<p data-loyalty-points-for='p1' data-loyalty-price='10.00'></p>"
    add_page(ann, "/test/isolated", head=script_tag(ann.demo), body=HEADING + badge, headers=isolated)
    ann.visits("/test/isolated")
    assert ann.page.evaluate("crossOriginIsolated")
    ann.page.locator("[data-loyalty-points-for]", has_text="points").wait_for()
    works(ann)
    left_alone(ann)


def test_neither_launcher_nor_panel_is_printed(ann: Visitor) -> None:
    add_page(ann, "/test/receipt", head=script_tag(ann.demo), body=HEADING)
    ann.visits("/test/receipt")
    ann.opens_widget()
    frame = ann.page.locator("loyalty-widget iframe")
    ann.page.emulate_media(media="print")
    expect(launcher(ann)).to_be_hidden()
    expect(frame).to_be_hidden()
    ann.page.emulate_media(media="screen")
    expect(launcher(ann)).to_be_visible()
    expect(frame).to_be_visible()
    left_alone(ann)


def test_a_layout_of_the_body_has_no_place_for_us(ann: Visitor) -> None:
    """A body that is a flex container with gaps is laid out as without us, whatever it says of its children."""
    style = (
        "<style>body { display: flex; flex-direction: column; justify-content: space-between; gap: 40px; height: 700px;"
        " margin: 0 } body > * { padding: 30px; opacity: .2; transform: scale(.5) } </style>"
    )
    csp = policy(ann.demo) + "; style-src 'self' 'unsafe-inline'"
    add_page(ann, "/test/flex", head=style, body=HEADING, csp=csp)
    ann.visits("/test/flex")
    boxes = "[...document.querySelectorAll('h1, p')].map((one) => one.getBoundingClientRect().top)"
    without = ann.page.evaluate(boxes)
    add_page(ann, "/test/flex-too", head=style + script_tag(ann.demo), body=HEADING, csp=csp)
    ann.visits("/test/flex-too")
    works(ann)
    assert ann.page.evaluate(boxes) == without
    left_alone(ann)


def test_the_table_of_the_guide_names_tests_that_there_are() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "host-pages.md").read_text("utf-8")
    named = re.findall(r"`(test_\w+)`", guide)
    assert len(named) > 14
    assert [name for name in named if name not in globals()] == []
