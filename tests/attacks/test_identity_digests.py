"""A digest signs in whom the shop names, for five minutes, where the shop allows it; nothing else signs in anybody."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.make import NOON, World
from widget_server import clock, journal
from widget_server.errors import BadSignature
from widget_server.loyalty.people import sessions, sign_in
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.program import shops
from widget_server.loyalty.program.shops import Shop, WidgetSettings
from widget_server.web.auth import SHOP_HEADER

HEX = "0123456789abcdef"


def part(text: str | bytes, *, padded: bool = False) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    made = base64.urlsafe_b64encode(raw).decode()
    return made if padded else made.rstrip("=")


def allow(world: World, allowed: bool = True) -> None:
    look = WidgetSettings(identity_digest=allowed)
    Shop.update(widget=look.as_json()).where(Shop.id == world.shop.id).execute()
    world.shop = shops.by_id(world.shop.id)


def digest(world: World, id: str = "c-1", email: str = "ann@example.com", at: int = 0, **changed: Any) -> str:
    """What the shop's template prints `at` seconds from now; `changed`: how a forger does it otherwise."""
    moment = str(changed.get("time", int(clock.now().timestamp()) + at))
    parts = f"{changed.get('id_part', part(id))}.{changed.get('email_part', part(email))}.{moment}"
    text = f"d1.{changed.get('shop_id', world.shop.id)}.{parts}"
    key = changed.get("key", world.shop.identity_secret)
    return f"d1.{parts}.{hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()}"


@pytest.fixture
def other(world: World) -> World:
    made = World.create(name="Other")
    allow(made)
    return made


FORGED: dict[str, Callable[[World, World], str]] = {
    "over": lambda w, o: digest(w, at=-300),
    "from the future": lambda w, o: digest(w, at=62),
    "another shop's": lambda w, o: digest(o),
    "for another shop": lambda w, o: digest(w, shop_id=o.shop.id),
    "another shop's secret": lambda w, o: digest(w, key=o.shop.identity_secret),
    "for no shop": lambda w, o: digest(w, shop_id=""),
    "the webhook secret": lambda w, o: digest(w, key=w.shop.webhook_secret),
    "an empty key": lambda w, o: digest(w, key=""),
    "an empty id": lambda w, o: digest(w, id=""),
    "a blank id": lambda w, o: digest(w, id="  "),
    "an id with NUL": lambda w, o: digest(w, id="a\0b"),
    "an id of 300": lambda w, o: digest(w, id="a" * 300),
    "an id that is no UTF-8": lambda w, o: digest(w, id_part=part(b"\xff\xfe")),
    "an id that is no base64": lambda w, o: digest(w, id_part="abcde"),
    "an id as it is": lambda w, o: digest(w, id_part="c 1"),
    "a time with a sign": lambda w, o: digest(w, time=f"+{int(clock.now().timestamp())}"),
    "a time with a point": lambda w, o: digest(w, time=f"{int(clock.now().timestamp())}.5"),
    "a time in other digits": lambda w, o: digest(w, time=str(int(clock.now().timestamp())).replace("1", "١")),
    "a time of eternity": lambda w, o: digest(w, time="99999999999"),
    "capital digits": lambda w, o: digest(w)[:-64] + digest(w)[-64:].upper(),
    "no signature": lambda w, o: digest(w)[:-64],
    "a signature of nothing": lambda w, o: digest(w)[:-64] + "0" * 64,
    "two parts": lambda w, o: "d1.abc",
    "a second version": lambda w, o: "d2" + digest(w)[2:],
    "50,000 letters": lambda w, o: digest(w, email="a" * 50_000),
    "a line break at the end": lambda w, o: digest(w) + "\n",
}


def send(client: FlaskClient, world: World, token: str) -> Any:
    return client.post("/widget/session/identity", json={"token": token}, headers={SHOP_HEADER: world.shop.embed_key})


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_digest_opens_nothing(client: FlaskClient, world: World, other: World, how: str) -> None:
    allow(world)
    response = send(client, world, FORGED[how](world, other))
    assert (response.status_code, response.json["error"]["code"]) in ((401, "bad_signature"), (400, "bad_request")), how
    assert Customer.of(world.shop).count() == sessions.Session.of(world.shop).count() == 0


def test_a_digest_signs_in_and_only_where_the_shop_allows_it(client: FlaskClient, world: World) -> None:
    refused = send(client, world, digest(world))
    assert (refused.status_code, refused.json["error"]["code"]) == (401, "bad_signature")
    allow(world)
    signed_in = send(client, world, digest(world))
    assert signed_in.status_code == 200 and signed_in.json["member"]["email"] == "ann@example.com"
    assert send(client, world, world.token(sub="c-1")).status_code == 200  # tokens go on
    allow(world, False)
    assert send(client, world, digest(world)).status_code == 401


