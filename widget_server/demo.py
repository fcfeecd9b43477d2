"""The demo: this server and a small shop beside it, each a process of its own (README, `make demo`).

The shop knows us by the public contract only; what it needs is handed over in one file.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

PROGRAM = Path(__file__).with_name("demo_shop") / "program.yaml"
READY_SECONDS = 60


def run(port: int, shop_port: int, *, reset: bool) -> None:
    """Set up what is missing, start both, print their addresses, and stop both when stopped."""
    instance = Path(os.environ.get("WIDGET_INSTANCE", "instance")).resolve()
    home = instance / "demo"
    if reset and home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    for one in (port, shop_port):
        _need_free(one)
    env = _environment(instance, home, port)
    _call(env, "upgrade")
    config = home / "shop.json"
    fresh = not config.exists()
    if fresh:
        _set_up(env, home, config, port, shop_port)
    children = [_start(env, "-m", "widget_server.cli", "serve", "--port", str(port), "--workers", "1")]
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", children[0])
        if fresh:
            _shop(env, "seed", "--config", str(config))
        children.append(
            _start(env, "-m", "widget_server.demo_shop", "serve", "--port", str(shop_port), "--config", str(config))
        )
        _wait(f"http://127.0.0.1:{shop_port}/", children[1])
        click.echo("Ready.")
        click.echo(
            f"  the shop:    http://shop.localhost:{shop_port}   (mails: /mail, the owner's side: /admin/orders)"
        )
        click.echo(f"  the widget:  http://widget.localhost:{port}")
        click.echo("  log in at the shop as mara@fjord.example with the password fern-and-fjord; Ctrl-C stops both.")
        _until_stopped(children)
    finally:
        for child in reversed(children):
            _stop(child)


def _environment(instance: Path, home: Path, port: int) -> dict[str, str]:
    secret = home / "secret-key"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(48))
    return {
        **os.environ,
        "WIDGET_INSTANCE": str(home),
        "WIDGET_SECRET_KEY": secret.read_text(),
        "WIDGET_BASE_URL": f"http://widget.localhost:{port}",
        "DATABASE_URL": f"sqlite:///{home / 'loyalty.db'}",
        "WIDGET_MAIL_URL": f"file://{instance / 'mail'}",
        "WIDGET_MAIL_FROM": "Fjord & Fern <hello@fjord.example>",
    }


def _set_up(env: dict[str, str], home: Path, config: Path, port: int, shop_port: int) -> None:
    """Make the shop and its program through the public shell, as an owner would."""
    origins = [f"http://shop.localhost:{shop_port}", f"http://127.0.0.1:{shop_port}"]
    made: dict[str, Any] = json.loads(
        _call(
            env, "shop", "create", "--name", "Fjord & Fern", "--origin", origins[0], "--origin", origins[1],
            "--currency", "EUR", "--timezone", "Europe/Berlin", "--locale", "en", "--json",
        )
    )  # fmt: skip
    _call(env, "program", "apply", str(PROGRAM), "--shop", made["shop_id"])
    facts = {
        **{name: made[name] for name in ("shop_id", "embed_key", "identity_secret", "webhook_secret", "webhook_urls")},
        "script_tag": made["script_tag"],
        "widget_url": f"http://widget.localhost:{port}",
        "origin": origins[0],
        "database": str(home / "shop.db"),
        "mail_dir": env["WIDGET_MAIL_URL"].removeprefix("file://"),
        "secret_key": secrets.token_urlsafe(32),
        "currency": "EUR",
    }
    config.touch(mode=0o600)
    config.write_text(json.dumps(facts, indent=1))


def _call(env: dict[str, str], *words: str) -> str:
    done = subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-m", "widget_server.cli", *words], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(done.stderr.strip() or f"{words[0]} failed")
    return done.stdout


def _shop(env: dict[str, str], *words: str) -> None:
    subprocess.run(  # noqa: S603 -- the demo's own shop
        [sys.executable, "-m", "widget_server.demo_shop", *words], env=env, check=True, stdout=subprocess.DEVNULL
    )


def _start(env: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *words], env=env, start_new_session=True)  # noqa: S603 -- ourselves


def _wait(address: str, child: subprocess.Popen[bytes]) -> None:
    for _ in range(READY_SECONDS * 10):
        if child.poll() is not None:
            raise click.ClickException(f"{address} did not start (exit {child.returncode}).")
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address, timeout=2):  # noqa: S310
            return
        time.sleep(0.1)
    raise click.ClickException(f"{address} was not ready within {READY_SECONDS} seconds.")


def _until_stopped(children: list[subprocess.Popen[bytes]]) -> None:
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: stopped.append(got))
    while not stopped:
        if any(child.poll() is not None for child in children):
            raise click.ClickException("One of the two ended by itself; see above.")
        time.sleep(0.2)


def _stop(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()


def _need_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            raise click.ClickException(f"Port {port} is taken: choose another by --port or --shop-port.") from taken
