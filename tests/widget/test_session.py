"""Signing in over HTTP: what an answer may tell, how often one may ask, and what is refused by name (contracts §5)."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.make import World
from tests.panels import Panel, misfits
from widget_server import clock, tallies
from widget_server.delivery import mail
from widget_server.job_queue import Job
from widget_server.loyalty.people import customers, sign_in
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.devices import Device
from widget_server.loyalty.people.sessions import Session
from widget_server.loyalty.people.sign_in_codes import SignInCode
from widget_server.widget.shapes.member import Challenge
from widget_server.widget.shapes.member import Session as SessionShape
from widget_server.widget.shapes.refusal import Refusal

PASSWORD = "fern-and-fjord"
CHALLENGED = ("sign-up", "code", "reset")


def mails() -> list[dict[str, Any]]:
    """What waits to be sent, oldest first."""
    jobs = Job.everywhere().where(Job.name == "send_mail").order_by(Job.created_at)
    return [mail.opened(job.payload) for job in jobs]


def refusal(answer: Any) -> tuple[int, str, str | None]:
    assert misfits(Refusal, answer.json) == {}
    return answer.status_code, answer.json["error"]["code"], answer.json["error"]["field"]


class Somebody(Panel):
    """A panel of somebody who signs in by e-mail."""

    def asks(self, step: str, **body: Any) -> Any:
        return self.post(f"/widget/session/{step}", body)

    def confirms(self, challenge: str, code: str | None = None, **body: Any) -> Any:
        step = "new-password" if "password" in body else "confirm"
        return self.asks(step, challenge=challenge, code=code or mails()[-1]["values"]["code"], **body)

    def signs_up(self, email: str, **body: Any) -> Any:
        answer = self.confirms(self.asks("sign-up", email=email, **body).json["challenge"])
        assert answer.status_code == 200, answer.json
        self.token = answer.json["token"]
        return answer.json


@pytest.fixture
def somebody(world: World, client: FlaskClient) -> Somebody:
    return Somebody(client, world)


# The way in


def test_from_sign_up_to_sign_out(world: World, somebody: Somebody) -> None:
    asked = somebody.asks("sign-up", email="Ann@Example.com", name="Ann", password=PASSWORD, accepts_marketing=True)
    assert asked.status_code == 200 and misfits(Challenge, asked.json) == {}
    assert Customer.of(world.shop).count() == 0  # nothing before the address is shown to be hers
    answer = somebody.confirms(asked.json["challenge"])
    assert misfits(SessionShape, answer.json) == {}
    assert answer.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in answer.headers
    assert answer.json["member"] == {
        "name": "Ann",
        "email": "Ann@Example.com",
        "email_verified": True,
        "can_verify_email": False,
        "birthday": None,
        "has_password": True,
    }
    assert customers.by_verified_email(world.shop.id, "ann@example.com").accepts_marketing
    somebody.token = answer.json["token"]
    assert somebody.get("/widget/my-balance").status_code == 200
    again = somebody.asks("sign-in", email=" ann@example.COM ", password=PASSWORD)
    assert again.status_code == 200 and again.json["token"] != somebody.token
    assert somebody.asks("sign-out").json == {}
    assert refusal(somebody.get("/widget/my-balance"))[:2] == (401, "signed_out")
    somebody.token = again.json["token"]
    assert somebody.get("/widget/my-balance").status_code == 200  # the other panel stays
    assert Panel(somebody.client, world).post("/widget/session/sign-out").json == {}


def test_a_new_password_signs_in_here_and_out_everywhere_else(world: World, somebody: Somebody) -> None:
    old = somebody.signs_up("ann@example.com", password=PASSWORD)["token"]
    asked = somebody.asks("reset", email="ann@example.com").json
    answer = somebody.confirms(asked["challenge"], password="another-good-one")
    assert answer.status_code == 200
    assert refusal(somebody.get("/widget/earn"))[:2] == (401, "signed_out")
    somebody.token = answer.json["token"]
    assert somebody.get("/widget/earn").status_code == 200 and somebody.token != old
    assert somebody.asks("sign-in", email="ann@example.com", password=PASSWORD).status_code == 401
    assert somebody.asks("sign-in", email="ann@example.com", password="another-good-one").status_code == 200


# What an answer may tell


@pytest.mark.parametrize("step", CHALLENGED)
def test_nothing_tells_whether_an_address_has_an_account(world: World, somebody: Somebody, step: str) -> None:
    known = {
        "member": "ann@example.com",
        "member by the shop's word": "bob@example.com",
        "visitor": "guest@example.com",
        "left": "eve@example.com",
        "nobody": "new@example.com",
    }
    world.member(known["member"])
    world.vouched("c-1", known["member by the shop's word"], verified=True)
    world.guest_orders(known["visitor"])
    customers.leave(world.member(known["left"]).customer)
    people = Customer.of(world.shop).count()
    told = []
    for email in known.values():
        with clock.at(clock.now()):
            answer = somebody.asks(step, email=email)
            letter = mails()[-1]
        (code, link) = (letter["values"].pop(name) for name in ("code", "link"))
        assert letter.pop("to") == email and len(code) == 8 and len(link) > 40
        challenge, expires_at = answer.json["challenge"], answer.json["expires_at"]
        told.append((answer.status_code, sorted(answer.headers.keys()), len(challenge), len(expires_at), letter))
    assert all(one == told[0] for one in told), told
    assert Customer.of(world.shop).count() == people


def test_a_wrong_password_and_an_unknown_address_get_one_answer(world: World, somebody: Somebody) -> None:
    somebody.signs_up("ann@example.com", password=PASSWORD)
    world.member("bob@example.com")  # has no password
    world.guest_orders("guest@example.com")
    results = [
        somebody.asks("sign-in", email=email, password=password)
        for email, password in (
            ("ann@example.com", "not-her-password"),
            ("ann@example.com", ""),
            ("bob@example.com", PASSWORD),
            ("guest@example.com", PASSWORD),
            ("nobody@example.com", PASSWORD),
            ("no address", PASSWORD),
        )
    ]
    assert {refusal(answer) for answer in results} == {(401, "wrong_credentials", None)}
    assert len({answer.text for answer in results}) == 1
    assert Session.of(world.shop).count() == 2


# Codes


def test_a_code_dies_after_five_wrong_tries(somebody: Somebody) -> None:
    challenge = somebody.asks("code", email="ann@example.com").json["challenge"]
    right = mails()[-1]["values"]["code"]
    wrong = "00000000" if right != "00000000" else "11111111"
    assert [refusal(somebody.confirms(challenge, wrong)) for _ in range(4)] == [(400, "wrong_code", "code")] * 4
    assert refusal(somebody.confirms(challenge, wrong)) == (429, "too_many_tries", None)
    assert refusal(somebody.confirms(challenge, right)) == (429, "too_many_tries", None)
    assert refusal(somebody.confirms("nobody's", right)) == (400, "code_expired", None)


def test_a_code_works_once_in_the_shop_where_it_was_asked_for(world: World, somebody: Somebody) -> None:
    challenge = somebody.asks("code", email="ann@example.com").json["challenge"]
    other = Somebody(somebody.client, World.create(name="Another"))
    assert refusal(other.confirms(challenge)) == (400, "code_expired", None)  # acceptance 9
    assert somebody.confirms(challenge).status_code == 200
    assert refusal(somebody.confirms(challenge)) == (400, "code_expired", None)
    late = somebody.asks("code", email="ann@example.com").json["challenge"]
    with clock.at(clock.now() + timedelta(minutes=15)):
        assert refusal(somebody.confirms(late)) == (400, "code_expired", None)


# How often


@pytest.mark.parametrize("step", CHALLENGED)
def test_an_address_gets_few_mails_and_whoever_asks_is_not_refused(somebody: Somebody, step: str) -> None:
    with clock.at(clock.now()):
        for spelled in ("ann@example.com", "ANN@example.com ", "ann@EXAMPLE.com", "ann@example.com", "ann@example.com"):
            assert somebody.asks(step, email=spelled).status_code == 200
        answer = somebody.asks(step, email="Ann@example.com")
        assert answer.status_code == 200 and misfits(Challenge, answer.json) == {}
        assert len(mails()) == 5
        assert len({one["values"]["code"] for one in mails()}) == 1
        assert somebody.asks(step, email="bob@example.com").status_code == 200
        assert len(mails()) == 6
    with clock.at(clock.now() + timedelta(minutes=10)):
        assert somebody.asks(step, email="ann@example.com").status_code == 200
        assert len(mails()) == 7


@pytest.mark.parametrize("step", CHALLENGED)
def test_asking_again_with_the_same_key_costs_nothing(somebody: Somebody, step: str) -> None:
    """The answer was lost, and the panel asks again: the same challenge, no other mail, no other count."""
    path = f"/widget/session/{step}"
    results = [somebody.post(path, {"email": "ann@example.com"}, key="k-1") for _ in range(25)]
    assert {one.status_code for one in results} == {200} and len({one.text for one in results}) == 1
    assert len(mails()) == 1
    other = somebody.post(path, {"email": "bob@example.com"}, key="k-1")  # the key alone makes no request the same
    assert other.status_code == 200 and other.json["challenge"] != results[0].json["challenge"]
    assert (
        somebody.post(path, {"email": "ann@example.com"}, key="k-2").json["challenge"] != results[0].json["challenge"]
    )


def test_one_network_address_asks_for_few_mails_and_few_hashes(
    somebody: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    from widget_server.loyalty.people import passwords

    hashed: list[str] = []
    monkeypatch.setattr(passwords, "hash_password", lambda password: hashed.append(password) or "hash")
    for number in range(20):
        assert somebody.asks("sign-up", email=f"a{number}@example.com", password=PASSWORD).status_code == 200
    assert refusal(somebody.asks("sign-up", email="b@example.com", password=PASSWORD)) == (429, "rate_limited", None)
    assert len(hashed) == len(mails()) == 20
    elsewhere = somebody.client.post(
        "/widget/session/code",
        json={"email": "c@example.com"},
        headers=somebody.headers(),
        environ_base={"REMOTE_ADDR": "198.51.100.7"},
    )
    assert elsewhere.status_code == 200


def test_guessing_is_limited(somebody: Somebody, monkeypatch: pytest.MonkeyPatch) -> None:
    from widget_server.loyalty.people import passwords

    monkeypatch.setattr(passwords, "password_fits", lambda *_: False)
    guesses = [somebody.asks("sign-in", email="ann@example.com", password=str(guess)) for guess in range(11)]
    assert [answer.status_code for answer in guesses] == [401] * 10 + [429]
    assert int(guesses[-1].headers["Retry-After"]) > 0
    codes = [somebody.asks("confirm", challenge=str(guess), code="1") for guess in range(31)]
    assert [answer.status_code for answer in codes] == [400] * 30 + [429]
    words = [somebody.asks("identity", token="x") for _ in range(61)]
    assert [answer.status_code for answer in words] == [401] * 60 + [429]


# The shop's word


def test_the_shops_word_becomes_a_session_once(world: World, somebody: Somebody) -> None:  # acceptance 3
    word = world.token(sub="c-9", email="ann@example.com", email_verified=True, name="Ann")
    answer = somebody.asks("identity", token=word)
    assert answer.status_code == 200 and misfits(SessionShape, answer.json) == {}
    assert (answer.json["member"]["name"], answer.json["member"]["email_verified"]) == ("Ann", True)
    somebody.token = answer.json["token"]
    assert somebody.get("/widget/earn").status_code == 200
    assert refusal(somebody.asks("identity", token=word)) == (401, "bad_signature", None)
    other = World.create(name="Another")
    for bad in (word[:-2], other.token(), world.token(exp=1), world.token(aud=None), "x"):
        assert refusal(somebody.asks("identity", token=bad)) == (401, "bad_signature", None)
    assert Customer.of(world.shop).count() == 1


def test_who_left_joins_again_by_her_own_choice_only(world: World, somebody: Somebody) -> None:  # acceptance 52
    somebody.token = somebody.asks("identity", token=world.token(sub="c-9")).json["token"]
    assert somebody.post("/widget/my-balance/leave").json == {}
    assert refusal(somebody.get("/widget/my-balance"))[:2] == (401, "signed_out")
    assert refusal(somebody.asks("identity", token=world.token(sub="c-9"))) == (403, "left_program", None)
    back = somebody.asks("identity", token=world.token(sub="c-9"), join=True)
    assert back.status_code == 200


def test_a_friends_code_comes_along(world: World, somebody: Somebody) -> None:  # acceptance 41
    world.refer()
    code = world.member("advocate@example.com").customer.referral_code
    assert somebody.signs_up("friend@example.com", referral_code=code)["referral"] == "bound"
    assert somebody.signs_up("other@example.com", referral_code="NOBODYS")["referral"] is None


# What is refused by name


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("sign-up", {}, "email"),
    ("sign-up", {"email": "ann@example"}, "email"),
    ("sign-up", {"email": "ann@example.com\x00"}, "email"),
    ("sign-up", {"email": 7}, "email"),
    ("sign-up", {"email": "a" * 255}, "email"),
    ("sign-up", {"email": "ann@example.com", "password": "short"}, "password"),
    ("sign-up", {"email": "ann@example.com", "password": "password123"}, "password"),
    ("sign-up", {"email": "ann@example.com", "name": "x" * 101}, "name"),
    ("sign-up", {"email": "ann@example.com", "name": "A\x00nn"}, "name"),
    ("sign-up", {"email": "ann@example.com", "balance": 1000}, "balance"),
    ("sign-up", {"email": "ann@example.com", "accepts_marketing": "perhaps"}, "accepts_marketing"),
    ("code", {"email": "ann@example.com", "password": PASSWORD}, "password"),
    ("reset", {"email": None}, "email"),
    ("confirm", {"code": "123456"}, "challenge"),
    ("confirm", {"challenge": "x"}, "code"),
    ("confirm", {"challenge": "x", "code": 123456}, "code"),
    ("confirm", {"challenge": "x" * 4001, "code": "1"}, "challenge"),
    ("new-password", {"challenge": "x", "code": "1"}, "password"),
    ("new-password", {"challenge": "x", "code": "1", "password": "aaaaaaaaaaaa"}, "password"),
    ("sign-in", {"email": "ann@example.com"}, "password"),
    ("sign-in", {"email": "ann@example.com", "password": "x" * 201}, "password"),
    ("identity", {}, "token"),
    ("identity", {"token": ["x"]}, "token"),
    ("identity", {"token": "x", "email": "ann@example.com"}, "email"),
    ("sign-up", {"email": "ann@example.com", "wishes": {"a": ["\ud800"]}}, "wishes.a.0"),
]


def test_the_field_that_is_wrong_is_named(somebody: Somebody) -> None:
    for step, body, field in WRONG:
        answer = somebody.client.post(f"/widget/session/{step}", data=json.dumps(body), headers=somebody.headers())
        status, _, named = refusal(answer)
        assert (status, named) == (400, field), (step, body)
        assert answer.headers["Cache-Control"] == "no-store"
    assert mails() == []


def test_weak_passwords_use_up_no_mail(somebody: Somebody) -> None:
    for _ in range(6):
        assert refusal(somebody.asks("sign-up", email="ann@example.com", password="short"))[1] == "password_weak"
    assert somebody.asks("sign-up", email="ann@example.com").status_code == 200


def test_the_mail_is_in_the_readers_language(somebody: Somebody) -> None:
    for accepts, query, locale in (
        ("de-AT,de;q=0.9,en;q=0.8", "", "de"),
        ("fr,fr-FR;q=0.8", "", "fr"),
        ("de", "?lang=es", "es"),
        ("tlh", "", "en"),
    ):
        headers = {**somebody.headers(), "Accept-Language": accepts}
        somebody.client.post(f"/widget/session/code{query}", json={"email": "ann@example.com"}, headers=headers)
        assert mails()[-1]["locale"] == locale


# A member whose address is not verified (contracts §10)


def test_a_member_proves_the_address_and_has_its_guest_points(world: World, client: FlaskClient) -> None:
    world.order_rule(10)
    world.guest_orders("ann@example.com", "20.00")
    ann = Somebody(client, world, world.vouched("c-1", "ann@example.com", verified=False))
    member = ann.get("/widget/panel").json["member"]
    assert (member["email_verified"], member["can_verify_email"]) == (False, True)
    asked = ann.asks("verification")
    assert asked.status_code == 200 and misfits(Challenge, asked.json) == {}
    assert mails()[-1]["to"] == "ann@example.com"
    wrong = ann.asks("verification/confirm", challenge=asked.json["challenge"], code="000000x")
    assert refusal(wrong) == (400, "wrong_code", "code")
    code = mails()[-1]["values"]["code"]
    proven = ann.asks("verification/confirm", challenge=asked.json["challenge"], code=code)
    assert (proven.status_code, proven.json["email_verified"], proven.json["can_verify_email"]) == (200, True, False)
    assert ann.get("/widget/my-balance").json["balance"]["available"] == 200
    assert refusal(ann.asks("verification")) == (409, "nothing_to_verify", None)


def test_whether_points_wait_is_not_told(world: World, client: FlaskClient) -> None:
    """Mallory registered with another's address; her panel reads alike whether its owner ever ordered."""
    world.order_rule(10)
    seen = []
    for sub, email in (("m-1", "ann@example.com"), ("m-2", "nobody@example.com")):
        world.guest_orders("ann@example.com", "20.00")
        mallory = Somebody(client, world, world.vouched(sub, email, verified=False))
        told = mallory.get("/widget/panel").json
        seen.append(
            (told["member"]["can_verify_email"], told["balance"]["available"], mallory.asks("verification").status)
        )
    assert seen[0] == seen[1]


