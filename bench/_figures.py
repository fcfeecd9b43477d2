"""Figures of measurements: each beside a floor of the same run, for `table.py`, which puts them together.

A program calls `note` for each of its figures. By itself it only prints them; started by `table.py` it also writes them
to the file that NOTED names.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

NOTED = "BENCH_FIGURES"


@dataclass(frozen=True)
class Figure:
    """What was measured, as text, beside its floor; `ratio` is what carries over to other machines: less is better.

    `goal` is the largest ratio that is good, or None where the goal is not a ratio; `held` says whether it is met.
    """

    name: str
    value: str
    floor: str
    ratio: float
    goal: str = ""
    held: bool | None = None


def note(figure: Figure) -> None:
    """Write the figure for `table.py`, if that runs the program."""
    place = os.environ.get(NOTED)
    if place:
        with Path(place).open("a") as file:
            file.write(json.dumps(asdict(figure)) + "\n")


def of_rounds(
    name: str, ours: Sequence[float], floor: Sequence[float], unit: str, *, goal: float | None = None
) -> Figure:
    """Returns the figure of rounds in each of which both were measured, in `unit`: the medians, and that of the ratios.

    `goal` is a ratio.
    """
    ratio = median(one / other for one, other in zip(ours, floor, strict=True))
    value, least = (f"{median(rounds):.3g} {unit}" for rounds in (ours, floor))
    return Figure(name, value, least, ratio, f"{goal:g} x" if goal else "", None if goal is None else ratio <= goal)


def of_rates(
    name: str, ours: Sequence[float], floor: Sequence[float], *, goal: str = "", held: bool | None = None
) -> Figure:
    """Returns the figure of how often a second; the ratio says how many times fewer than the floor's."""
    value, most = (f"{median(rates):,.0f}/s" for rates in (ours, floor))
    ratio = median(other / one for one, other in zip(ours, floor, strict=True))
    return Figure(name, value, most, ratio, goal, held)
