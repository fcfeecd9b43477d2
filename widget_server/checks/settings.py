"""Checks for settings that are unsafe in production, or probably a mistake."""

import difflib
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import SplitResult, urlsplit

from widget_server import config
from widget_server.checks.findings import Finding, refusal, warning
from widget_server.config import Settings

WEAK_SECRETS = frozenset({"", "changeme", "change-me", "secret", "dev", "development", "password", "test", "default"})
SECRET_LENGTH_MIN = 32
LETTERS_MIN = 8  # different letters of a key: 32 random hex digits have fewer once in 100,000 keys
STEPS_MIN = 6  # different distances between neighbours: "abcdef..." has few
THREES_MIN = 0.7  # share of distinct three-letter runs: repeated text has few
PROXIES_MAX = 5
STATEMENT_MS_MIN, STATEMENT_MS_MAX = 100, 600_000
WEBHOOK_MS_MAX = 60_000
MAIL_SCHEMES_OPEN = ("smtp",)
NEW_KEY = "set it to the output of `python -c 'import secrets; print(secrets.token_urlsafe(48))'`."
UNEXPANDED = re.compile(r"\$\(|\$\{|`|%\(|\{\{")


def find(settings: Settings, host: str | None) -> list[Finding]:
    """Problems of `settings`, for a server that listens on `host` (None: it does not listen)."""
    return [
        *_unknown(),
        *_secret_key(settings.secret_key),
        *_base_url(settings, host),
        *_mail(settings),
        *_contact(settings),
        *_limits(settings),
        *_trials(settings),
    ]


def is_public(settings: Settings) -> bool:
    """True when the base URL is not a loopback address, so that real customers use the server."""
    return not config.is_loopback(urlsplit(settings.base_url).hostname or "")


def _unknown() -> Iterator[Finding]:
    """Find unknown WIDGET_ variables: the operator believes that they have an effect."""
    for name in sorted(os.environ):
        if name.startswith("WIDGET_") and name not in config.NAMES:
            near = difflib.get_close_matches(name, config.NAMES, n=1)
            meant = f": did you mean {near[0]}?" if near else "."
            yield refusal(f"{name} is not a setting of this server{meant} Rename or unset it.")


def _secret_key(key: str) -> Iterator[Finding]:
    if UNEXPANDED.search(key):
        yield refusal(f"WIDGET_SECRET_KEY holds a command that no shell has run: {NEW_KEY}")
    elif key.lower() in WEAK_SECRETS or len(key) < SECRET_LENGTH_MIN:
        yield refusal(
            f"WIDGET_SECRET_KEY is missing, a default or shorter than {SECRET_LENGTH_MIN} characters: {NEW_KEY}"
        )
    elif is_guessable(key):
        yield refusal(f"WIDGET_SECRET_KEY is long but easily guessed: {NEW_KEY}")


def is_guessable(key: str) -> bool:
    """True for a long key with few different letters, a repeated word, or consecutive letters."""
    folded = key.casefold()
    steps = {ord(after) - ord(before) for before, after in pairwise(folded)}
    threes = [folded[place : place + 3] for place in range(len(folded) - 2)]
    return len(set(folded)) < LETTERS_MIN or len(steps) < STEPS_MIN or len(set(threes)) < THREES_MIN * len(threes)


def _base_url(settings: Settings, host: str | None) -> Iterator[Finding]:
    url = settings.base_url
    try:
        address = urlsplit(url)
        port, name = address.port, address.hostname
    except ValueError:
        address, port, name = SplitResult("", "", "", "", ""), None, None
    if address.scheme not in ("http", "https") or not name or port == 0 or re.search(r"[\s$`{}<>\"]", url):
        yield refusal(f"WIDGET_BASE_URL {url!r} is not an address: set it to one like https://loyalty.shop.example.")
        return
    if address.path or address.query or address.fragment or "?" in url or "#" in url:
        yield refusal(
            "WIDGET_BASE_URL has a path or more behind its host: the server has its pages at the root of a host only. "
            f"Set it to {address.scheme}://{address.netloc.rpartition('@')[2]}, or give the server a host of its own."
        )
    if address.username is not None:
        yield refusal("WIDGET_BASE_URL holds a user name, which every shopper would see: leave it out.")
    if address.scheme != "https" and not config.is_loopback(name):
        yield refusal(f"WIDGET_BASE_URL {url} is not https: plain http is fine on loopback only.")
    if host is not None and config.is_loopback(name) and not config.is_loopback(host):
        yield refusal(
            f"--host {host} opens the server to others, but WIDGET_BASE_URL {url} sends every browser to itself: "
            "set WIDGET_BASE_URL to the address that browsers use, or listen on 127.0.0.1."
        )
    if address.scheme == "https" and not settings.proxies:
        yield warning(
            "WIDGET_BASE_URL is https, which a proxy before this server must speak, and WIDGET_PROXIES is 0: all "
            "shoppers then seem to come from the proxy's address, and share its limits. Set WIDGET_PROXIES=1."
        )


