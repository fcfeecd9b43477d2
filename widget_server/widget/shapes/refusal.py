"""The body of a refusal, the same for all callers."""

from typing import TypedDict


class RefusalFacts(TypedDict):
    """Why a request was refused: a code, a message, and figures where they apply."""

    code: str
    message: str
    field: str | None
    needs: int | None
    has: int | None
    retry_after_seconds: int | None


class Refusal(TypedDict):
    """The body of every refusal of the widget's endpoints."""

    error: RefusalFacts
