"""The WordPress plugin without WordPress: the code it reads, the tokens it signs, and its two calls over loopback."""

import base64
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from tests.integrations.link_server import LinkServer
from tests.make import World
from widget_server import clock
from widget_server.stores import woocommerce
from widget_server.stores.woocommerce import plugin_zip

DATABASES = ("sqlite",)
HERE = Path(__file__).parent
SHOP = "0f1e2d3c-4b5a-4697-8879-6a5b4c3d2e1f"
TOKEN = "tok_" + "a" * 39
FACTS = {
    "script_tag": "<script async src='https://loyalty.example/widget.js?shop=ek_1'></script>",
    "script_src": "https://loyalty.example/widget.js?shop=ek_1",
    "embed_key": "ek_1",
    "identity_secret": "ids_" + "b" * 40,
    "webhook_secret": "whsec_" + "c" * 40,
    "origin": "https://shop.example",
    "widget_url": "https://loyalty.example",
    "shop_name": "Fern Mugs",
    "referral_param": "ref",
}


@pytest.fixture(autouse=True)
def needs_php() -> None:
    """`make test` installs PHP, or says what is missing; a run by hand may lack it."""
    if shutil.which("php") is None:
        pytest.skip("PHP is missing: install Debian's package php-cli")


@pytest.fixture
def link() -> Iterator[LinkServer]:
    server = LinkServer(SHOP, FACTS)
    yield server
    server.stop()


