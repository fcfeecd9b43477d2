"""openapi.json lists the refusals of each call by name; a refusal that is not listed causes a warning.

This keeps the lists beside the routes correct: the tests turn the warning into an error, a server logs it.

    CLICK = CallRefusals("POST /widget/earn/{rule_id}/click", (BadRequest, NotFound, RuleNotClickable))

    @endpoints.route(...)
    @endpoints.doc(responses=CLICK.responses(Refusal))
    @CLICK.checked()
    def click(rule_id: str) -> ...
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from marshmallow import Schema
from werkzeug.exceptions import HTTPException

from widget_server.errors import Refusal
from widget_server.web.bodies import JsonDict
from widget_server.web.errors import CODES, STATUS

Refusals = tuple[type[Refusal] | type[HTTPException], ...]


class UndocumentedRefusal(UserWarning):
    """A call was refused with a class that its document does not list: its route lacks a class in `refuses`."""


@dataclass(frozen=True)
class CallRefusals:
    """The refusals of `call` (as "POST /widget/redeem"): each class covers only itself, not its subclasses."""

    call: str
    classes: Refusals

    def responses(self, shape: type[Schema], *, admin: bool = False) -> JsonDict:
        """Returns the responses for openapi.json: by HTTP status the codes and messages, with this schema as the body.

        `admin`: the codes as the admin API writes them.
        """
        lines: dict[int, list[str]] = {}
        for status, code, message in sorted({_facts(one) for one in self.classes}):
            lines.setdefault(status, []).append(f"- `{code.upper() if admin else code}`: {message}")
        body = {"application/json": {"schema": shape}}
        return {str(status): {"description": "\n".join(said), "content": body} for status, said in lines.items()}

    def check(self, refusal: Refusal) -> None:
        """Warn (UndocumentedRefusal) unless the document of the call lists this refusal."""
        if type(refusal) not in self.classes:
            name = type(refusal).__name__
            warnings.warn(f"{self.call} is refused with {name}, which it does not name", UndocumentedRefusal, 2)

    @contextmanager
    def checked(self) -> Iterator[None]:
        """While the call runs: check its refusal and raise it again, and make the call known to `check_item`."""
        token = _running.set(self)
        try:
            yield
        except Refusal as refusal:
            self.check(refusal)
            raise
        finally:
            _running.reset(token)


_running: ContextVar[CallRefusals | None] = ContextVar("running", default=None)


def check_item(refusal: Refusal) -> None:
    """Check the refusal of one item of a bulk call, which does not end the call itself."""
    running = _running.get()
    if running is not None:
        running.check(refusal)


def once_each(classes: Iterable[type[Refusal] | type[HTTPException]]) -> Refusals:
    """Returns each class once, in this order."""
    return tuple(dict.fromkeys(classes))


def code(one: type[Refusal] | type[HTTPException]) -> str:
    """Returns the stable code of a refusal, as "not_found"."""
    return one.code if issubclass(one, Refusal) else CODES[one.code or 500]


def _facts(one: type[Refusal] | type[HTTPException]) -> tuple[int, str, str]:
    """Returns HTTP status, code and message."""
    if issubclass(one, Refusal):
        return STATUS[one.kind], code(one), one.message
    return one.code or 500, code(one), one.description or ""
