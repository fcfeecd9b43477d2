"""The audit log in the dashboard: who, when, what, before and after, from where; by filter, by page, as CSV."""

import csv
import io
import re
from datetime import timedelta

from tests.dashboard.conftest import Desk
from tests.make import NOON, World
from widget_server import clock
from widget_server.loyalty import audit_entries, audit_log
from widget_server.loyalty.audit_entries import Chosen
from widget_server.loyalty.audit_log import Actor
from widget_server.loyalty.people import api_keys


def rows(page: str) -> int:
    """How many entries a page lists."""
    body = re.search(r"<tbody>(.*)</tbody>", page, re.DOTALL)
    return body[1].count("<tr>") if body else 0


def test_an_act_of_staff_says_who_when_what_and_from_where(desk: Desk, world: World) -> None:
    desk.post("/settings", name="Fern", locale="en")
    page = desk.get("/audit-log?noun=shop&actor=staff").text
    assert rows(page) == 1
    for text in ("Olga Owner", "127.0.0.1", "Shop changed", "Fjord &amp; Fern", "<ins>Fern</ins>"):
        assert text in page, text


def test_entries_are_chosen_by_actor_noun_and_day(desk: Desk, world: World) -> None:
    with clock.at(NOON), audit_log.acting(Actor("shell", name="root")):
        api_keys.create_key(world.shop.id, "first")
    with clock.at(NOON + timedelta(hours=12)):  # the next day in Berlin
        api_keys.create_key(world.shop.id, "second")
    chosen = Chosen(noun="api_key", first_day=NOON.date(), last_day=NOON.date())
    (entry,) = audit_entries.listed(world.shop, chosen)
    assert (entry.actor, entry.after["name"]) == ("shell", "first")
    assert rows(desk.get("/audit-log?noun=api_key").text) == 2
    assert rows(desk.get("/audit-log?noun=api_key&from=2026-03-11&to=2026-03-11").text) == 1
    assert rows(desk.get("/audit-log?actor=shell&noun=api_key").text) == 1
    assert rows(desk.get("/audit-log?noun=nothing").text) == 0
    assert desk.get("/audit-log?actor=x&from=yesterday&below=x&endpoint=x&_anchor=y").status_code == 200


def test_pages_lose_and_repeat_nothing_even_within_one_moment(world: World) -> None:
    with clock.at(NOON):
        for number in range(25):
            audit_log.note(world.shop.id, "give", "points", f"a{number}")
    everything = audit_entries.listed(world.shop, Chosen(), limit=1000)
    found, below = [], None
    while part := audit_entries.listed(world.shop, Chosen(), below=below, limit=4):
        found += part
        below = part[-1].id
    assert [one.id for one in found] == [one.id for one in everything]


def test_older_entries_are_on_the_next_page(desk: Desk, world: World) -> None:
    for number in range(audit_entries.PAGE_SIZE + 3):
        audit_log.note(world.shop.id, "give", "points", f"a{number}")
    page = desk.get("/audit-log?noun=points").text
    following = re.search(r'rel="next" href="/dashboard([^"]+)"', page)
    assert following and rows(page) == audit_entries.PAGE_SIZE
    assert rows(desk.get(following[1].replace("&amp;", "&")).text) == 3


def test_the_filter_offers_each_noun_of_the_log_once(world: World) -> None:
    audit_log.note(world.shop.id, "give", "points", "a")
    audit_log.note(world.shop.id, "give", "points", "b")
    other = World.create(name="Another")
    audit_log.note(other.shop.id, "give", "zebra", "b")
    found = audit_entries.nouns(world.shop)
    assert found == sorted(set(found)) and "points" in found and "zebra" not in found


def test_the_csv_has_what_is_chosen_and_no_formula(desk: Desk, world: World) -> None:
    with audit_log.acting(Actor("shell", name="=cmd()")):
        audit_log.note(world.shop.id, "give", "points", "a", after={"amount": 5})
    file = desk.get("/audit-log/csv?noun=points")
    assert file.headers["Content-Type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(file.text))
    assert (row["actor_name"], row["after"]) == ("'=cmd()", '{"amount":5}')


def test_each_shop_reads_its_own(desk: Desk, world: World) -> None:
    other = World.create(name="Another")
    api_keys.create_key(other.shop.id, "theirs")
    assert "theirs" not in desk.get("/audit-log").text + desk.get("/audit-log/csv").text
