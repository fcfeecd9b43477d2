"""Outgoing mail: files in a folder, which one page of the shop shows in place of an inbox."""

import email
import email.policy
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from markupsafe import Markup, escape

_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")
_SENDER = "Fjord & Fern <hello@fjord.example>"


@dataclass(frozen=True)
class Mail:
    """One mail in the folder."""

    sender: str
    to: str
    subject: str
    text: str
    at: datetime

    @property
    def linked_text(self) -> Markup:
        """The text as HTML with clickable links; everything else is escaped."""
        return Markup("").join(
            Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(part) if is_link else escape(part)
            for part, is_link in _parts(self.text)
        )


class MailFolder:
    """Writes mails as .eml files, and reads all mails in the folder, also those of other programs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, to: str, subject: str, text: str) -> None:
        """Write one mail, atomically."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = _SENDER, to, subject
        message.set_content(text)
        self._path.mkdir(parents=True, exist_ok=True)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"
        draft = self._path / f".{name}.draft"
        draft.write_bytes(message.as_bytes(policy=email.policy.SMTP))
        draft.rename(self._path / f"{name}.eml")

    def newest(self, most: int = 50) -> list[Mail]:
        """The newest mails, newest first."""
        files = [(path.stat().st_mtime, path) for path in self._path.glob("*.eml")]
        return [_read(path, sent_at) for sent_at, path in sorted(files, reverse=True)[:most]]


def _read(path: Path, sent_at: float) -> Mail:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    text = body.get_content() if body else ""
    return Mail(
        str(message["From"] or ""),
        str(message["To"] or ""),
        str(message["Subject"] or ""),
        text.strip(),
        datetime.fromtimestamp(sent_at, UTC),
    )


def _parts(text: str) -> list[tuple[str, bool]]:
    """The text split into (part, whether it is a link)."""
    parts: list[tuple[str, bool]] = []
    position = 0
    for link in _LINK.finditer(text):
        parts += [(text[position : link.start()], False), (link.group(), True)]
        position = link.end()
    return [*parts, (text[position:], False)]
