"""The overview as an owner reads it: the seed's figures, any days beside the days before, and rows behind each number
(../shared/seeds/wix-managing-points.txt, acceptance 53).
"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.dashboard.conftest import PHONE, Clerk, Desk
from tests.make import Shopper, World
from widget_server import clock

DATABASES = ("sqlite",)


@pytest.fixture
def lively(world: World) -> Shopper:
    """Two months of a shop: people join and buy, a friend comes, rewards are redeemed, a tier is reached."""
    world.settings(point_value="0.01")
    world.order_rule(10)
    world.refer()
    world.tier("Silver", 600)
    begin = clock.now() - timedelta(days=40)
    with clock.at(begin):
        ann = world.member("ann@example.com")
        ann.is_given(500)
    for number in range(12):
        with clock.at(begin + timedelta(days=13 + 2 * number)):
            one = world.member(f"p{number}@example.com", code=ann.customer.referral_code if number % 3 == 0 else None)
            one.orders(f"{10 + number}.00", id=f"o{number}")
    with clock.at(clock.now() - timedelta(days=1)):
        coupon = ann.redeems(world.reward(cost=200))
        ann.orders("12.00", id="with-coupon", coupon_codes=(coupon.code,))
    return ann


def figure(page: str, name: str) -> tuple[str, str]:
    """The value of a tile and the address of its rows."""
    found = re.search(
        rf'<a href="([^"]+)"><span class="figure-name">{name}</span> <span class="figure">([^<]+)</', page
    )
    assert found, name
    return found[2], found[1].replace("&amp;", "&")


def test_the_seeds_three_figures_stand_first(desk: Desk, lively: Shopper) -> None:
    page = desk.get("/overview").text
    names = re.findall('figure-name">([^<]+)<', page)
    assert names[:3] == ["Total points earned", "Redeemed points", "Unredeemed points"]
    earned = 500 + sum(10 * (10 + number) for number in range(12)) + 4 * 200 + 120
    assert [figure(page, name)[0] for name in names[:3]] == [f"{earned:,}", "200", f"{earned - 200:,}"]
    assert "Total points given to members" in page


def test_figures_of_the_days_beside_those_before(desk: Desk, lively: Shopper) -> None:
    page = desk.get("/overview?span=30").text
    assert figure(page, "New members")[0] == "12"
    assert figure(page, "Members")[0] == "13"
    assert "before: 1 · +1,200%" in page
    assert figure(page, "Orders with coupons")[0] == "1"
    assert figure(page, "Revenue with coupons")[0] == "€12.00"
    assert "Compared with" in page
    all_time = desk.get("/overview?span=all").text
    assert "Compared with" not in all_time and "before: " not in all_time
    assert figure(all_time, "New members")[0] == "13"


def test_each_number_opens_its_rows(desk: Desk, lively: Shopper) -> None:
    page = desk.get("/overview?span=all").text
    links = [found.replace("&amp;", "&") for found in re.findall(r'href="/dashboard(/overview/rows[^"]*)"', page)]
    assert len(set(links)) > 30  # tiles, days, statuses, tiers
    for link in sorted(set(links)):
        answer = desk.get(link)
        assert answer.status_code == 200, link
    earned = desk.get(figure(page, "Total points earned")[1].removeprefix("/dashboard")).text
    assert len(re.findall("<tr>", earned)) == 1 + 1 + 12 + 4 + 1
    assert "/dashboard/customers/" in earned and "ann@example.com" in earned
    assert desk.get("/overview/rows?figure=sold").status_code == 400


def test_rows_by_pages(desk: Desk, world: World) -> None:
    ann = world.member()
    for _ in range(51):
        ann.is_given(1)
    page = desk.get("/overview/rows?figure=earned").text
    older = re.search(r'rel="next" href="/dashboard([^"]+)"', page)
    assert older and page.count("<tr>") == 51
    second = desk.get(older[1].replace("&amp;", "&")).text
    assert second.count("<tr>") == 2 and 'rel="prev"' in second and 'rel="next"' not in second


def test_days_that_are_typed(desk: Desk, lively: Shopper) -> None:
    day = (clock.now() - timedelta(days=1)).date().isoformat()
    page = desk.get(f"/overview?from={day}&to={day}").text
    assert figure(page, "New members")[0] == "0"
    assert "Joined" in page and f'value="{day}"' in page
    for wrong, text in (
        (f"from={day}&to=2020-01-01", "The last day comes before the first."),
        ("from=x", "valid date"),
    ):
        answer = desk.get(f"/overview?{wrong}")
        assert (answer.status_code, text in answer.text) == (200, True)
    assert desk.get("/overview?span=never").status_code == 200


def test_files_are_for_whom_they_are_for(desk: Desk, desk_of: Callable[..., Desk], lively: Shopper) -> None:
    assert desk.get("/overview/figures.csv?span=all").text.startswith("\ufefffigure,value,before,change\r\nearned,")
    assert len(desk.get("/overview/days.csv?span=7").text.splitlines()) == 8
    rows = desk.get("/overview/rows.csv?figure=joined")
    assert (rows.status_code, len(rows.text.splitlines())) == (200, 14)
    reader = desk_of("reader")
    assert reader.get("/overview").status_code == reader.get("/overview/figures.csv").status_code == 200
    assert reader.get("/overview/rows.csv?figure=joined").status_code == 403  # names of customers
    assert "rows.csv" not in reader.get("/overview/rows?figure=joined").text


def test_a_new_shop_has_nothing_to_show(desk: Desk) -> None:
    page = desk.get("/overview").text
    assert "Nothing has happened yet." in page
    assert "Download CSV" not in page and figure(page, "Total points earned")[0] == "0"


def test_names_of_customers_are_text(desk: Desk, world: World) -> None:
    ann = world.member("ann@example.com", name="<img src=x onerror=alert(1)>")
    ann.is_given(5)
    assert "<img src=x" not in desk.get("/overview/rows?figure=earned").text


def test_viewing_your_loyalty_points_overview(office: Callable[..., Clerk], lively: Shopper) -> None:
    """The seed's steps: go to the dashboard; under "Total points given to members" view the three figures."""
    clerk = office()
    clerk.goes("/").sees("Total points given to members").sees("Unredeemed points")
    assert clerk.page.locator(".uplot canvas").count() == 2
    clerk.page.locator(".figures a", has_text="Redeemed points").first.click()
    clerk.sees("Reward redeemed").sees("ann@example.com")
    clerk.goes("/overview").presses("90 days").sees("13")
    chart = clerk.page.locator(".chart").first
    chart.scroll_into_view_if_needed()
    box = chart.locator(".u-over").bounding_box()
    assert box is not None
    at = (box["width"] * (90 - 40.5) / 90, box["height"] / 2)
    chart.locator(".u-over").hover(position={"x": at[0], "y": at[1]})
    assert "Earned: 500" in chart.locator("output").inner_text()
    chart.locator(".u-over").click(position={"x": at[0], "y": at[1]})
    clerk.sees("Given by hand")


def test_the_overview_without_scripts_on_a_phone(office: Callable[..., Clerk], lively: Shopper) -> None:
    clerk = office(java_script_enabled=False, viewport=PHONE)
    clerk.goes("/overview").sees("Total points earned")
    clerk.page.get_by_text("Other days").click()
    clerk.page.get_by_label("From").fill((clock.now() - timedelta(days=3)).date().isoformat())
    clerk.presses("Show").sees("Since")
    clerk.page.get_by_text("The same as a table").click()
    clerk.page.locator("#each-period a").first.click()
    assert "/overview/rows" in clerk.page.url


def test_the_pages_have_no_faults_that_axe_knows(office: Callable[..., Clerk], lively: Shopper) -> None:
    clerk = office()
    for path in ("/overview", "/overview/rows?figure=earned", "/overview/rows?figure=expired"):
        clerk.goes(path)
        clerk.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert clerk.inspects() == [], path