def test_the_code_of_another_address_proves_nothing(world: World, client: FlaskClient) -> None:
    world.order_rule(10)
    world.guest_orders("ann@example.com", "20.00")
    mallory = Somebody(client, world, world.vouched("m-1", "ann@example.com", verified=False))
    asked = mallory.asks("code", email="mallory@example.com")
    code = mails()[-1]["values"]["code"]
    answer = mallory.asks("verification/confirm", challenge=asked.json["challenge"], code=code)
    assert refusal(answer)[1] == "code_expired"
    assert mallory.get("/widget/my-balance").json["balance"]["available"] == 0
    asked = mallory.asks("verification")  # the owner of the address follows the link of the mail, and is not Mallory
    sign_in.confirm_by_link(mails()[-1]["values"]["link"].split("link=")[1])
    assert not mallory.get("/widget/panel").json["member"]["email_verified"]
    assert mallory.get("/widget/my-balance").json["balance"]["available"] == 0


def test_mails_are_limited_by_mailbox(world: World, somebody: Somebody) -> None:
    """Five in an hour, however its owner's address is spelt; a member's own address has its mail all the same."""
    world.member("ann+shop@example.com")
    Job.delete().execute()
    SignInCode.delete().execute()
    results = [somebody.asks("code", email=f"ann+{number}@example.com").status_code for number in range(9)]
    assert results == [200] * 9 and len(mails()) == 5
    for email in ("ann+shop@example.com", "ann@example.com", "bob@example.com"):
        somebody.asks("code", email=email)
        assert mails()[-1]["to"] == email


