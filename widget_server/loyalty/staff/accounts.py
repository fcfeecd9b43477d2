"""Accounts of staff: a person with an e-mail address and a password, who may work for several shops."""

from widget_server import clock
from widget_server.db import Int, Json, Table, Text, UtcDateTime, atomic, insert_once, new_id
from widget_server.errors import BadRequest, NotFound
from widget_server.loyalty.people import emails, lines

NAME_LENGTH_MAX = 100


class StaffAccount(Table):
    """A person. `totp_sealed` is the secret of the second factor, in use since `totp_since`; None: not confirmed yet.

    `totp_step` is the last time step whose code was used: a code works once. `recovery_hashes` are the digests of the
    unused recovery codes. `locale` is the language of the dashboard, None for that of the browser.
    """

    id = Text(primary_key=True)
    email = Text()
    email_key = Text(unique=True)
    name = Text(default="")
    password_hash = Text(null=True)
    totp_sealed = Text(null=True)
    totp_since = UtcDateTime(null=True)
    totp_step = Int(default=0)
    recovery_hashes = Json(default=list)
    locale = Text(null=True)
    created_at = UtcDateTime()

    @property
    def shown_name(self) -> str:
        """The name, or the address while there is none."""
        return str(self.name or self.email)

    @property
    def has_second_factor(self) -> bool:
        """True when signing in needs a code of the person's authenticator app too."""
        return self.totp_since is not None


def by_id(account_id: str) -> StaffAccount:
    """Returns the account with this id; raises NotFound."""
    found: StaffAccount | None = StaffAccount.get_or_none(StaffAccount.id == account_id)
    if found is None:
        raise NotFound("There is no such member of staff.")
    return found


def by_email(email: str) -> StaffAccount | None:
    """Returns the account with this address, however it is spelled; None when there is none."""
    found: StaffAccount | None = StaffAccount.get_or_none(StaffAccount.email_key == emails.key_of(email))
    return found


def open_account(email: str, name: str = "") -> StaffAccount:
    """Returns the account of this address; a new one has no password. Raises EmailInvalid, BadRequest (name)."""
    address = emails.parse(email)
    _check_name(name)
    facts = {"id": new_id(), "email": address.typed, "email_key": address.key, "name": name.strip()}
    insert_once(StaffAccount, {**facts, "created_at": clock.now(), "totp_step": 0, "recovery_hashes": []})
    account = by_email(address.typed)
    assert account is not None
    return account


def set_password(account: StaffAccount, password_hash: str) -> None:
    """Give the account a new password, by the hash that `passwords.hash_password` made outside the transaction."""
    account.password_hash = password_hash
    account.save(only=[StaffAccount.password_hash])


def set_profile(account: StaffAccount, *, name: str, locale: str | None) -> None:
    """Change the name and the language of the person. Raises BadRequest for a name of several lines, or too long."""
    _check_name(name)
    account.name, account.locale = name.strip(), locale
    account.save(only=[StaffAccount.name, StaffAccount.locale])


def close_if_unused(account_id: str, *, is_used: bool) -> None:
    """Delete the account of a person who works for no shop any more."""
    if not is_used:
        with atomic():
            StaffAccount.delete().where(StaffAccount.id == account_id).execute()


def _check_name(name: str) -> None:
    """Raises BadRequest."""
    lines.check("name", name)
    if len(name) > NAME_LENGTH_MAX:
        raise BadRequest(f"A name has at most {NAME_LENGTH_MAX} characters.", field="name")
