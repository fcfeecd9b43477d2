"""The looks a widget is checked in: light, dark, and Arabic from right to left; narrow and wide."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from playwright.sync_api import BrowserContext, Frame, Page

from tests.browser.conftest import DESK, PHONE, Demo, Visitor
from widget_server.demo import PROGRAM

LOOKS = ("light", "dark", "rtl")
WIDTHS = {"380": PHONE, "1280": DESK}

# the loader reads the language when it runs, which is after <html> was parsed
SPEAK = """
if (self === top) new MutationObserver((_, watch) => {
  const html = document.documentElement;
  if (!html) return;
  html.lang = "LANGUAGE";
  html.dir = html.lang === "ar" ? "rtl" : "ltr";
  watch.disconnect();
}).observe(document, { childList: true });
"""


@contextmanager
def as_the_device(demo: Demo) -> Iterator[None]:
    """The widget follows the theme of the shopper's device; afterwards it is as the demo has it."""
    own = yaml.safe_load(PROGRAM.read_text("utf-8"))["widget"]
    _apply(demo, {**own, "mode": "auto"})
    try:
        yield
    finally:
        _apply(demo, own)


def _apply(demo: Demo, widget: dict[str, Any]) -> None:
    file = demo.instance / "widget.yaml"
    file.write_text(yaml.safe_dump({"widget": widget}), "utf-8")
    said = demo.shell("program", "apply", str(file))
    assert "changes" in said, said


def options(look: str, **more: Any) -> dict[str, Any]:
    """Options of a browser profile that has the look, without anything that moves."""
    return {"color_scheme": "dark" if look == "dark" else "light", "reduced_motion": "reduce", **more}


def wear(context: BrowserContext, look: str) -> None:
    """Pages of the context are Arabic from now on, when the look says so."""
    if look == "rtl":
        speak(context, "ar")


def speak(context: BrowserContext | Page, language: str) -> None:
    """The shop's pages are in the language from now on."""
    context.add_init_script(SPEAK.replace("LANGUAGE", language))


def logs_in(visitor: Visitor, email: str = "mara@fjord.example") -> None:
    """Log in at the shop, which vouches for the shopper from then on."""
    visitor.visits("/account")
    visitor.page.locator("#log_in_email").fill(email)
    visitor.page.locator("#log_in_password").fill("fern-and-fjord")
    visitor.page.locator("form[action*='log-in'] button").click()
    visitor.page.locator("h1", has_text="Mara").wait_for()


def panel_frame(visitor: Visitor) -> Frame:
    """The panel's own frame."""
    return next(frame for frame in visitor.page.frames if "/panel?" in frame.url)
