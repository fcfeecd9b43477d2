"""The vectors of docs/vectors: the server and the clients of three languages pass them, and fail each changed one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import standardwebhooks.webhooks
from flask.testing import FlaskClient

from integrations import vectors
from tests.integrations.clients import RUNTIMES, Task, run
from tests.make import World
from tests.stores.test_order_reports import Sender
from widget_server import clock, config
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop, ShopSecret, WidgetSettings
from widget_server.stores import generic
from widget_server.web import rate_limits
from widget_server.web.auth import SHOP_HEADER

DATABASES = ("sqlite",)
FOLDER = Path(__file__).parents[2] / "docs" / "vectors"
Json = dict[str, Any]


def read(name: str) -> Json:
    found: Json = json.loads((FOLDER / name).read_text("utf-8"))
    return found


WEBHOOKS, TOKENS, DIGESTS = read("webhooks.json")["vectors"], read("tokens.json"), read("digests.json")
AMOUNTS, ORDERS = read("amounts.json")["vectors"], read("orders.json")["vectors"]
VALID = [one for one in WEBHOOKS if one["valid"]]
SIGNED = [one for one in VALID if " " not in one["signature"]]
PEOPLE = [one for one in TOKENS["vectors"] if one["valid"]]
DIGESTED = [one for one in DIGESTS["vectors"] if one["valid"]]
BUILT = [one for one in ORDERS if "built_from" in one]


def other(text: str, at: int) -> str:
    """The text with one other character, of the same kind."""
    old = text[at]
    new = {"d": "7" if old != "7" else "3", "u": "Q" if old != "Q" else "W"}.get(
        "d" if old.isdigit() else "u" if old.isupper() else "", "q" if old != "q" else "w"
    )
    return text[:at] + new + text[at + 1 :]


def places(text: str, first: int = 0) -> list[int]:
    """Some places in a text: the first, the middle, one before the end (the last digit of base64 may mean nothing)."""
    return sorted({first, (first + len(text)) // 2, max(first, len(text) - 3)})


def changed_webhooks() -> list[Json]:
    """Each valid message with one character of signature, body, time, id or secret changed."""
    found = []
    for one in VALID:
        right = one["signature"].rsplit(" ", 1)
        for at in places(right[-1], first=3):
            found.append({**one, "signature": " ".join([*right[:-1], other(right[-1], at)])})
        found += [{**one, "body": other(one["body"], at)} for at in places(one["body"])]
        found += [{**one, "timestamp": other(one["timestamp"], at)} for at in range(len(one["timestamp"]))]
        found += [{**one, "id": other(one["id"], at)} for at in places(one["id"])]
        secret, start = one["secret"], len("whsec_") if one["secret"].startswith("whsec_") else 0
        found += [{**one, "secret": other(secret, at)} for at in places(secret[:-4], first=start)]
    return found


def checks(found: list[Json]) -> list[Task]:
    names = ("secret", "id", "timestamp", "signature", "body", "now")
    return [("verify", [one[name] for name in names]) for one in found]


def test_the_files_are_those_that_the_command_writes() -> None:
    written = {name: vectors.text_of(content) for name, content in vectors.files().items()}
    assert {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")} == written


# -- the clients


@pytest.mark.parametrize("language", RUNTIMES)
def test_a_client_signs_and_verifies_webhooks(language: str) -> None:
    assert run(language, checks(WEBHOOKS)) == [one["valid"] for one in WEBHOOKS]
    tasks: list[Task] = [("sign", [one[name] for name in ("secret", "id", "timestamp", "body")]) for one in SIGNED]
    assert run(language, tasks) == [one["signature"] for one in SIGNED] and len(tasks) > 5
    changed = changed_webhooks()
    assert len(changed) > 200 and run(language, checks(changed)) == [False] * len(changed)


@pytest.mark.parametrize("language", RUNTIMES)
def test_a_client_signs_tokens_and_digests(language: str) -> None:
    shop, secret = TOKENS["shop_id"], TOKENS["secret"]
    args = [[shop, secret, one["customer"], one["issued_at"], one["jti"]] for one in PEOPLE]
    texts = [one["token"] for one in PEOPLE]
    assert run(language, [("token", one) for one in args]) == texts
    calls = [[shop, secret, one["customer_id"], one["email"], one["signed_at"]] for one in DIGESTED]
    digests = [one["digest"] for one in DIGESTED]
    assert run(language, [("digest", one) for one in calls]) == digests
    for call, lists, right in (("token", args, texts), ("digest", calls, digests)):
        for at, change in enumerate((other(shop, 4), other(secret, 4))):
            made = run(language, [(call, [*one[:at], change, *one[at + 1 :]]) for one in lists])
            assert not set(made) & set(right) and len(made) == len(right)
        later = run(
            language, [(call, [one if not isinstance(one, int) else one + 1 for one in each]) for each in lists]
        )
        assert not set(later) & set(right)


@pytest.mark.parametrize("language", RUNTIMES)
def test_a_client_writes_exact_amounts_and_bodies(language: str) -> None:
    tasks: list[Task] = [("amount", [one["coins"], one["decimals"]]) for one in AMOUNTS]
    assert run(language, tasks) == [one["text"] for one in AMOUNTS]
    compact = [json.dumps(one["body"], ensure_ascii=False, separators=(",", ":")) for one in BUILT]
    assert run(language, [("order", [one["built_from"]]) for one in BUILT]) == compact and len(BUILT) > 5
    dearer = [json.loads(json.dumps(one["built_from"])) for one in BUILT if one["built_from"]["lines"]]
    for one in dearer:
        one["lines"][0]["subtotal"] += 1
    assert not set(run(language, [("order", [one]) for one in dearer])) & set(compact)


# -- the server


@pytest.fixture
def example_shop(world: World) -> Iterator[Shop]:
    """A shop with the id and the secrets of the vectors."""
    row = {**world.shop.__data__, "id": TOKENS["shop_id"], "embed_key": "pk_example", "last_news_at": None}
    row["widget"] = WidgetSettings(identity_digest=True).as_json()
    Shop(**row).save(force_insert=True)
    shops.add_secret(TOKENS["shop_id"], "identity", TOKENS["secret"])
    programs.create(TOKENS["shop_id"], "Example Club")
    programs.activate(TOKENS["shop_id"])
    yield shops.by_id(TOKENS["shop_id"])


def server_verifies(one: Json, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the server accepts a message that arrives at the vector's time."""
    moment = datetime.fromtimestamp(one["now"], UTC)
    stopped = SimpleNamespace(now=lambda tz: moment, fromtimestamp=datetime.fromtimestamp)
    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", stopped)
    headers = {"Webhook-Id": one["id"], "Webhook-Timestamp": one["timestamp"], "Webhook-Signature": one["signature"]}
    return generic.verify(one["secret"], headers, one["body"].encode())


