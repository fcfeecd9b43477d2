"""Free-text search over the searchable fields of an entity (wix-api §4: SearchDetails)."""

from collections.abc import Mapping

from widget_server.db import Condition
from widget_server.web.query.conditions import ALL, all_of, any_of, contains, needs_folding, resembles
from widget_server.web.query.fields import Field
from widget_server.web.query.parsing import read_choice, read_list, read_object, read_text, wrong
from widget_server.web.query.weight import SLIP, Weight, of_text

EXPRESSION_LENGTH_MAX = 100
FIELDS_MAX = 20
FUZZY_LENGTHS = range(4, 31)  # in a shorter word a typo makes another word


def condition(fields: Mapping[str, Field], requested: object, path: str, weight: Weight | None = None) -> Condition:
    """Returns the condition for `requested`, the JSON at `path`: words anywhere in a field, ignoring case.

    mode OR (the default): one of the words is enough; AND: each must occur, not necessarily in the same field. fuzzy:
    one typo in each word of four letters or more is ignored. Without words, all rows match. Adds its cost to `weight`.
    Raises BadRequest naming what is invalid or too costly.
    """
    weight = weight or Weight()
    requested = read_object(requested, ("expression", "mode", "fields", "fuzzy"), path)
    words = dict.fromkeys(read_text(requested, "expression", EXPRESSION_LENGTH_MAX, path).split())
    mode = read_choice(requested, "mode", ("OR", "AND"), path)
    if not isinstance(requested.get("fuzzy", False), bool | None):
        raise wrong(f"{path}.fuzzy", "is true or false.")
    columns = [field.column for field in _searched(fields, requested.get("fields"), f"{path}.fields")]
    found = []
    for word in words:
        forgiving = requested.get("fuzzy") and len(word) in FUZZY_LENGTHS
        holds = resembles if forgiving else contains
        units = of_text(word, folded=needs_folding(word)) + (SLIP * len(word) if forgiving else 0)
        weight.add(units * len(columns), f"{path}.expression")
        found.append(any_of([holds(column, word) for column in columns]))
    return (all_of if mode == "AND" else any_of)(found) if found else ALL


def _searched(fields: Mapping[str, Field], requested: object, path: str) -> list[Field]:
    known = {name: field for name, field in fields.items() if field.searchable}
    names = []
    for name in read_list(requested, FIELDS_MAX, path):
        if not isinstance(name, str) or name not in known:
            raise wrong(path, f"are some of {', '.join(sorted(known))}.")
        names.append(name)
    return [known[name] for name in dict.fromkeys(names or known)]
