"""The two commands, as the demo starts them."""

import dataclasses
import http.client
import json
import socket
import subprocess
import sys
import time
from collections import Counter

import pytest

from demo_shop import history
from demo_shop.bodies import now
from demo_shop.config import ShopConfig
from demo_shop.customers import Profile


@pytest.fixture
def config_file(config, tmp_path):
    path = tmp_path / "shop.json"
    given = {**dataclasses.asdict(config), "something": "else"}
    path.write_text(json.dumps(given, default=str), "utf-8")
    return path


def run(*arguments):
    return [sys.executable, "-W", "error", "-m", "demo_shop", *map(str, arguments)]


def test_a_config_file_is_read_and_its_secrets_are_not_shown(config, config_file):
    assert ShopConfig.read(config_file) == config
    for secret in (config.identity_secret, config.webhook_secret, config.secret_key):
        assert secret not in repr(config)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [({"webhook_urls": {}}, "webhook_urls lacks action"), ({"shop_id": None}, "shop_id")],
)
def test_a_config_file_that_is_not_whole_is_refused(config_file, changed, problem):
    given = {**json.loads(config_file.read_text("utf-8")), **changed}
    whole = {name: value for name, value in given.items() if value is not None}
    config_file.write_text(json.dumps(whole), "utf-8")
    with pytest.raises((TypeError, ValueError), match=problem):
        ShopConfig.read(config_file)


def test_seed_tells_months_of_honest_history_once(receiver, config, config_file):
    first = subprocess.run(
        run("seed", "--config", config_file), capture_output=True, text=True, timeout=60, check=False
    )
    assert (first.returncode, first.stderr) == (0, "")
    assert "all sent to the loyalty server" in first.stdout
    assert not any(secret in first.stdout for secret in (config.identity_secret, config.webhook_secret))
    assert receiver.forged == 0

    told = len(receiver.heard)
    subprocess.run(run("seed", "--config", config_file), check=True, capture_output=True, timeout=60)
    assert len(receiver.heard) == told

    customers = receiver.bodies("customer")
    assert len(customers) == 8
    assert {"id": "c-1", "email": "mara@fjord.example", "email_verified": True}.items() <= customers[0].items()
    last = {body["id"]: body for body in receiver.bodies("order")}
    kinds = Counter(body["status"] for body in last.values())
    assert len(last) == 43 and set(kinds) == {"placed", "paid", "fulfilled", "cancelled"}
    assert any(body["refunds"] for body in last.values())
    assert {body["source"] for body in last.values()} == {"web", "pos"}
    assert any(body["customer"]["id"] is None for body in last.values())
    assert all(body["placed_at"] <= body["modified_at"] for body in last.values())
    assert all(refund["created_at"] <= body["modified_at"] for body in last.values() for refund in body["refunds"])
    assert receiver.bodies("action")


def test_the_history_is_the_same_every_time(receiver, shop, config, tmp_path):
    history.write(shop)
    first = [(heard.topic, _timeless(heard.body)) for heard in receiver.heard]
    receiver.heard.clear()
    history.write(type(shop).open(dataclasses.replace(config, database=tmp_path / "second.db")))
    assert [(heard.topic, _timeless(heard.body)) for heard in receiver.heard] == first


def _timeless(body):
    text = json.dumps({name: value for name, value in body.items() if not name.endswith("_at")})
    return [part for part in text.split('"') if not part.endswith("Z")]


def test_history_waits_for_a_server_that_is_away(receiver, shop):
    receiver.close()
    assert "wait for the loyalty server" in history.write(shop)
    receiver.open()
    shop.outbox.flush()
    assert shop.outbox.waiting().count == 0


def test_serve_answers_and_sends_what_was_left(receiver, shop, config_file):
    shop.customers.register("ann@example.com", "eight or more", Profile("Ann"), at=now())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(run("--port", port, "--config", config_file), stderr=subprocess.PIPE)
    try:
        assert _page(port, "/").startswith("<!doctype html>")
        deadline = time.monotonic() + 20
        while not receiver.bodies("customer"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        server.terminate()
        assert server.communicate(timeout=10)[1] == b""


def _page(port, path, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        finally:
            connection.close()
