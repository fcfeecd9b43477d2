"""The shop's signed word on who is shopping: what was not signed so, for this shop, now and once, opens nothing."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.make import World, at_once
from widget_server import clock
from widget_server.errors import Refusal
from widget_server.loyalty.people import sessions, sign_in
from widget_server.loyalty.people.customers import Customer
from widget_server.web.auth import SHOP_HEADER

DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Forger:
    """Signs whatever comes to mind, with whatever is at hand."""

    def __init__(self, world: World, other: World) -> None:
        self.shop, self.other = world.shop, other.shop

    def claims(self, **changed: Any) -> dict[str, Any]:
        moment = int(clock.now().timestamp())
        claims = {"aud": self.shop.id, "sub": "c1", "jti": "j1", "iat": moment, "exp": moment + 300, **changed}
        return {name: value for name, value in claims.items() if value is not None}

    def signs(self, key: str | None = None, alg: str = "HS256", raw: bytes | None = None, **changed: Any) -> str:
        head = {"alg": alg, "typ": "JWT", **changed.pop("head", {})}
        message = f"{part(head)}.{part(raw or self.claims(**changed))}"
        secret = self.shop.identity_secret if key is None else key
        return (
            f"{message}.{part(hmac.new(secret.encode(), message.encode(), DIGESTS.get(alg, hashlib.sha256)).digest())}"
        )


def seconds(forger: Forger, of: str, later: int) -> dict[str, int]:
    return {of: int(clock.now().timestamp()) + later}


FORGED: dict[str, Callable[[Forger], str]] = {
    "no algorithm": lambda f: f"{part({'alg': 'none'})}.{part(f.claims())}.",
    "no algorithm, another case": lambda f: f"{part({'alg': 'nOnE'})}.{part(f.claims())}.",
    "a longer digest": lambda f: f.signs(alg="HS512"),
    "a label of RSA": lambda f: f.signs(alg="RS256"),
    "a key by its path": lambda f: f.signs(key="", head={"kid": "../../../dev/null"}),
    "a key in the head": lambda f: f.signs(key="abc", head={"jwk": {"kty": "oct", "k": part(b"abc")}}),
    "an empty key": lambda f: f.signs(key=""),
    "the embed key": lambda f: f.signs(key=f.shop.embed_key),
    "the shop's id": lambda f: f.signs(key=f.shop.id),
    "the webhook secret": lambda f: f.signs(key=f.shop.webhook_secret),
    "another shop's secret": lambda f: f.signs(key=f.other.identity_secret),
    "another shop's token": lambda f: f.signs(key=f.other.identity_secret, aud=f.other.id),
    "for another shop": lambda f: f.signs(aud=f.other.id),
    "for two shops": lambda f: f.signs(aud=[f.shop.id, f.other.id]),
    "for nobody": lambda f: f.signs(aud=None),
    "over": lambda f: f.signs(**seconds(f, "iat", -60), **seconds(f, "exp", -1)),
    "too long": lambda f: f.signs(**seconds(f, "exp", 700)),
    "from the future": lambda f: f.signs(**seconds(f, "iat", 120)),
    "no end": lambda f: f.signs(exp=None),
    "an end that is no number": lambda f: f.signs(raw=_numbers(f, "NaN")),
    "an end that never comes": lambda f: f.signs(raw=_numbers(f, "Infinity")),
    "an end as text": lambda f: f.signs(exp=str(int(clock.now().timestamp()) + 300)),
    "an end as true": lambda f: f.signs(exp=True),
    "no number of its own": lambda f: f.signs(jti=None),
    "a blank number": lambda f: f.signs(jti="  "),
    "a number as number": lambda f: f.signs(jti=5),
    "a subject as number": lambda f: f.signs(sub=5),
    "a subject as list": lambda f: f.signs(sub=["c1"]),
    "a subject with NUL": lambda f: f.signs(sub="a\x00b"),
    "a subject of 300": lambda f: f.signs(sub="a" * 300),
    "must understand": lambda f: f.signs(head={"crit": ["exp"]}),
    "not encoded": lambda f: f.signs(head={"b64": False, "crit": ["b64"]}),
    "an address that is none": lambda f: f.signs(email={"a": 1}),
    "a surrogate": lambda f: f.signs(sub="\ud800"),
    "50,000 letters": lambda f: "A" * 50_000,
    "no text": lambda f: "",
}


def _numbers(forger: Forger, number: str) -> bytes:
    aud, moment = forger.shop.id, int(clock.now().timestamp())
    return f'{{"aud":"{aud}","sub":"c1","jti":"j","iat":{moment},"exp":{number}}}'.encode()


@pytest.fixture
def forger(world: World) -> Forger:
    return Forger(world, World.create(name="Other"))


def send(client: FlaskClient, embed_key: str, token: str) -> Any:
    return client.post("/widget/session/identity", json={"token": token}, headers={SHOP_HEADER: embed_key})


def test_the_forger_signs_what_is_good_when_nothing_is_changed(client: FlaskClient, forger: Forger) -> None:
    assert send(client, forger.shop.embed_key, forger.signs()).status_code == 200


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_opens_nothing(client: FlaskClient, forger: Forger, how: str) -> None:
    response = send(client, forger.shop.embed_key, FORGED[how](forger))
    assert response.status_code in (400, 401), response.text
    assert "token" not in response.json
    assert Customer.of(forger.shop).count() == 0


def test_an_address_is_proved_by_true_alone(client: FlaskClient, forger: Forger) -> None:
    for proof in ("true", 1, "yes"):
        token = forger.signs(jti=f"j-{proof}", sub="c7", email="w@example.com", email_verified=proof)
        response = send(client, forger.shop.embed_key, token)
        assert response.status_code in (200, 401)
        assert Customer.of(forger.shop).where(Customer.email_verified).count() == 0


def test_a_good_token_is_good_once_even_at_the_same_moment(world: World) -> None:
    token = world.token(sub="c-race")
    results = at_once(*[lambda: sign_in.with_identity(world.shop, token)] * 8)
    assert sum(not isinstance(one, Exception) for one in results) == 1
    assert all(isinstance(one, Refusal) for one in results if isinstance(one, Exception))


def test_without_the_memory_of_used_tokens_it_is_good_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "use_up", lambda *used: True)
    token = world.token(sub="c-race")
    assert [sign_in.with_identity(world.shop, token).customer.external_id for _ in range(2)] == ["c-race"] * 2


def test_without_the_strict_audience_a_token_for_two_shops_is_good(
    client: FlaskClient, forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "JWT_OPTIONS", {**sign_in.JWT_OPTIONS, "strict_aud": False})
    assert send(client, forger.shop.embed_key, FORGED["for two shops"](forger)).status_code == 200


def test_ten_first_tokens_of_one_person_make_one_person(world: World) -> None:
    world.rule("join", points=50)
    tokens = [world.token(sub="c-new", email="new@example.com") for _ in range(10)]
    results = at_once(*[lambda token=token: sign_in.with_identity(world.shop, token) for token in tokens])
    assert [one for one in results if isinstance(one, Exception)] == []
    (customer,) = Customer.of(world.shop)
    assert {one.customer.id for one in results} == {customer.id}
    assert world.vouched("c-new").account.balance == 50


def test_a_session_is_good_in_its_own_shop_and_for_the_panel_alone(
    client: FlaskClient, world: World, forger: Forger
) -> None:
    ann = world.vouched("c-1", "ann@example.com")
    headers = {"Authorization": f"Bearer {ann.token}"}
    assert client.get("/widget/my-balance", headers={SHOP_HEADER: world.shop.embed_key, **headers}).status_code == 200
    assert client.get("/widget/my-balance", headers={SHOP_HEADER: forger.other.embed_key, **headers}).status_code == 401
    mine = "/loyalty-accounts/v1/accounts/my-account"
    assert client.get(mine, headers={"Authorization": ann.token}).status_code == 401


def test_a_token_that_is_over_was_good_before(client: FlaskClient, forger: Forger) -> None:
    token = forger.signs()
    with clock.at(clock.now() + timedelta(minutes=10)):
        assert send(client, forger.shop.embed_key, token).status_code == 401
    assert send(client, forger.shop.embed_key, token).status_code == 200
