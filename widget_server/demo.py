"""The demo: this server and a small shop, each in its own process (README, `make demo`).

The shop uses only the public API; everything that it needs is in one configuration file.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

PROGRAM = Path(__file__).parents[1] / "demo_shop" / "program.yaml"
OWNER = "owner@fjord.example"
READY_SECONDS = 60
STOP_SECONDS = 45


def run(port: int, shop_port: int, *, reset: bool) -> None:
    """Set up what is missing, start both processes, print their addresses, and stop both at the end.

    Raises ClickException when the demo was made for other ports, or when one of the two does not start.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # also where the shell made us ignore SIGINT
        signal.signal(number, signal.default_int_handler)
    instance = Path(os.environ.get("WIDGET_INSTANCE", "instance")).resolve()
    home = instance / "demo"
    config, whole = home / "shop.json", home / "whole"
    if home.exists() and (reset or not whole.exists()):  # an interrupted setup starts again
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    env = _environment(instance, home, port)
    _call(env, "upgrade")
    if not whole.exists():
        _set_up(env, home, config, port, shop_port)
    _need_same(json.loads(config.read_text()), port, shop_port)
    children: list[subprocess.Popen[bytes]] = []
    try:
        children.append(_start(env, "-m", "widget_server.cli", "serve", "--port", str(port), "--workers", "1"))
        _wait(f"http://127.0.0.1:{port}/readyz", children[0])
        if not whole.exists():
            _shop(env, "seed", "--config", str(config))
            _shop(env, "spend", "--config", str(config))
            whole.touch()
        children.append(_start(env, "-m", "demo_shop", "serve", "--port", str(shop_port), "--config", str(config)))
        _wait(f"http://127.0.0.1:{shop_port}/", children[1])
        owner_link = _owner_link(env, config)
        click.echo("Ready.")
        click.echo(f"  the shop:    {_shop_url(shop_port)}   (mails: /mail, the owner's side: /admin/orders)")
        click.echo(f"  the widget:  {_widget_url(port)}")
        click.echo(f"  the owner:   {owner_link}")
        click.echo("  log in at the shop as mara@fjord.example with the password fern-and-fjord; Ctrl-C stops both.")
        _until_one_ends(children)
    except KeyboardInterrupt:
        click.echo("Stopped.")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # already stopping
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
        "WIDGET_BASE_URL": _widget_url(port),
        "DATABASE_URL": f"sqlite:///{home / 'loyalty.db'}",
        "WIDGET_MAIL_URL": f"file://{instance / 'mail'}",
        "WIDGET_MAIL_FROM": "Fjord & Fern <hello@fjord.example>",
    }


def _set_up(env: dict[str, str], home: Path, config: Path, port: int, shop_port: int) -> None:
    """Create the shop and its program through the public command line, as an owner would."""
    origins = [_shop_url(shop_port), f"http://127.0.0.1:{shop_port}"]
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
        "widget_url": _widget_url(port),
        "origin": origins[0],
        "database": str(home / "shop.db"),
        "mail_dir": env["WIDGET_MAIL_URL"].removeprefix("file://"),
        "secret_key": secrets.token_urlsafe(32),
        "currency": "EUR",
    }
    config.touch(mode=0o600)
    config.write_text(json.dumps(facts, indent=1))


def _owner_link(env: dict[str, str], config: Path) -> str:
    """Returns a link that signs the demo's owner in to the dashboard, once."""
    shop_id = json.loads(config.read_text())["shop_id"]
    return _call(env, "staff", "link", "--shop", shop_id, "--email", OWNER, "--hire", "owner").strip()


def _need_same(facts: dict[str, Any], port: int, shop_port: int) -> None:
    """Raises ClickException for other ports than at setup: both sides store the shop's origin and the widget's URL."""
    made = (facts["widget_url"], facts["origin"])
    if made != (_widget_url(port), _shop_url(shop_port)):
        raise click.ClickException(f"The demo was made for {made[0]} and {made[1]}: use these ports, or --reset.")


def _widget_url(port: int) -> str:
    return f"http://widget.localhost:{port}"


def _shop_url(shop_port: int) -> str:
    return f"http://shop.localhost:{shop_port}"


def _call(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-m", "widget_server.cli", *arguments], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(done.stderr.strip() or f"{arguments[0]} failed")
    return done.stdout


def _shop(env: dict[str, str], *arguments: str) -> None:
    subprocess.run(  # noqa: S603 -- the demo's own shop
        [sys.executable, "-m", "demo_shop", *arguments], env=env, check=True, stdout=subprocess.DEVNULL
    )


def _start(env: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *arguments], env=env, start_new_session=True)  # noqa: S603 -- ourselves


def _wait(address: str, child: subprocess.Popen[bytes]) -> None:
    for _ in range(READY_SECONDS * 10):
        if child.poll() is not None:
            raise click.ClickException(f"{address} did not start (exit {child.returncode}).")
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address, timeout=2):  # noqa: S310
            return
        time.sleep(0.1)
    raise click.ClickException(f"{address} was not ready within {READY_SECONDS} seconds.")


def _until_one_ends(children: list[subprocess.Popen[bytes]]) -> None:
    while all(child.poll() is None for child in children):
        time.sleep(0.2)
    raise click.ClickException("The server or the shop ended by itself; see above.")


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Terminate the child; after STOP_SECONDS kill its whole process group, which it leads."""
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
