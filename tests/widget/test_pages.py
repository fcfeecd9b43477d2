"""The documents of our own origin: what they change, where they lead, who may show them."""

import itertools
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.make import NOON, Shopper, World
from tests.panels import Panel
from widget_server import clock, tallies
from widget_server.errors import TooManyTries, WrongCode
from widget_server.loyalty.people import customers, sessions, sign_in, sign_in_codes
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.sessions import Session
from widget_server.loyalty.people.sign_in_codes import SignInCode
from widget_server.loyalty.program import shops
from widget_server.loyalty.referrals.links import ReferralVisit
from widget_server.widget import assets

HOME = "http://shop.localhost:8001"


def policy(answer: TestResponse) -> dict[str, str]:
    """The Content-Security-Policy, by directive."""
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}


def visits(world: World) -> int:
    tallies.flush()
    return sum(row.visits for row in ReferralVisit.of(world.shop))


# What a page that isolates itself needs


@pytest.mark.parametrize("path", ["/panel", "/badge"])
def test_the_frames_open_on_a_page_with_an_embedder_policy_and_for_the_shop_alone(
    world: World, client: FlaskClient, path: str
) -> None:
    answer = client.get(f"{path}?shop={world.shop.embed_key}")
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert policy(answer)["frame-ancestors"] == HOME


# A friend's short link (acceptance 40)


def test_a_short_link_is_counted_and_leads_to_the_shops_home(world: World, client: FlaskClient) -> None:
    code = world.member().customer.referral_code
    for spelled in (code, code.lower()):
        answer = client.get(f"/r/{spelled}")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"{HOME}/?ref={code}")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert visits(world) == 1  # one visitor on one day


def test_a_visitor_with_many_addresses_is_one_visitor_a_day(world: World, client: FlaskClient) -> None:
    code = world.member().customer.referral_code
    for day, counted in ((NOON, 2), (NOON + timedelta(days=1), 4)):
        with clock.at(day):
            for address in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8:0:1::1"):
                client.get(f"/r/{code}", environ_base={"REMOTE_ADDR": address})
        assert visits(world) == counted


def test_each_code_leads_to_its_own_shop(world: World, client: FlaskClient) -> None:  # acceptance 9
    other = World.create(name="Another", origins=["https://other.example"])
    code = other.member().customer.referral_code
    assert client.get(f"/r/{code}").headers["Location"] == f"https://other.example/?ref={code}"
    assert (visits(world), visits(other)) == (0, 1)


TAILS = [
    "?next=https://evil.example",
    "?ref=EVIL&url=//evil.example",
    "%3F@evil.example",
    "%0d%0aLocation:%20https://evil.example",
    "%0aSet-Cookie:a=b",
    "%00",
    "//evil.example",
]


def test_it_leads_nowhere_else(world: World, client: FlaskClient) -> None:
    code = world.member().customer.referral_code
    for tail, host in itertools.product(TAILS, ("localhost", "evil.example")):
        answer = client.get(f"/r/{code}{tail}", headers={"Host": host, "X-Forwarded-Host": "evil.example"})
        location = answer.headers.get("Location", f"{HOME}/?ref={code}")
        assert location == f"{HOME}/?ref={code}", tail
        assert answer.status_code == (302 if tail.startswith("?") else 404), tail
        assert "Set-Cookie" not in answer.headers


def test_an_unknown_code_says_so_in_the_readers_language(world: World, client: FlaskClient) -> None:
    left = world.member()
    code = left.customer.referral_code
    customers.leave(left.customer)
    for unknown in ("NOBODYS", "x" * 5000, code, "%F0%9F%8C%BF"):
        answer = client.get(f"/r/{unknown}", headers={"Accept-Language": "de"})
        assert answer.status_code == 404
        assert "Dieser Link ist nicht bekannt" in answer.text and '<html lang="de" dir="ltr">' in answer.text
        _plain(answer)
    assert visits(world) == 0


# The page behind a mail's link (contracts §5)


class Mail:
    """A sign-up under way, and the link of its mail."""

    def __init__(self, world: World, email: str = "ann@example.com") -> None:
        self.world, self.email = world, email
        self.asked = sign_in.ask(world.shop, email, purpose="sign_up", locale="en")
        self.link = self.asked.link

    def state(self) -> Any:
        """Whatever confirming could change."""
        codes = [(row.id, row.used_at, row.tries) for row in SignInCode.of(self.world.shop)]
        people = [(row.id, row.status, row.email_verified) for row in Customer.of(self.world.shop)]
        return codes, people, Session.of(self.world.shop).count()