def test_it_names_whom_the_token_names_and_proves_no_address(world: World) -> None:
    allow(world)
    owner = world.member("ann@example.com")
    stranger = sign_in.with_identity(world.shop, digest(world, "c-9", "ann@example.com")).customer
    assert stranger.id != owner.id and not stranger.email_verified
    again = world.vouched("c-9")
    assert again.id == stranger.id
    nameless = sign_in.with_identity(world.shop, digest(world, "c-8", "")).customer
    assert (nameless.external_id, nameless.email, nameless.name) == ("c-8", None, None)


def test_every_changed_character_is_refused(world: World) -> None:
    allow(world)
    accepted = []
    with clock.at(NOON):
        good = digest(world)
        for at, letter in enumerate(good):
            for instead in {"A" if letter != "A" else "B", "1" if letter != "1" else "2", "."} - {letter}:
                changed = good[:at] + instead + good[at + 1 :]
                try:
                    sign_in.with_identity(world.shop, changed)
                except BadSignature:
                    continue
                accepted.append(changed)
        sign_in.with_identity(world.shop, good)
    assert accepted == [] and Customer.of(world.shop).count() == 1


def test_parts_cannot_be_moved_from_one_field_to_the_next(world: World) -> None:
    allow(world)
    people = {
        ("a.b", "c@example.com"),
        ("a", "b.c@example.com"),
        ("a.b.1", ""),
        ("a", "b.1"),
        ("d1.x", "|;:,.@x.example"),
    }
    with clock.at(NOON):
        tokens = {digest(world, id, email): id for id, email in people}
        assert len({token[-64:] for token in tokens}) == len(people)
        for token, id in tokens.items():
            assert sign_in.with_identity(world.shop, token).customer.external_id == id
        signatures = [token[-64:] for token in tokens]
        for token in tokens:
            for signature in signatures:
                if not token.endswith(signature):
                    with pytest.raises(BadSignature):
                        sign_in.with_identity(world.shop, token[:-64] + signature)


def test_an_address_in_any_script_and_any_base64(world: World) -> None:
    allow(world)
    email = "ann@bücher.example"
    plain = base64.b64encode(b"c-\xc3\xbf\xc3\xbe?>").decode()
    assert plain.count("/") or plain.count("+")
    for id_part in (plain, part("c-ÿþ?>", padded=True), part("c-ÿþ?>")):
        customer = sign_in.with_identity(world.shop, digest(world, id_part=id_part, email=email)).customer
        assert (customer.external_id, customer.email) == ("c-ÿþ?>", email)
    odd = sign_in.with_identity(world.shop, digest(world, "c-odd", "änn@example.com")).customer
    assert odd.email is None  # an address without a canonical form counts as absent, as in a token


def test_it_is_valid_for_five_minutes_as_often_as_it_is_sent(world: World) -> None:
    allow(world)
    with clock.at(NOON):
        token = digest(world)
    for later in (0, 1, 299):
        with clock.at(NOON + timedelta(seconds=later)):
            assert sign_in.with_identity(world.shop, token).customer.external_id == "c-1"
    for wrong in (timedelta(seconds=300), timedelta(seconds=-61), timedelta(days=400)):
        with clock.at(NOON + wrong), pytest.raises(BadSignature):
            sign_in.with_identity(world.shop, token)
    assert sessions.UsedToken.of(world.shop).count() == 0


def test_two_secrets_are_valid_at_once_and_a_removed_one_no_longer(world: World) -> None:
    allow(world)
    (first,) = shops.secrets_of(world.shop.id, "identity")
    former = first.secret
    _, second = shops.add_secret(world.shop.id, "identity")
    for key in (former, second):
        assert sign_in.with_identity(world.shop, digest(world, key=key)).customer.is_member
    shops.remove_secret(world.shop.id, first.id)
    journal.append_noted()
    with pytest.raises(BadSignature):
        sign_in.with_identity(world.shop, digest(world, key=former))
    assert sign_in.with_identity(world.shop, digest(world, key=second)).customer.is_member


def test_a_customer_who_left_must_join_again_as_with_a_token(client: FlaskClient, world: World) -> None:
    allow(world)
    member = send(client, world, digest(world)).json
    headers = {SHOP_HEADER: world.shop.embed_key, "Authorization": f"Bearer {member['token']}", "Idempotency-Key": "k"}
    assert client.post("/widget/my-balance/leave", json={}, headers=headers).status_code == 200
    assert send(client, world, digest(world)).json["error"]["code"] == "left_program"


def test_guesses_are_limited_like_those_of_tokens(client: FlaskClient, world: World) -> None:
    allow(world)
    wrong = digest(world)[:-64] + "0" * 64
    tried = [send(client, world, wrong).status_code for _ in range(61)]
    assert tried[:60] == [401] * 60 and tried[60] == 429
