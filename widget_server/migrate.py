"""Every table of the server, and the migrations of a database.

Migrations are numbered and frozen: `migrations/0001_initial.py` contains the statements for both databases as
they were then. `pending()` is checked before serving; `upgrade()` runs pending migrations, one server at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playhouse.migrations import Migration, Runner

from widget_server import data_keys, editions, idempotency, job_queue, journal, ledger, totals, work
from widget_server.db import Table, atomic, database, on_sqlite, rewrite
from widget_server.delivery import endpoints, outbox, signatures
from widget_server.loyalty import audit_log, audit_places, books
from widget_server.loyalty.earning import deliveries, feeds, orders, rules, social, store_imports
from widget_server.loyalty.imports import imports, stored_files, uploads
from widget_server.loyalty.people import (
    access_tokens,
    api_keys,
    customers,
    devices,
    former_codes,
    mailboxes,
    saved_views,
    search_terms,
    sessions,
    sign_in_codes,
)
from widget_server.loyalty.points import adjustments, awards, batch_tables, tiers
from widget_server.loyalty.preview import copies
from widget_server.loyalty.program import connection_codes, programs, shops, widget_icons
from widget_server.loyalty.referrals import links, referral_programs, referrals, replies
from widget_server.loyalty.rewards import checkout, coupon_orders, coupons, rewards
from widget_server.loyalty.staff import accounts as staff_accounts
from widget_server.loyalty.staff import links as staff_links
from widget_server.loyalty.staff import members as staff_members
from widget_server.loyalty.staff import sessions as staff_sessions
from widget_server.loyalty.till import till_codes
from widget_server.program_file import stored_drafts
from widget_server.web import rate_limits

MIGRATIONS = Path(__file__).with_name("migrations")
SECURE_DELETE_SINCE = "0013_files"  # before it, SQLite left deleted data in free pages
MEASURE_GROWN = 0x10012  # all tables that have grown, by a sample of their rows
ADVISORY_LOCK = 4_702_111_234  # any number that nobody else uses in this database

TABLES: list[type[Table]] = [
    data_keys.DataKey,
    shops.Shop,
    shops.ShopSecret,
    widget_icons.WidgetIcon,
    audit_log.AuditEntry,
    audit_log.AuditDoor,
    shops.Origin,
    editions.Edition,
    connection_codes.ConnectionCode,
    programs.Program,
    tiers.Tier,
    tiers.TierProgram,
    customers.Customer,
    former_codes.FormerCode,
    mailboxes.MailboxClaim,
    search_terms.SearchTerm,
    saved_views.SavedView,
    devices.Device,
    sessions.Session,
    sign_in_codes.SignInCode,
    sessions.UsedToken,
    api_keys.ApiKey,
    access_tokens.AccessToken,
    journal.Journal,
    idempotency.Request,
    ledger.Account,
    ledger.Transaction,
    ledger.Debt,
    awards.Award,
    adjustments.Adjustment,
    batch_tables.Batch,
    batch_tables.BatchItem,
    stored_files.StoredFile,
    uploads.Upload,
    imports.Import,
    orders.Order,
    orders.Parked,
    deliveries.Delivery,
    feeds.Feed,
    store_imports.StoreImport,
    rules.EarningRule,
    rules.Campaign,
    rewards.Reward,
    coupons.Coupon,
    coupon_orders.CouponOrder,
    social.FollowedChannel,
    checkout.CheckoutDiscount,
    referral_programs.ReferralProgram,
    referrals.Referral,
    links.ReferralVisit,
    replies.ReferralReply,
    till_codes.TillCode,
    totals.TotalChange,
    totals.QuarterTotal,
    totals.DayTotal,
    books.BooksMark,
    audit_places.AuditPlace,
    signatures.ShopKey,
    endpoints.Endpoint,
    outbox.Message,
    outbox.Lane,
    job_queue.Job,
    job_queue.Beat,
    rate_limits.Hit,
    staff_accounts.StaffAccount,
    staff_members.StaffMember,
    staff_links.StaffLink,
    staff_sessions.StaffSession,
    staff_sessions.StaffDevice,
    copies.PreviewCopy,
    copies.PreviewEvent,
    stored_drafts.ProgramDraft,
]


def pending() -> list[str]:
    """The names of the migrations that have not run on this database yet."""
    return [step.name for step in _waiting()]


def unknown() -> list[str]:
    """The names of migrations that have run on this database but are unknown to this version of the server."""
    return [step.name for step in _runner().status() if step.path is None]


def upgrade() -> list[str]:
    """Run all pending migrations or none, then update the statistics (ANALYZE); returns the names of those that ran.

    Rows that a migration wrote, or that are older than the journal, are added to the journal in their current state.
    Totals are filled again from the rows: nothing counts changes while the tables change. Both read every row, so a
    migration says INDEXES_ONLY when it changes neither rows nor columns. Missing triggers of editions are created.
    """
    with _alone(), work.unhurried(database.obj):
        with atomic():
            changes_rows = _changes_rows()
            if changes_rows:
                totals.uninstall()
            ran = list(_runner().up())
            if changes_rows:
                journal.adopt()
                totals.install()
                totals.fill()
            editions.install()
            if ran:
                database.execute_sql("ANALYZE")
        if SECURE_DELETE_SINCE in ran:
            rewrite()
    return ran


def _changes_rows() -> bool:
    """Whether a pending migration may change rows or columns."""
    return any(not getattr(step.load(), "INDEXES_ONLY", False) for step in _waiting())


def _waiting() -> list[Migration]:
    """Returns the migrations that have not run on this database yet."""
    return [step for step in _runner().status() if step.path is not None and step.applied is None]


def measure() -> None:
    """Update SQLite's statistics of tables that have grown, by which it chooses indexes (contracts §17).

    Does nothing while no table has grown. PostgreSQL does this by itself.
    """
    if on_sqlite():
        database.execute_sql(f"PRAGMA optimize = {MEASURE_GROWN}").fetchall()


def _runner() -> Runner:
    return Runner(database.obj, directory=str(MIGRATIONS))


@contextmanager
def _alone() -> Iterator[None]:
    """Prevent two servers from migrating at once; on SQLite the write lock does this already."""
    if on_sqlite():
        yield
        return
    database.execute_sql("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
    try:
        yield
    finally:
        database.execute_sql("SELECT pg_advisory_unlock(%s)", (ADVISORY_LOCK,))
