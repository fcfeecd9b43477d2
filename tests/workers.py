"""A worker in a process of its own, as an operator starts it, and its sudden end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.make import PROOFS, SECRET
from widget_server import config
from widget_server.job_queue import Job

WAIT_SECONDS = 3600 if PROOFS else 120


@contextmanager
def worker(url: str, instance: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a worker on this database, in the folder of this server or another; ends it as a service manager does."""
    folder = str(instance or config.current().instance)
    facts = {"DATABASE_URL": url, "WIDGET_SECRET_KEY": SECRET, "WIDGET_INSTANCE": folder}
    names = {**facts, "WIDGET_BASE_URL": "http://widget.localhost:8000"}
    process = subprocess.Popen([sys.executable, "-m", "widget_server.cli", "worker"], env={**os.environ, **names})
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_until(enough: Callable[[], bool]) -> None:
    """Waits for what a worker does."""
    end = time.monotonic() + WAIT_SECONDS
    while not enough():
        assert time.monotonic() < end
        time.sleep(0.005)


def killed_in_the_middle(url: str, enough: Callable[[], bool]) -> None:
    """Runs a worker until `enough`, then kills it (-9); its leases run out at once."""
    with worker(url) as process:
        wait_until(enough)
        process.send_signal(signal.SIGKILL)
        process.wait()
    Job.update(run_at=Job.created_at).execute()
