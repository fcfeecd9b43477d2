"""The person to erase, and whether a text names them: what erasure looks for (acceptance 58, contracts §20).

Texts from outside (bodies, files, comments) write a person in many ways. An address counts in each spelling of its
mailbox, a phone number with and without its country, a name and an id as whole words. Short values, or values of few
digits, appear in texts about others too, and are searched only where they can mean nothing else.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote_plus

from widget_server.loyalty.people import emails

ID_LENGTH_MIN, ID_DIGITS_MIN, NAME_LENGTH_MIN = 6, 10, 6
PHONE_DIGITS_MIN, PHONE_DIGITS_SAME = 6, 8
ADDRESS = re.compile(r"[^\s\"'<>,;:()\[\]{}\\|=&?]+@[^\s\"'<>,;:()\[\]{}\\|=&?/]+")
SEPARATORS = ". ()/-"
DIVIDED = r"[. ()/-]{0,3}"  # between two digits of a number
ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
ID_KEYS = frozenset(("customer_id", "customerid", "user_id", "external_id", "externalid"))
ABOUT_A_CUSTOMER = frozenset(("customer", "user", "buyer"))
OTHERWISE = "otherwise"  # a key under which no value is a customer's id


@dataclass(frozen=True)
class Forgotten:
    """The person to erase: all their rows, and all values by which they can be found.

    `emails` are canonical keys (emails.py), `others` those of other customers of the same mailbox, who stay.
    `order_ids` are the platform's ids of their orders, `codes` their referral codes.
    """

    shop_id: str
    ids: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()
    emails: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    external_ids: frozenset[str] = frozenset()
    order_ids: frozenset[str] = frozenset()
    codes: frozenset[str] = field(default=frozenset())

    @property
    def words(self) -> list[str]:
        """What a database can search for, ignoring case: in texts that this server wrote, in its own spelling."""
        long_ids = (one for one in self.external_ids if _tells(one))
        found = {*self.ids, *self.emails, *self.phones, *long_ids, *(name for name in self.names if _is_full(name))}
        return sorted(word for word in found if len(word) >= ID_LENGTH_MIN)

    def is_named_in(self, text: str | None) -> bool:
        """Whether `text` names the person, in any spelling, also inside JSON or form encoding."""
        return text is not None and any(self._stands_in(one) for one in _readings(text))

    def owns_message(self, text: str) -> bool:
        """Whether a platform's message is about the person or an order of theirs."""
        if self.is_named_in(text):
            return True
        try:
            body = json.loads(text)
        except ValueError:
            return False
        return isinstance(body, dict) and (
            any(str(body.get(name)) in self.order_ids for name in ("id", "order_id", "parent_id"))
            or any(found in self.external_ids for found in _customer_ids(body))
            or any(self.is_named_in(name) for name in _divided_names(body))
        )

    def without_codes(self, text: str) -> str:
        """Returns a text about somebody else without this person's referral codes."""
        for code in self.codes:
            text = re.sub(rf"(?<!\w){re.escape(code)}(?!\w)", "", text, flags=re.IGNORECASE)
        return text

    def _stands_in(self, text: str) -> bool:
        if not self._may_stand_in(text.lower()):
            return False
        return self._has_address(text) or self._has_phone(text) or bool(self._whole and self._whole.search(text))

    def _may_stand_in(self, lower: str) -> bool:
        """False when no part of an address, number, name or id occurs: a fast check, since most texts have none."""
        compact = _compact(lower)
        return any(part in compact for part in self._compact_parts) or any(part in lower for part in self._plain_parts)

    def _has_address(self, text: str) -> bool:
        if not self.emails or "@" not in text:
            return False
        for found in ADDRESS.findall(text):
            host = found.rpartition("@")[2].lower()
            if host.isascii() and not host.startswith(self._hosts):
                continue
            email = emails.find(found.strip(".!*_")) or emails.find(found)
            if email is not None and email.key not in self.others and email.mailbox in self._mailboxes:
                return True
        return False

    def _has_phone(self, text: str) -> bool:
        return bool(self._numbers and self._numbers.search(text))

    @cached_property
    def _compact_parts(self) -> tuple[str, ...]:
        locals = (_compact(mailbox.partition("@")[0]) for mailbox in self._mailboxes)
        return tuple(filter(None, (*locals, *(digits[-PHONE_DIGITS_SAME:] for digits in self._digits))))

    @cached_property
    def _plain_parts(self) -> tuple[str, ...]:
        last = (name.lower().split()[-1] for name in self.names if _is_full(name))
        return (*last, *(one.lower() for one in (*self.ids, *self.external_ids) if _tells(one)))

    @cached_property
    def _mailboxes(self) -> frozenset[str]:
        return frozenset(email.mailbox for email in map(emails.find, self.emails) if email is not None)

    @cached_property
    def _hosts(self) -> tuple[str, ...]:
        hosts = {mailbox.rpartition("@")[2] for mailbox in self._mailboxes}
        return (*hosts, *(other for other, host in emails.SAME_HOST.items() if host in hosts))

    @cached_property
    def _digits(self) -> tuple[str, ...]:
        digits = (re.sub(r"\D", "", phone) for phone in self.phones)
        return tuple(one for one in digits if len(one) >= PHONE_DIGITS_MIN)

    @cached_property
    def _numbers(self) -> re.Pattern[str] | None:
        """The last digits of each number, with any separators, after any country code; short numbers whole."""
        found = []
        for digits in self._digits:
            is_long = len(digits) >= PHONE_DIGITS_SAME
            found.append(("" if is_long else r"(?<!\d)") + DIVIDED.join(digits[-PHONE_DIGITS_SAME:]) + r"(?!\d)")
        return re.compile("|".join(found)) if found else None

    @cached_property
    def _whole(self) -> re.Pattern[str] | None:
        """Names and ids as whole words; any number of blanks may separate the parts of a name."""
        names = [r"\s+".join(map(re.escape, name.split())) for name in self.names if _is_full(name)]
        ids = [re.escape(one) for one in (*self.ids, *self.external_ids) if _tells(one)]
        either = "|".join([*names, *ids])
        return re.compile(rf"(?<![\w-])(?:{either})(?![\w-])", re.IGNORECASE) if either else None


