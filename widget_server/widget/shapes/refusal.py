"""How a refusal reads, whoever is refused."""

from typing import TypedDict


class RefusalFacts(TypedDict):
    """Why not."""

    code: str
    message: str
    field: str | None
    needs: int | None
    has: int | None
    retry_after_seconds: int | None


class Refusal(TypedDict):
    """Every "no" of the widget's endpoints."""

    error: RefusalFacts