def _mail(settings: Settings) -> Iterator[Finding]:
    url = settings.mail_url
    scheme = url.partition("://")[0]
    if url and scheme not in config.MAIL_SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in config.MAIL_SCHEMES)
        yield refusal(f"WIDGET_MAIL_URL begins with none of {known}: no mail would leave.")
        return
    if scheme == "file":
        if is_public(settings):
            yield refusal(
                "WIDGET_MAIL_URL is a folder of this machine: shoppers would wait for their codes in vain. "
                "Set it to a mail server, as smtp+starttls://user:password@mail.example:587."
            )
        return
    try:
        server = urlsplit(url)
        host, _ = server.hostname or "", server.port
    except ValueError:
        server, host = SplitResult("", "", "", "", ""), ""
    if url and not host:
        yield refusal(
            "WIDGET_MAIL_URL names no mail server: set it to one like smtp+starttls://user:password@mail.example:587."
        )
    elif scheme in MAIL_SCHEMES_OPEN and server.password and not config.is_loopback(host):
        yield warning("WIDGET_MAIL_URL sends its password unencrypted: use smtps:// or smtp+starttls://.")
    sender = settings.mail_from.rpartition("@")[2].rstrip("> ")
    if url and is_public(settings) and (config.is_loopback(sender) or "." not in sender):
        yield warning(
            f"WIDGET_MAIL_FROM {settings.mail_from} is not an address that can receive replies, and other servers may "
            "refuse it: set it to one of your domain."
        )


def _contact(settings: Settings) -> Iterator[Finding]:
    contact = settings.security_contact
    if contact and not re.fullmatch(r"(mailto:[^\s@]+@[^\s@]+|https://\S+|tel:\+?[\d-]+)", contact):
        yield refusal(
            f"WIDGET_SECURITY_CONTACT {contact!r} is not a contact: use one like mailto:security@shop.example or https://..."
        )


def _limits(settings: Settings) -> Iterator[Finding]:
    if settings.proxies > PROXIES_MAX:
        yield refusal(
            f"WIDGET_PROXIES is {settings.proxies}: no server has more than {PROXIES_MAX} proxies before it. Set it to "
            "the number you have, since a higher one lets callers forge their address."
        )
    if not STATEMENT_MS_MIN <= settings.statement_timeout_ms <= STATEMENT_MS_MAX:
        yield refusal(
            f"WIDGET_STATEMENT_TIMEOUT_MS is {settings.statement_timeout_ms}: without a limit one statement holds a "
            f"thread for ever. Set {STATEMENT_MS_MIN} to {STATEMENT_MS_MAX}; leave it out for 15000."
        )
    if settings.webhook_timeout_ms > WEBHOOK_MS_MAX:
        yield refusal(
            f"WIDGET_WEBHOOK_TIMEOUT_MS is {settings.webhook_timeout_ms}: one slow receiver would hold up the others. "
            f"Set {WEBHOOK_MS_MAX} at most; leave it out for 10000."
        )


def _trials(settings: Settings) -> Iterator[Finding]:
    """Find settings that are only for tests on a local machine."""
    if settings.debug:
        yield refusal("WIDGET_DEBUG is on: unset it.")
    if not is_public(settings):
        return
    if settings.allow_private_webhooks:
        yield warning(
            "WIDGET_ALLOW_PRIVATE_WEBHOOKS is on: whoever holds a key may have this server call addresses inside your "
            "network. Unset it unless each of your shops' owners may."
        )
    if settings.webhook_pause_divisor > 1:
        yield warning(
            "WIDGET_WEBHOOK_PAUSE_DIVISOR is for trials: a receiver that is down for an hour would miss its messages. "
            "Unset it."
        )
