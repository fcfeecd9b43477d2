"""E-mail addresses: the one canonical form of each, or none.

Everything that compares, counts or sends to an address takes it from here, so that two spellings of one mailbox are
never two people (acceptance 15, 44). What cannot be brought into that form is no address: a quoted local part, a
comment, a blank or invisible character inside, `mailto:`, brackets, a trailing dot, an IP address, a host that does
not exist on purpose (`.invalid`, which platforms write over an address they have anonymised).
"""

import re
import unicodedata
from dataclasses import dataclass

import idna

from widget_server.errors import EmailInvalid

LENGTH_MAX = 254
# What RFC 5322 calls a dot-atom, in ASCII, as our mail and the platforms' checkouts carry it. Not % and !, by which
# old relays send mail on, nor ?, without which nothing is an encoded word.
ATOM = r"[A-Za-z0-9#$&'*+/=^_`{|}~-]+"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
LOCAL = re.compile(rf"{ATOM}(\.{ATOM})*")
HOST = re.compile(rf"({LABEL}\.)+[A-Za-z]([A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?")
PATTERN = re.compile(f"{LOCAL.pattern}@{HOST.pattern}")  # an address in ASCII; international hosts beside it
NOWHERE = "invalid"  # RFC 2606: the top level that no host has
SAME_HOST = {"googlemail.com": "gmail.com"}
DOTS_DO_NOT_COUNT = "gmail.com"


@dataclass(frozen=True)
class Email:
    """An address: as it was typed, and the `key` by which it is compared and reached."""

    typed: str
    key: str

    @property
    def mailbox(self) -> str:
        """The mailbox behind the address: without +tags, and without dots where the host ignores them.

        Several addresses of one person have one mailbox (acceptance 44). It never signs anybody in.
        """
        local, _, host = self.key.partition("@")
        host = SAME_HOST.get(host, host)
        plain = local.split("+", 1)[0] or local
        return f"{plain.replace('.', '') if host == DOTS_DO_NOT_COUNT else plain}@{host}"


def parse(text: str) -> Email:
    """The address that `text` is, blanks around it apart; raises EmailInvalid.

    The key is lower case, its host in ASCII (IDNA 2008). Not casefold(): weiß.de and weiss.de are two hosts.
    """
    typed = text.strip()
    local, _, host = typed.rpartition("@")
    plain = _plain_host(host)
    if not LOCAL.fullmatch(local) or plain is None or max(len(typed), len(local) + len(plain) + 1) > LENGTH_MAX:
        raise EmailInvalid()
    return Email(typed, f"{local.lower()}@{plain}")


def find(text: str | None) -> Email | None:
    """The address that `text` is, or None: for words of others, which may be anything."""
    try:
        return parse(text or "")
    except EmailInvalid:
        return None


def key_of(text: str | None) -> str:
    """What an address is looked up by; empty, which nobody has, for what is no address."""
    email = find(text)
    return email.key if email else ""


def _plain_host(host: str) -> str | None:
    """The host in lower-case ASCII, or None when it is no host that mail could reach."""
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
    """Whether an international label in ASCII is what its letters give; raises IDNAError when it gives none."""
    return not label.startswith("xn--") or idna.alabel(idna.ulabel(label)).decode() == label
