"""Reads parts of a JSON request: each is checked, or BadRequest names its path and what is expected."""

from collections.abc import Iterable, Mapping, Sequence

from widget_server.errors import BadRequest


def wrong(path: str, sentence: str) -> BadRequest:
    """Returns the BadRequest for the value at `path`; its message begins with that path."""
    return BadRequest(f"{path} {sentence}", field=path)


def read_object(requested: object, names: Iterable[str], path: str) -> dict[str, object]:
    """Returns the object, whose members may only have these `names`; an empty one for None. Raises BadRequest."""
    if requested is None:
        return {}
    if not isinstance(requested, dict):
        raise wrong(path, "is a JSON object.")
    known = tuple(names)
    for name in requested:
        if name not in known:
            raise wrong(f"{path}.{name}", f"is not known here. These are: {', '.join(known)}.")
    return requested


def read_list(requested: object, most: int, path: str, *, least: int = 0) -> list[object]:
    """Returns the list, with `least` to `most` members; an empty one for None. Raises BadRequest."""
    requested = [] if requested is None else requested
    if not isinstance(requested, list) or not least <= len(requested) <= most:
        raise wrong(path, f"is a list of {least} to {most}." if least else f"is a list of {most} at most.")
    return requested


def read_number(requested: Mapping[str, object], name: str, low: int, high: int, default: int, path: str) -> int:
    """Returns the whole number, `low` to `high`, under `name` in the object at `path`. Raises BadRequest."""
    number = default if requested.get(name) is None else requested[name]
    if isinstance(number, bool) or not isinstance(number, int | float) or number % 1 or not low <= number <= high:
        raise wrong(f"{path}.{name}", f"is a whole number from {low} to {high}.")
    return int(number)


def read_choice(
    requested: Mapping[str, object], name: str, words: Sequence[str], path: str, *, needed: bool = False
) -> str:
    """Returns the value under `name`, one of these `words`; the first for None, unless it is `needed`.

    Raises BadRequest.
    """
    word = requested.get(name)
    word = words[0] if word is None and not needed else word
    if word not in words:
        raise wrong(f"{path}.{name}", f"is one of {', '.join(words)}.")
    return str(word)


def read_text(requested: Mapping[str, object], name: str, most: int, path: str) -> str:
    """Returns the text under `name`, of at most `most` characters; an empty one for None. Raises BadRequest."""
    text = "" if requested.get(name) is None else requested[name]
    if not isinstance(text, str) or len(text) > most:
        raise wrong(f"{path}.{name}", f"is a text of {most} characters at most.")
    return text
