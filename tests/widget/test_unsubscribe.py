"""The link in mails: one click stops them, opening it does not, and it can do nothing else (contracts §25)."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.make import Shopper, World
from widget_server import config
from widget_server.loyalty.people import mail_preferences, merging, privacy
from widget_server.loyalty.program import shops

DATABASES = ("sqlite",)

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def ann(world: World) -> Shopper:
    return world.member()


def path_of(person: Shopper) -> str:
    link = mail_preferences.link(person.world.shop.id, person.id)
    return link.removeprefix(config.current().base_url)


def test_opening_the_link_changes_nothing_and_one_click_stops_all(client: FlaskClient, ann: Shopper) -> None:
    path = path_of(ann)
    for method in ("get", "head"):
        assert getattr(client, method)(path).status_code == 200
    assert ann.customer.mails_off == []
    client.delete_cookie("any")
    for _ in range(2):  # a provider may post again
        answer = client.post(path, data=ONE_CLICK)
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
        assert ann.customer.mails_off == ["all"]
    assert "none of these mails any more" in client.get(path).text or "Which of these mails" in client.get(path).text


def test_topics_are_chosen_and_mails_come_back(client: FlaskClient, ann: Shopper) -> None:
    path = path_of(ann)
    page = client.get(path).text
    assert len(re.findall(r"<input type=\"checkbox\"[^>]* checked>", page)) == 5
    client.post(path, data={"act": "choose", "topic": ["expiry", "tiers"]})
    assert ann.customer.mails_off == ["points", "referrals", "birthday"]
    assert mail_preferences.wanted(ann.customer) == ["expiry", "tiers"]
    client.post(path, data={"act": "stop"})
    assert ann.customer.mails_off == ["all"]
    answer = client.post(path, data={"act": "choose", "topic": list(mail_preferences.TOPICS)})
    assert ann.customer.mails_off == [] and "Saved." in answer.text
    client.post(path, data={"act": "choose", "topic": ["nonsense"]})
    assert ann.customer.mails_off == ["all"]


def test_a_link_is_of_one_customer_of_one_shop_and_names_nobody(client: FlaskClient, ann: Shopper) -> None:
    path, bob = path_of(ann), ann.world.member("bob@example.com")
    assert "ann" not in path and "%" not in path
    shop_id, customer_id, signature = path.removeprefix("/unsubscribe/").split(".")
    other = World.create(name="Other").shop
    assert signature not in path_of(bob)
    for token in (
        f"{shop_id}.{bob.id}.{signature}",
        f"{other.id}.{customer_id}.{signature}",
        f"{shop_id}.{customer_id}.{signature[:-1]}",
        f"{shop_id}.{customer_id}.",
        f"{shop_id}.{customer_id}.é",
        mail_preferences.SAMPLE,
        "..",
        mail_preferences.link(shop_id, "nobody").rpartition("/")[2],
    ):
        for answer in (client.get(f"/unsubscribe/{token}"), client.post(f"/unsubscribe/{token}", data=ONE_CLICK)):
            assert answer.status_code == 410, token
    assert ann.customer.mails_off == bob.customer.mails_off == []


def test_a_link_outlives_the_servers_secret_and_a_merge_but_not_the_person(client: FlaskClient, ann: Shopper) -> None:
    bob = ann.world.member("bob@example.com")
    path = path_of(bob)
    merging.merge(ann.world.shop, bob.id, ann.id)
    client.post(path, data=ONE_CLICK)
    assert ann.customer.mails_off == ["all"]
    privacy.erase(ann.world.shop, ann.customer)
    assert client.post(path, data=ONE_CLICK).status_code == 410


@pytest.mark.parametrize(("language", "words"), [("de", "Alle diese E-Mails beenden"), ("ar", "إيقاف كل هذه الرسائل")])
def test_the_page_speaks_the_readers_language_and_nobody_may_frame_it(
    client: FlaskClient, ann: Shopper, language: str, words: str
) -> None:
    shops.change(ann.world.shop, name="Fern <script>alert(1)</script>", locale="en")
    answer = client.get(path_of(ann), headers={"Accept-Language": language})
    assert words in answer.text and "<script" not in answer.text and "ann@example.com" not in answer.text
    policy: Any = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy and "script-src" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["Cache-Control"] == "no-store"
