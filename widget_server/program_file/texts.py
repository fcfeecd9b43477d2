"""A program file as a text that staff read and send: its present form, its plan, and each fault with its line."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from widget_server.db import atomic
from widget_server.errors import BadRequest, Refusal, StaleRevision
from widget_server.json_types import JsonObject
from widget_server.loyalty import audit_log
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file import apply, current, dumping, reading
from widget_server.program_file.changes import Change
from widget_server.program_file.schema import parse

LENGTH_MAX = 100_000  # characters; a large program has a fifth of it
LINE = re.compile(r"\(line (\d+)\)")  # of the reader
NOTED_MAX = 50  # changes that the entry of the audit log repeats


@dataclass(frozen=True)
class Plan:
    """What a file would change. `mark` stands for exactly these changes: `apply_text` makes no others."""

    changes: list[Change]

    @property
    def mark(self) -> str:
        """The digest of the changes."""
        return hashlib.sha256("\n".join(map(str, self.changes)).encode()).hexdigest()


@dataclass(frozen=True)
class Fault:
    """What is wrong in a file: the path of the field, its line (None where it has none), and a sentence."""

    field: str
    line: int | None
    sentence: str


def present(shop: Shop) -> str:
    """Returns the shop's program as the text of a file."""
    return dumping.text_of(current.of(shop))


def plan_text(shop: Shop, text: str) -> Plan:
    """Returns what the file would change. Raises BadRequest, BadTransition, NotWholeCoins, LowContrast."""
    if len(text) > LENGTH_MAX:
        raise BadRequest(f"A program file has up to {LENGTH_MAX:,} characters.", field="file")
    return Plan(apply.plan(shop, parse(text)))


def apply_text(shop: Shop, text: str, mark: str) -> Plan:
    """Apply the file if it still makes the changes of `mark`; returns them.

    Raises StaleRevision when the program changed meanwhile, BadRequest, and what else `plan_text` raises.
    """
    if len(text) > LENGTH_MAX:
        raise BadRequest(f"A program file has up to {LENGTH_MAX:,} characters.", field="file")
    file = parse(text)
    with atomic():
        made = Plan(apply.apply(shop, file))
        if made.mark != mark:
            raise StaleRevision()
        lines = [
            f"{change.kind} {change.what}" + (f" {change.field}" if change.field else "") for change in made.changes
        ]
        if lines:
            facts: JsonObject = {"count": len(lines), "changes": lines[:NOTED_MAX]}
            audit_log.note(shop.id, "apply", "program_file", after=facts)
        return made


def faults(text: str, refused: Refusal) -> list[Fault]:
    """Returns every fault of a refused file, with its line."""
    problems: Sequence[str] = refused.facts.get("problems") or [f"{refused.field or 'file'}: {refused.message}"]
    found = []
    for problem in problems:
        field, _, sentence = problem.partition(": ")
        named = LINE.search(sentence)
        found.append(Fault(field, int(named[1]) if named else reading.line_of(text, field), sentence))
    return sorted(found, key=lambda fault: fault.line or 0)
