"""A finding: why this set-up must not serve shoppers, or what its operator should know."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is wrong and how it is mended. `is_fatal`: the server does not start."""

    text: str
    is_fatal: bool

    def __str__(self) -> str:
        return f"{'refused' if self.is_fatal else 'warning'}: {self.text}"


def refusal(text: str) -> Finding:
    """The server does not start until this is mended."""
    return Finding(text, is_fatal=True)


def warning(text: str) -> Finding:
    """The server starts, and its log says so."""
    return Finding(text, is_fatal=False)
