"""All measured goals as one table, for both databases: each figure beside its floor of the same run.

    python -m bench.table [--store] [PROGRAM ...]      all programs, or those named

It fails when a ratio is more than a fifth worse than in figures.json, which `--store` writes, with the commit and the
machine: on a quiet one.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench._figures import NOTED, Figure
from bench._house import has_postgres, postgres

STORED = Path(__file__).with_name("figures.json")
WORSE = 1.2
ROUNDS = 5  # of programs that measure once
PROGRAMS: dict[str, tuple[str, ...]] = {  # with their arguments
    "ratios": (),
    "callers": ("2",),
    "commits": ("1",),
    "bulk": ("3000", "0"),
    "audit": ("3000",),
    "loader": (),
    "panel": (),
}
ONCE = ("bulk", "audit")
ON_BOTH = ("callers", "bulk")  # by BENCH_URL; `ratios` takes both by itself, and the others need no database or SQLite


def main() -> None:
    """Run the programs and print the table; exit with 1 when a figure is worse than the stored one."""
    wanted = [one for one in sys.argv[1:] if not one.startswith("-")] or list(PROGRAMS)
    figures = [figure for name in wanted for figure in _run(name)]
    stored = json.loads(STORED.read_text()) if STORED.exists() else {"ratios": {}}
    worse = [one for one in figures if _is_worse(one, stored["ratios"])]
    print(f"\n{'':52}{'measured':>16}{'its floor':>16}{'ratio':>9}{'stored':>9}  goal")
    for one in figures:
        before = stored["ratios"].get(one.name)
        goal = f"{one.goal}{'' if one.held is None else '  held' if one.held else '  missed'}"
        print(f"{one.name:52}{one.value:>16}{one.floor:>16}{one.ratio:9.2f}{before or '-':>9}  {goal}")
    if "--store" in sys.argv:
        _store(stored["ratios"], figures)
    elif worse:
        sys.exit("a fifth worse than stored: " + ", ".join(one.name for one in worse))


def _run(name: str) -> list[Figure]:
    """Run a program on each database that it is for; returns its figures."""
    if name not in ON_BOTH:
        return _measured(name, {})
    found = [replace(one, name=f"sqlite: {one.name}") for one in _measured(name, {})]
    if has_postgres():
        with postgres() as url:
            found += [replace(one, name=f"postgres: {one.name}") for one in _measured(name, {"BENCH_URL": url})]
    return found


def _measured(name: str, named: dict[str, str]) -> list[Figure]:
    """Returns the figures of a program; of one that measures once, those of the round with the median ratio."""
    rounds = defaultdict[str, list[Figure]](list)
    for _ in range(ROUNDS if name in ONCE else 1):
        for figure in _noted(name, named):
            rounds[figure.name].append(figure)
    return [sorted(each, key=lambda one: one.ratio)[len(each) // 2] for each in rounds.values()]


def _noted(name: str, named: dict[str, str]) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "figures"
        noted.touch()
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"bench.{name}", *PROGRAMS[name]]
        subprocess.run(command, check=True, env={**os.environ, **named, NOTED: str(noted)})
        return [Figure(**json.loads(line)) for line in noted.read_text().splitlines()]


def _is_worse(figure: Figure, stored: dict[str, float]) -> bool:
    before = stored.get(figure.name)
    return before is not None and figure.ratio > before * WORSE


def _store(before: dict[str, float], figures: list[Figure]) -> None:
    """Write the ratios, and keep those of programs that did not run."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    ratios: dict[str, Any] = {**before, **{one.name: round(one.ratio, 2) for one in figures}}
    STORED.write_text(json.dumps({"commit": commit.strip(), "machine": machine, "ratios": ratios}, indent=1) + "\n")


if __name__ == "__main__":
    main()
