"""What a call may be refused with stands in openapi.json, by name; a refusal that does not stand there is warned of.

So the lists beside the routes stay true: the tests turn the warning into an error, and a server writes it to its log.

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
from widget_server.web.bodies import Json
from widget_server.web.errors import CODES, STATUS

Refusals = tuple[type[Refusal] | type[HTTPException], ...]


class UndocumentedRefusal(UserWarning):
    """A call was refused with what its document does not name: its route lacks a class in `refuses`."""


@dataclass(frozen=True)
class CallRefusals:
    """What `call` (as "POST /widget/redeem") may be refused with: each class counts for itself alone, not for those
    below it.
    """

    call: str
    classes: Refusals

    def responses(self, shape: type[Schema], *, admin: bool = False) -> Json:
        """The responses of openapi.json: by HTTP status the codes and what they say, in the body of this shape.

        `admin`: the codes as the admin API writes them.
        """
        lines: dict[int, list[str]] = {}
        for status, code, message in sorted({_facts(one) for one in self.classes}):
            lines.setdefault(status, []).append(f"- `{code.upper() if admin else code}`: {message}")
        body = {"application/json": {"schema": shape}}
        return {str(status): {"description": "\n".join(said), "content": body} for status, said in lines.items()}

    def check(self, refusal: Refusal) -> None:
        """Warn (UndocumentedRefusal) unless the document of the call names this refusal."""
        if type(refusal) not in self.classes:
            name = type(refusal).__name__
            warnings.warn(f"{self.call} is refused with {name}, which it does not name", UndocumentedRefusal, 2)

    @contextmanager
    def checked(self) -> Iterator[None]:
        """While the call runs: what refuses it is checked and passed on, and `check_item` knows which call it is."""
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
    """The same for the refusal of one item of a bulk call, which the call itself survives."""
    running = _running.get()
    if running is not None:
        running.check(refusal)


def once_each(classes: Iterable[type[Refusal] | type[HTTPException]]) -> Refusals:
    """Each class once, in this order."""
    return tuple(dict.fromkeys(classes))


def code(one: type[Refusal] | type[HTTPException]) -> str:
    """The stable code of a refusal."""
    return one.code if issubclass(one, Refusal) else CODES[one.code or 500]


def _facts(one: type[Refusal] | type[HTTPException]) -> tuple[int, str, str]:
    """HTTP status, code and sentence."""
    if issubclass(one, Refusal):
        return STATUS[one.kind], code(one), one.message
    return one.code or 500, code(one), one.description or ""
