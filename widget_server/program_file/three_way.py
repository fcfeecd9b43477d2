"""Putting a draft onto a program that changed meanwhile, object by object.

Three files take part: what the draft began with (`base`), the draft (`wanted`), and what the shop has now (`live`). An
object is a section, or an entry of it (`rewards.mug`). The draft says something of an object when it differs between
`base` and `wanted`; when the shop changed the same object meanwhile, in another way, both are in conflict.
"""

from dataclasses import dataclass, replace

from widget_server.program_file.facts import Facts, ProgramFile, Things

STATUS = "program.status"  # an object of its own: the program is paused while somebody edits its settings


@dataclass(frozen=True)
class Conflict:
    """An object that the draft and the shop changed in different ways; None where it does not exist."""

    what: str
    base: Facts | None
    live: Facts | None
    draft: Facts | None


def objects(file: ProgramFile) -> dict[str, Facts]:
    """Returns the facts of every object of a file, by its name."""
    found: dict[str, Facts] = {}
    for name, facts in file.single.items():
        if facts is not None:
            found[name] = {fact: value for fact, value in facts.items() if (name, fact) != ("program", "status")}
    if file.program is not None:
        found[STATUS] = {"status": file.program.get("status")}
    for section, things in file.listed.items():
        found |= {f"{section}.{name}": facts for name, facts in (things or {}).items()}
    return found


def touched(base: ProgramFile, wanted: ProgramFile) -> list[str]:
    """Returns the objects that the draft changes, adds or removes; all sections of both files are given."""
    was, now = objects(base), objects(wanted)
    return [name for name in dict.fromkeys((*was, *now)) if was.get(name) != now.get(name)]


def conflicts(base: ProgramFile, wanted: ProgramFile, live: ProgramFile) -> list[Conflict]:
    """Returns the objects that were changed on both sides, each in another way."""
    was, now, present = objects(base), objects(wanted), objects(live)
    return [
        Conflict(name, was.get(name), present.get(name), now.get(name))
        for name in touched(base, wanted)
        if present.get(name) not in (was.get(name), now.get(name))
    ]


def merged(base: ProgramFile, wanted: ProgramFile, live: ProgramFile) -> ProgramFile:
    """Returns what the shop has, with the objects that the draft changes as the draft has them."""
    names = set(touched(base, wanted))
    single = {name: {**(facts or {}), **_own(name, wanted, names)} for name, facts in live.single.items()}
    lists = {
        section: _listed(section, base.listed[section] or {}, wanted.listed[section] or {}, things or {}, names)
        for section, things in live.listed.items()
    }
    return ProgramFile(**single, **{_field(section): things for section, things in lists.items()})


def with_object(file: ProgramFile, what: str, facts: Facts | None) -> ProgramFile:
    """Returns the file with one object set to these facts; None removes an entry of a list."""
    if what == STATUS:
        return replace(file, program={**(file.program or {}), **(facts or {})})
    if what in file.single:
        return replace(file, **{what: {**(file.single[what] or {}), **(facts or {})}})
    section = next(name for name in file.listed if what.startswith(f"{name}."))
    things, name = dict(file.listed[section] or {}), what.removeprefix(f"{section}.")
    if facts is None:
        things.pop(name, None)
    else:
        things[name] = facts
    return replace(file, **{_field(section): things})


def completed(file: ProgramFile, known: ProgramFile) -> ProgramFile:
    """Returns the file with the sections of `known` that it leaves out."""
    missing = {name: facts for name, facts in known.single.items() if file.single[name] is None}
    missing_lists = {_field(name): things for name, things in known.listed.items() if file.listed[name] is None}
    status = (file.program or {"status": None}).get("status")
    whole = replace(file, **missing, **missing_lists)
    if status is None and whole.program is not None:
        whole = replace(whole, program={**whole.program, "status": (known.program or {}).get("status")})
    return whole


def _own(name: str, wanted: ProgramFile, names: set[str]) -> Facts:
    """What of a single section the draft sets."""
    now = objects(wanted)
    own = dict(now[name]) if name in names else {}
    return own | (now[STATUS] if name == "program" and STATUS in names else {})


def _listed(section: str, base: Things, wanted: Things, live: Things, names: set[str]) -> Things:
    """A list in the order of the shop, or in that of the draft if the draft changed it; new entries come last."""
    kept = [name for name in wanted if name in base]
    is_moved = kept != [name for name in base if name in wanted]
    order = dict.fromkeys((*wanted, *live) if is_moved else (*live, *wanted))
    chosen = {name: wanted.get(name) if f"{section}.{name}" in names else live.get(name) for name in order}
    return {name: facts for name, facts in chosen.items() if facts is not None}


def _field(section: str) -> str:
    return "levels" if section == "tiers.levels" else section
