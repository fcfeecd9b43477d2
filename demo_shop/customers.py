"""Customers: people with an account in this shop. Each change is sent to the loyalty server."""

import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime

from werkzeug.security import check_password_hash, generate_password_hash

from demo_shop.bodies import BuyerBody, CustomerBody, stamp
from demo_shop.database import Database
from demo_shop.outbox import Outbox


class EmailTaken(Exception):
    """There is an account with this e-mail address already."""


@dataclass(frozen=True)
class Profile:
    """The personal data that customers enter and may change."""

    name: str
    phone: str | None = None
    birthday: str | None = None
    accepts_marketing: bool = False


@dataclass(frozen=True)
class Customer:
    """One customer account of the shop."""

    number: int
    email: str
    email_verified: bool
    name: str
    phone: str | None
    birthday: str | None
    accepts_marketing: bool
    referral_code: str | None
    registered_at: str

    @property
    def id(self) -> str:
        """The customer's id in messages to the loyalty server."""
        return f"c-{self.number}"

    def as_buyer(self) -> BuyerBody:
        """The customer as the buyer in an order."""
        return {
            "id": self.id,
            "email": self.email,
            "email_verified": self.email_verified,
            "name": self.name,
            "phone": self.phone,
        }

    def body(self) -> CustomerBody:
        """The customer as the body of the customer webhook."""
        return {
            **self.as_buyer(),
            "id": self.id,
            "birthday": self.birthday,
            "accepts_marketing": self.accepts_marketing,
            "referral_code": self.referral_code,
            "registered_at": self.registered_at,
            "deleted": False,
        }


class Customers:
    """Registers, finds and changes accounts."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    def register(
        self,
        email: str,
        password: str,
        profile: Profile,
        *,
        at: datetime,
        referral_code: str | None = None,
        email_verified: bool = False,
    ) -> Customer:
        """Create an account; raises EmailTaken."""
        row = {
            **asdict(profile),
            "email": normal_email(email),
            "email_verified": email_verified,
            "password_hash": generate_password_hash(password),
            "referral_code": referral_code,
            "registered_at": stamp(at),
        }
        try:
            with self._outbox.transaction() as connection:
                number = connection.execute(
                    "INSERT INTO customers (email, email_verified, password_hash, name, phone, birthday, "
                    "accepts_marketing, referral_code, registered_at) VALUES (:email, :email_verified, "
                    ":password_hash, :name, :phone, :birthday, :accepts_marketing, :referral_code, "
                    ":registered_at)",
                    row,
                ).lastrowid
                return self._tell(connection, number)
        except sqlite3.IntegrityError:
            raise EmailTaken from None

    def log_in(self, email: str, password: str) -> Customer | None:
        """Returns the account of this e-mail if the password is correct, else None."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT number, password_hash FROM customers WHERE email = ?", (normal_email(email),)
            ).fetchone()
            known = row is not None and check_password_hash(row["password_hash"], password)
            return _load(connection, row["number"]) if known else None

    def find(self, number: int) -> Customer | None:
        """Returns the account with this number; None when there is none."""
        with self._database.read() as connection:
            return _load(connection, number)

    def update(self, number: int, profile: Profile) -> Customer:
        """Save the customer's changed profile."""
        with self._outbox.transaction() as connection:
            connection.execute(
                "UPDATE customers SET name = :name, phone = :phone, birthday = :birthday, "
                "accepts_marketing = :accepts_marketing WHERE number = :number",
                {**asdict(profile), "number": number},
            )
            return self._tell(connection, number)

    def confirm(self, number: int) -> Customer:
        """Mark the e-mail as verified: the customer opened the link in our mail."""
        with self._outbox.transaction() as connection:
            connection.execute("UPDATE customers SET email_verified = 1 WHERE number = ?", (number,))
            return self._tell(connection, number)

    def _tell(self, connection: sqlite3.Connection, number: int | None) -> Customer:
        customer = _load(connection, number)
        assert customer is not None
        self._outbox.add(connection, "customer", f"customer:{customer.id}", {**customer.body()})
        return customer


def normal_email(email: str) -> str:
    """The e-mail as it is stored and compared."""
    return email.strip().lower()


def _load(connection: sqlite3.Connection, number: int | None) -> Customer | None:
    row = connection.execute(
        "SELECT number, email, email_verified, name, phone, birthday, accepts_marketing, referral_code, "
        "registered_at FROM customers WHERE number = ?",
        (number,),
    ).fetchone()
    if row is None:
        return None
    flags = {name: bool(row[name]) for name in ("email_verified", "accepts_marketing")}
    return Customer(**{**dict(row), **flags})
