"""Applying a program file: how it differs from what the shop has (`plan`), and making it so (`apply`)."""

from widget_server.db import atomic, lock_rows
from widget_server.events import ProgramChanged, emit
from widget_server.loyalty.program.programs import Program
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file import checks, current, writing
from widget_server.program_file.changes import Change, differences
from widget_server.program_file.facts import ProgramFile


def plan(shop: Shop, file: ProgramFile) -> list[Change]:
    """What `apply` would change; changes nothing itself.

    Raises BadRequest (BadTransition for `program.status`) with the path of what does not fit this shop: a tier
    that there is not, a rule that would change its kind, something that ends before it starts; NotWholeCoins for an
    amount off that the shop's currency has no coins for.
    """
    known, wanted = current.of(shop), checks.in_zone(file, shop.timezone)
    checks.check(shop, known, wanted)
    return list(differences(known, wanted))


def apply(shop: Shop, file: ProgramFile) -> list[Change]:
    """Make the shop's program what the file says, whole or not at all; returns what changed.

    Applied again it changes nothing. Rules and rewards that the file no longer lists are archived, never
    deleted: past rows refer to them; one that comes back is the same one. Raises BadRequest, BadTransition and
    NotWholeCoins as `plan` does.
    """
    with atomic():
        lock_rows(Program.of(shop)).get()  # two files at once take turns
        changes = plan(shop, file)
        if changes:
            writing.write(shop, checks.in_zone(file, shop.timezone), changes)
            emit(ProgramChanged(shop.id))
        return changes
