"""E-mail addresses: the canonical form of each, or none.

All code that compares, counts or sends to an address uses these forms, so that two spellings of one mailbox are
never two people (acceptance 15, 44). A text without such a form is not an address: a quoted local part, a
comment, a blank or invisible character inside, `mailto:`, brackets, a trailing dot, an IP address, or the reserved
host `.invalid`, which platforms write over an address they have anonymised.
"""

import re
import unicodedata
from dataclasses import dataclass

import idna

from widget_server.errors import EmailInvalid

LENGTH_MAX = 254
# The characters of RFC 5322's dot-atom, in ASCII, which our mail and the platforms' checkouts support. Without % and !,
# by which old relays forward mail, and without ?, which every encoded word contains.
ATOM = r"[A-Za-z0-9#$&'*+/=^_`{|}~-]+"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
LOCAL = re.compile(rf"{ATOM}(\.{ATOM})*")
HOST = re.compile(rf"({LABEL}\.)+[A-Za-z]([A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?")
PATTERN = re.compile(f"{LOCAL.pattern}@{HOST.pattern}")  # an address in ASCII; international hosts are converted first
NOWHERE = "invalid"  # RFC 2606: the top-level domain that never exists
SAME_HOST = {"googlemail.com": "gmail.com"}
DOTS_DO_NOT_COUNT = "gmail.com"


@dataclass(frozen=True)
class Email:
    """An address: as it was typed, and the `key` by which it is compared and mailed."""

    typed: str
    key: str

    @property
    def mailbox(self) -> str:
        """The mailbox behind the address: without +tags, and without dots where the host ignores them.

        Several addresses of one person have one mailbox (acceptance 44). It never identifies anybody at sign-in.
        """
        local, _, host = self.key.partition("@")
        host = SAME_HOST.get(host, host)
        plain = local.split("+", 1)[0] or local
        return f"{plain.replace('.', '') if host == DOTS_DO_NOT_COUNT else plain}@{host}"


def parse(text: str) -> Email:
    """Returns the address in `text`, without blanks around it; raises EmailInvalid.

    The key is lower case, its host in ASCII (IDNA 2008). Not casefold(): weiß.de and weiss.de are two hosts.
    """
    typed = text.strip()
    local, _, host = typed.rpartition("@")
    plain = _plain_host(host)
    if not LOCAL.fullmatch(local) or plain is None or max(len(typed), len(local) + len(plain) + 1) > LENGTH_MAX:
        raise EmailInvalid()
    return Email(typed, f"{local.lower()}@{plain}")


def find(text: str | None) -> Email | None:
    """Returns the address in `text`, or None when it is not one: for texts from outside."""
    try:
        return parse(text or "")
    except EmailInvalid:
        return None


def key_of(text: str | None) -> str:
    """Returns the key by which an address is looked up; empty, which no row has, when `text` is not an address."""
    email = find(text)
    return email.key if email else ""


def _plain_host(host: str) -> str | None:
    """Returns the host in lower-case ASCII, or None when mail cannot reach it."""
    if len(host) > LENGTH_MAX or any(unicodedata.category(letter) in ("Cf", "Cc") for letter in host):
        return None
    try:
        plain = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
        labels = plain.split(".")
        if not all(_is_canonical(label) for label in labels):
            return None
    except idna.IDNAError:
        return None
    return plain if HOST.fullmatch(plain) and labels[-1] != NOWHERE else None


def _is_canonical(label: str) -> bool:
    """Whether an ASCII label is plain, or the canonical encoding of its Unicode form; raises IDNAError."""
    return not label.startswith("xn--") or idna.alabel(idna.ulabel(label)).decode() == label
