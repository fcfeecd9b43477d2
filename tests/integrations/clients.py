"""Calls the clients of integrations/clients, each in its own runtime."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / "integrations" / "clients"
RUNTIMES = {"python": sys.executable, "javascript": "node", "php": "php"}
ENDINGS = {"python": "py", "javascript": "mjs", "php": "php"}

Task = tuple[str, list[Any]]


def run(language: str, tasks: list[Task]) -> list[Any]:
    """The results of these calls, in their order."""
    program = shutil.which(RUNTIMES[language])
    assert program, f"{RUNTIMES[language]} is missing: `make {RUNTIMES[language]}` or README says how to install it"
    line = [program, str(HERE / f"run.{ENDINGS[language]}"), str(CLIENTS)]
    sent = json.dumps([{"call": call, "args": args} for call, args in tasks])
    ended = subprocess.run(line, input=sent, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    results: list[Any] = json.loads(ended.stdout)
    assert len(results) == len(tasks)
    return results