def test_opening_the_link_changes_nothing(world: World, client: FlaskClient) -> None:
    mail = Mail(world)
    before = mail.state()
    for _ in range(3):  # programs that open links before people do
        answer = client.get(f"/confirm?link={mail.link}")
        assert answer.status_code == 200
        client.head(f"/confirm?link={mail.link}")
    assert mail.state() == before
    _plain(answer)
    assert policy(answer)["form-action"] == f"'self' {HOME}"
    assert "ann@example.com" in answer.text and "Fern Club" in answer.text and "Fjord &amp; Fern" in answer.text


def test_the_press_confirms_signs_nobody_in_and_leads_to_the_shop(world: World, client: FlaskClient) -> None:
    mail = Mail(world)
    answer = client.post("/confirm", data={"link": mail.link})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HOME}/?loyalty=earn")
    assert "Set-Cookie" not in answer.headers
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    customer = customers.by_verified_email(world.shop.id, mail.email)
    assert customer is not None and customer.is_member
    assert Session.of(world.shop).count() == 0
    for again in (client.post("/confirm", data={"link": mail.link}), client.get(f"/confirm?link={mail.link}")):
        assert again.status_code == 410
        _plain(again)
    in_the_panel = {"challenge": mail.asked.challenge, "code": mail.asked.code}
    assert Panel(client, world).post("/widget/session/confirm", in_the_panel).json["error"]["code"] == "code_expired"


def test_a_link_that_is_too_old_or_not_ours_changes_nothing(world: World, client: FlaskClient) -> None:
    mail = Mail(world)
    before = mail.state()
    for link in ("", "nobody's", mail.asked.challenge, mail.asked.code, "x" * 5000):
        assert client.get("/confirm", query_string={"link": link}).status_code == 410
        assert client.post("/confirm", data={"link": link}).status_code == 410
    with clock.at(clock.now() + timedelta(minutes=sign_in_codes.CODE_MINUTES)):
        assert client.get(f"/confirm?link={mail.link}").status_code == 410
        assert client.post("/confirm", data={"link": mail.link}).status_code == 410
    assert mail.state() == before


def test_confirming_is_limited(world: World, client: FlaskClient) -> None:
    results = [client.post("/confirm", data={"link": "guess"}) for _ in range(31)]
    assert {answer.status_code for answer in results[:30]} == {410}
    assert results[30].status_code == 429 and int(results[30].headers["Retry-After"]) > 0


def test_the_page_speaks_the_readers_language(world: World, client: FlaskClient) -> None:  # acceptance 11
    mail, headings = Mail(world), set()
    for locale in assets.LOCALES:
        accepts = f"xx,{locale}-XX;q=0.9,en;q=0.1"
        page = client.get(f"/confirm?link={mail.link}", headers={"Accept-Language": accepts}).text
        assert f'<html lang="{locale}" dir="{"rtl" if locale == "ar" else "ltr"}">' in page
        assert "{" not in page
        headings |= set(re.findall(r"<h1>(.*?)</h1>", page))
    assert len(headings) == len(assets.LOCALES)


def test_the_page_falls_back_to_the_shops_language_and_takes_its_words(client: FlaskClient) -> None:
    world = World.create(locale="fr", name="<b>Fern</b>")
    assert "Oui, confirmer" in client.get(f"/confirm?link={Mail(world).link}").text
    look = {**world.shop.widget, "strings": {"fr": {"confirm.yes": "Allons-y <3"}}}
    shops.Shop.update(widget=look).where(shops.Shop.id == world.shop.id).execute()
    page = client.get(f"/confirm?link={Mail(world).link}").text
    assert "Allons-y &lt;3" in page and "&lt;b&gt;Fern&lt;/b&gt;" in page and "<b>" not in page


def test_when_codes_are_used_up_the_page_shows_one_that_is_good(world: World, client: FlaskClient) -> None:
    mail = Mail(world)
    for _ in range(2):
        others = Mail(world)
        for number in range(5):
            with pytest.raises((WrongCode, TooManyTries)):
                sign_in_codes.confirm_code(world.shop.id, others.asked.challenge, f"no {number}")
    panel = Panel(client, world)
    typed = {"challenge": mail.asked.challenge, "code": mail.asked.code}
    refused = panel.post("/widget/session/confirm", typed)
    assert (refused.status_code, refused.json["error"]["code"]) == (429, "use_the_link")
    answer = client.post("/confirm", data={"link": mail.link})
    assert answer.status_code == 200
    _plain(answer)
    found = re.search(r'class="code" dir="ltr">((?:\d{4} ){3}\d{4})<', answer.text)
    assert found and "15 minutes" in answer.text
    assert Session.of(world.shop).count() == 0
    assert panel.post("/widget/session/confirm", {**typed, "code": found[1]}).status_code == 200
    assert client.post("/confirm", data={"link": mail.link}).status_code == 410


