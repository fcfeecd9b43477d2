"""The shell: what owners and operators type, and what it says."""

import fcntl
import getpass
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import click
import cysqlite
import psycopg
import pytest
from click.testing import CliRunner, Result

from tests.make import NOON, SECRET, Shopper, World
from tests.stores.checkouts import Checkout, Shopify, WooCommerce
from tests.stores.shopify_shop import ShopifyShop
from tests.stores.woo_shop import WooShop
from widget_server import cli, clock, config, data_keys, db, demo, journal, migrate
from widget_server.cli import serving
from widget_server.loyalty import audit_log, books
from widget_server.loyalty.earning import feeds, rules
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop

NEW_SECRET = "the-next-secret-of-this-server-which-nobody-knows"
FERN = {"--name": "Fern", "--currency": "EUR", "--timezone": "Europe/Berlin", "--locale": "de-AT"}
AT = ("--origin", "https://fern.example", "--origin", "https://www.fern.example")

Shell = Callable[..., Result]


def leaves(group: click.Group = cli.main, *above: str) -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, *above, name)
        else:
            yield " ".join((*above, name)), command


def words(options: dict[str, str]) -> list[str]:
    return [word for pair in options.items() for word in pair]


def env(url: str, **settings: str) -> dict[str, str]:
    """The environment of an operator."""
    base = {"DATABASE_URL": url, "WIDGET_SECRET_KEY": SECRET, "WIDGET_BASE_URL": "http://widget.localhost:8000"}
    return {**base, "WIDGET_INSTANCE": str(config.current().instance), **settings}


