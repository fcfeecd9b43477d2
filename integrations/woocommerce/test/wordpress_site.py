"""A WordPress of Debian's package with WooCommerce, in a folder of its own, served on loopback.

MariaDB listens on a socket in that folder only, and WordPress may call loopback only.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import zipfile
from pathlib import Path

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
define( 'WP_HOME', '{home}' ); define( 'WP_SITEURL', '{home}' );
define( 'DISABLE_WP_CRON', true ); define( 'AUTOMATIC_UPDATER_DISABLED', true ); define( 'FS_METHOD', 'direct' );
define( 'WP_HTTP_BLOCK_EXTERNAL', true ); define( 'WP_ACCESSIBLE_HOSTS', 'localhost,127.0.0.1' );
define( 'WP_DEBUG', true ); define( 'WP_DEBUG_DISPLAY', false ); define( 'WP_DEBUG_LOG', '{log}' );
// WooCommerce takes keys as a plain header over https only; here both servers are on one machine.
if ( isset( $_SERVER['PHP_AUTH_USER'] ) ) {{ $_SERVER['HTTPS'] = 'on'; }}
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {{ define( 'ABSPATH', __DIR__ . '/' ); }}
require_once ABSPATH . 'wp-settings.php';
"""


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


class Site:
    """The running site: `home` is its address."""

    def __init__(self, folder: Path) -> None:
        """Set the site up in an empty folder and start it; raises CalledProcessError with the reason on stderr."""
        self.folder = folder
        self.root = folder / "wordpress"
        self.port = free_port()
        self.home = f"http://localhost:{self.port}"
        self.log = folder / "wordpress.log"
        self._children: list[subprocess.Popen[bytes]] = []
        self._start_database()
        self._unpack()
        self._start_php()

    def stop(self) -> None:
        """Stop both servers."""
        for child in reversed(self._children):
            os.killpg(child.pid, signal.SIGTERM)  # PHP's workers outlive their parent
        for child in self._children:
            child.wait(timeout=60)

    def run(self, script: str, *words: str) -> str:
        """Returns what a script of the folder `php` prints, run inside this WordPress."""
        command = ["php", "-d", "memory_limit=512M", "-d", "display_errors=stderr", str(PHP / script), str(self.root)]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            raise RuntimeError(f"{script}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
        return done.stdout.strip()

    def versions(self) -> str:
        """Returns the versions of WordPress and WooCommerce."""
        return f"WordPress {self._installed.split()[-1]}, WooCommerce {self._filled.splitlines()[-1].split()[0]}"

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
        facts = {"socket": self._socket, "salt": os.urandom(24).hex(), "home": self.home, "log": self.log}
        (self.root / "wp-config.php").unlink(missing_ok=True)
        (self.root / "wp-config.php").write_text(CONFIG.format(**facts))
        with zipfile.ZipFile(os.environ["WOOCOMMERCE_ZIP"]) as packed:
            packed.extractall(self.root / "wp-content" / "plugins")
        (self.root / "wp-content" / "mu-plugins").mkdir()
        shutil.copy(PHP / "loopback.php", self.root / "wp-content" / "mu-plugins")
        self._installed = self.run("install.php", PASSWORD)
        self._filled = self.run("fill.php", PASSWORD)

    def _start_php(self) -> None:
        listen = ["-S", f"127.0.0.1:{self.port}", "-t", str(self.root), str(PHP / "router.php")]
        limits = [
            "-d",
            "memory_limit=512M",
            "-d",
            "upload_max_filesize=32M",
            "-d",
            "display_errors=0",
            "-d",
            "opcache.enable_cli=1",
        ]
        self._start(["php", *limits, *listen], {"PHP_CLI_SERVER_WORKERS": "6"})
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
