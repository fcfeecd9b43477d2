"""Passwords of shoppers."""

import pytest

from widget_server.errors import PasswordWeak
from widget_server.loyalty.people import passwords

GOOD_PASSWORD = "ferns like the shade"


@pytest.mark.parametrize(
    "weak",
    ["", "short", "123456789", "1234567890", "password123", "Passwort!!", "aaaaaaaaaaaaa", "qwerty1234!", "x" * 201],
)
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(PasswordWeak) as refused:
        passwords.hash_password(weak)
    assert refused.value.field == "password"


def test_a_password_fits_only_itself() -> None:
    kept = passwords.hash_password(GOOD_PASSWORD)
    assert kept.startswith("$argon2id$")
    assert passwords.password_fits(kept, GOOD_PASSWORD)
    assert not passwords.password_fits(kept, GOOD_PASSWORD + " ")
    assert not passwords.password_fits(None, GOOD_PASSWORD)
    assert not passwords.password_fits("no hash", GOOD_PASSWORD)
    longest = "fern" * 50
    assert not passwords.password_fits(passwords.hash_password(longest), longest + "x")
