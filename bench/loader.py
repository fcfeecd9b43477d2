"""What the loader costs a shop's page: main-thread time at a quarter of the processor's speed, and layout shift.

A page with the loader and the same page with a script of the same size that does nothing are opened in turn, each in a
browser profile of its own. The second is the floor; the ratio of the medians carries over to other machines.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import median

from playwright.sync_api import Browser, Route

from bench._figures import note, of_rounds
from bench._house import house
from tests.browser.chromium import browser
from tests.browser.conftest import DESK

RUNS = 15
SLOWER = 4
SETTLED_MS = 400
SCRIPT_GOAL_MS = 7
SHOP, HOST = "http://shop.localhost:8001", "http://widget.localhost:8000"
TEXT = "<p>Ferns like shade, and a sill to the north.</p>" * 40
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((all) => {
  for (const one of all.getEntries()) shifts += one.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Page:
    """One of the two pages, and what its runs took."""

    name: str
    script: str
    task_ms: list[float] = field(default_factory=list)
    script_ms: list[float] = field(default_factory=list)
    shifts: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Smallest, middle and largest time."""
        low, middle, high = min(self.task_ms), median(self.task_ms), max(self.task_ms)
        return f"{self.name:34} {low:8.1f} {middle:8.1f} {high:8.1f}"


def main() -> None:
    """Run both in turn, print what they took."""
    with house() as (world, client):
        loader = client.get(f"/widget.js?shop={world.shop.embed_key}").get_data(as_text=True)
    size = len(loader.encode())
    pages = Page("a script that does nothing", "0//".ljust(size, "x")), Page("the loader", loader)
    with browser() as chromium:
        for run in range(RUNS + 1):
            for page in pages:
                _open(chromium, page, counts=run > 0)
    floor, ours = pages
    print(f"main thread at {SLOWER}x throttle, {RUNS} runs in turn, {size:,} bytes of script (ms)")
    print(f"{'':34} {'min':>8} {'median':>8} {'max':>8}")
    print(floor.line())
    print(ours.line())
    typical, least = (pick(ours.task_ms) - pick(floor.task_ms) for pick in (median, min))
    print(f"ratio of the medians {median(ours.task_ms) / median(floor.task_ms):.2f}")
    print(f"the loader adds {typical:.1f} ms (by the smallest {least:.1f})")
    scripts = [median(page.script_ms) for page in pages]
    own = scripts[1] - scripts[0]
    print(
        f"scripts {scripts[0]:.1f} ms without, {scripts[1]:.1f} with it: its own {own:.1f} ms (goal {SCRIPT_GOAL_MS})"
    )
    figure = of_rounds("the loader's page, main thread", ours.task_ms, floor.task_ms, "ms")
    note(replace(figure, goal=f"its script {own:.1f} ms of {SCRIPT_GOAL_MS} ms", held=own <= SCRIPT_GOAL_MS))
    print(f"layout shift: {sum(floor.shifts):.4f} without, {sum(ours.shifts):.4f} with the loader, over all runs")


def _open(chromium: Browser, page: Page, *, counts: bool) -> None:
    """Open the page once; the first opening only warms the browser up."""
    context = chromium.new_context(viewport=DESK)
    tab = context.new_page()
    tag = f'<script async src="{HOST}/widget.js?shop=bench"></script>'
    html = f'<!doctype html><html lang="en"><title>Shop</title>{tag}<h1>Plants</h1>{TEXT}'
    context.route(f"{SHOP}/", _answer("<!doctype html>", "text/html"))
    context.route(f"{HOST}/widget.js**", _answer(page.script, "text/javascript"))
    context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    context.add_init_script(SHIFTS)
    session = context.new_cdp_session(tab)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # neighbours on the machine do not count
    tab.goto(f"{SHOP}/")  # an empty page: the process that will show the real one is up, and idle
    tab.wait_for_timeout(SETTLED_MS)
    context.route(f"{SHOP}/", _answer(html, "text/html"))
    tab.reload()
    tab.wait_for_timeout(SETTLED_MS)
    spent = _metrics(session.send("Performance.getMetrics"))  # since this document began
    drawn = tab.evaluate("!!document.querySelector('loyalty-widget')")
    assert drawn == (page.name == "the loader"), f"{page.name}: drawn {drawn}"
    if counts:
        page.task_ms.append(spent["TaskDuration"] * 1000)
        page.script_ms.append(spent["ScriptDuration"] * 1000)
        page.shifts.append(tab.evaluate("shifts"))
    context.close()


def _answer(body: str, content_type: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=body, content_type=f"{content_type}; charset=utf-8")


def _metrics(answer: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    return {str(one["name"]): one["value"] for one in answer["metrics"]}


if __name__ == "__main__":
    main()
