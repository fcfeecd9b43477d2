"""A WordPress of Debian's package with WooCommerce, in a folder of its own, served on loopback.

MariaDB listens on a socket in that folder only, and WordPress may call loopback only.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

WORDPRESS = Path("/usr/share/wordpress")
PHP = Path(__file__).parent / "php"
PROGRAMS = {
    "php": "php-cli with php-mysql php-curl php-xml php-mbstring php-gd php-intl php-zip",
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
}
STARTS_WITHIN_SECONDS = 60
PASSWORD = "fern-and-fjord"

CONFIG = """<?php
define( 'DB_NAME', 'shop' ); define( 'DB_USER', 'root' ); define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:{socket}' ); define( 'DB_CHARSET', 'utf8mb4' ); define( 'DB_COLLATE', '' );
foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $one ) {{
	define( $one . '_KEY', '{salt}' . $one ); define( $one . '_SALT', '{salt}' . $one . '_SALT' );
}}
{addresses}
define( 'DISABLE_WP_CRON', true ); define( 'AUTOMATIC_UPDATER_DISABLED', true ); define( 'FS_METHOD', 'direct' );
define( 'WP_HTTP_BLOCK_EXTERNAL', true ); define( 'WP_ACCESSIBLE_HOSTS', 'localhost,127.0.0.1' );
define( 'WP_DEBUG', true ); define( 'WP_DEBUG_DISPLAY', false ); define( 'WP_DEBUG_LOG', '{log}' );
// WooCommerce takes keys as a plain header over https only; here both servers are on one machine.
if ( isset( $_SERVER['PHP_AUTH_USER'] ) ) {{ $_SERVER['HTTPS'] = 'on'; }}
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {{ define( 'ABSPATH', __DIR__ . '/' ); }}
require_once ABSPATH . 'wp-settings.php';
"""
ONE_SITE = "define( 'WP_HOME', '{home}' ); define( 'WP_SITEURL', '{home}' );"
NETWORK = """define( 'MULTISITE', true ); define( 'SUBDOMAIN_INSTALL', false );
define( 'DOMAIN_CURRENT_SITE', '{host}' ); define( 'PATH_CURRENT_SITE', '/' );
define( 'SITE_ID_CURRENT_SITE', 1 ); define( 'BLOG_ID_CURRENT_SITE', 1 );"""
SECOND = "/second"


def missing() -> str:
    """Returns in one line what this machine lacks; empty text when nothing is missing."""
    if not (WORDPRESS / "wp-load.php").exists():
        return "WordPress is missing: apt-get install wordpress wordpress-theme-twentytwentyone"
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            return f"{program} is missing: apt-get install {package}"
    if not os.environ.get("WOOCOMMERCE_ZIP"):
        return "WooCommerce is missing: set WOOCOMMERCE_ZIP to its zip file (with WordPress 6.1 up to version 7.9)"
    if not Path(os.environ["WOOCOMMERCE_ZIP"]).is_file():
        return f"WOOCOMMERCE_ZIP names no file: {os.environ['WOOCOMMERCE_ZIP']}"
    return ""


@dataclass(frozen=True)
class Left:
    """What the plugin has in the database of a site, and the site's orders, the newest first."""

    options: list[str]
    autoload: list[str]
    keys: list[str]
    webhooks: list[dict[str, str]]
    meta: list[str]
    orders: list[dict[str, Any]]
    in_tables: bool
    in_posts: int

    def is_nothing(self) -> bool:
        """Returns whether nothing is left."""
        return not (self.options or self.keys or self.webhooks or self.meta)


