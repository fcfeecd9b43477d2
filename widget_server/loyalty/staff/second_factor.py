"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for a lost phone."""

import secrets

import pyotp

from widget_server import clock, config
from widget_server.db import atomic, lock_rows
from widget_server.errors import WrongCode
from widget_server.loyalty import audit_log
from widget_server.loyalty.staff import members
from widget_server.loyalty.staff.accounts import StaffAccount

STEP_SECONDS = 30
STEPS_AROUND = (0, -1, 1)  # clocks of phones differ a little
RECOVERY_CODES = 10
RECOVERY_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"  # no look-alikes
RECOVERY_LENGTH = 10


def begin(account: StaffAccount) -> str:
    """Give the account a new secret, which is not needed to sign in until `confirm`; returns it in Base32.

    Raises WrongCode when the second factor is on already.
    """
    secret = pyotp.random_base32()
    with atomic():
        row = _locked(account)
        if row.totp_since is not None:
            raise WrongCode("The second factor is on: turn it off first.")
        row.totp_sealed = config.seal(secret)
        row.save(only=[StaffAccount.totp_sealed])
    return secret


def pending(account: StaffAccount) -> str | None:
    """Returns the secret that `begin` made and nobody has confirmed yet; None without one."""
    if account.totp_sealed is None or account.totp_since is not None:
        return None
    return config.unseal(account.totp_sealed)


def address(account: StaffAccount, secret: str, issuer: str) -> str:
    """Returns the otpauth address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=issuer)


def confirm(account: StaffAccount, code: str) -> list[str]:
    """Turn the second factor on by a code of the app; returns the recovery codes, shown only now. Raises WrongCode."""
    with atomic():
        row = _locked(account)
        _use_code(row, code)
        row.totp_since = clock.now()
        codes = _new_codes(row)
        row.save()
        _note(row, "turn_on")
        return codes


def check(account: StaffAccount, code: str) -> None:
    """Use a code of the app, or a recovery code, each of which works once. Raises WrongCode."""
    with atomic():
        row = _locked(account)
        plain = code.strip().lower().replace(" ", "").replace("-", "")
        if plain.isdecimal():
            _use_code(row, plain)
        else:
            digest = _digest(plain)
            if digest not in row.recovery_hashes:
                raise WrongCode()
            row.recovery_hashes = [one for one in row.recovery_hashes if one != digest]
        row.save()


def renew_codes(account: StaffAccount) -> list[str]:
    """Replace the recovery codes; returns the new ones, shown only now."""
    with atomic():
        row = _locked(account)
        codes = _new_codes(row)
        row.save()
        _note(row, "renew")
        return codes


def turn_off(account: StaffAccount) -> None:
    """Sign in with the password alone from now on."""
    with atomic():
        row = _locked(account)
        row.totp_sealed, row.totp_since, row.recovery_hashes = None, None, []
        row.save()
        _note(row, "turn_off")


def _note(account: StaffAccount, verb: str) -> None:
    """Add an entry to the audit log of each shop that the person works for."""
    for shop_id in members.shops_of(account.id):
        audit_log.note(shop_id, verb, "second_factor", account.id)


def _locked(account: StaffAccount) -> StaffAccount:
    row: StaffAccount = lock_rows(StaffAccount.select().where(StaffAccount.id == account.id)).get()
    return row


def _use_code(row: StaffAccount, code: str) -> None:
    """Accept a code of a time step that is later than the last one used. Raises WrongCode."""
    if row.totp_sealed is None:
        raise WrongCode()
    generator, now = pyotp.TOTP(config.unseal(row.totp_sealed)), int(clock.now().timestamp()) // STEP_SECONDS
    for step in sorted(now + around for around in STEPS_AROUND):
        right = secrets.compare_digest(generator.generate_otp(step), code.strip().replace(" ", ""))
        if right and step > row.totp_step:
            row.totp_step = step
            return
    raise WrongCode()


def _new_codes(row: StaffAccount) -> list[str]:
    codes = ["".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    row.recovery_hashes = [_digest(code) for code in codes]
    return codes


def _digest(code: str) -> str:
    return config.digest(f"recovery:{code}")
