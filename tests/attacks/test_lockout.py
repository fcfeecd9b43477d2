"""A stranger knows an e-mail address and does all that a stranger can; its owner gets in (contracts §19)."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.make import NOON, World, proof, undone
from widget_server import clock
from widget_server.delivery import mail
from widget_server.job_queue import Job
from widget_server.loyalty.people import devices, passwords, sign_in, sign_in_codes
from widget_server.web import attempts
from widget_server.web.rate_limits import forget_all, limit

ANN, PASSWORD = "ann@example.com", "correct horse 7"
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.{}"
PURPOSES = {"code": "confirm", "sign-up": "confirm", "reset": "new-password"}


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hash costs is not what this is about."""
    monkeypatch.setattr(passwords, "hash_password", lambda password: f"hash of {password}")
    monkeypatch.setattr(passwords, "password_fits", lambda kept, password: kept == f"hash of {password}")


class Person:
    """Somebody's panel at one network address; `device` is the token that it keeps."""

    def __init__(self, client: FlaskClient, world: World, address: str, device: str | None = None) -> None:
        self.client, self.world, self.address, self.device = client, world, address, device

    def asks(self, step: str, **body: Any) -> Any:
        headers = {"X-Loyalty-Shop": self.world.shop.embed_key}
        place = {"REMOTE_ADDR": self.address}
        return self.client.post(f"/widget/session/{step}", json=body, headers=headers, environ_base=place)

    def signs_in(self, password: str = PASSWORD) -> Any:
        return self.asks("sign-in", email=ANN, password=password, device=self.device)


class Owner(Person):
    """Ann, whose mailbox nobody else reads."""

    def types_the_code(self, step: str) -> int:
        """Asks, and does with the mail that is there what it says; the status of the last answer."""
        asked = self.asks(step, email=ANN)
        assert asked.status_code == 200, asked.json
        more = {"password": "another horse 8"} if step == "reset" else {}
        values = self.mail_for(step)["values"]
        answer = None
        if "code" in values:
            answer = self.asks(PURPOSES[step], challenge=asked.json["challenge"], code=values["code"], **more)
        if answer is None or answer.json.get("error", {}).get("code") == "use_the_link":
            page = self.client.post("/confirm", data={"link": values["link"].split("link=")[1]}).text
            shown = re.search(r'class="code"[^>]*>([\d ]+)<', page)
            assert shown, page
            answer = self.asks(PURPOSES[step], challenge=asked.json["challenge"], code=shown[1], **more)
        return int(answer.status_code)

    def mail_for(self, step: str) -> dict[str, Any]:
        """The newest mail whose confirmation is of this purpose and still good, whoever asked for it."""
        purpose = {"code": "sign_in", "sign-up": "sign_up", "reset": "reset"}[step]
        jobs = Job.everywhere().where(Job.name == "send_mail").order_by(Job.created_at.desc(), Job.id)
        for job in jobs:
            letter = mail.opened(job.payload)
            link = letter["values"].get("link", "").rpartition("link=")[2]
            row = sign_in_codes.peek_link(link)
            if letter["to"] == ANN and row is not None and row.purpose == purpose:
                return letter
        raise AssertionError(f"no mail for {step} is good")


def begin(client: FlaskClient, world: World) -> Owner:
    """Ann signed up with a password, from a device that is known since."""
    ann = world.member(ANN, password_hash=f"hash of {PASSWORD}")
    Job.delete().execute()
    sign_in_codes.SignInCode.delete().execute()
    forget_all()
    return Owner(client, world, HOME, devices.remember(world.shop.id, ann.id, None).token)


# As it was done


def lock_out(client: FlaskClient, world: World) -> None:
    """Ten wrong passwords and five asked codes, as the stranger of an earlier version did."""
    ann, mallory = begin(client, world), Person(client, world, ELSEWHERE.format(1))
    for number in range(11):
        mallory.signs_in(f"wrong wrong {number}")
    for _ in range(6):
        mallory.asks("code", email=ANN)
    assert mallory.signs_in("wrong again").status_code == 429
    assert ann.signs_in().status_code == 200
    at_the_library = Owner(client, world, "203.0.113.9")
    assert at_the_library.signs_in().status_code == 200
    for step in PURPOSES:
        assert at_the_library.types_the_code(step) == 200, step


def test_a_stranger_locks_nobody_out(client: FlaskClient, world: World) -> None:
    lock_out(client, world)


@contextmanager
def by_account(realm: str, email_key: str, known_device: str | None) -> Iterator[None]:
    """What an earlier version counted: tries of an account, whoever made them."""
    limit("10 per 15 minutes", "sign-in", realm, email_key)
    yield


def test_twin_tries_that_count_against_the_account(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "password_try", by_account)
    with pytest.raises(AssertionError):
        lock_out(client, world)


def mail_limit(shop_id: str, mailbox: str, *, is_first: bool) -> bool:
    """What an earlier version counted: the mails of a mailbox, whoever asked for them."""
    limit("5 per 15 minutes", "code", shop_id, mailbox)
    return True


def test_twin_mails_that_are_refused_to_whoever_asks_next(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_codes, "must_mail", mail_limit)
    with pytest.raises(AssertionError):
        lock_out(client, world)


