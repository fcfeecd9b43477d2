"""A new server secret: one command moves everything to it, and nothing is lost (contracts §16).

Sealed (encrypted) values are in columns whose names end in `_sealed`, or under "sealed" in a waiting job. All of them
are sealed again with a new key, the data keys are wrapped with the new secret, and the ledger gets a new chain key.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from peewee import Field

from widget_server import config, data_keys, db, job_queue, migrate
from widget_server.db import Table
from widget_server.errors import BadRequest
from widget_server.loyalty import books
from widget_server.loyalty.program.shops import ShopSecret

SEALED_ENDING = "_sealed"
SEALED_IN_JOB = "sealed"


@dataclass(frozen=True)
class Rotated:
    """How many sealed values and how many keys use the new secret now."""

    resealed: int
    keys: int


@dataclass(frozen=True)
class SealedValue:
    """The value of one row in one sealed column, and the primary key of the row."""

    table: type[Table]
    column: Field
    key_column: Field
    key: str
    value: str


def check_secret() -> None:
    """Raises WrongSecretKey unless the server's secret, or an old one, decrypts this database."""
    sample = ShopSecret.everywhere(ShopSecret.secret_sealed).order_by(ShopSecret.created_at).limit(1).scalar()
    data_keys.check(sample)


def rotate() -> Rotated:
    """Encrypt everything with the current secret of the server, in one transaction; it can be repeated.

    No server may be running: it would continue to use the earlier keys. Raises WrongSecretKey when neither the current
    secret nor an old one decrypts the database, BadRequest when no old secret is set (nothing to rotate from), and
    BooksDoNotBalance when the audit finds a difference.
    """
    if not config.current().old_secret_keys:
        raise BadRequest(
            "Set WIDGET_SECRET_KEY to the new key and WIDGET_OLD_SECRET_KEYS to the former one, and run this again.",
            field="WIDGET_OLD_SECRET_KEYS",
        )
    with db.atomic():
        check_secret()
        sealed = [(one, config.unseal(one.value)) for one in sealed_values()]
        jobs = [(job, config.unseal(job.payload[SEALED_IN_JOB])) for job in sealed_jobs()]
        data_keys.renew("shared-secrets")
        for one, plain in sealed:
            one.table.update({one.column: config.seal(plain)}).where(one.key_column == one.key).execute()
        for job, plain in jobs:
            payload = {**job.payload, SEALED_IN_JOB: config.seal(plain)}
            job_queue.Job.update(payload=payload).where(job_queue.Job.id == job.id).execute()
        data_keys.wrap_anew()
        books.rechain()
        done = Rotated(len(sealed) + len(jobs), data_keys.DataKey.everywhere().count())
    books.write_anchor()
    return done


def sealed_values() -> Iterator[SealedValue]:
    """Yields each sealed value of each table, whatever shop it belongs to."""
    for table in migrate.TABLES:
        for column in table._meta.sorted_fields:
            if column.name.endswith(SEALED_ENDING):
                (key,) = table._meta.get_primary_keys()
                rows = table.everywhere(key, column).where(column.is_null(False))
                for key_value, value in list(rows.tuples()):
                    yield SealedValue(table, column, key, key_value, value)


def sealed_jobs() -> list[job_queue.Job]:
    """The waiting jobs whose payload holds something sealed."""
    return [job for job in job_queue.Job.everywhere() if SEALED_IN_JOB in (job.payload or {})]
