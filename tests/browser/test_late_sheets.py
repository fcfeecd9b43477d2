"""The sheets for an invitation that did not count, and for the code at the till; what the owner sees of both."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser import looks
from tests.browser.conftest import PHONE, Demo, Visitor, demo_in
from tests.browser.pages import vouches, word
from tests.browser.test_accessibility import Inspector
from tests.browser.test_keyboard import Keyboard
from tests.scanning import scan

Make = Callable[..., Visitor]
NOOR, IDA = "noor.lind@example.com", "ida.berg@example.com"
HOSTILE = '<img src=x onerror="window.hacked=1"> \u202e"=1+1"'
NOT_ME = "An invitation did not count. Is that wrong?"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of its own: a till changes what every member's balance offers."""
    with demo_in(tmp_path_factory.mktemp("instance")) as running, looks.as_the_device(running):
        yield running


def comes(visitor: Visitor, email: str, path: str) -> Visitor:
    """The shop vouches for the shopper, who opens a page of the shop."""
    sub = f"s-{email.partition('@')[0]}"
    vouches(visitor, lambda: word(visitor.demo, sub, email=email, email_verified=True, name=email.partition(".")[0]))
    visitor.visits(path)
    visitor.panel.get_by_role("tab").first.wait_for()
    return visitor


def owner(visitor: Visitor) -> Page:
    """The owner's page, signed in to the dashboard."""
    link = visitor.demo.shell(
        *("staff", "link", "--shop", visitor.demo.facts["shop_id"]),
        *("--email", "owner@fjord.example", "--hire", "owner"),
    )
    parts = urlsplit(link.split()[-1])
    visitor.page.goto(f"{visitor.demo.widget}{parts.path}?{parts.query}")
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.wait_for_url(re.compile(r"/dashboard/(?!sign-in)"))
    return visitor.page


def opens(page: Page, demo: Demo, path: str) -> None:
    """Open a page of the dashboard."""
    page.goto(f"{demo.widget}/dashboard{path}")


def referral_blocked(page: Page, demo: Demo, friend: str) -> None:
    """The owner attaches a friend to Ida, and then blocks it."""
    opens(page, demo, "/referrals/attach")
    page.get_by_label("Who referred").fill(IDA)
    page.get_by_label("Who was referred").fill(friend)
    page.get_by_role("button", name="Attach", exact=True).click()
    page.get_by_role("button", name="Block", exact=True).click()
    page.get_by_text("The referral is blocked.").wait_for()


@pytest.fixture(scope="module")
def prepared(demo: Demo, chromium: object) -> Iterator[None]:
    """Noor's invitation by Ida is blocked, and Noor has bought at the till."""
    context = chromium.new_context(locale="en-GB")  # type: ignore[attr-defined]
    context.set_default_timeout(10_000)
    for email in (IDA, NOOR):
        shopper = chromium.new_context(locale="en-GB")  # type: ignore[attr-defined]
        comes(Visitor(demo, shopper, shopper.new_page()), email, "/?loyalty=referral")
        shopper.close()
    page = owner(Visitor(demo, context, context.new_page()))
    referral_blocked(page, demo, NOOR)
    opens(page, demo, f"/till?q={NOOR}")
    page.get_by_label("Amount paid").fill("12.50")
    page.get_by_role("button", name="Show the points").click()
    page.get_by_role("button", name=re.compile("Give .* points")).click()
    page.get_by_text("for this purchase").wait_for()
    yield
    context.close()


@pytest.mark.parametrize("look", looks.LOOKS)
@pytest.mark.usefixtures("prepared")
def test_both_sheets_fit_every_look(visitor: Make, look: str) -> None:
    """axe-core, thumbs, 380 and 1280 px, light, dark, and from right to left; nothing is wider than the panel."""
    noor = visitor(bypass_csp=True, **looks.options(look))
    looks.wear(noor.context, look)
    inspector = Inspector(noor)
    comes(noor, NOOR, "/?loyalty=referral")
    noor.panel.locator(".wide .btn.txt").last.click()
    noor.panel.locator("dialog input").wait_for()
    inspector.sees("reply")
    assert not looks.panel_frame(noor).evaluate("document.scrollingElement.scrollWidth > innerWidth")
    noor.visits("/?loyalty=my_balance")
    noor.panel.locator("section h2 ~ .btn, section div > .btn").first.click()
    noor.panel.locator("dialog svg.qr").wait_for()
    inspector.sees("till")
    assert inspector.found == {}
    assert noor.complaints == []


