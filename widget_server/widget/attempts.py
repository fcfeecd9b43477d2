"""Tries of a password: who fails is limited, and whose account it is is not (contracts §19).

Failures count for address and account together. A device that the owner has signed in from has an allowance of its own.
An account that is guessed at from many addresses is closed to addresses that failed, not to others.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from widget_server.errors import RateLimited
from widget_server.loyalty.people import emails, sign_in
from widget_server.loyalty.program.shops import Shop
from widget_server.web.rate_limits import address_failures, failures, limit_address

OF_ADDRESS = "20 per minute"  # tries, whatever becomes of them: each costs a hash
OF_DEVICE = OF_PAIR = "10 per 15 minutes"
OF_ACCOUNT = "100 per day"
OF_PAIR_WHEN_GUESSED = "1 per day"


@contextmanager
def password_try(shop: Shop, email: str, device: str | None) -> Iterator[None]:
    """Try a password inside; raises RateLimited. A try counts against the caller when it raises WrongCredentials."""
    account = (shop.id, emails.key_of(email))
    if device and sign_in.knows_device(shop, email, device):
        with failures(OF_DEVICE, "sign-in-device", *account, device):
            yield
        return
    limit_address(OF_ADDRESS, "sign-in", shop.id)
    with address_failures(OF_PAIR, "sign-in", *account), _of_account(*account):
        yield


@contextmanager
def _of_account(shop_id: str, email_key: str) -> Iterator[None]:
    """Failures of the account from all addresses; beyond them each address has one of its own."""
    with ExitStack() as counts:
        try:
            counts.enter_context(failures(OF_ACCOUNT, "sign-in-account", shop_id, email_key))
        except RateLimited:
            counts.enter_context(address_failures(OF_PAIR_WHEN_GUESSED, "sign-in-guessed", shop_id, email_key))
        yield
