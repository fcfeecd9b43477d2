"""Limits on password attempts: they stop the address that fails, not the owner of the account (contracts §19).

Failures are counted per address and account. A device that the owner has signed in from has an allowance of its own.
An account that is guessed at from many addresses is closed to addresses that failed, not to others.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from widget_server.errors import RateLimited
from widget_server.web import limits


@contextmanager
def password_try(realm: str, email_key: str, known_device: str | None) -> Iterator[None]:
    """Wraps one password attempt; raises RateLimited. A body that raises WrongCredentials counts as a failure.

    `realm` is the shop's id, or the realm of staff; `known_device` is the token of a device that the owner of this
    address has signed in from before, None for any other.
    """
    if known_device:
        with limits.WRONG_PASSWORD_OF_DEVICE.failures(realm, email_key, known_device):
            yield
        return
    limits.TRY_PASSWORD.count(realm)
    with limits.WRONG_PASSWORD.failures(realm, email_key), _of_account(realm, email_key):
        yield


@contextmanager
def _of_account(realm: str, email_key: str) -> Iterator[None]:
    """Limits failures of the account from all addresses; beyond that limit each address still has one attempt."""
    with ExitStack() as counts:
        try:
            counts.enter_context(limits.WRONG_PASSWORD_OF_ACCOUNT.failures(realm, email_key))
        except RateLimited:
            counts.enter_context(limits.WRONG_PASSWORD_WHEN_GUESSED.failures(realm, email_key))
        yield
