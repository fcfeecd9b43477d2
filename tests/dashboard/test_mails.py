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
from widget_server.loyalty.people import mail_preferences
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.letter_kinds import SWITCHABLE

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


# Switches, the look of a letter, and what a customer wants


def test_letters_are_switched_on_and_off_and_nobody_overwrites_anothers_choice(desk: Desk, world: World) -> None:
    page = desk.get("/mails").text
    assert [one for one in SWITCHABLE if f'value="{one}"' in page] == list(SWITCHABLE)
    revision = str(world.program.revision)
    answer = desk.post("/mails", revision=revision, letters=["tier_lost", "points_earned"])
    assert answer.status_code == 303
    assert world.program.rules.letters == ("points_earned", "tier_lost")
    stale = desk.post("/mails", revision=revision, letters=[])
    assert stale.status_code in (409, 422) and world.program.rules.letters == ("points_earned", "tier_lost")
    assert desk.post("/mails", revision=str(world.program.revision)).status_code == 303
    assert world.program.rules.letters == ()
    versions = desk.get("/program/versions").text
    assert "E-mails that are on" in versions and "Points were earned, A tier was lost" in versions


def test_a_letter_is_shown_as_a_dark_or_a_light_mail_program_does(desk: Desk) -> None:
    assert mail_templates.DARK in desk.get("/mails/points_earned/preview").text
    dark = desk.get("/mails/points_earned/preview?theme=dark").text
    assert "@media all" in dark and "light dark" not in dark
    light = desk.get("/mails/points_earned/preview?theme=light").text
    assert "@media not all" in light and "light dark" not in light
    page = desk.get("/mails/points_earned?theme=dark&width=phone&language=ar").text
    assert "theme=dark" in page and 'class="letter phone"' in page
    assert desk.get("/mails/points_earned?theme=%22%3E&width=x").status_code == 200


def test_support_sees_and_changes_which_mails_a_customer_wants(desk_of: Callable[..., Desk], world: World) -> None:
    desk, ann = desk_of("support"), world.member()
    mail_preferences.set_off(ann.customer)
    assert "None: unsubscribed" in desk.get(f"/customers/{ann.id}").text
    form = desk.get(f"/customers/{ann.id}/contact").text
    assert 'name="topics"' in form and "checked" not in form.partition('name="topics"')[2].partition("</fieldset>")[0]
    facts = {"email": "ann@example.com", "email_verified": "y", "status": "member"}
    desk.post(f"/customers/{ann.id}/contact", **facts, topics=["expiry", "tiers"])
    assert ann.customer.mails_off == ["points", "referrals", "birthday"]
    assert "Points that expire, Tiers" in desk.get(f"/customers/{ann.id}").text