def _readings(text: str) -> Iterator[str]:
    """Yields the text as it is, then decoded where it has escapes of JSON or of a form."""
    yield text
    if "\\" in text:
        text = ESCAPED.sub(_unescaped, text)
        yield text
    if "%40" in text or "%2B" in text or "%20" in text:
        yield unquote_plus(text)


def _unescaped(found: re.Match[str]) -> str:
    """Returns the character of a JSON escape; a line break or tab becomes a blank."""
    code, sign = found.groups()
    return chr(int(code, 16)) if code else " " if sign in "bfnrt" else str(sign)


def _compact(text: str) -> str:
    """Returns the text without the optional separators inside addresses and numbers."""
    for sign in SEPARATORS:
        text = text.replace(sign, "")
    return text


def _tells(id: str) -> bool:
    """Whether an id is long enough to be unique: a short number may also be a price, or an order."""
    return len(id) >= (ID_DIGITS_MIN if id.isdigit() else ID_LENGTH_MIN)


def _is_full(name: str) -> bool:
    """Whether a name is more than a first name, which is not unique."""
    return len(name.split()) > 1 and len(name) >= NAME_LENGTH_MIN


def _customer_ids(value: Any, key: str = OTHERWISE) -> Iterator[str]:
    """Yields the ids of customers in a message: `customer_id`, and `customer` as an id or an object with one."""
    if isinstance(value, dict):
        for name, one in value.items():
            folded = name.lower()
            if isinstance(one, (str, int)) and (
                folded in ID_KEYS or folded in ABOUT_A_CUSTOMER or (folded == "id" and key in ABOUT_A_CUSTOMER)
            ):
                yield str(one)
            yield from _customer_ids(one, folded)
    elif isinstance(value, list):
        for one in value:
            yield from _customer_ids(one, key)


def _divided_names(value: Any) -> Iterator[str]:
    """Yields the full names that a message splits into `first_name` and `last_name`."""
    if isinstance(value, dict):
        if "first_name" in value and "last_name" in value:
            yield f"{value['first_name']} {value['last_name']}"
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from _divided_names(one)
