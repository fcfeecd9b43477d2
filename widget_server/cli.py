"""The shell for owners and operators: `widget-server ...`."""

import getpass
import json
import logging
import math
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import peewee
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from widget_server import checks, clock, config, data_keys, db, demo, events, jobs, migrate, reactions, secret_rotation
from widget_server.checks import Finding
from widget_server.config import Settings
from widget_server.errors import BadRequest, DatabaseState, Refusal
from widget_server.loyalty import audit_log, books
from widget_server.loyalty.earning import feeds
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import Rights
from widget_server.loyalty.points import uploads
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file.apply import apply as apply_file
from widget_server.program_file.apply import plan as plan_file
from widget_server.program_file.schema import parse as parse_file
from widget_server.stores import codes
from widget_server.stores.calls import Api, NotReached, Refused
from widget_server.stores.platforms import PLATFORMS
from widget_server.stores.woocommerce import prices as woocommerce_prices

COUPON_TOPICS = ("coupons/check", "coupons/use", "coupons/release")
WATCH_SECONDS = 1.0
CHECK_SECONDS = 5.0  # of reading the database's pages before serving
STOP_SECONDS = 20
HEADER_MS_MAX = 10_000  # also how long a connection may say nothing
OTHER_FILES = 256
CONNECTIONS_MAX = 4096  # of each process; whoever comes then waits until one is closed

log = logging.getLogger(__name__)


STATES: dict[DatabaseState, str] = {
    "away": "The database does not answer: check DATABASE_URL, and whether it runs.",
    "locked": "The database is locked by another program: try again when that is done.",
    "full": "The database is full: make room on its disk.",
    "read_only": "The database can be read only: check the rights of its files.",
}


