"""Applying a program file: its differences from what the shop has (`plan`), and writing them (`apply`)."""

from widget_server.db import atomic, lock_rows
from widget_server.events import ProgramChanged, emit
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file import checks, current, writing
from widget_server.program_file.changes import Change, differences
from widget_server.program_file.facts import ProgramFile


def plan(shop: Shop, file: ProgramFile) -> list[Change]:
    """Returns what `apply` would change; changes nothing itself.

    Raises BadRequest (BadTransition for `program.status`) with the path of what does not fit this shop: an
    unknown tier, a rule that would change its kind, an end before its start; NotWholeCoins for an amount off with more
    decimal places than the shop's currency; LowContrast for a new colour of the widget that is too pale.
    """
    known, wanted = current.of(shop), checks.in_zone(file, shop.timezone)
    checks.check(shop, known, wanted)
    return list(differences(known, wanted))


def apply(shop: Shop, file: ProgramFile) -> list[Change]:
    """Apply the file to the shop's program, as a whole or not at all; returns what changed.

    Applied again it changes nothing. Rules and rewards that the file no longer lists are archived, never
    deleted: past rows refer to them; one that is listed again is the same row. Raises BadRequest, BadTransition,
    NotWholeCoins and LowContrast as `plan` does.
    """
    with atomic():
        lock_rows(Program.of(shop)).get()  # serialises two files at once
        changes = plan(shop, file)
        if changes:
            writing.write(shop, checks.in_zone(file, shop.timezone), changes)
            emit(ProgramChanged(shop.id))
        return changes
