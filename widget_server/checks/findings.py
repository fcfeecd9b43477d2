"""A finding: a reason not to start the server, or a warning for its operator."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A problem and its solution, as text. `is_fatal`: the server does not start."""

    text: str
    is_fatal: bool

    def __str__(self) -> str:
        return f"{'refused' if self.is_fatal else 'warning'}: {self.text}"


def refusal(text: str) -> Finding:
    """A fatal finding: the server does not start until the problem is solved."""
    return Finding(text, is_fatal=True)


def warning(text: str) -> Finding:
    """A finding that is only logged: the server starts."""
    return Finding(text, is_fatal=False)
