"""A new server secret: one command after which everything is under it, and nothing is lost (contracts §16).

Whatever is sealed stands in a column whose name ends in `_sealed`, or under "sealed" in a waiting job. All of it is
sealed anew with a new key, the keys of the data are wrapped with the new secret, and the ledger begins a new chain key.
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
    """How many sealed values, and how many keys, are under the new secret now."""

    resealed: int
    keys: int


@dataclass(frozen=True)
class SealedValue:
    """What one row has in one sealed column, and the key by which the row is found."""

    table: type[Table]
    column: Field
    key_column: Field
    key: str
    value: str


def check_secret() -> None:
    """Raises WrongSecretKey unless the server's secret, or an old one, opens this database."""
    sample = ShopSecret.everywhere(ShopSecret.secret_sealed).order_by(ShopSecret.created_at).limit(1).scalar()
    data_keys.check(sample)


def rotate() -> Rotated:
    """Put everything under the present secret of the server, in one transaction; again does it again.

    No server may be running: it would go on with the keys before. Raises WrongSecretKey when neither the present secret
    nor an old one opens the database, BadRequest when no old one is set: then there is nothing to come from, and
    BooksDoNotBalance when the audit finds something.
    """
    if not config.current().old_secret_keys:
        raise BadRequest(
            "Set WIDGET_SECRET_KEY to the new key and WIDGET_OLD_SECRET_KEYS to the former one, and run this again.",
            field="WIDGET_OLD_SECRET_KEYS",
        )
    with db.atomic():
        check_secret()
        sealed = [(one, config.unseal(one.value)) for one in sealed_values()]
        letters = [(job, config.unseal(job.payload[SEALED_IN_JOB])) for job in sealed_jobs()]
        data_keys.renew("shared-secrets")
        for one, plain in sealed:
            one.table.update({one.column: config.seal(plain)}).where(one.key_column == one.key).execute()
        for job, plain in letters:
            payload = {**job.payload, SEALED_IN_JOB: config.seal(plain)}
            job_queue.Job.update(payload=payload).where(job_queue.Job.id == job.id).execute()
        data_keys.wrap_anew()
        books.rechain()
        done = Rotated(len(sealed) + len(letters), data_keys.DataKey.everywhere().count())
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
