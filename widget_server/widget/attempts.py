"""Limits on password attempts: they stop the address that fails, not the owner of the account (contracts §19).

Failures are counted per address and account. A device that the owner has signed in from has an allowance of its own.
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
    """Wraps one password attempt; raises RateLimited. A body that raises WrongCredentials counts as a failure."""
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
    """Limits failures of the account from all addresses; beyond that limit each address still has one attempt."""
    with ExitStack() as counts:
        try:
            counts.enter_context(limits.WRONG_PASSWORD_OF_ACCOUNT.failures(shop_id, email_key))
        except RateLimited:
            counts.enter_context(limits.WRONG_PASSWORD_WHEN_GUESSED.failures(shop_id, email_key))
        yield
