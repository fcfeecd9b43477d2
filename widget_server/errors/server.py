"""Refusals: what the server cannot do now."""

from typing import Literal

from widget_server.errors.base import Refusal

DatabaseState = Literal["away", "locked", "full", "read_only"]


class RateLimited(Refusal):
    """Too many requests of this kind."""

    kind, code, message = "rate", "rate_limited", "Too many requests. Try again later."


class Busy(Refusal):
    """Too many costly requests at once; nothing was changed, and the request may be sent again."""

    kind, code, message = "busy", "busy", "The server is busy. Send the request again in some seconds."


class DatabaseAway(Refusal):
    """The database cannot be used now; whether the request was done is not known. It may be sent again."""

    kind, code = "busy", "database_away"
    message = "The server cannot do this now. Whether it was done is not known: repeat it with the same request key."
    RETRY_AFTER_SECONDS = 5

    def __init__(self, state: DatabaseState) -> None:
        super().__init__(retry_after_seconds=self.RETRY_AFTER_SECONDS)
        self.state = state  # for operators, never for callers


class QueryTooSlow(Refusal):
    """The query took longer than WIDGET_STATEMENT_TIMEOUT_MS; nothing was changed."""

    kind, code, message = "busy", "query_too_slow", "This query takes too long. Request less at once."


class BooksDoNotBalance(Refusal):
    """The audit found an error, so the books are not chained again; `finding` is the first one (contracts §15)."""

    kind, code, message = "conflict", "books_do_not_balance", "The audit found errors in the books. Repair them first."