def test_a_challenge_is_good_for_its_own_purpose(world: World, client: FlaskClient) -> None:
    somebody = Somebody(client, world)
    member = Somebody(client, world, world.vouched("c-1", "ann@example.com"))
    routes: dict[str, Callable[..., Any]] = {
        "confirm": partial(somebody.asks, "confirm"),
        "new-password": partial(somebody.asks, "new-password", password=PASSWORD),
        "verification/confirm": partial(member.asks, "verification/confirm"),
    }
    for step, own in (("sign-up", "confirm"), ("code", "confirm"), ("reset", "new-password")):
        challenge = somebody.asks(step, email="ann@example.com").json["challenge"]
        code = mails()[-1]["values"]["code"]
        for name, confirm in routes.items():
            if name != own:
                assert refusal(confirm(challenge=challenge, code=code))[1] == "code_expired", (step, name)
    challenge = member.asks("verification").json["challenge"]
    code = mails()[-1]["values"]["code"]
    for name in ("confirm", "new-password"):
        assert refusal(routes[name](challenge=challenge, code=code))[1] == "code_expired"
    assert routes["verification/confirm"](challenge=challenge, code=code).status_code == 200


# Devices, notices and sessions (contracts §19)

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def notices() -> list[dict[str, Any]]:
    return [one for one in mails() if one["template"] in ("new_device", "new_password")]


