"""Every page of the dashboard as screenshots in build/dashboard-shots, and one page to look at them all.

`make dashboard-shots`: each page empty, full and refused; 380 and 1280 pixels wide; light and dark. A page that another
module adds to PAGES is taken along. `dashboard.py customers give --states full --looks light-380` takes some of them.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Response, ViewportSize

from bench.shots._contact import write_index
from bench.shots._dashboard import empty_shop, lively_shop
from tests.browser.chromium import browser
from tests.dashboard import full_shop
from tests.dashboard.conftest import PHONE, WIDE, Clerk
from widget_server.dashboard.pages import Rule

OUT = Path(__file__).parents[2] / "build" / "dashboard-shots"
SIZES: dict[str, ViewportSize] = {"380": PHONE, "1280": WIDE}
STATES = ("empty", "full", "error")
LOOKS = ("light-380", "dark-380", "light-1280", "dark-1280")
HIGHEST = 2400  # pixels of a picture; what is below repeats

# the first form of the page with fields of its own
FORM = """[...document.querySelectorAll("main form[method=post]")].find((form) => [...form.elements].some(
  (field) => field.name && !["hidden", "submit", "file"].includes(field.type)))"""
# every field gets a value that cannot be right, and the browser's own checks are off
SPOIL = f"""() => {{
  const form = {FORM};
  const wrong = {{ number: "-7x", email: "nobody", date: "2026-99-99", "datetime-local": "soon", url: "nowhere" }};
  for (const field of form.elements) {{
    if (!field.name || ["hidden", "submit", "file", "radio", "select-one"].includes(field.type)) continue;
    if (field.type === "checkbox") {{ field.checked = false; continue; }}
    const isFigure = ["numeric", "decimal"].includes(field.inputMode);
    const text = wrong[field.type] ?? (isFigure ? "-7x" : field.required ? " " : "long ".repeat(1500));
    field.removeAttribute("maxlength");
    if (field.tagName === "INPUT") field.type = "text";
    field.value = text;
  }}
  form.noValidate = true;
  form.requestSubmit(form.querySelector(".btn.go, button:not([formaction])"));
}}"""


class Album:
    """Takes the pictures of one state of the shop and names them."""

    def __init__(self, clerk: Clerk, state: str, looks: list[str]) -> None:
        self.clerk, self.state, self.looks = clerk, state, looks

    def take(self, name: str) -> None:
        """The page that is shown, in the widths and schemes of the looks."""
        page = self.clerk.page
        for look in self.looks:
            scheme, width = look.split("-")
            size = SIZES[width]
            page.set_viewport_size(size)
            tall = min(int(page.evaluate("document.scrollingElement.scrollHeight")), HIGHEST)
            page.set_viewport_size(ViewportSize(width=size["width"], height=max(tall, size["height"])))
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=OUT / f"{name}-{self.state}-{look}.png")

    def opens(self, path: str) -> Response | None:
        """Open a page; None when the address sends a file."""
        if self.clerk.is_no_page(path):
            return None
        return self.clerk.page.goto(self.clerk.address + path)

    def walk(self, paths: dict[str, str]) -> None:
        """Each page, as it opens."""
        for name, path in paths.items():
            if self.opens(path) is not None:
                self.take(name)

    def refused(self, name: str, path: str) -> None:
        """The form of the page, sent wrongly; of a list, a search that finds nothing."""
        page = self.clerk.page
        if self.opens(path) is None:
            return
        search = page.locator("main form:not([method=post])").locator("[name=q], [name=text]")
        if search.count():
            self.opens(f"{path}?{search.first.get_attribute('name')}=nobody-has-this-name")
            self.take(name)
        elif page.evaluate(f"Boolean({FORM})"):
            with page.expect_navigation():
                page.evaluate(SPOIL)
            if page.locator("[aria-invalid=true], [role=alert], .error").count():
                self.take(name)


def main() -> None:
    """Take all pictures, and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nouns", nargs="*", help="only pages of these nouns")
    parser.add_argument("--states", nargs="+", choices=STATES, default=STATES)
    parser.add_argument("--looks", nargs="+", choices=LOOKS, default=LOOKS)
    wanted = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    chosen = [rule for rule in full_shop.pages() if not wanted.nouns or noun_of(rule) in wanted.nouns]
    with browser() as chromium:
        if "empty" in wanted.states:
            take_empty(chromium, chosen, wanted.looks)
        with lively_shop(chromium) as (shop, come):
            clerk = come("owner")
            paths = {name_of(rule): full_shop.address(shop, rule) for rule in chosen}
            paths |= {} if wanted.nouns else {f"more.{at}": path for at, path in enumerate(shop.more)}
            if "full" in wanted.states:
                Album(clerk, "full", wanted.looks).walk(paths)
            if "error" in wanted.states:
                for name, path in paths.items():
                    Album(clerk, "error", wanted.looks).refused(name, path)
    index = write_index(OUT, "Every page of the dashboard", names)
    print(f"{len(list(OUT.glob('*.png')))} pictures: {index}")


def take_empty(chromium: Browser, chosen: list[Rule], looks: list[str]) -> None:
    """The pages of a shop in which nothing has happened."""
    with empty_shop(chromium) as come:
        found = {name_of(rule): full_shop.address_without_rows(rule) for rule in chosen}
        Album(come("owner"), "empty", looks).walk({name: path for name, path in found.items() if path is not None})


def noun_of(rule: Rule) -> str:
    """The noun of the page, such as "customers"."""
    return rule.endpoint.partition(".")[0].removeprefix("dashboard_")


def name_of(rule: Rule) -> str:
    """The name of its pictures: the noun and the page."""
    return rule.endpoint.removeprefix("dashboard_")


def names(stem: str) -> tuple[str, str]:
    """The section and the caption of a picture."""
    name, state, scheme, width = stem.split("-")
    return name, f"{state}, {scheme}, {width}"


if __name__ == "__main__":
    main()
