"""Tries of a password: who fails is limited, and whose account it is is not (contracts §19).

Failures count for address and account together. A device that the owner has signed in from has an allowance of its own.
An account that is guessed at from many addresses is closed to addresses that failed, not to others.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from widget_server.errors import RateLimited
from widget_server.loyalty.people import emails, sign_in
from widget_server.loyalty.program.shops import Shop
from widget_server.web import limits


@contextmanager
def password_try(shop: Shop, email: str, device: str | None) -> Iterator[None]:
    """Try a password inside; raises RateLimited. A try counts against the caller when it raises WrongCredentials."""
    account = (shop.id, emails.key_of(email))
    if device and sign_in.knows_device(shop, email, device):
        with limits.WRONG_PASSWORD_OF_DEVICE.failures(*account, device):
            yield
        return
    limits.TRY_PASSWORD.count(shop.id)
    with limits.WRONG_PASSWORD.failures(*account), _of_account(*account):
        yield


@contextmanager
def _of_account(shop_id: str, email_key: str) -> Iterator[None]:
    """Failures of the account from all addresses; beyond them each address has one of its own."""
    with ExitStack() as counts:
        try:
            counts.enter_context(limits.WRONG_PASSWORD_OF_ACCOUNT.failures(shop_id, email_key))
        except RateLimited:
            counts.enter_context(limits.WRONG_PASSWORD_WHEN_GUESSED.failures(shop_id, email_key))
        yield