# The page behind the link of a notice (contracts §19)


def link_of(shopper: Shopper) -> str:
    return sessions.sign_link(shopper.world.shop.id, shopper.id)


def test_a_member_sees_their_sessions_by_the_link_and_ends_them(world: World, client: FlaskClient) -> None:
    ann, bob = world.member(), world.member("bob@example.com")
    sessions.open_session(world.shop.id, ann.id, browser="<b>Firefox</b>, Windows")
    link = link_of(ann)
    page = client.get(f"/sessions?link={link}")
    assert page.status_code == 200
    _plain(page)
    assert page.text.count("<li>") == 2 and "&lt;b&gt;Firefox" in page.text and "Unknown browser" in page.text
    assert "Fern Club" in page.text and ann.token not in page.text and "ann@" not in page.text
    assert Session.of(world.shop).count() == 3  # looking ends nothing
    done = client.post("/sessions", data={"link": link})
    assert done.status_code == 200 and "signed out everywhere" in done.text
    _plain(done)
    assert [row.customer_id for row in Session.of(world.shop)] == [bob.id]
    assert "not signed in anywhere" in client.get(f"/sessions?link={link}").text


def test_a_sessions_link_that_is_forged_or_old_or_of_nobody_opens_nothing(world: World, client: FlaskClient) -> None:
    ann, eve = world.member(), world.member("eve@example.com")
    good, eves = link_of(ann), link_of(eve)
    customers.leave(eve.customer)
    forged = good.rpartition(".")[0] + "." + link_of(world.member("bob@example.com")).rpartition(".")[2]
    for link in ("", "x", "x" * 5000, good + "x", forged, eves, ann.token):
        for answer in (
            client.get("/sessions", query_string={"link": link}),
            client.post("/sessions", data={"link": link}),
        ):
            assert answer.status_code == 410
            _plain(answer)
    with clock.at(clock.now() + timedelta(days=sessions.LINK_DAYS, seconds=1)):
        assert client.get(f"/sessions?link={good}").status_code == 410
    assert Session.of(world.shop).where(Session.customer_id == ann.id).count() == 1


def test_the_sessions_page_speaks_the_readers_language(world: World, client: FlaskClient) -> None:  # acceptance 11
    link = link_of(world.member())
    headings = set()
    for locale in assets.LOCALES:
        page = client.get(f"/sessions?link={link}", headers={"Accept-Language": locale}).text
        assert "{" not in page
        headings |= set(re.findall(r"<h1>(.*?)</h1>", page))
    assert len(headings) == len(assets.LOCALES)


def _plain(answer: TestResponse) -> None:
    """No script, no frame, nothing kept, nothing told to the next page."""
    rules = policy(answer)
    assert (rules["default-src"], rules["frame-ancestors"], rules["base-uri"]) == ("'none'", "'none'", "'none'")
    assert "script-src" not in rules and "<script" not in answer.text and "style=" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


# Frames on the shop's pages (contracts §6)


@pytest.mark.parametrize("path", ["/panel", "/badge"])
def test_only_the_shops_pages_may_frame_us_and_only_our_files_run(client: FlaskClient, path: str) -> None:
    world = World.create(origins=["https://one.example", "https://two.example:8443"])
    ann: Shopper = world.member()
    answer = client.get(f"{path}?shop={world.shop.embed_key}", headers=Panel(client, world, ann).headers())
    assert answer.status_code == 200
    rules = policy(answer)
    assert set(rules["frame-ancestors"].split()) == {"https://one.example", "https://two.example:8443"}
    assert rules["default-src"] == "'none'" and rules["form-action"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert rules["require-trusted-types-for"] == "'script'"
    for source in rules["script-src"].split():
        assert source == "'self'" or source.startswith("'sha256-")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Frame-Options" not in answer.headers and "Set-Cookie" not in answer.headers
    assert ann.customer.email not in answer.text and ann.customer.referral_code not in answer.text  # acceptance 14
    assert client.get(f"{path}?shop=pk_nobody").status_code == 404


def test_a_page_we_do_not_have_is_not_found(client: FlaskClient) -> None:
    style = client.get("/pages/page.css")
    assert style.status_code == 200 and style.mimetype == "text/css"
    style.close()
    for path in (
        "/",
        "/nowhere",
        "/pages/nothing.css",
        "/pages/../pages.py",
        "/pages/%2e%2e/pages.py",
        "/assets/no.js",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found"), path
