"""`serve`, `worker` and `check`: the processes of a server, and whether its set-up may serve."""

import logging
import math
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from widget_server import checks, config, db, demo, jobs
from widget_server.cli.opening import open_safely, open_server
from widget_server.errors import BadRequest
from widget_server.loyalty import audit_log
from widget_server.loyalty.staff import first_shop

WATCH_SECONDS = 1.0
STOP_SECONDS = 20
HEADER_MS_MAX = 10_000  # also the limit for a silent connection
OTHER_FILES = 256
CONNECTIONS_MAX = 4096  # per process; further connections wait until one is closed

log = logging.getLogger(__name__)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Web processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve shoppers and shops: web processes, and the worker beside them."""
    open_safely(host)
    need_free(port, "--port", host)
    if address := first_shop.setup_link():
        click.echo(f"There is no shop yet. Set up the first one here (the link works once): {address}")
    db.disconnect()  # before the fork
    web = Granian(
        "widget_server.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,  # one HTTP/2 connection without TLS can block a process for ever
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS_MAX),
        backlog=CONNECTIONS_MAX,
        backpressure=connections(),
        websockets=False,
        workers=workers,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # until the web server handles it
    with worker_beside():
        web.serve()


@click.command()
@click.option("--host", default=None, help="What `serve` is to listen on.")
def check(host: str | None) -> None:
    """Print everything that is wrong or doubtful with this set-up; exit 1 when `serve` would refuse it."""
    settings, faults = config.read_env()
    found = [checks.refusal(f"{fault.field}: {fault.message}") for fault in faults]
    found += checks.of_settings(settings, host)
    try:
        open_server(settings)
        found += checks.of_database(settings, seconds=math.inf)
    except click.ClickException as no:
        found.append(checks.refusal(no.message))
    for text in dict.fromkeys(map(str, found)):
        click.echo(text)
    if any(one.is_fatal for one in found):
        raise SystemExit(1)
    click.echo("This set-up may serve shoppers.")


@click.command()
def worker() -> None:
    """Run jobs and scheduled work until stopped."""
    open_safely()
    audit_log.act_as(audit_log.Actor())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs.work(stop)


@click.command("demo")
@click.option("--port", default=8000, show_default=True, help="The widget server's port.")
@click.option("--shop-port", default=8001, show_default=True, help="The demo shop's port.")
@click.option("--reset", is_flag=True, help="Start again: delete the demo's data.")
def run_demo(port: int, shop_port: int, reset: bool) -> None:
    """Run the widget server and a small shop that uses it, with a program and some history."""
    if port == shop_port:
        raise BadRequest("The widget and the shop need a port each.", field="--shop-port")
    need_free(port, "--port")
    need_free(shop_port, "--shop-port")
    demo.run(port, shop_port, reset=reset)


@contextmanager
def worker_beside() -> Iterator[None]:
    """A worker process for as long as the block runs; one that dies is replaced."""
    worker = _start_worker()  # the first one starts before web processes are forked
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


def connections() -> int:
    """How many connections a process may hold: as many as it may have files open, up to CONNECTIONS_MAX."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else min(CONNECTIONS_MAX, max(soft - OTHER_FILES, 64))


def need_free(port: int, option: str, host: str = "127.0.0.1") -> None:
    """Raises ClickException naming `option` when the port is taken: two servers on one would share its callers."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as taken:
            raise click.ClickException(f"Port {port} is taken: choose another by {option}.") from taken