def test_a_new_device_is_told_once(world: World, somebody: Somebody) -> None:
    device = somebody.signs_up("ann@example.com", password=PASSWORD)["device"]
    assert device and notices() == []  # the account is as new as the device

    def signs_in(**body: Any) -> Any:
        headers = {**Panel(somebody.client, world).headers(), "User-Agent": FIREFOX}
        sent = {"email": "ann@example.com", "password": PASSWORD, **body}
        return somebody.client.post("/widget/session/sign-in", json=sent, headers=headers).json

    assert signs_in(device=device)["device"] == device and notices() == []
    other = signs_in()["device"]
    (notice,) = notices()
    assert (notice["template"], notice["to"], notice["values"]["browser"]) == (
        "new_device",
        "ann@example.com",
        "Firefox, Windows",
    )
    assert signs_in(device=other)["device"] == other and len(notices()) == 1
    made_up = signs_in(device="a word of the panel's own")["device"]
    assert made_up not in (device, other, "a word of the panel's own") and len(notices()) == 2


def test_a_device_that_another_member_used_is_new_to_its_next_user(world: World, somebody: Somebody) -> None:
    anns = somebody.signs_up("ann@example.com")["device"]
    world.member("bob@example.com")
    challenge = somebody.asks("code", email="bob@example.com").json["challenge"]
    assert somebody.confirms(challenge, device=anns).json["device"] == anns
    assert [one["to"] for one in notices()] == ["bob@example.com"]