def guess_from_everywhere(client: FlaskClient, world: World) -> None:
    """More wrong passwords than an account takes in a day, from many addresses."""
    ann = begin(client, world)
    for number in range(120):
        Person(client, world, ELSEWHERE.format(number)).signs_in("wrong wrong")
    guesser = Person(client, world, ELSEWHERE.format(1))
    assert guesser.signs_in("wrong wrong").status_code == 401
    assert guesser.signs_in("wrong wrong").status_code == 429  # one a day is left to an address
    assert ann.signs_in().status_code == 200
    assert Person(client, world, "203.0.113.9").signs_in().status_code == 200


def test_guesses_from_everywhere_close_an_account_to_those_who_failed(client: FlaskClient, world: World) -> None:
    with clock.at(NOON):
        guess_from_everywhere(client, world)


def test_the_right_password_uses_up_nothing(client: FlaskClient, world: World) -> None:
    begin(client, world)
    ann = Person(client, world, "203.0.113.9")
    for minute in range(30):
        with clock.at(NOON + timedelta(seconds=minute * 10)):
            assert ann.signs_in().status_code == 200


# Whatever a stranger does

NETS = st.integers(1, 4).map(ELSEWHERE.format)
ACTS = st.one_of(
    st.tuples(st.just("password"), NETS, st.integers(1, 12)),
    st.tuples(st.sampled_from(sorted(PURPOSES)), NETS, st.integers(1, 7)),
    st.tuples(st.just("guess"), NETS, st.integers(1, 6)),
    st.tuples(st.just("other spelling"), NETS, st.integers(1, 7)),
    st.tuples(st.just("wait"), NETS, st.integers(1, 30)),
)
SEQUENCES = st.lists(ACTS, max_size=9)


class Stranger:
    """Knows the address and nothing else; keeps each challenge, and guesses at the last one."""

    def __init__(self, client: FlaskClient, world: World) -> None:
        self.client, self.world, self.moment, self.wrong_codes = client, world, NOON, 0
        self.challenges: list[tuple[str, str]] = []

    def does(self, act: str, address: str, times: int) -> None:
        me = Person(self.client, self.world, address)
        if act == "wait":
            self.moment += timedelta(minutes=times)
        for number in range(times if act != "wait" else 0):
            with clock.at(self.moment):
                self._once(me, act, number)

    def _once(self, me: Person, act: str, number: int) -> None:
        if act == "password":
            me.signs_in(f"wrong {number}")
        elif act == "other spelling":
            me.asks("code", email=f"ann+{number}@example.com")
        elif act == "guess" and self.challenges:
            step, challenge = self.challenges[-1 - number % len(self.challenges)]
            more = {"password": "mallory's horse"} if step == "new-password" else {}
            answer = me.asks(step, challenge=challenge, code="no", **more)
            self.wrong_codes += answer.status_code == 400 and answer.json["error"]["code"] == "wrong_code"
        elif act in PURPOSES:
            answer = me.asks(act, email=ANN)
            if answer.status_code == 200:
                self.challenges.append((PURPOSES[act], answer.json["challenge"]))


def the_owner_gets_in(client: FlaskClient, world: World, acts: list[tuple[str, str, int]]) -> None:
    with undone():
        with clock.at(NOON):
            ann = begin(client, world)
        stranger = Stranger(client, world)
        for act in acts:
            stranger.does(*act)
        with clock.at(stranger.moment):
            assert ann.signs_in().status_code == 200
            for step in PURPOSES:
                assert ann.types_the_code(step) == 200, step


def test_whatever_a_stranger_does_the_owner_gets_in(client: FlaskClient, world: World) -> None:
    @proof(30, 300)
    @given(SEQUENCES)
    def story(acts: list[tuple[str, str, int]]) -> None:
        the_owner_gets_in(client, world, acts)

    story()


GUARDS: list[tuple[object, str, Callable[..., Any]]] = [
    (attempts, "password_try", by_account),
    (sign_in_codes, "must_mail", mail_limit),
    (sign_in_codes, "must_type", lambda row: False),  # a link that shows no code
]


@pytest.mark.parametrize(("module", "name", "before"), GUARDS)
def test_twins_of_the_proof(
    client: FlaskClient,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    name: str,
    before: Callable[..., Any],
) -> None:
    monkeypatch.setattr(module, name, before)

    @proof(60, 60, derandomize=True, database=None, phases=[Phase.generate])
    @given(SEQUENCES)
    def story(acts: list[tuple[str, str, int]]) -> None:
        the_owner_gets_in(client, world, acts)

    with pytest.raises(BaseException, match=r"assert|429|AssertionError"):
        story()


def share_an_address(client: FlaskClient, world: World) -> None:
    """The stranger sits in the same network, where the owner's device is known."""
    ann = begin(client, world)
    mallory = Person(client, world, HOME)
    for number in range(25):
        mallory.signs_in(f"wrong {number}")
    assert ann.signs_in().status_code == 200


def test_a_known_device_has_an_allowance_of_its_own(client: FlaskClient, world: World) -> None:
    with clock.at(NOON):
        share_an_address(client, world)


def test_twin_devices_that_are_not_known(client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "knows_device", lambda *_: False)
    with clock.at(NOON), pytest.raises(AssertionError):
        share_an_address(client, world)


def test_a_known_device_is_no_way_to_guess(client: FlaskClient, world: World) -> None:
    ann = begin(client, world)
    with clock.at(NOON):
        assert [ann.signs_in("wrong").status_code for _ in range(12)] == [401] * 10 + [429] * 2
        assert ann.signs_in().status_code == 429
