"""How long a shopper waits for the panel: from the press on the launcher to the first text in it, with a warm cache.

The demo's shop is opened again and again in one browser profile; in turn the launcher is pressed, and a button that
adds a frame with one word from the panel's origin, which is the floor: a frame of another site needs a process of its
own. A guest and a member are measured. Layout shifts are counted in the shop's page and in the panel, those after a
press too.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser

from bench._figures import note, of_rounds
from bench.loader import SHIFTS
from tests.browser.chromium import browser
from tests.browser.conftest import DESK, Demo, Visitor, demo_in
from tests.browser.looks import panel_frame
from tests.browser.pages import logs_in

ROUNDS, WARM_UP = 15, 3
GOAL_MS = 30
FLOOR = """(address) => {
  const button = document.createElement("button");
  button.textContent = "floor";
  button.onclick = () => {
    const frame = document.createElement("iframe");
    frame.name = "floor";
    frame.style = "position:fixed;inset:0 auto auto 0;width:380px;height:300px";
    frame.src = address;
    document.body.append(frame);
  };
  button.id = "floor";
  button.style = "position:fixed;inset:0 auto auto 0;z-index:9";
  document.body.append(button);
}"""
PRESSED = 'addEventListener("click", (event) => window.pressed = performance.timeOrigin + event.timeStamp, true)'
PAINTED = """() => new Promise((resolve) => new PerformanceObserver((all) => {
  for (const one of all.getEntriesByName("first-contentful-paint")) resolve(performance.timeOrigin + one.startTime);
}).observe({ type: "paint", buffered: true }))"""


def main() -> None:
    """Print a line for each: the waits and the shifts."""
    print(f"press to first text, {ROUNDS} pages, ms (goal {GOAL_MS})")
    print(f"{'':24} {'min':>8} {'median':>8} {'max':>8}  layout shift")
    with tempfile.TemporaryDirectory() as folder, demo_in(Path(folder)) as demo, browser() as chromium:
        for name, is_member in (("a guest", False), ("a member", True)):
            floor, panel, shifts = _measured(demo, chromium, is_member)
            print(f"{'a frame with one word':24} {min(floor):8.1f} {median(floor):8.1f} {max(floor):8.1f}")
            print(f"{name:24} {min(panel):8.1f} {median(panel):8.1f} {max(panel):8.1f}  {sum(shifts):.4f}")
            figure = of_rounds(f"from a press to the panel, {name}", panel, floor, "ms")
            note(replace(figure, goal=f"{GOAL_MS} ms", held=median(panel) <= GOAL_MS))


def _measured(demo: Demo, chromium: Browser, is_member: bool) -> tuple[list[float], list[float], list[float]]:
    context = chromium.new_context(viewport=DESK, locale="en-GB")
    visitor = Visitor(demo, context, context.new_page())
    if is_member:
        logs_in(visitor)
    context.add_init_script(SHIFTS)
    context.route("**/floor", lambda route: route.fulfill(body="<p>floor", content_type="text/html"))
    floor, panel, shifts = list[float](), list[float](), list[float]()
    for turn in range(WARM_UP + ROUNDS):
        took = _opened(visitor)
        if turn >= WARM_UP:
            for found, one in zip((floor, panel, shifts), took, strict=True):
                found.append(one)
    context.close()
    return floor, panel, shifts


def _opened(visitor: Visitor) -> tuple[float, float, float]:
    """Opens a page for each frame; returns the milliseconds of the floor and of the panel, and the layout shift."""
    page = visitor.visits("/").page
    page.evaluate(PRESSED)
    visitor.launcher.wait_for()
    page.wait_for_load_state("networkidle")
    visitor.launcher.click()
    visitor.panel.locator("h2").first.wait_for()
    frame = panel_frame(visitor)
    opened = _time(frame.evaluate(PAINTED)) - _time(page.evaluate("pressed"))
    page.wait_for_load_state("networkidle")
    shifts = _time(page.evaluate("shifts")) + _time(frame.evaluate("shifts"))
    return _floor(visitor), opened, shifts


def _floor(visitor: Visitor) -> float:
    page = visitor.visits("/").page
    page.evaluate(PRESSED)
    visitor.launcher.wait_for()
    page.wait_for_load_state("networkidle")
    page.evaluate(FLOOR, f"{visitor.demo.widget}/floor")
    page.locator("#floor").click()
    page.frame_locator("iframe[name=floor]").locator("p").wait_for()
    frame = page.frame("floor")
    assert frame is not None
    return _time(frame.evaluate(PAINTED)) - _time(page.evaluate("pressed"))


def _time(value: Any) -> float:
    return float(value)


if __name__ == "__main__":
    main()
