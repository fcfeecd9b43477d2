"""`upgrade`, `audit`, `backup` and `rewrite`: the database, the books in it, a copy, and a file without remains."""

from pathlib import Path

import click
import peewee

from widget_server import clock, config, data_keys, db, migrate, remains, secret_rotation
from widget_server.cli.opening import open_server
from widget_server.loyalty import books
from widget_server.loyalty.imports import uploads
from widget_server.loyalty.program import shops


@click.command()
def upgrade() -> None:
    """Bring the database up to date."""
    open_server(migrated=False)
    if data_keys.DataKey.is_there():
        secret_rotation.check_secret()
    ran = migrate.upgrade()
    secret_rotation.check_secret()
    if taken := uploads.take_in(config.current().instance / "imports"):
        click.echo(f"{taken} files of imports were moved from the instance folder into the database.")
    click.echo(f"{len(ran)} migrations ran: {', '.join(ran)}" if ran else "Nothing to do.")


@click.command()
@click.option("--since", is_flag=True, help="Only what was written since the last audit that found nothing.")
@click.option("--accept", default=None, metavar="SHOP", help="First take the rows of this shop as they are.")
def audit(since: bool, accept: str | None) -> None:
    """Audit the books; exit 1 with a line for each row that is wrong: table, id and what is wrong."""
    open_server()
    if accept is not None:
        books.accept(shops.by_id(accept))
    for shop in list(shops.Shop.everywhere().order_by(shops.Shop.id)):
        if (earlier := books.under_way(shop, since=since)) is not None:
            begun, part = clock.iso(earlier.began_at), earlier.part
            click.echo(f"shop {shop.id}: goes on with the audit that began at {begun} and was interrupted ({part}).")
    wrong = 0
    for finding in books.audit(since=since):
        click.echo(finding, err=True)
        wrong += 1
    if wrong:
        raise SystemExit(1)
    books.write_anchor()
    click.echo("The books balance.")


@click.command()
def rewrite() -> None:
    """Rewrite the embedded database now, so that no trace of erased data is left in its files; writers wait for it."""
    open_server()
    if not db.on_sqlite():
        raise click.ClickException("PostgreSQL rewrites no files: see docs/security.md for what to do there.")
    if lack := remains.lacks_room():
        raise click.ClickException(lack)
    done = remains.rewrite_now()
    click.echo(f"Rewritten: {done.before:,} bytes before, {done.after:,} bytes now.")
    if not done.is_log_empty:
        raise click.ClickException("The log could not be emptied while somebody reads. Run this again.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write a consistent copy of the embedded database while it is in use."""
    open_server()
    if not db.on_sqlite():
        raise click.ClickException("On PostgreSQL use pg_dump: it knows roles and tablespaces too.")
    try:
        file.touch(mode=0o600, exist_ok=False)
        db.database.execute_sql("VACUUM INTO ?", (str(file),))
    except FileExistsError as there:
        raise click.ClickException(f"{file} is there already; nothing was written.") from there
    except (OSError, peewee.PeeweeException) as failure:
        file.unlink(missing_ok=True)
        raise click.ClickException(f"{file} could not be written ({failure}).") from failure
    click.echo(f"{file}: {file.stat().st_size} bytes")
