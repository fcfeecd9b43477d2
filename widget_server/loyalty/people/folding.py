"""Folding: the forms in which the facts of a customer are searched and sorted, without case, accents and punctuation.

Pure functions of texts: what is stored of them is in `search_terms` and in `Customer.name_key`.
"""

import re
import unicodedata
from collections.abc import Iterable

TERM_LENGTH_MAX = 100
NAME_WORDS_MAX = 20
NAMELESS = "\uffff"  # sorts after every letter
LABEL, FLAG, TAIL = "#", "!", "~"  # the first characters of terms that no typed word can match
COUNTRY_DIGITS_MAX = 3  # of a phone number in its international form
PHONE_DIGITS_MIN = 3
PHONE_TYPED_MIN = 5  # digits in one piece: fewer may be part of a name
PHONE = re.compile(r"[+\d][\d\s()/.+-]*")
WITHOUT_PARTS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"})


def fold(text: str) -> str:
    """Returns the text in lower case, without accents, each run of blanks as one."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(bare.casefold().translate(WITHOUT_PARTS).split())


def name_key(name: str | None, email_key: str | None) -> str:
    """Returns the text by which a customer is sorted by name: the folded name, else the address, else NAMELESS."""
    return (fold(name or "") or email_key or NAMELESS)[:TERM_LENGTH_MAX]


def terms(
    *,
    name: str | None,
    email: str | None,
    email_key: str | None,
    phone: str | None,
    referral_code: str | None,
    labels: Iterable[str],
    flags: Iterable[str] = (),
) -> frozenset[str]:
    """Returns all terms of which one begins with a word that finds the customer; labels and flags only as a whole.

    A name with punctuation inside gives its parts and the whole: `Anne-Marie` is found by `marie` and by `anne-m`.
    """
    found: list[str] = []
    for text in (name, (email or "").partition("@")[0]):
        for word in fold(text or "").split()[:NAME_WORDS_MAX]:
            found += [_plain(word), *re.findall(r"\w+", word)]
    whole = (fold(email or ""), email_key or "", fold(referral_code or ""))
    found += [*map(_plain, whole), *_phone_terms(phone)]
    found += [label_term(label) for label in labels]
    found += [flag_term(flag) for flag in flags]
    return frozenset(term[:TERM_LENGTH_MAX] for term in found if term)


def label_term(label: str) -> str:
    """Returns the term of a customer with this label, whatever its case."""
    return f"{LABEL}{fold(label)}"[:TERM_LENGTH_MAX]


def flag_term(flag: str) -> str:
    """Returns the term of a customer for whom this flag is set."""
    return f"{FLAG}{flag}"


def words(text: str) -> list[str]:
    """Returns the words of a search, folded: each must be the beginning of a term.

    A phone number is one word however its digits are divided. A # before an order's number is left out.
    """
    typed = text.strip()
    digits = re.sub(r"\D", "", typed) if PHONE.fullmatch(typed) else ""
    if len(digits) >= (PHONE_TYPED_MIN if typed.isdigit() else PHONE_DIGITS_MIN):
        return [digits.lstrip("0") or digits]
    split = map(_plain, fold(text).split())
    return list(dict.fromkeys(word[:TERM_LENGTH_MAX] for word in split if word))


def _plain(word: str) -> str:
    """Returns the word without the signs by which labels, flags and tails begin: a name must not look like one."""
    return word.lstrip(LABEL + FLAG + TAIL)


def phone_tail(phone: str | None) -> str:
    """Returns the term of a number's digits from the last one back: numbers that end alike have terms that begin so."""
    return TAIL + re.sub(r"\D", "", phone or "")[::-1]


def _phone_terms(phone: str | None) -> list[str]:
    """Returns the digits of a number, with and without its zeros in front, without a country code of any length, and
    its tail.
    """
    digits = re.sub(r"\D", "", phone or "")
    if len(digits) < PHONE_DIGITS_MIN:
        return []
    bare = digits.lstrip("0")
    is_abroad = (phone or "").lstrip().startswith(("+", "00"))
    cut = range(1, COUNTRY_DIGITS_MAX + 1) if is_abroad else ()
    return [digits, bare, phone_tail(phone), *(national for count in cut if (national := bare[count:].lstrip("0")))]