def test_the_server_verifies_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [server_verifies(one, monkeypatch) for one in WEBHOOKS] == [one["valid"] for one in WEBHOOKS]
    assert [one for one in changed_webhooks() if server_verifies(one, monkeypatch)] == []


def signs_in(client: FlaskClient, token: str, now: int) -> bool:
    rate_limits.forget_all()
    with clock.at(datetime.fromtimestamp(now, UTC)):
        response = client.post("/widget/session/identity", json={"token": token}, headers={SHOP_HEADER: "pk_example"})
    assert response.status_code in (200, 401), response.text
    return response.status_code == 200


@pytest.mark.parametrize("kind", ["token", "digest"])
def test_the_server_takes_tokens_and_digests(client: FlaskClient, example_shop: Shop, kind: str) -> None:
    found = (TOKENS if kind == "token" else DIGESTS)["vectors"]
    for one in found:
        text = one[kind]
        if one["valid"]:
            changed = [other(text, at) for at in range(0, len(text) - 1, 9)]
            assert not [each for each in changed if signs_in(client, each, one["now"])] and len(changed) > 9
        assert signs_in(client, text, one["now"]) is one["valid"], one["name"]
    identity = ShopSecret.one(example_shop, ShopSecret.kind == "identity")
    assert identity is not None
    identity.secret_sealed = config.seal(other(TOKENS["secret"], 4))
    identity.save()
    for one in found:
        assert not signs_in(client, one[kind], one["now"])


def test_the_server_reads_the_money_of_orders_as_the_vectors_say(world: World, client: FlaskClient) -> None:
    Shop.update(currency="EUR").where(Shop.id == world.shop.id).execute()
    world.order_rule(10, handle="goods")
    sender = Sender(world, client)
    for one in ORDERS:
        trial = sender.tries(one["body"])
        if not one["valid"]:
            assert (trial["status"], trial["field"], trial["order"]) == ("parked", one["field"], None), one["name"]
            continue
        held, figures = trial["order"], one["figures"]
        for name in ("goods", "kept", "loose_discount", "tax_included", "lines"):
            assert held[name] == figures[name], (one["name"], name)
        paid_in_euro = held["currency"] == "EUR"
        assert held["points"] == (int(float(figures["kept"]) * 10) if paid_in_euro else 0), one["name"]
    changed = {**BUILT[0]["body"], "lines": [{**BUILT[0]["body"]["lines"][0], "subtotal": "29.80"}]}
    assert sender.tries(changed)["order"]["goods"] != BUILT[0]["figures"]["goods"]
