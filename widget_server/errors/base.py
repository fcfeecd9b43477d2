"""What every refusal is: its kind, its code, an English sentence and the figures behind it."""

from typing import Any


class Refusal(Exception):
    """A request that is refused. `kind` decides the HTTP status, `facts` are sent to the caller."""

    kind = "bad_request"
    code = "refused"
    message = "The request was refused."

    def __init__(self, message: str | None = None, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.field = field
        self.facts = facts


class BadRequest(Refusal):
    """A body, parameter or header is not in the right form; `field` names it."""

    code, message = "bad_request", "The request is not well formed."


class NotFound(Refusal):
    """It does not exist in this shop, or does not belong to the caller."""

    kind, code, message = "not_found", "not_found", "There is no such thing here."