def process(url: str, *typed: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The same as a process of its own, in which every warning is an error."""
    command = [sys.executable, "-W", "error", "-m", "widget_server.cli", *typed]
    known = {**os.environ, **env(url, **settings)}
    return subprocess.run(command, env=known, capture_output=True, text=True, timeout=60, check=False)


THEIRS = "the-secret-of-their-own-platform"


@pytest.fixture
def shell(database: str, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Type a command; it opens the database anew, as a process would."""

    def run(*typed: str, url: str = database, input: str | None = None, **settings: str) -> Result:
        for name, value in env(url, **settings).items():
            monkeypatch.setenv(name, value)
        db.disconnect()
        try:
            return CliRunner().invoke(cli.main, typed, input=input)
        finally:
            db.disconnect()
            db.open_database(database)
            db.connect()

    return run


def refusal(result: Result) -> str:
    """The one line a command ended with."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    (line,) = result.stderr.strip().splitlines()
    return line


# Shops (contracts §3)


def test_shop_create_tells_what_a_shop_needs_and_nothing_else(database: str) -> None:
    done = process(database, "shop", "create", *words(FERN), *AT, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    made = json.loads(done.stdout)
    assert list(made) == [
        "shop_id",
        "embed_key",
        "identity_secret",
        "webhook_secret",
        "webhook_urls",
        "api_key",
        "script_tag",
    ]
    shop = shops.by_id(made["shop_id"])
    assert (shop.name, shop.currency, shop.timezone, shop.locale) == tuple(FERN.values())
    assert sorted(shop.origins) == sorted(AT[1::2])
    assert (made["identity_secret"], made["webhook_secret"]) == (shop.identity_secret, shop.webhook_secret)
    base = "http://widget.localhost:8000"
    assert made["script_tag"] == f'<script async src="{base}/widget.js?shop={shop.embed_key}"></script>'
    topics = ("order", "customer", "action", "coupons/check", "coupons/use", "coupons/release")
    assert made["webhook_urls"] == {topic: f"{base}/stores/generic/{shop.id}/{topic}" for topic in topics}
    assert api_keys.ApiKey.need(shop.id).secret_hash == config.digest(made["api_key"])
    assert programs.of(shop.id).status == "draft"
    assert not rules.EarningRule.of(shop.id).exists()


@pytest.mark.parametrize("platform", ["shopify", "woocommerce"])
def test_other_platforms_get_their_topics_and_keep_their_secret(shell: Shell, platform: str) -> None:
    made = shell(
        "shop",
        "create",
        *words(FERN),
        *AT,
        "--platform",
        platform,
        "--webhook-secret",
        "-",
        "--json",
        input=f"{THEIRS}\n",
    )
    facts = json.loads(made.stdout)
    assert facts["webhook_secret"] == THEIRS
    for topic, url in facts["webhook_urls"].items():
        assert url == f"http://widget.localhost:8000/stores/{platform}/{facts['shop_id']}/{topic}"
    assert facts["webhook_urls"] and not any("coupons" in topic for topic in facts["webhook_urls"])


def test_a_secret_is_never_a_word_of_the_command(shell: Shell) -> None:
    """Whoever is on the machine can read the words of a command."""
    line = refusal(shell("shop", "create", *words(FERN), *AT, "--webhook-secret", THEIRS))
    assert "--webhook-secret -" in line and THEIRS not in line
    assert "16 characters" in refusal(
        shell("shop", "create", *words(FERN), *AT, "--webhook-secret", "-", input="hush\n")
    )
    assert shops.Shop.select().count() == 0


def test_two_secrets_are_valid_while_a_shop_changes_from_one_to_the_other(world: World, shell: Shell) -> None:
    shop_id, old = world.shop.id, world.shop.webhook_secret
    line = refusal(shell("shop", "secret", "add", shop_id, "--kind", "webhook", "--secret", THEIRS))
    assert "--secret -" in line
    made = shell("shop", "secret", "add", shop_id, "--kind", "webhook", "--secret", "-", "--json", input=THEIRS)
    assert json.loads(made.stdout)["secret"] == THEIRS
    listed = json.loads(shell("shop", "secret", "list", shop_id, "--json").stdout)
    assert [(one["kind"], one["begins_with"]) for one in listed if one["kind"] == "webhook"] == [
        ("webhook", THEIRS[:4]),
        ("webhook", old[:10]),
    ]
    first = next(one["secret_id"] for one in listed if one["begins_with"] == old[:10])
    assert shell("shop", "secret", "remove", shop_id, first).output == "Removed.\n"
    assert world.shop.webhook_secret == THEIRS
    last = json.loads(made.stdout)["secret_id"]
    assert "add another one first" in refusal(shell("shop", "secret", "remove", shop_id, last))


def test_a_key_is_limited_by_its_options(world: World, shell: Shell) -> None:
    at = ("--shop", world.shop.id, "--name", "reports")
    limits = ("--service", "accounts=read", "--address", "192.0.2.0/24", "--expires", "2099-01-31T00:00:00Z")
    made = json.loads(shell("key", "create", *at, *limits, "--json").stdout)
    rights = api_keys.ApiKey.need(world.shop, api_keys.ApiKey.id == made["key_id"]).rights
    assert (rights.services, rights.addresses) == ({"accounts": "read"}, ("192.0.2.0/24",))
    assert rights.expires_at == clock.parse("2099-01-31T00:00:00Z")
    for wrong, named in (
        (("--service", "accounts"), "--service"),
        (("--service", "everything=read"), "services"),
        (("--address", "fern.example"), "addresses"),
        (("--expires", "tomorrow"), "--expires"),
        (("--expires", "2020-01-31T00:00:00Z"), "expires_at"),
    ):
        assert refusal(shell("key", "create", *at, *wrong)).startswith(f"Error: {named}: ")


def test_what_the_operator_does_is_in_the_audit_log(world: World, shell: Shell) -> None:
    shell("key", "create", "--shop", world.shop.id, "--name", "reports")
    (entry,) = [one for one in audit_log.AuditEntry.of(world.shop) if one.noun == "api_key"]
    assert (entry.actor, entry.actor_name, entry.address) == ("shell", getpass.getuser(), None)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--currency", "euro"),
        ("--timezone", "Europe/Fernland"),
        ("--locale", "de_"),
        ("--origin", "https://fern.example/shop"),
        ("--name", " "),
    ],
)
def test_what_is_wrong_is_named_and_no_shop_is_made(shell: Shell, option: str, value: str) -> None:
    line = refusal(shell("shop", "create", *words({**FERN, "--origin": "https://fern.example", option: value})))
    assert line.startswith(f"Error: {option.removeprefix('--')}: ")
    assert not Shop.everywhere().exists()


@pytest.mark.parametrize("kind", [Shopify, ShopifyShop, WooCommerce])
def test_a_shop_is_connected_by_keys_that_stand_in_no_command(shell: Shell, kind: type[Checkout]) -> None:
    shop = World.create(platform=kind.platform).shop
    typed = "\n".join(kind.keys.values()) + "\n"
    with kind() as checkout:
        done = shell("shop", "connect", shop.id, "--api-url", checkout.url + "/", input=typed)
    assert (done.exit_code, done.stderr) == (0, "")
    connected = shops.by_id(shop.id)
    assert (connected.is_connected, connected.api_url, connected.api_keys) == (True, checkout.url, kind.keys)
    assert not [key for key in kind.keys.values() if key in done.output]
    assert shell("shop", "disconnect", shop.id).exit_code == 0
    forgotten = shops.by_id(shop.id)
    assert (forgotten.is_connected, forgotten.api_keys, forgotten.api_keys_sealed) == (False, {}, None)


def test_connecting_an_app_of_shopify_says_how_its_webhooks_are(shell: Shell) -> None:  # contracts §31
    world = World.create(platform="shopify")
    with ShopifyShop() as shop:

        def connect(**keys: str) -> Result:
            typed = "\n".join({**shop.keys, **keys}.values())
            where = ("--api-url", shop.url)
            return shell(
                "shop", "connect", world.shop.id, *where, input=typed, WIDGET_BASE_URL="https://loyalty.example"
            )

        told = connect().stdout.splitlines()[-1]
        assert told.startswith("feed: ok  Webhooks created: orders/create, "), told
        wrong = refusal(connect(client_id="c0ffee", client_secret="shpss_other"))
    assert "there is no app with this client id" in wrong and "shpss" not in wrong
    assert shops.by_id(world.shop.id).api_keys == ShopifyShop.keys


def test_what_does_not_open_the_shop_is_not_kept(shell: Shell) -> None:
    shop, generic = World.create(platform="woocommerce").shop, World.create().shop
    with WooCommerce() as checkout:
        for url, typed, told in (
            (checkout.url, "ck_test\ncs_other\n", "answered 401"),
            (checkout.url + "/blog", "ck_test\ncs_test\n", "answered 404 rest_no_route"),
            (checkout.url, "ck_test\n", "secret: It is empty"),
            (checkout.url, "ck test\ncs_test\n", "key: It is empty, or has"),
            ("http://shop.example", "ck_test\ncs_test\n", "api_url: "),
            ("http://127.0.0.1:1", "ck_test\ncs_test\n", "cannot be reached (NewConnectionError)"),
        ):
            line = refusal(shell("shop", "connect", shop.id, "--api-url", url, input=typed))
            assert told in line and "cs_" not in line
    assert not shops.by_id(shop.id).is_connected
    assert "generic" in refusal(shell("shop", "connect", generic.id, "--api-url", "https://shop.example"))
    assert "no such shop" in refusal(shell("shop", "connect", "nothing", "--api-url", "https://shop.example"))


def test_shops_are_listed_without_their_secrets(shell: Shell) -> None:
    made = [json.loads(shell("shop", "create", *words(FERN), *AT, "--json").stdout) for _ in range(2)]
    listed = json.loads(shell("shop", "list", "--json").stdout)
    assert [one["shop_id"] for one in listed] == [one["shop_id"] for one in made]
    names = {"shop_id", "name", "platform", "embed_key", "origins", "status", "last_news_at", "feed"}
    assert set(listed[0]) == names
    text = shell("shop", "list").stdout
    assert len(text.splitlines()) == 2 and all(one["shop_id"] in text for one in made)
    assert not any(one[secret] in text for one in made for secret in ("identity_secret", "webhook_secret", "api_key"))


def test_a_list_says_when_each_shop_was_heard_and_how_its_feed_is(shell: Shell) -> None:  # contracts §13
    quiet, heard = World.create(name="Quiet").shop, World.create(name="Heard", platform="woocommerce").shop
    shops.connect(heard, "http://127.0.0.1:1", WooCommerce.keys)
    with clock.at(NOON):
        shops.note_news(heard)
        feeds.conclude(heard, "switched_off", "Switched off in the shop: order.updated.")
    first, second = json.loads(shell("shop", "list", "--json").stdout)
    assert (first["shop_id"], first["last_news_at"], first["feed"]) == (quiet.id, None, None)
    at = "2026-03-10T12:00:00.000Z"
    told = {"status": "switched_off", "checked_at": at, "detail": "Switched off in the shop: order.updated."}
    assert (second["last_news_at"], second["feed"]) == (at, told)
    lines = shell("shop", "list").stdout.splitlines()
    assert lines[0].endswith("last news: never")
    assert lines[1].endswith(f"last news: {at}  feed: switched_off  {told['detail']}")


def test_connecting_reads_what_the_prices_hold_and_leaves_what_the_owner_set(shell: Shell) -> None:  # contracts §13
    world = World.create(platform="woocommerce")
    typed = "ck_test\ncs_test\n"
    taxes = {"woocommerce_calc_taxes": "yes", "woocommerce_default_country": "DE"}
    with WooShop(settings={**taxes, "woocommerce_tax_display_shop": "incl"}) as shop:

        def connect() -> str:
            done = shell("shop", "connect", world.shop.id, "--api-url", shop.url, input=typed)
            assert done.exit_code == 0, done.output
            return done.stdout.splitlines()[-1]

        shop.may_read_settings = False
        assert connect().startswith("Its tax settings cannot be read with these keys (answered 403")
        shop.may_read_settings = True
        assert connect().endswith("not known: set prices_include_tax and tax_percent by hand.")
        rate = {"country": "DE", "state": "", "priority": 1, "compound": False, "class": "standard"}
        shop.rates.append({**rate, "rate": "19.0000"})
        assert connect().endswith("19 %: the program's prices_include_tax and tax_percent are set to this now.")
        assert (world.program.rules.prices_include_tax, world.program.rules.tax_percent) == (True, Decimal(19))
        world.settings(tax_percent=Decimal(7))
        assert connect().endswith("prices_include_tax and tax_percent stay as they were set.")
        shop.settings["woocommerce_tax_display_shop"] = "excl"
        assert connect().endswith("nothing to set in the program.")
    assert world.program.rules.tax_percent == 7


def test_a_shop_is_connected_checked_imported_and_disconnected(shell: Shell) -> None:  # contracts §29
    world = World.create(platform="woocommerce")
    world.order_rule(10)
    world.settings(orders_from=clock.now().date() - timedelta(days=9))
    here = ("--shop", world.shop.id)
    with WooShop() as shop:
        for at in (clock.now() - timedelta(days=3), clock.now() - timedelta(days=1)):
            shop.sells(date_created_gmt=at.strftime("%Y-%m-%dT%H:%M:%S"))
        assert "The shop is not connected" in shell("shop", "check", *here).stdout
        connect = ("shop", "connect", world.shop.id, "--api-url", shop.url)
        made = shell(*connect, input="ck_test\ncs_test\n").stdout
        assert "Its webhooks to this server: 7 made." in made
        assert "7 in order." in shell(*connect, input="ck_test\ncs_test\n").stdout
        tried = shell("shop", "import", *here, "--dry-run")
        assert (tried.exit_code, "They would give 1300 points." in tried.stdout) == (0, True)
        day = clock.local_date(clock.now(), world.shop.timezone) - timedelta(days=2)
        assert shell("shop", "import", *here, "--dry-run", "--since", str(day)).stdout.startswith(
            f"Orders placed since {day}: 1."
        )
        done = shell("shop", "import", *here)
        assert (done.exit_code, "They gave 1300 points." in done.stdout) == (0, True), done.output
        told = shell("shop", "check", *here, "--json")
        rows = {row["code"]: row["state"] for row in json.loads(told.stdout)["findings"]}
        assert (told.exit_code, json.loads(told.stdout)["well"]) == (1, False)
        assert {rows["keys_good"], rows["webhooks_active"], rows["clock_right"], rows["code_made"]} == {"ok"}
        Shop.update(widget_seen_at=clock.now(), widget_seen_on="https://fern.example").execute()
        good = shell("shop", "check", *here)
        assert good.exit_code == 0 and "wrong:" not in good.stdout, good.output
        shop.ahead = timedelta(seconds=90)
        assert "seconds ahead of this server" in shell("shop", "check", *here).stdout
        assert "7 webhooks were deleted in the shop." in shell("shop", "disconnect", world.shop.id).stdout
    assert shell("shop", "code", *here).stdout.startswith("wc1.")


def test_a_key_is_shown_once_and_can_be_revoked(world: World, shell: Shell) -> None:
    made = json.loads(
        shell("key", "create", "--shop", world.shop.id, "--name", "till", "--scope", "read", "--json").stdout
    )
    row = api_keys.ApiKey.need(world.shop, api_keys.ApiKey.id == made["key_id"])
    assert (row.secret_hash, row.scope, row.revoked_at) == (config.digest(made["api_key"]), "read", None)
    assert shell("key", "revoke", made["key_id"], "--shop", world.shop.id).output == "Revoked.\n"
    assert api_keys.ApiKey.need(world.shop, api_keys.ApiKey.id == made["key_id"]).revoked_at is not None
    assert "no such api key" in refusal(shell("key", "revoke", "nobody's", "--shop", world.shop.id))
    assert "no such shop" in refusal(shell("key", "create", "--shop", "nobody's", "--name", "till"))
    other = World.create(name="Another")
    assert "no such api key" in refusal(shell("key", "revoke", made["key_id"], "--shop", other.shop.id))


# The program as a file (docs/program-file.md)


def test_plan_changes_nothing_and_apply_twice_changes_nothing_more(shell: Shell, tmp_path: Path) -> None:
    shop_id = json.loads(shell("shop", "create", *words(FERN), *AT, "--json").stdout)["shop_id"]
    planned = shell("program", "plan", str(demo.PROGRAM))
    assert re.search(r"^\d+ changes\.$", planned.stdout, re.M), planned.output
    assert programs.of(shop_id).status == "draft"
    assert not rules.EarningRule.of(shop_id).exists()
    assert shell("program", "apply", str(demo.PROGRAM)).stdout == planned.stdout
    assert programs.of(shop_id).status == "active"
    assert rules.EarningRule.of(shop_id).exists()
    for command in ("plan", "apply"):
        assert shell("program", command, str(demo.PROGRAM)).stdout == "Nothing to change.\n"
    broken = tmp_path / "broken.yaml"
    for text, field in ((b"program:\n  name: N\n  status: asleep\n", "program.status"), (b"name: \xff", "UTF-8")):
        broken.write_bytes(text)
        assert field in refusal(shell("program", "plan", str(broken)))


def test_with_several_shops_one_says_which(world: World, shell: Shell) -> None:
    World.create(name="Another")
    assert refusal(shell("program", "plan", str(demo.PROGRAM))).startswith("Error: --shop: ")
    assert shell("program", "plan", str(demo.PROGRAM), "--shop", world.shop.id).exit_code == 0


# Audit


def test_audit_names_the_first_row_that_was_tampered_with(database: str) -> None:
    world = World.create()
    ann, bob = world.member("ann@example.com"), world.member("bob@example.com")
    for shopper in (ann, bob):
        for points in (10, 20, 30):
            shopper.is_given(points)
    fine = process(database, "audit")
    assert (fine.returncode, fine.stdout, fine.stderr) == (0, "The books balance.\n", "")
    _tamper(ann, 2)
    _tamper(ann, 3)
    wrong = process(database, "audit")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    (line,) = wrong.stderr.splitlines()
    assert ann.account.id in line and "2" in line.replace(ann.account.id, "")
    assert bob.account.id not in line


@pytest.mark.parametrize("column", ["balance", "pending"])
def test_audit_sees_a_counter_that_was_changed(world: World, shell: Shell, column: str) -> None:
    ann = world.member()
    ann.is_given(10)
    also = ", adjusted = adjusted + 5" if column == "balance" else ""
    db.database.execute_sql(f"UPDATE account SET {column} = {column} + 5{also}")
    assert ann.account.id in refusal(shell("audit"))
    db.database.execute_sql(f"UPDATE account SET {column} = {column} - 5{also.replace('+', '-')}")
    assert shell("audit").exit_code == 0


def test_audit_names_each_row_and_the_owner_may_accept_it(world: World, shell: Shell) -> None:
    """Two coupons are worth more than they were; the owner looks into it and leaves it so."""
    ann = world.member()
    ann.is_given(500)
    made = sorted(ann.redeems(world.reward(cost=100)).id for _ in range(2))
    assert shell("audit").exit_code == 0
    db.database.execute_sql("UPDATE coupon SET amount = '50.00'")
    wrong = shell("audit")
    assert (wrong.exit_code, sorted(wrong.stderr.splitlines())) == (1, [f"coupon {id}: was changed" for id in made])
    assert shell("audit", "--since").exit_code == 0  # this server wrote neither of them since
    accepted = shell("audit", "--accept", world.shop.id)
    assert (accepted.exit_code, accepted.stdout) == (0, "The books balance.\n")


def test_audit_goes_on_with_one_that_was_interrupted_and_says_so(world: World, shell: Shell) -> None:
    world.member().is_given(10)
    slices = books.audit_slices(world.shop)
    assert next(slices) == next(slices) == []
    slices.close()
    said, *rest = shell("audit").stdout.splitlines()
    assert said.startswith(f"shop {world.shop.id}: goes on with the audit that began at ")
    assert said.endswith(" and was interrupted (chain).") and rest == ["The books balance."]
    assert shell("audit").stdout == "The books balance.\n"


def _tamper(shopper: Shopper, sequence: int) -> None:
    with journal.rewriting():
        db.database.execute_sql(
            f"UPDATE \"transaction\" SET amount = amount + 1 WHERE account_id = '{shopper.account.id}'"
            f" AND sequence = {sequence}"
        )


# Backup


def test_a_backup_taken_while_somebody_writes_is_whole(database: str, tmp_path: Path) -> None:
    world = World.create()
    ann = world.member()
    copy = tmp_path / "copy.db"
    if not db.on_sqlite():
        done = process(database, "backup", str(copy))
        assert (done.returncode, "pg_dump" in done.stderr, copy.exists()) == (1, True, False)
        return
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        db.connect()
        while not stop.is_set():
            ann.is_given(1)
            started.set()
        db.disconnect()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert started.wait(20)
        done = process(database, "backup", str(copy))
    finally:
        stop.set()
        writer.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{copy}: {copy.stat().st_size} bytes\n"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert process(f"sqlite:///{copy}", "audit").stdout == "The books balance.\n"
    db.disconnect()
    db.open_database(f"sqlite:///{copy}")
    db.connect()
    assert ann.balance > 0
    copied = ann.balance
    db.disconnect()
    db.open_database(database)
    db.connect()
    assert copied <= ann.balance


def test_a_database_that_cannot_be_written_is_one_line(shell: Shell, database: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shops, "create", _cannot_write)
        said = shell("shop", "create", *words(FERN), *AT)
    assert said.exit_code == 1
    assert said.output == f"Error: {cli.STATES['read_only']}\n"


def _cannot_write(**facts: object) -> None:
    raise cysqlite.ReadOnlyError("attempt to write a readonly database (code=8, ext=8)")


def test_the_embedded_database_is_rewritten_at_once(
    shell: Shell, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "postgres":
        assert "PostgreSQL rewrites no files" in refusal(shell("rewrite"))
        return
    assert re.fullmatch(r"Rewritten: [\d,]+ bytes before, [\d,]+ bytes now.\n", shell("rewrite").output)
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    assert "MB free in" in refusal(shell("rewrite"))


def test_a_backup_overwrites_nothing(shell: Shell, tmp_path: Path, backend: str) -> None:
    there = tmp_path / "there.db"
    there.write_text("precious")
    line = refusal(shell("backup", str(there)))
    assert "pg_dump" in line if backend == "postgres" else str(there) in line
    assert there.read_text() == "precious"
    assert refusal(shell("backup", str(tmp_path / "nowhere" / "copy.db")))


# Migrations


def test_upgrade_brings_an_empty_database_up_to_date_once(shell: Shell, database: str, tmp_path: Path) -> None:
    url = database
    if db.on_sqlite():
        url = f"sqlite:///{tmp_path / 'new' / 'loyalty.db'}"
    else:
        db.database.execute_sql("DROP SCHEMA public CASCADE")
        db.database.execute_sql("CREATE SCHEMA public")
    assert "upgrade" in refusal(shell("shop", "list", url=url))
    assert re.fullmatch(r"\d+ migrations ran: .*0001_initial.*\n", shell("upgrade", url=url).output)
    assert shell("upgrade", url=url).output == "Nothing to do.\n"
    assert json.loads(shell("shop", "list", "--json", url=url).stdout) == []


def test_check_prints_everything_at_once(shell: Shell, tmp_path: Path) -> None:
    wrong = {
        "WIDGET_SECRET_KEY": "x" * 64,
        "WIDGET_BASE_URL": "https://widget.example/loyalty",
        "WIDGET_PROXIES": "many",
        "WIDGET_STATEMENT_TIMEOUT_MS": "0",
        "WIDGET_DEBUG": "1",
        "WIDGET_PROXY": "1",
    }
    done = shell("check", **wrong)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert all(line.startswith(("refused: ", "warning: ")) for line in lines)
    for named in (*wrong, "WIDGET_MAIL_URL"):
        assert any(named in line for line in lines), named


def test_check_finds_nothing_in_a_good_set_up(shell: Shell) -> None:
    done = shell("check", "--host", "127.0.0.1")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "This set-up may serve shoppers."
    assert "refused" not in done.stdout


def test_check_says_what_serve_would_refuse(shell: Shell) -> None:
    done = shell("check", "--host", "0.0.0.0")
    assert done.exit_code == 1 and "--host 0.0.0.0" in done.stdout
    done = shell("check", url="postgresql://fern:hush@127.0.0.1:1/loyalty")
    assert done.exit_code == 1 and "DATABASE_URL" in done.stdout and "hush" not in done.output


def test_everything_refuses_while_migrations_are_pending(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "9999_shelf.py").write_text("def up(migrator, db):\n    pass\n")
    for step in migrate.MIGRATIONS.glob("0*.py"):
        (steps / step.name).symlink_to(step)
    monkeypatch.setattr(migrate, "MIGRATIONS", steps)
    monkeypatch.setattr(serving, "Granian", None)
    typed = {
        "serve": [],
        "worker": [],
        "shop create": [*words(FERN), *AT],
        "shop connect": ["s", "--api-url", "https://fern.example"],
        "shop disconnect": ["s"],
        "shop list": [],
        "shop code": ["--shop", "s"],
        "shop check": ["--shop", "s"],
        "shop import": ["--shop", "s"],
        "shop secret list": ["s"],
        "shop secret add": ["s", "--kind", "webhook"],
        "shop secret remove": ["s", "x"],
        "secret rotate": [],
        "key create": ["--shop", "s", "--name", "n"],
        "key rotate": ["k", "--shop", "s"],
        "key revoke": ["k", "--shop", "s"],
        "staff invite": ["--shop", "s", "--email", "olga@fern.example"],
        "staff link": ["--shop", "s", "--email", "olga@fern.example"],
        "staff list": ["--shop", "s"],
        "program plan": [str(demo.PROGRAM)],
        "program apply": [str(demo.PROGRAM)],
        "audit": [],
        "backup": [str(tmp_path / "copy.db")],
        "rewrite": [],
    }
    assert set(typed) == {name for name, _ in leaves()} - {"upgrade", "demo", "check"}
    for name, options in typed.items():
        line = refusal(shell(*name.split(), *options))
        assert "9999_shelf" in line and "`widget-server upgrade`" in line
    assert shell("upgrade").output == "1 migrations ran: 9999_shelf\n"
    assert shell("audit").exit_code == 0


def test_every_command_says_what_it_does() -> None:
    for name, command in leaves():
        shown = CliRunner().invoke(cli.main, [*name.split(), "--help"])
        assert shown.exit_code == 0
        assert command.help and command.help.splitlines()[0].rstrip(".") in " ".join(shown.output.split())


def test_the_secret_is_not_changed_under_a_running_server(shell: Shell, world: World, database: str) -> None:
    former = {"WIDGET_SECRET_KEY": NEW_SECRET, "WIDGET_OLD_SECRET_KEYS": SECRET}
    assert shell("shop", "list").exit_code == 0
    served = config.Settings(database_url=database, instance=config.current().instance)
    with ExitStack() as running:
        if db.on_sqlite():
            mark = running.enter_context((config.current().instance / "loyalty.db.server").open("a"))
            fcntl.flock(mark, fcntl.LOCK_SH)
        else:
            options = f"-c application_name={db.APPLICATION}"
            running.enter_context(psycopg.connect(served.database_url, options=options, autocommit=True))
        assert "Stop every server" in refusal(shell("secret", "rotate", **former))
    done = shell("secret", "rotate", **former)
    assert done.exit_code == 0, done.output
    assert shell("audit", WIDGET_SECRET_KEY=NEW_SECRET).exit_code == 0
    config.use(replace(config.current(), secret_key=NEW_SECRET), data_keys.stored)