class Site:
    """The running site: `home` is its address, without a slash at its end."""

    def __init__(
        self, folder: Path, storage: Literal["posts", "tables"] = "posts", *, is_network: bool = False
    ) -> None:
        """Set the site up in an empty folder and start it; raises CalledProcessError with the reason on stderr.

        `storage` is where orders are. A network has a second site below SECOND, whose orders are in tables.
        """
        self.folder, self.storage, self.is_network = folder, storage, is_network
        self.root = folder / "wordpress"
        self.port = free_port()
        self.host = f"localhost:{self.port}"
        self.home = f"http://{self.host}"
        self.log = folder / "wordpress.log"
        self._children: list[subprocess.Popen[bytes]] = []
        try:
            self._start_database()
            self._unpack()
            self._start_php()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both servers."""
        for child in reversed(self._children):
            os.killpg(child.pid, signal.SIGTERM)  # PHP's workers outlive their parent
        for child in self._children:
            child.wait(timeout=60)

    def run(self, script: str, *words: str, path: str = "/") -> str:
        """Returns what a script of the folder `php` prints, run inside the site at `path` of this WordPress."""
        limits = ["-d", "memory_limit=512M", "-d", "display_errors=stderr"]
        command = ["php", *limits, str(PHP / script), str(self.root), *words]
        env = {**os.environ, "SITE_HOST": self.host, "SITE_PATH": path.rstrip("/") + "/"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            raise RuntimeError(f"{script}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
        return done.stdout.strip()

    def left(self, path: str = "/") -> Left:
        """Returns what the plugin has in the database of the site at `path`."""
        return Left(**json.loads(self.run("left.php", path=path).splitlines()[-1]))

    def versions(self) -> str:
        """Returns the versions of WordPress, WooCommerce and PHP, and where orders are."""
        wordpress, woocommerce = self._installed.split()[-1], self._filled.splitlines()[-1].split()[0]
        php = subprocess.run(["php", "-r", "echo PHP_VERSION;"], capture_output=True, text=True, check=True).stdout
        network = "a network of two sites, " if self.is_network else ""
        return f"WordPress {wordpress}, WooCommerce {woocommerce}, PHP {php}, {network}orders in {self.storage}"

    def complaints(self, name: str) -> list[str]:
        """Returns the lines of PHP's log that name a file of this plugin."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [line for line in lines if f"/plugins/{name}/" in line]

    def _start_database(self) -> None:
        data, self._socket = self.folder / "mysql", self.folder / "mysql.sock"
        user = [f"--user={os.environ.get('USER') or 'root'}"] if os.geteuid() == 0 else []
        install = [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
        ]
        subprocess.run([*install, *user], check=True, capture_output=True)
        server = ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={self._socket}", "--skip-networking"]
        speed = ["--innodb-flush-log-at-trx-commit=0", f"--pid-file={self.folder / 'mysql.pid'}"]
        self._start([*server, *speed, *user], {})
        wait_for(self._socket.exists)
        for _ in range(STARTS_WITHIN_SECONDS * 5):
            made = ["mariadb", "--no-defaults", f"--socket={self._socket}", "-uroot", "-e", "CREATE DATABASE shop"]
            if subprocess.run(made, capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.2)
        raise RuntimeError("MariaDB does not start")

    def _unpack(self) -> None:
        shutil.copytree(WORDPRESS, self.root, ignore_dangling_symlinks=True)
        self._salt = os.urandom(24).hex()
        (self.root / "wp-config.php").unlink(missing_ok=True)
        self._configure(ONE_SITE)
        with zipfile.ZipFile(os.environ["WOOCOMMERCE_ZIP"]) as packed:
            packed.extractall(self.root / "wp-content" / "plugins")
        (self.root / "wp-content" / "mu-plugins").mkdir()
        shutil.copy(PHP / "loopback.php", self.root / "wp-content" / "mu-plugins")
        self._installed = self.run("install.php", PASSWORD)
        if self.is_network:
            self.run("network.php")
            self._configure(NETWORK)
            self.run("second.php", f"{SECOND}/")
            self.run("fill.php", PASSWORD, "tables", path=SECOND)
        self._filled = self.run("fill.php", PASSWORD, self.storage)

    def _configure(self, addresses: str) -> None:
        facts = {"socket": self._socket, "salt": self._salt, "log": self.log}
        named = addresses.format(home=self.home, host=self.host)
        (self.root / "wp-config.php").write_text(CONFIG.format(addresses=named, **facts))

    def _start_php(self) -> None:
        listen = ["-S", f"127.0.0.1:{self.port}", "-t", str(self.root), str(PHP / "router.php")]
        limits = ("memory_limit=512M", "upload_max_filesize=32M", "display_errors=0", "opcache.enable_cli=1")
        self._start(
            ["php", *(word for limit in limits for word in ("-d", limit)), *listen], {"PHP_CLI_SERVER_WORKERS": "6"}
        )
        wait_for(lambda: is_open(self.port))

    def _start(self, command: list[str], further: dict[str, str]) -> None:
        log = (self.folder / f"{Path(command[0]).name}.log").open("wb")
        env = {**os.environ, **further}
        self._children.append(
            subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        )


def free_port() -> int:
    """Returns a port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    """Returns whether something listens on this port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(is_ready) -> None:  # type: ignore[no-untyped-def] # not part of the package
    """Wait until a function returns True; raises TimeoutError."""
    for _ in range(STARTS_WITHIN_SECONDS * 10):
        if is_ready():
            return
        time.sleep(0.1)
    raise TimeoutError("it does not start")
