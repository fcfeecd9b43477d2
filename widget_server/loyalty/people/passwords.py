"""Passwords of shoppers: hashed with argon2id; well-known passwords are refused."""

import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from widget_server import lanes
from widget_server.errors import PasswordWeak

PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 200
WELL_KNOWN = re.compile(r"(password|passwort|qwerty|iloveyou|letmein|welcome|abc123|1234567)[\W\d]*|(.)\2+|\d{1,12}")

_hasher = PasswordHasher()
_nobody = _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """Returns the argon2id hash of a password; raises PasswordWeak, Busy."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX or WELL_KNOWN.fullmatch(password.casefold()):
        raise PasswordWeak()
    with lanes.HASHING.place():
        return _hasher.hash(password)


def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether the password matches the hash; False for None.

    It takes as long for None, so that the time does not show whether there is an account. Raises Busy.
    """
    with lanes.HASHING.place():
        try:
            fits = _hasher.verify(password_hash or _nobody, password[: PASSWORD_LENGTH_MAX + 1])
        except (VerificationError, InvalidHashError):
            return False
    return fits and password_hash is not None
