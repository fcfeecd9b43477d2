"""Letters as mail programs show them: axe finds nothing in light and in dark, on a phone, in both directions."""

import pytest
from playwright.sync_api import Browser

from tests.dashboard.conftest import AXE, RUN_AXE, WIDER_THAN_THE_SCREEN
from tests.make import World
from widget_server.delivery import mail_samples

DATABASES = ("sqlite",)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_each_letter_can_be_read_by_everybody(world: World, chromium: Browser, language: str) -> None:
    world.shop.widget = {"colour": "#ffd500"}  # not readable as it is
    context = chromium.new_context(viewport={"width": 380, "height": 800})
    page, found, grounds = context.new_page(), list[str](), set[str]()
    requests = list[str]()
    page.on("request", lambda request: requests.append(request.url))
    for letter in mail_samples.LETTERS:
        page.set_content(mail_samples.write(world.shop, letter, language).html)
        page.evaluate(AXE)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found += [f"{letter} {scheme}: {one}" for one in page.evaluate(RUN_AXE)]
            grounds.add(page.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor"))
        if page.evaluate(WIDER_THAN_THE_SCREEN):
            found.append(f"{letter}: wider than the screen")
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == (
            "rtl" if language == "ar" else "ltr"
        )
    context.close()
    assert found == [] and requests == [] and len(grounds) == 2
