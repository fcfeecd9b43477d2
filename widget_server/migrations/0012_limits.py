"""Limits and who they bind: codes by mailbox and purpose, devices, and where a session is.

A code that waits to be typed is good for minutes and cannot be kept in its new form: it has to be requested again.
"""

from widget_server.migration_steps import run_text

SQLITE = """
DROP TABLE "sign_in_code";
CREATE TABLE "sign_in_code" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "email" TEXT NOT NULL,
  "email_key" TEXT NOT NULL,
  "mailbox" TEXT NOT NULL,
  "purpose" TEXT NOT NULL,
  "code_sealed" TEXT NOT NULL,
  "by_link" INTEGER NOT NULL,
  "link_hash" TEXT NOT NULL,
  "tries" INTEGER NOT NULL,
  "wishes" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  "made_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "mailed_at" TEXT,
  "used_at" TEXT,
  CHECK (purpose IN ('sign_up', 'sign_in', 'reset', 'verify'))) STRICT;
CREATE INDEX "sign_in_code_email_key" ON "sign_in_code" ("email_key");
CREATE UNIQUE INDEX "sign_in_code_link_hash" ON "sign_in_code" ("link_hash");
CREATE INDEX "sign_in_code_expires_at" ON "sign_in_code" ("expires_at");
CREATE INDEX "sign_in_code_shop_id_mailbox" ON "sign_in_code" ("shop_id", "mailbox");
ALTER TABLE "session" ADD COLUMN "browser" TEXT NOT NULL DEFAULT '';
ALTER TABLE "session" ADD COLUMN "last_used_at" TEXT;
CREATE TABLE "device" (
  "id" TEXT NOT NULL,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "customer_id" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  "last_used_at" TEXT NOT NULL,
  PRIMARY KEY ("shop_id",
  "id",
  "customer_id")) STRICT;
CREATE INDEX "device_customer_id" ON "device" ("customer_id");
CREATE INDEX "device_last_used_at" ON "device" ("last_used_at");
"""

POSTGRES = """
DROP TABLE "sign_in_code";
CREATE TABLE "sign_in_code" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "email" TEXT NOT NULL,
  "email_key" TEXT NOT NULL,
  "mailbox" TEXT NOT NULL,
  "purpose" TEXT NOT NULL,
  "code_sealed" TEXT NOT NULL,
  "by_link" BOOLEAN NOT NULL,
  "link_hash" TEXT NOT NULL,
  "tries" BIGINT NOT NULL,
  "wishes" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "made_at" TIMESTAMPTZ NOT NULL,
  "expires_at" TIMESTAMPTZ NOT NULL,
  "mailed_at" TIMESTAMPTZ,
  "used_at" TIMESTAMPTZ,
  CHECK (purpose IN ('sign_up', 'sign_in', 'reset', 'verify')));
CREATE INDEX "sign_in_code_email_key" ON "sign_in_code" ("email_key");
CREATE UNIQUE INDEX "sign_in_code_link_hash" ON "sign_in_code" ("link_hash");
CREATE INDEX "sign_in_code_expires_at" ON "sign_in_code" ("expires_at");
CREATE INDEX "sign_in_code_shop_id_mailbox" ON "sign_in_code" ("shop_id", "mailbox");
ALTER TABLE "session" ADD COLUMN "browser" TEXT NOT NULL DEFAULT '';
ALTER TABLE "session" ALTER COLUMN "browser" DROP DEFAULT;
ALTER TABLE "session" ADD COLUMN "last_used_at" TIMESTAMPTZ;
CREATE TABLE "device" (
  "id" TEXT NOT NULL,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "customer_id" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "last_used_at" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("shop_id",
  "id",
  "customer_id"));
CREATE INDEX "device_customer_id" ON "device" ("customer_id");
CREATE INDEX "device_last_used_at" ON "device" ("last_used_at");
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
