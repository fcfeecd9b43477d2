"""Who somebody is, and when the shop began: canonical addresses, owners of orders, what a mailbox had once."""

from widget_server.db import on_sqlite
from widget_server.loyalty.people import emails, mailboxes
from widget_server.migration_steps import run_text

SQLITE = """
ALTER TABLE "program" ADD COLUMN "activated_at" TEXT;
UPDATE "program" SET "activated_at" = "created_at" WHERE "status" <> 'draft';
ALTER TABLE "customer" ADD COLUMN "facts_as_of" TEXT;
ALTER TABLE "customer" ADD COLUMN "paying_at" TEXT;
ALTER TABLE "customer" ADD COLUMN "not_paying_at" TEXT;
ALTER TABLE "order" ADD COLUMN "owner_by_id" INTEGER NOT NULL DEFAULT 0;
UPDATE "order" SET "owner_by_id" = 1 WHERE "customer_id" IN (SELECT "id" FROM "customer" WHERE "external_id" IS NOT NULL);
ALTER TABLE "order" ADD COLUMN "owner_as_of" TEXT;
ALTER TABLE "order" ADD COLUMN "billing_email" TEXT;
ALTER TABLE "order" ADD COLUMN "address_digests" TEXT NOT NULL DEFAULT '[]';
ALTER TABLE "order" ADD COLUMN "was_paid" INTEGER NOT NULL DEFAULT 0;
UPDATE "order" SET "was_paid" = 1 WHERE json_extract("state", '$.reached.paid') IS NOT NULL;
ALTER TABLE "referral_program" ADD COLUMN "advocate_daily_cap" INTEGER;
UPDATE "referral_program" SET "advocate_daily_cap" = 10;
ALTER TABLE "referral" ADD COLUMN "came_at" TEXT;
ALTER TABLE "referral" ADD COLUMN "approved_at" TEXT;
CREATE TABLE "mailbox_claim" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "digest" TEXT NOT NULL,
  "what" TEXT NOT NULL,
  "verified" INTEGER NOT NULL,
  "customer_id" TEXT,
  "created_at" TEXT NOT NULL,
  PRIMARY KEY ("shop_id",
  "digest",
  "what",
  "verified")) STRICT;
CREATE INDEX "mailbox_claim_customer_id" ON "mailbox_claim" ("customer_id");
"""

POSTGRES = """
ALTER TABLE "program" ADD COLUMN "activated_at" TIMESTAMPTZ;
UPDATE "program" SET "activated_at" = "created_at" WHERE "status" <> 'draft';
ALTER TABLE "customer" ADD COLUMN "facts_as_of" TIMESTAMPTZ;
ALTER TABLE "customer" ADD COLUMN "paying_at" TIMESTAMPTZ;
ALTER TABLE "customer" ADD COLUMN "not_paying_at" TIMESTAMPTZ;
ALTER TABLE "order" ADD COLUMN "owner_by_id" BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE "order" SET "owner_by_id" = TRUE WHERE "customer_id" IN (SELECT "id" FROM "customer" WHERE "external_id" IS NOT NULL);
ALTER TABLE "order" ALTER COLUMN "owner_by_id" DROP DEFAULT;
ALTER TABLE "order" ADD COLUMN "owner_as_of" TEXT;
ALTER TABLE "order" ADD COLUMN "billing_email" TEXT;
ALTER TABLE "order" ADD COLUMN "address_digests" TEXT NOT NULL DEFAULT '[]';
ALTER TABLE "order" ALTER COLUMN "address_digests" DROP DEFAULT;
ALTER TABLE "order" ADD COLUMN "was_paid" BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE "order" SET "was_paid" = TRUE WHERE ("state"::json -> 'reached' -> 'paid') IS NOT NULL;
ALTER TABLE "order" ALTER COLUMN "was_paid" DROP DEFAULT;
ALTER TABLE "referral_program" ADD COLUMN "advocate_daily_cap" BIGINT;
UPDATE "referral_program" SET "advocate_daily_cap" = 10;
ALTER TABLE "referral" ADD COLUMN "came_at" TIMESTAMPTZ;
ALTER TABLE "referral" ADD COLUMN "approved_at" TIMESTAMPTZ;
CREATE TABLE "mailbox_claim" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "digest" TEXT NOT NULL,
  "what" TEXT NOT NULL,
  "verified" BOOLEAN NOT NULL,
  "customer_id" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("shop_id",
  "digest",
  "what",
  "verified"));
CREATE INDEX "mailbox_claim_customer_id" ON "mailbox_claim" ("customer_id");
"""

# what each mailbox had before this was kept: the earliest customer of it keeps each thing
CLAIMS = """
SELECT "shop_id", "mailbox", 'membership', "email_verified", "id", "joined_at" FROM "customer"
  WHERE "mailbox" IS NOT NULL AND "joined_at" IS NOT NULL
UNION ALL
SELECT c."shop_id", c."mailbox", t."cause" || ':' || t."cause_id", c."email_verified", c."id", t."created_at"
  FROM "transaction" t JOIN "account" a ON a."id" = t."account_id" JOIN "customer" c ON c."id" = a."customer_id"
  WHERE t."cause" IN ('join', 'newsletter', 'social') AND c."mailbox" IS NOT NULL
UNION ALL
SELECT c."shop_id", c."mailbox", 'friend_gift', c."email_verified", c."id", r."created_at"
  FROM "referral" r JOIN "customer" c ON c."id" = r."friend_id"
  WHERE c."mailbox" IS NOT NULL AND (r."friend_coupon_id" IS NOT NULL OR r."friend_transaction_id" IS NOT NULL)
ORDER BY 6, 5
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
    _give_canonical_keys(db)
    _remember_mailboxes(db)


def _give_canonical_keys(db):
    """Each address has its key by today's rules. What is no address keeps its text and can be neither found nor
    verified. Of two customers whose verified addresses turn out to be one, the earlier owns it: points stay apart until
    its owner signs in, or staff merge the two.
    """
    owners = set()
    for id, shop_id, typed, key, mailbox, verified in _all(
        db,
        'SELECT "id", "shop_id", "email", "email_key", "mailbox", "email_verified" FROM "customer" '
        'WHERE "email" IS NOT NULL AND "merged_into" IS NULL ORDER BY "created_at", "id"',
    ):
        email = emails.find(typed)
        now = (email.key, email.mailbox) if email else (None, None)
        owns = bool(verified) and email is not None and (shop_id, email.key) not in owners
        if owns:
            owners.add((shop_id, email.key))
        if (*now, owns) != (key, mailbox, bool(verified)):
            statement = 'UPDATE "customer" SET "email_key" = ?, "mailbox" = ?, "email_verified" = ? WHERE "id" = ?'
            db.execute_sql(_marked(db, statement), (*now, _bool(db, owns), id))


def _remember_mailboxes(db):
    names = '"shop_id", "digest", "what", "verified", "customer_id", "created_at"'
    statement = f'INSERT INTO "mailbox_claim" ({names}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'
    for shop_id, mailbox, what, verified, customer_id, at in _all(db, CLAIMS):
        values = (shop_id, mailboxes.digest(mailbox), what, _bool(db, verified), customer_id, at)
        db.execute_sql(_marked(db, statement), values)


def _all(db, statement):
    return db.execute_sql(statement).fetchall()


def _marked(db, statement):
    return statement.replace("?", db.param)


def _bool(db, value):
    return int(value) if on_sqlite() else bool(value)
