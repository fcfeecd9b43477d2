"""The part of Shopify's Liquid that our documents use, by its reference; anything else is refused."""

import base64
import hashlib
import hmac
import re
from typing import Any

PIECE = re.compile(r'"([^"]*)"|([a-z_.]+)')


def render(template: str, now: float, **known: Any) -> str:
    """The text of a template; `now` is the server's clock in Unix seconds."""
    parts = re.split(r"({%-?.*?-?%}|{{.*?}})", template, flags=re.DOTALL)
    out, shown = list[str](), [True]
    for at, part in enumerate(parts):
        if not part.startswith(("{%", "{{")):
            if shown[-1]:
                before, after = parts[at - 1] if at else "", parts[at + 1] if at + 1 < len(parts) else ""
                text = part.lstrip() if before.endswith(("-%}", "-}}")) else part
                out.append(text.rstrip() if after.startswith(("{%-", "{{-")) else text)
            continue
        inside = part[2:-2].strip("-").strip()
        if part.startswith("{{"):
            if shown[-1]:
                out.append(str(value(inside, now, known)))
            continue
        word, _, rest = inside.partition(" ")
        if word == "if":
            shown.append(shown[-1] and value(rest, now, known) is not None)
        elif word == "endif":
            shown.pop()
        elif word == "assign":
            name, _, told = rest.partition(" = ")
            if shown[-1]:
                known[name] = value(told, now, known)
        else:
            assert inside == "layout none", inside
    assert shown == [True]
    return "".join(out)


def value(text: str, now: float, known: dict[str, Any]) -> Any:
    """What an expression is, with its filters."""
    first, *filters = [one.strip() for one in text.split("|")]
    found = _piece(first, known)
    for one in filters:
        name, _, argument = one.partition(":")
        told = _piece(argument.strip(), known) if argument else None
        found = _filtered(found, name, told, now)
    return found


def _piece(text: str, known: dict[str, Any]) -> Any:
    found = PIECE.fullmatch(text)
    assert found, text
    if found[2] is None:
        return found[1]
    here: Any = known
    for name in found[2].split("."):
        here = here[name]
    return here


def _filtered(given: Any, name: str, told: Any, now: float) -> str:
    match name:
        case "append":
            return f"{given}{told}"
        case "base64_url_safe_encode":
            assert isinstance(given, str), "a number has no filter of texts"
            return base64.urlsafe_b64encode(given.encode()).decode()
        case "hmac_sha256":
            return hmac.new(told.encode(), given.encode(), hashlib.sha256).hexdigest()
        case "date":
            assert (given, told) == ("now", "%s")
            return str(int(now))
    raise AssertionError(f"no filter {name}")