class RefusalsAsMessages(click.Group):
    """Refusals end a command with one line that names the mend, not with a traceback."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except Refusal as refusal:
            where = f"{refusal.field}: " if refusal.field else ""
            raise click.ClickException(f"{where}{refusal.message}") from refusal
        except click.ClickException:
            raise
        except Exception as error:
            away = db.away(error)
            if away is None:
                raise
            raise click.ClickException(STATES[away.state]) from error


@click.group(cls=RefusalsAsMessages, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A loyalty program any shop can host itself."""
    os.umask(0o077)  # what we write is for this user alone
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def _from_stdin(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A secret is "-", to be read from standard input: a word of the command can be read by others on the machine."""
    if value not in (None, "-"):
        raise BadRequest(
            f"A secret in the command can be seen by others: give {option.opts[0]} - and send it on standard input.",
            field=option.opts[0],
        )
    return _key("Secret") if value else None


@main.command()
def upgrade() -> None:
    """Bring the database up to date."""
    _open(migrated=False)
    if data_keys.DataKey.is_there():
        secret_rotation.check_secret()
    ran = migrate.upgrade()
    secret_rotation.check_secret()
    if taken := uploads.take_in(config.current().instance / "imports"):
        click.echo(f"{taken} files of imports were moved from the instance folder into the database.")
    click.echo(f"{len(ran)} migrations ran: {', '.join(ran)}" if ran else "Nothing to do.")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Web processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve shoppers and shops: web processes, and the worker beside them."""
    _open_safely(host)
    _need_free(port, "--port", host)
    db.disconnect()  # before the fork
    web = Granian(
        "widget_server.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # one HTTP/2 connection without TLS can hold a process for good
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS_MAX),
        backlog=CONNECTIONS_MAX,
        backpressure=_connections(),
        websockets=False,
        workers=workers,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # until the web server listens to it
    with _worker_beside():
        web.serve()


@main.command()
@click.option("--host", default=None, help="What `serve` is to listen on.")
def check(host: str | None) -> None:
    """Print everything that is wrong or doubtful with this set-up; exit 1 when `serve` would refuse it."""
    settings, faults = config.read_env()
    found = [checks.refusal(f"{fault.field}: {fault.message}") for fault in faults]
    found += checks.of_settings(settings, host)
    try:
        _open(settings)
        found += checks.of_database(settings, seconds=math.inf)
    except click.ClickException as no:
        found.append(checks.refusal(no.message))
    for text in dict.fromkeys(map(str, found)):
        click.echo(text)
    if any(one.is_fatal for one in found):
        raise SystemExit(1)
    click.echo("This set-up may serve shoppers.")


@main.command()
def worker() -> None:
    """Run jobs and scheduled work until stopped."""
    _open_safely()
    audit_log.act_as(audit_log.Actor())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs.work(stop)


@main.group()
def shop() -> None:
    """Shops."""


@shop.command("create")
@click.option("--name", required=True)
@click.option("--origin", "origins", required=True, multiple=True, help="A page origin; may be repeated.")
@click.option("--currency", required=True, help="Three letters, as EUR.")
@click.option("--timezone", required=True, help="For example Europe/Berlin.")
@click.option("--locale", required=True, help="For example en or de-AT.")
@click.option("--platform", type=click.Choice(tuple(PLATFORMS)), default="generic", show_default=True)
@click.option(
    "--webhook-secret", default=None, callback=_from_stdin, help="-: read the shop's own webhook secret from stdin."
)
@click.option("--json", "as_json", is_flag=True)
def create_shop(as_json: bool, **facts: Any) -> None:
    """Create a shop; its secrets are shown only this once."""
    _open()
    facts["origins"] = list(facts["origins"])
    with db.atomic():
        made = shops.create(**facts)
        programs.create(made.id, facts["name"])
        _, secret = api_keys.create_key(made.id, "first key")
    _say(_shop_facts(made, secret), as_json)


@shop.command("connect")
@click.argument("shop_id")
@click.option("--api-url", required=True, help="https://NAME.myshopify.com, or the address of the WooCommerce site.")
def connect_shop(shop_id: str, api_url: str) -> None:
    """Make each code in the shop's own system too; its keys are typed in, or read from standard input."""
    _open()
    one = shops.by_id(shop_id)
    labels, address = codes.keys_of(one.platform), shops.clean_api_url(api_url)
    keys = {name: _key(label) for name, label in labels.items()}
    api = Api(address, shops.clean_api_keys(keys))
    try:
        codes.check(one.platform, api)
    except (NotReached, Refused) as no:
        raise click.ClickException(f"Nothing was changed. {api.url}: {no}") from no
    shops.connect(one, api.url, api.keys)
    click.echo("Connected: from now on each new code is made in the shop too.")
    if one.platform in feeds.WATCHED:
        click.echo("Changes of its orders are read too, every quarter of an hour, whether a webhook comes or not.")
        click.echo(_adopt_tax(one, api))


@shop.command("disconnect")
@click.argument("shop_id")
def disconnect_shop(shop_id: str) -> None:
    """Delete the keys to the shop's own API; codes that were made there stay there."""
    _open()
    shops.disconnect(shops.by_id(shop_id))
    click.echo("Disconnected.")


@shop.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_shops(as_json: bool) -> None:
    """List the shops of this server."""
    _open()
    rows = [
        {
            "shop_id": one.id,
            "name": one.name,
            "platform": one.platform,
            "embed_key": one.embed_key,
            "origins": one.origins,
            "status": programs.of(one.id).status,
            "last_news_at": _time(one.last_news_at),
            "feed": _feed_facts(one),
        }
        for one in Shop.everywhere().order_by(Shop.created_at)
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        words = [str(row[name]) for name in ("shop_id", "name", "platform", "status")]
        click.echo("  ".join([*words, f"last news: {row['last_news_at'] or 'never'}", *_feed_words(row["feed"])]))


@shop.group("secret")
def shop_secret() -> None:
    """The secrets that a shop signs with; two of a kind may be valid while the shop changes from one to the other."""


@shop_secret.command("list")
@click.argument("shop_id")
@click.option("--json", "as_json", is_flag=True)
def list_secrets(shop_id: str, as_json: bool) -> None:
    """List the valid secrets by their first characters."""
    _open()
    rows = [_secret_facts(one) for one in shops.secrets_of(shops.by_id(shop_id).id)]
    click.echo(json.dumps(rows) if as_json else "\n".join("  ".join(row.values()) for row in rows))


@shop_secret.command("add")
@click.argument("shop_id")
@click.option("--kind", type=click.Choice(shops.SECRET_KINDS), required=True)
@click.option("--secret", default=None, callback=_from_stdin, help="-: read it from stdin; else one is made.")
@click.option("--json", "as_json", is_flag=True)
def add_secret(shop_id: str, kind: shops.SecretKind, secret: str | None, as_json: bool) -> None:
    """Add a valid secret, shown this once; the one there is stays valid until it is removed."""
    _open()
    made, plain = shops.add_secret(shops.by_id(shop_id).id, kind, secret)
    _say({"secret_id": made.id, "shop_id": shop_id, "kind": kind, "secret": plain}, as_json)


@shop_secret.command("remove")
@click.argument("shop_id")
@click.argument("secret_id")
def remove_secret(shop_id: str, secret_id: str) -> None:
    """Refuse from now on what is signed with this secret; the last one of a kind stays."""
    _open()
    shops.remove_secret(shops.by_id(shop_id).id, secret_id)
    click.echo("Removed.")


@main.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.option("--shop", "shop_id", required=True)
@click.option("--name", required=True)
@click.option("--scope", type=click.Choice(["manage", "read"]), default="manage", show_default=True)
@click.option("--service", "services", multiple=True, help="Only this service, as accounts=read; may be repeated.")
@click.option("--expires", default=None, help="When the key ends, as 2027-01-31T00:00:00Z.")
@click.option("--address", "addresses", multiple=True, help="Only from this IP address or network; may be repeated.")
@click.option("--json", "as_json", is_flag=True)
def create_key(shop_id: str, name: str, as_json: bool, **rights: Any) -> None:
    """Create an API key; its secret is shown only this once."""
    _open()
    made, secret = api_keys.create_key(shops.by_id(shop_id).id, name, rights=_rights(**rights))
    _say({"key_id": made.id, "shop_id": shop_id, "name": name, "scope": made.scope, "api_key": secret}, as_json)


@key.command("rotate")
@click.argument("key_id")
@click.option("--shop", "shop_id", required=True)
@click.option("--keep-hours", type=click.IntRange(0, 72), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def rotate_key(key_id: str, shop_id: str, keep_hours: int, as_json: bool) -> None:
    """Give a key a new secret, shown only this once; the earlier one may stay valid for some hours."""
    _open()
    made, secret = api_keys.rotate_key(shops.by_id(shop_id).id, key_id, keep=timedelta(hours=keep_hours))
    _say({"key_id": made.id, "shop_id": shop_id, "name": made.name, "scope": made.scope, "api_key": secret}, as_json)


@key.command("revoke")
@click.argument("key_id")
@click.option("--shop", "shop_id", required=True)
def revoke_key(key_id: str, shop_id: str) -> None:
    """Revoke a key; its tokens end too."""
    _open()
    api_keys.revoke_key(shops.by_id(shop_id).id, key_id)
    click.echo("Revoked.")


@main.group()
def secret() -> None:
    """The server's own secret, WIDGET_SECRET_KEY."""


@secret.command("rotate")
def rotate_secret() -> None:
    """Encrypt everything under a new WIDGET_SECRET_KEY; until then WIDGET_OLD_SECRET_KEYS has the old one."""
    settings = Settings.from_env()
    _need_none_fatal(checks.of_settings(settings))
    _open(settings)
    if checks.is_served(settings):
        raise click.ClickException("Stop every server of this database first: it would keep using the former keys.")
    done = secret_rotation.rotate()
    click.echo(f"{done.keys} keys and {done.resealed} sealed values are under the new secret. Take the old secret out")
    click.echo("of WIDGET_OLD_SECRET_KEYS, and start the server.")


@main.group()
def program() -> None:
    """The program as one YAML file (docs/program-file.md)."""


@program.command("plan")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shop", "shop_id", default=None, help="Needed when there are several shops.")
def plan(file: Path, shop_id: str | None) -> None:
    """Print what `apply` would change; change nothing."""
    _open()
    _print_changes(plan_file(_the_shop(shop_id), parse_file(_text(file))))


@program.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shop", "shop_id", default=None, help="Needed when there are several shops.")
def apply(file: Path, shop_id: str | None) -> None:
    """Make the shop's program match the file, in full or not at all; a second run changes nothing."""
    _open()
    _print_changes(apply_file(_the_shop(shop_id), parse_file(_text(file))))


@main.command()
@click.option("--since", is_flag=True, help="Only what was written since the last audit that found nothing.")
@click.option("--accept", default=None, metavar="SHOP", help="First take the rows of this shop as they are.")
def audit(since: bool, accept: str | None) -> None:
    """Audit the books; exit 1 with a line for each row that is wrong: table, id and what is wrong."""
    _open()
    if accept is not None:
        books.accept(shops.by_id(accept))
    wrong = 0
    for finding in books.audit(since=since):
        click.echo(finding, err=True)
        wrong += 1
    if wrong:
        raise SystemExit(1)
    books.write_anchor()
    click.echo("The books balance.")


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write a consistent copy of the embedded database while it is in use."""
    _open()
    if not db.on_sqlite():
        raise click.ClickException("On PostgreSQL use pg_dump: it knows roles and tablespaces too.")
    try:
        file.touch(mode=0o600, exist_ok=False)
        db.database.execute_sql("VACUUM INTO ?", (str(file),))
    except FileExistsError as there:
        raise click.ClickException(f"{file} is there already; nothing was written.") from there
    except (OSError, peewee.PeeweeException) as failure:
        file.unlink(missing_ok=True)
        raise click.ClickException(f"{file} could not be written ({failure}).") from failure
    click.echo(f"{file}: {file.stat().st_size} bytes")


@main.command("demo")
@click.option("--port", default=8000, show_default=True, help="The widget server's port.")
@click.option("--shop-port", default=8001, show_default=True, help="The demo shop's port.")
@click.option("--reset", is_flag=True, help="Start again: delete the demo's data.")
def run_demo(port: int, shop_port: int, reset: bool) -> None:
    """Run the widget server and a small shop that uses it, with a program and some history."""
    if port == shop_port:
        raise BadRequest("The widget and the shop need a port each.", field="--shop-port")
    _need_free(port, "--port")
    _need_free(shop_port, "--shop-port")
    demo.run(port, shop_port, reset=reset)


def _open(settings: Settings | None = None, *, migrated: bool = True) -> None:
    settings = settings or Settings.from_env()
    if not settings.secret_key:
        raise click.ClickException("WIDGET_SECRET_KEY is missing: see README, What an operator does.")
    config.use(settings, data_keys.stored)
    try:
        db.open_database(settings.database_url, statement_timeout_ms=settings.statement_timeout_ms)
        weakness = db.sqlite_weakness()
        if weakness:
            raise click.ClickException(weakness)
        db.connect()
        waiting = migrate.pending()
    except (peewee.PeeweeException, OSError, ValueError) as failure:
        reason = str(failure).strip().partition("\n")[0]
        raise click.ClickException(f"The database cannot be opened ({reason}): check DATABASE_URL.") from failure
    events.wire(reactions.react)
    if migrated and waiting:
        raise click.ClickException(f"Migrations are pending ({', '.join(waiting)}): run `widget-server upgrade`.")
    if migrated:
        secret_rotation.check_secret()
    user = _shell_user()
    audit_log.act_as(audit_log.Actor("shell", user, user))


@contextmanager
def _worker_beside() -> Iterator[None]:
    """A worker process for as long as the block runs; one that dies is replaced."""
    worker = _start_worker()  # the first one before web processes are forked
    over = threading.Event()

    def keep() -> None:
        nonlocal worker
        while not over.wait(WATCH_SECONDS):
            if worker.poll() is not None:
                log.error("the worker ended (exit %s): starting another", worker.returncode)
                worker = _start_worker()

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        _stop(worker)


def _start_worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "widget_server.cli", "worker"])


def _stop(worker: subprocess.Popen[bytes]) -> None:
    """Let the worker finish what it does; what it leaves undone is claimed anew later."""
    worker.terminate()
    try:
        worker.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _open_safely(host: str | None = None) -> None:
    """Open the database of a set-up that may serve shoppers; what is only doubtful goes to the log."""
    settings = Settings.from_env()
    found = [*_need_none_fatal(checks.of_settings(settings, host))]
    _open(settings)
    found += _need_none_fatal(checks.of_database(settings, seconds=CHECK_SECONDS))
    if clash := checks.claim(settings):
        _need_none_fatal([clash])
    for one in found:
        log.warning("%s", one.text)


def _need_none_fatal(found: list[Finding]) -> list[Finding]:
    if fatal := [one.text for one in found if one.is_fatal]:
        raise click.ClickException(" ".join(fatal))
    return found


def _connections() -> int:
    """How many connections a process may hold: as many as it may have files open, up to CONNECTIONS_MAX."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else min(CONNECTIONS_MAX, max(soft - OTHER_FILES, 64))


def _need_free(port: int, option: str, host: str = "127.0.0.1") -> None:
    """Two servers may listen on one port here, and would share its callers: so ask first."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as taken:
            raise click.ClickException(f"Port {port} is taken: choose another by {option}.") from taken


def _shop_facts(made: Shop, api_key: str) -> dict[str, Any]:
    """What `shop create` tells (contracts §3)."""
    base = config.current().base_url
    platform = PLATFORMS[made.platform]
    topics = (*platform.TOPICS, *platform.CALLS)
    return {
        "shop_id": made.id,
        "embed_key": made.embed_key,
        "identity_secret": made.identity_secret,
        "webhook_secret": made.webhook_secret,
        "webhook_urls": {topic: f"{base}/stores/{made.platform}/{made.id}/{topic}" for topic in topics},
        "api_key": api_key,
        "script_tag": f'<script async src="{base}/widget.js?shop={made.embed_key}"></script>',
    }


def _shell_user() -> str:
    """Who runs the command, as far as the machine can say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def _secret_facts(one: shops.ShopSecret) -> dict[str, str]:
    made_at = clock.iso(one.created_at)
    return {"secret_id": one.id, "kind": one.kind, "begins_with": one.begins_with, "created_at": made_at}


def _rights(scope: str, services: tuple[str, ...], expires: str | None, addresses: tuple[str, ...]) -> Rights:
    """The rights of a key as the options say them; raises BadRequest naming the option that cannot be read."""
    pairs = dict(one.partition("=")[::2] for one in services)
    if any(not scope for scope in pairs.values()):
        raise BadRequest("Give each service with its scope, as accounts=read.", field="--service")
    try:
        ends = None if expires is None else clock.parse(expires)
    except ValueError as wrong:
        raise BadRequest(f"{expires!r} is not a time like 2027-01-31T00:00:00Z.", field="--expires") from wrong
    return Rights(scope, pairs or None, addresses or None, ends)


def _adopt_tax(one: Shop, api: Api) -> str:
    """Keep what the shop's settings say of tax in its prices, unless the program says so already; what became of it."""
    try:
        prices = woocommerce_prices.read(api)
    except (NotReached, Refused) as no:
        return (
            f"Its tax settings cannot be read with these keys ({no}): set prices_include_tax and tax_percent by hand."
        )
    if not prices.include_tax:
        return f"Its prices are {prices}: nothing to set in the program."
    if prices.tax_percent is None:
        return f"Its prices are {prices}: set prices_include_tax and tax_percent by hand."
    if programs.adopt_tax(one.id, prices.tax_percent):
        return f"Its prices are {prices}: the program's prices_include_tax and tax_percent are set to this now."
    return f"Its prices are {prices}: the program's prices_include_tax and tax_percent stay as they were set."


def _feed_facts(one: Shop) -> dict[str, Any] | None:
    facts = feeds.facts(one)
    return facts and {**facts, "checked_at": _time(facts["checked_at"])}


def _feed_words(feed: dict[str, Any] | None) -> list[str]:
    if feed is None:
        return []
    return [f"feed: {feed['status']}", *([feed["detail"]] if feed["detail"] else [])]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else clock.iso(moment)


def _key(label: str) -> str:
    """A key that is typed unseen, or a line of standard input; never a word of the command, which others may read."""
    if sys.stdin.isatty():
        return str(click.prompt(label, hide_input=True))
    return sys.stdin.readline().strip()


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as broken:
        raise click.ClickException(f"{file} cannot be read as UTF-8 text.") from broken


def _the_shop(shop_id: str | None) -> Shop:
    if shop_id is not None:
        return shops.by_id(shop_id)
    found: list[Shop] = list(Shop.everywhere().limit(2))
    if len(found) != 1:
        raise BadRequest("Name the shop: there is none, or more than one.", field="--shop")
    return found[0]


def _print_changes(changes: list[Any]) -> None:
    for change in changes:
        click.echo(str(change))
    click.echo(f"{len(changes)} changes." if changes else "Nothing to change.")


def _say(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name}: {value}")


if __name__ == "__main__":
    main()