@pytest.mark.usefixtures("prepared")
def test_the_code_for_the_till_leads_the_cashier_to_its_member(visitor: Make, demo: Demo, chromium: Browser) -> None:
    noor, cashier = comes(visitor(viewport=PHONE), NOOR, "/?loyalty=my_balance"), visitor(viewport=PHONE)
    noor.panel.get_by_role("button", name="Code for the till").click()
    sheet = noor.panel.get_by_role("dialog", name="Code for the till")
    sheet.get_by_role("img", name="Code for the till").wait_for()
    letters = sheet.locator(".code span").first.inner_text()
    assert re.fullmatch(r"[A-Z0-9 ]{8,9}", letters), letters
    code = letters.replace(" ", "")
    assert scan(chromium, noor.page.screenshot()) == {("QRCode", code), ("Code128", code)}
    page = owner(cashier)
    opens(page, demo, f"/till?q={letters}")
    page.get_by_text("Identified by the code").wait_for()
    assert page.get_by_text(NOOR).count() or page.get_by_text("noor").count()
    noor.page.keyboard.press("Escape")
    sheet.wait_for(state="detached")
    assert noor.complaints == cashier.complaints == []


@pytest.mark.usefixtures("prepared")
def test_without_a_connection_nothing_is_sent_and_the_text_stays(visitor: Make) -> None:
    noor = comes(visitor(), NOOR, "/?loyalty=referral")
    noor.panel.get_by_role("button", name=NOT_ME).click()
    noor.panel.locator("dialog input").fill("Was it not counted?")
    noor.context.route("**/referral/reply", lambda route: route.abort("internetdisconnected"))
    noor.panel.locator("dialog form button.go").click()
    noor.panel.locator("dialog [role=alert]").first.wait_for()
    assert noor.panel.locator("dialog input").input_value() == "Was it not counted?"


@pytest.mark.usefixtures("prepared")
def test_a_hostile_reply_by_keyboard_is_sent_once_and_only_read(visitor: Make, demo: Demo) -> None:
    """It is the last story: an invitation can be answered once."""
    noor = comes(visitor(), NOOR, "/?loyalty=referral")
    sent: list[str] = []

    def count(route: Route) -> None:
        sent.append(str(route.request.post_data))
        route.continue_()

    noor.context.route("**/referral/reply", count)
    keyboard = Keyboard(noor)
    noor.panel.get_by_role("button", name=NOT_ME).focus()
    keyboard.press("Enter")
    keyboard.comes_to(f"heading {re.escape(NOT_ME)}|h2 {re.escape(NOT_ME)}")
    keyboard.tabs_to("textbox|input")
    noor.page.keyboard.insert_text(HOSTILE)
    noor.panel.locator("dialog form button.go").dblclick()
    noor.panel.get_by_text("The shop has your message.").wait_for()
    assert len(sent) == 1
    assert noor.complaints == []

    boss = visitor()
    page = owner(boss)
    opens(page, demo, "/referrals")
    page.get_by_text("1 customer says that a referral should count.").wait_for()
    page.get_by_role("link", name="Read it").click()
    page.get_by_text('<img src=x onerror="window.hacked=1">').wait_for()
    page.get_by_role("link", name=re.compile("^Open")).first.click()
    page.get_by_role("heading", name="What they say").wait_for()
    page.get_by_text('<img src=x onerror="window.hacked=1">').wait_for()
    assert page.evaluate("window.hacked") is None
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("The referral is approved").wait_for()
    assert boss.complaints == []