def plugin(call: str, **given: object) -> dict[str, Any]:
    """What one call of the plugin did."""
    command = ["php", str(HERE / "plugin.php"), str(plugin_zip.SOURCE)]
    sent = json.dumps({"call": call, **given})
    done = subprocess.run(command, input=sent, capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def code(**changed: object) -> str:
    facts = {"u": "https://loyalty.example", "s": SHOP, "t": TOKEN, **changed}
    return "wc1." + base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")


def test_every_file_is_valid_php() -> None:
    for path in sorted(plugin_zip.SOURCE.rglob("*.php")):
        done = subprocess.run(["php", "-l", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert "defined( " in path.read_text(), f"{path.name} runs when its address is opened"


def test_a_code_is_read_also_when_a_mail_broke_it_into_lines() -> None:
    whole = code(u="https://loyalty.example/club/")
    for pasted in (whole, f"  {whole}\n", f"{whole[:40]}\r\n{whole[40:]}"):
        assert plugin("code", pasted=pasted)["result"] == {
            "server_url": "https://loyalty.example/club", "shop_id": SHOP, "token": TOKEN,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("pasted", "why"),
    [
        ("", "paste the code"),
        ("ck_0123456789", "no connection code"),
        (code()[:-9], "a part of the code is missing"),
        ("wc1.!!", "a part of the code is missing"),
        (code(t=""), "a part of the code is missing"),
        (code(s="a/../b"), "a part of the code is missing"),
        (code(t=["x"]), "a part of the code is missing"),
        ("wc1." + "a" * 3000, "a part of the code is missing"),
        (code(u="http://loyalty.example"), "does not begin with https://"),
        (code(u="https://me:pw@loyalty.example"), "does not begin with https://"),
        (code(u="http://localhost.evil.example"), "does not begin with https://"),
        (code(u="javascript:alert(1)"), "does not begin with https://"),
    ],
)
def test_what_is_no_code_is_refused_in_words_and_leaves_no_key(pasted: str, why: str) -> None:
    done = plugin("connect", pasted=pasted)
    assert done["refused"].startswith("Connection code: ") and why in done["refused"]
    assert (done["options"], done["keys"]) == ({}, [])


def test_the_server_signs_in_whom_the_plugin_names(client: FlaskClient, world: World) -> None:
    now = int(clock.now().timestamp())
    ann = {"id": 12, "email": "änn@example.com", "email_verified": False, "name": "Änn “Lee”", "locale": "de_AT_formal"}
    signed = plugin(
        "token", shop_id=world.shop.id, customer=ann, now=now, jti="one", secret=world.shop.identity_secret
    )["result"]
    said = jwt.decode(signed, world.shop.identity_secret, algorithms=["HS256"], audience=world.shop.id)
    assert said == {
        "aud": world.shop.id, "sub": "12", "email": "änn@example.com", "email_verified": False, "name": "Änn “Lee”",
        "locale": "de-AT", "jti": "one", "iat": now, "exp": now + 300,
    }  # fmt: skip
    assert timedelta(seconds=said["exp"] - said["iat"]) <= timedelta(minutes=10)
    headers = {"X-Loyalty-Shop": world.shop.embed_key}
    taken = client.post("/widget/session/identity", json={"token": signed}, headers=headers)
    assert taken.status_code == 200, taken.text
    forged = plugin("token", shop_id=world.shop.id, customer=ann, now=now, jti="two", secret="another")["result"]
    assert client.post("/widget/session/identity", json={"token": forged}, headers=headers).status_code == 401


def test_a_body_is_signed_as_the_server_checks_it() -> None:
    body = '{"store_url":"https://shop.example"}'
    signature = plugin("signature", body=body, secret=FACTS["webhook_secret"])["result"]
    assert woocommerce.verify(FACTS["webhook_secret"], {"X-WC-Webhook-Signature": signature}, body.encode())


@pytest.mark.parametrize(
    ("text", "kept"), [("ANN-4f2", "ANN-4f2"), ("", ""), ("<b>", ""), ("a b", ""), ("a" * 65, ""), ("x\n", "")]
)
def test_only_what_can_be_a_friends_code_is_kept(text: str, kept: str) -> None:
    assert plugin("friend", text=text)["result"] == kept


def test_one_code_connects_and_the_secrets_are_not_loaded_on_every_page(link: LinkServer) -> None:
    done = plugin("connect", pasted=link.code, home="https://shop.example/")
    assert done["refused"] is None
    (given,) = link.linked
    ((table, row),) = done["keys"]
    assert (given["store_url"], given["plugin_version"]) == ("https://shop.example", plugin_zip.version())
    assert (table, row["permissions"], row["user_id"]) == ("wp_woocommerce_api_keys", "read_write", 7)
    assert (row["consumer_secret"], row["truncated_key"]) == (given["consumer_secret"], given["consumer_key"][-7:])
    assert row["consumer_key"] != given["consumer_key"]  # stored as WooCommerce stores it: hashed
    assert done["saved"] == {"loyalty_widget_secrets": False, "loyalty_widget": True}
    secret, facts = done["options"]["loyalty_widget_secrets"], done["options"]["loyalty_widget"]
    assert (secret["identity_secret"], secret["key_id"]) == (FACTS["identity_secret"], 1)
    assert not set(facts.values()) & {FACTS["identity_secret"], FACTS["webhook_secret"], given["consumer_secret"]}
    assert (facts["script_src"], facts["shop_id"]) == (FACTS["script_src"], SHOP)


def test_a_used_code_is_refused_and_its_keys_are_deleted(link: LinkServer) -> None:
    used = link.code
    plugin("connect", pasted=used)
    done = plugin("connect", pasted=used)
    assert done["refused"].startswith("Connection code: This connection code is not valid, or no longer")
    assert (done["options"], done["keys"]) == ({}, [])


def test_a_server_that_does_not_respond_leaves_no_key() -> None:
    done = plugin("connect", pasted=code(u="http://127.0.0.1:9"))
    assert done["refused"] == "The widget server at 127.0.0.1 does not respond: Connection refused"
    assert (done["options"], done["keys"]) == ({}, [])


def test_disconnecting_tells_the_server_and_deletes_everything_and_again_changes_nothing(link: LinkServer) -> None:
    done = plugin("round", pasted=link.code, home="https://shop.example")
    assert (done["result"], done["options"], done["keys"]) == (["", ""], {}, [])
    assert link.unlinked == [{"store_url": "https://shop.example"}]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, {"error": {"message": "The shop refuses.", "field": "consumer_key"}}, "REST API key: The shop refuses."),
        (400, {"error": {"message": "Private.", "field": "store_url"}}, "Site Address (Settings → General): Private."),
        (429, {"error": {"message": "Too many.", "field": None}}, "Too many."),
        (502, "<h1>Bad gateway</h1>", "The address of the widget server responded with 502"),
        (400, {"error": "no"}, "The address of the widget server responded with 400"),
    ],
)
def test_a_refusal_is_told_in_words_with_its_field(status: int, body: object, words: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    assert plugin("refusal", status=status, body=text)["result"].startswith(words)


@pytest.mark.parametrize("name", ["script_src", "identity_secret", "webhook_secret", "shop_name", "referral_param"])
def test_a_response_that_lacks_a_field_is_refused_by_its_name(name: str) -> None:
    found = {key: value for key, value in FACTS.items() if key != name}
    assert f"lacks “{name}”" in plugin("facts", found=found)["refused"]
    assert "without https://" in plugin("facts", found={**FACTS, "script_src": "http://evil.example/x.js"})["refused"]


def test_the_zip_has_the_same_bytes_from_the_same_files(tmp_path: Path) -> None:
    import zipfile

    first = plugin_zip.build()
    plugin_zip.build.cache_clear()
    for path in plugin_zip.SOURCE.rglob("*"):
        path.touch()
    assert hashlib.sha256(plugin_zip.build()).digest() == hashlib.sha256(first).digest()
    (tmp_path / "plugin.zip").write_bytes(first)
    with zipfile.ZipFile(tmp_path / "plugin.zip") as packed:
        names = packed.namelist()
        assert packed.testzip() is None
    assert names == sorted(names) and {name.split("/")[0] for name in names} == {"loyalty-widget"}
    assert {"loyalty-widget/loyalty-widget.php", "loyalty-widget/uninstall.php"} <= set(names)
    constant = f"define( 'LOYALTY_WIDGET_VERSION', '{plugin_zip.version()}' );"
    assert constant in (plugin_zip.SOURCE / "loyalty-widget.php").read_text()
    assert f"Stable tag: {plugin_zip.version()}" in (plugin_zip.SOURCE / "readme.txt").read_text()
