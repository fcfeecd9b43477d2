"""The accounting as an owner reads it: each day's opening, movements and closing, and their rows."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.dashboard.conftest import Clerk, Desk
from tests.make import Shopper, World
from widget_server import clock

DATABASES = ("sqlite",)


@pytest.fixture
def ann(world: World) -> Shopper:
    with clock.at(clock.now() - timedelta(days=2)):
        ann = world.member("ann@example.com")
        ann.is_given(500)
    with clock.at(clock.now() - timedelta(days=1)):
        ann.redeems(world.reward(cost=200))
    return ann


def cells(page: str) -> list[list[str]]:
    """The text of each row of the table."""
    rows = re.findall(r"<tr><td>.*?</tr>", page, re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)] for row in rows
    ]


def test_it_adds_up_on_the_page(desk: Desk, ann: Shopper) -> None:
    joint, today, yesterday, before, *others = cells(desk.get("/accounting?span=7").text)
    assert joint[1:] == ["0", "+500", "0", "−200", "0", "0", "0", "300"]
    assert today[1:] == ["300", "0", "0", "0", "0", "0", "0", "300"]
    assert yesterday[1:] == ["500", "0", "0", "−200", "0", "0", "0", "300"]
    assert before[1:] == ["0", "+500", "0", "0", "0", "0", "0", "500"]
    assert len(others) == 4


def test_each_movement_opens_its_rows_and_the_file_has_the_same(desk: Desk, ann: Shopper) -> None:
    page = desk.get("/accounting?span=7").text
    links = set(re.findall(r'href="/dashboard(/overview/rows[^"]*)"', page))
    assert len(links) == 4  # of each day, and of all days
    for link in links:
        assert "ann@example.com" in desk.get(link.replace("&amp;", "&")).text
    file = desk.get("/accounting/accounting.csv?span=7").text.splitlines()
    assert len(file) == 8 and file[-1].endswith(",300,0,0,0,0,0,0,300")


def test_no_days_of_the_program(desk: Desk) -> None:

    assert "There are no days" in desk.get("/accounting?from=2999-01-01&to=2999-01-02").text


def test_the_page_has_no_faults_that_axe_knows(office: Callable[..., Clerk], ann: Shopper) -> None:
    clerk = office()
    clerk.goes("/").presses("Accounting").sees("Opening")
    assert clerk.goes("/accounting?span=7").inspects() == []


def test_a_long_span_is_told_by_months_that_open_their_days(desk: Desk, ann: Shopper) -> None:
    first = clock.now().date() - timedelta(days=300)
    address = f"/accounting?from={first.isoformat()}&to={clock.now().date().isoformat()}"
    joint, *months = cells(desk.get(address).text)
    assert 10 <= len(months) <= 12
    assert joint[1:] == ["0", "+500", "0", "−200", "0", "0", "0", "300"] and months[0][-1] == "300"
    (link,) = re.findall(r'<td><a href="/dashboard(/accounting[^"]*)"', desk.get(address).text)[:1]
    assert cells(desk.get(link.replace("&amp;", "&")).text)[1][-1] == "300"