def test_a_new_password_is_told_and_ends_every_device(world: World, somebody: Somebody) -> None:
    old = somebody.signs_up("ann@example.com", password=PASSWORD)["device"]
    asked = somebody.asks("reset", email="ann@example.com").json
    answer = somebody.confirms(asked["challenge"], password="another-good-one", device=old).json
    assert [one["template"] for one in notices()] == ["new_password"]
    assert answer["device"] != old
    assert Device.of(world.shop).count() == 1


def test_the_shops_word_has_no_device_and_no_notice(world: World, somebody: Somebody) -> None:
    for _ in range(2):
        assert somebody.asks("identity", token=world.token()).json["device"] is None
    assert notices() == [] and Device.of(world.shop).count() == 0


def test_a_member_sees_where_they_are_signed_in_and_ends_it(world: World, somebody: Somebody) -> None:
    somebody.signs_up("ann@example.com", password=PASSWORD)
    here = somebody.token
    with clock.at(clock.now() + timedelta(minutes=1)):
        headers = {**Panel(somebody.client, world).headers(), "User-Agent": FIREFOX}
        sent = {"email": "ann@example.com", "password": PASSWORD}
        there = somebody.client.post("/widget/session/sign-in", json=sent, headers=headers).json["token"]
    world.member("bob@example.com")
    tallies.flush()
    listed = somebody.get("/widget/session/list").json["sessions"]
    assert [(one["browser"], one["is_this"]) for one in listed] == [("Firefox, Windows", False), (None, True)]
    assert here not in json.dumps(listed) and there not in json.dumps(listed)
    assert somebody.post("/widget/session/close-all").json == {}
    for token in (here, there):
        somebody.token = token
        assert refusal(somebody.get("/widget/earn"))[1] == "signed_out"
    assert Session.of(world.shop).count() == 1 and Device.of(world.shop).count() == 1  # Bob's


@pytest.mark.parametrize(
    "email", ['"ann"@example.com', "ann(home)@example.com", "ann@example.com\u200b", "mailto:a@b.de"]
)
def test_what_is_no_canonical_address_is_refused_by_field(somebody: Somebody, email: str) -> None:
    for step in CHALLENGED:
        assert refusal(somebody.asks(step, email=email)) == (400, "email_invalid", "email")
    assert mails() == []
