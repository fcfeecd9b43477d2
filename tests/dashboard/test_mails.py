"""Mails in the dashboard: the sender and its domain, previews in each language, and a test to oneself."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.dashboard.conftest import Desk
from tests.dashboard.test_settings import acts
from tests.make import World
from widget_server import config
from widget_server.delivery import mail, mail_samples, mail_templates
from widget_server.job_queue import Job, JobName
from widget_server.loyalty.program import programs

CODES = ("ABCD-2345",)


def queued() -> list[mail.Letter]:
    return [mail.opened(job.payload) for job in Job.select().where(Job.name == JobName.SEND_MAIL)]


@pytest.mark.parametrize("language", sorted(mail_templates.LANGUAGES))
def test_every_letter_is_previewed_in_every_language(desk: Desk, language: str) -> None:
    for letter in mail_samples.LETTERS:
        page = desk.get(f"/mails/{letter}?language={language}")
        assert page.status_code == 200 and "iframe" in page.text
        preview = desk.get(f"/mails/{letter}/preview?language={language}")
        assert f'lang="{language}"' in preview.text
        policy = preview.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy and "sandbox" in policy
        assert "script" not in policy


def test_the_letters_of_shoppers_are_all_listed(world: World) -> None:
    assert {*mail_samples.LETTERS} == {
        name for name in mail_templates._catalogue("en")["letters"] if not name.startswith("staff_")
    }


def test_a_test_goes_to_oneself_in_the_chosen_language(desk: Desk, world: World) -> None:
    assert desk.post("/mails/points_moved", language="de").status_code == 303
    (letter,) = queued()
    assert (letter["to"], letter["locale"], letter["template"]) == ("owner@fjord.example", "de", "points_moved")
    job = Job.select().where(Job.name == JobName.SEND_MAIL).get()
    mail.send(job.payload)  # it can be written
    assert acts(world, "mail") == [("test", "Olga Owner")]


def test_tests_are_limited_and_unknown_letters_are_not_there(desk: Desk) -> None:
    for _ in range(20):
        desk.post("/mails/reset", language="en")
    refused = desk.post("/mails/reset", language="en")
    assert refused.status_code == 422 and "Too many tries" in refused.text
    assert desk.get("/mails/staff_reset").status_code == desk.get("/mails/nonsense/preview").status_code == 404
    assert desk.post("/mails/reset", language="tlh").status_code == 422


def test_the_page_says_who_sends_and_what_the_domain_needs(desk: Desk) -> None:
    assert "written to a folder" in desk.get("/mails").text
    url = "smtps://fern:very-secret@mail.fern.example:465"
    config.use(replace(config.current(), mail_url=url, mail_from="Fern <club@fern.example>"))
    page = desk.get("/mails").text
    assert "mail.fern.example" in page and "_dmarc.fern.example" in page and "very-secret" not in page


def test_marketers_see_mails_and_support_does_not(desk_of: Callable[..., Desk]) -> None:
    assert desk_of("marketer").get("/mails").status_code == 200
    assert desk_of("support").get("/mails").status_code == 403


def test_a_shop_with_a_hostile_name_runs_nothing_in_the_preview(desk: Desk, world: World) -> None:
    programs.update(world.shop.id, name="<script>alert(1)</script>")
    page = desk.get("/mails/points_moved/preview").text
    assert "<script" not in page and "&lt;script" in page
