"""One process for each step. It has a database, a key and a clock of its own, so it can reach nothing real.

A server of Python's `multiprocessing` has the code loaded once and forks for each step. The first step waits for it.
"""

import multiprocessing
import threading
from datetime import datetime
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext

from widget_server import errors
from widget_server.errors import BadRequest, Busy, Refusal
from widget_server.loyalty.preview.steps import Outcome, Step
from widget_server.preview import opened

LOADED = ("widget_server.preview.opened", "widget_server.cli")
AT_ONCE = 2
WAIT_SECONDS = 10
STEP_SECONDS = 60

_turns = threading.BoundedSemaphore(AT_ONCE)
Reply = Outcome | tuple[str, str, str | None, dict[str, object]]


def run(contents: bytes | None, moment: datetime, step: Step) -> Outcome:
    """Carry out a step in the copy with these contents (None: a new one), at its time; returns what came of it.

    Raises Busy when too many run or it takes too long, the refusals of the step, and RuntimeError when it broke off.
    """
    if not _turns.acquire(timeout=WAIT_SECONDS):
        raise Busy()
    try:
        reply = _reply(contents, moment, step)
    finally:
        _turns.release()
    if isinstance(reply, Outcome):
        return reply
    name, message, field, facts = reply
    raise _refusal(name, message, field, facts)


def _reply(contents: bytes | None, moment: datetime, step: Step) -> Reply:
    context = _context()
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_carry_out, args=(theirs, contents, moment, step), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(STEP_SECONDS):
            raise Busy()
        reply: Reply = ours.recv()
        return reply
    except EOFError:
        raise RuntimeError("the step of a preview copy broke off") from None
    finally:
        ours.close()
        process.kill()
        process.join()


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    return context


def _carry_out(reply: "Connection", contents: bytes | None, moment: datetime, step: Step) -> None:
    """Run in the process of the step: send the outcome, or the refusal as plain values."""
    try:
        outcome: Reply = opened.carry_out(contents, moment, step)
    except Refusal as refusal:
        outcome = (type(refusal).__name__, refusal.message, refusal.field, refusal.facts)
    reply.send(outcome)
    reply.close()


def _refusal(name: str, message: str, field: str | None, facts: dict[str, object]) -> Refusal:
    """Returns the refusal of this class, as it was raised in the other process."""
    kind: type[Refusal] = getattr(errors, name, BadRequest)
    refusal = kind.__new__(kind)  # each class has arguments of its own
    Refusal.__init__(refusal, message, field=field, **facts)
    return refusal
