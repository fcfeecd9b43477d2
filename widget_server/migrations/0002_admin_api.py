"""What the admin API and the codes on other platforms brought."""

from widget_server.migration_steps import run_text


SQLITE = """
ALTER TABLE "shop" ADD COLUMN "api_url" TEXT;
ALTER TABLE "shop" ADD COLUMN "api_keys_sealed" TEXT;
ALTER TABLE "program" ADD COLUMN "icon" TEXT;
ALTER TABLE "tier" ADD COLUMN "description" TEXT;
ALTER TABLE "tier" ADD COLUMN "icon" TEXT;
ALTER TABLE "tier_program" ADD COLUMN "status" TEXT;
ALTER TABLE "tier_program" ADD COLUMN "window_months" INTEGER;
ALTER TABLE "tier_program" ADD COLUMN "base_description" TEXT;
ALTER TABLE "tier_program" ADD COLUMN "base_icon" TEXT;
ALTER TABLE "tier_program" ADD COLUMN "created_at" TEXT NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
UPDATE "tier_program" SET "created_at" = (SELECT "created_at" FROM "program" WHERE "program"."shop_id" = "tier_program"."shop_id");
ALTER TABLE "tier_program" ADD COLUMN "updated_at" TEXT NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
UPDATE "tier_program" SET "updated_at" = (SELECT "created_at" FROM "program" WHERE "program"."shop_id" = "tier_program"."shop_id");
ALTER TABLE "customer" ADD COLUMN "labels" TEXT NOT NULL DEFAULT '[]';
ALTER TABLE "customer" ADD COLUMN "notes" TEXT;
CREATE INDEX "customer_shop_id_merged_into" ON "customer" ("shop_id", "merged_into");
ALTER TABLE "api_key" ADD COLUMN "previous_hash" TEXT;
ALTER TABLE "api_key" ADD COLUMN "previous_until" TEXT;
CREATE INDEX "api_key_previous_hash" ON "api_key" ("previous_hash");
CREATE TABLE "access_token" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "use" TEXT NOT NULL,
  "identity" TEXT NOT NULL,
  "key_id" TEXT,
  "customer_id" TEXT,
  "visitor_id" TEXT,
  "created_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  CHECK (use IN ('access', 'refresh')),
  CHECK (identity IN ('app', 'visitor', 'member'))) STRICT;
CREATE INDEX "access_token_key_id" ON "access_token" ("key_id");
CREATE INDEX "access_token_customer_id" ON "access_token" ("customer_id");
ALTER TABLE "account" ADD COLUMN "revision" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE "account" ADD COLUMN "updated_at" TEXT NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
UPDATE "account" SET "updated_at" = "last_activity_at";
DROP INDEX "account_shop_id_created_at";
CREATE INDEX "account_shop_id_created_at_id" ON "account" ("shop_id", "created_at", "id");
DROP INDEX "transaction_account_id_cause_id";
CREATE INDEX "transaction_account_id_cause_id_event_at" ON "transaction" ("account_id", "cause_id", "event_at");
CREATE INDEX "award_account_id_rule_id_event_at" ON "award" ("account_id", "rule_id", "event_at");
ALTER TABLE "adjustment" ADD COLUMN "app_id" TEXT;
ALTER TABLE "adjustment" ADD COLUMN "activity_type" TEXT;
ALTER TABLE "adjustment" ADD COLUMN "order_ref" TEXT;
ALTER TABLE "adjustment" ADD COLUMN "channel" TEXT;
CREATE TABLE "batch" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "kind" TEXT NOT NULL,
  "mode" TEXT NOT NULL,
  "points" INTEGER,
  "status" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "staff" TEXT,
  "app_id" TEXT,
  "reason" TEXT,
  "comment" TEXT,
  "total" INTEGER NOT NULL,
  "succeeded" INTEGER NOT NULL,
  "failed" INTEGER NOT NULL,
  "skipped" INTEGER NOT NULL,
  "undone" INTEGER NOT NULL,
  "kept" INTEGER NOT NULL,
  "reached" INTEGER NOT NULL,
  "created_at" TEXT NOT NULL,
  "ended_at" TEXT,
  "undone_at" TEXT,
  CHECK (kind IN ('bulk', 'import')),
  CHECK (mode IN ('add', 'set')),
  CHECK (status IN ('running', 'done', 'failed', 'undoing', 'undone'))) STRICT;
CREATE UNIQUE INDEX "batch_shop_id_source_key" ON "batch" ("shop_id", "source", "key");
CREATE INDEX "batch_shop_id_created_at" ON "batch" ("shop_id", "created_at");
CREATE TABLE "batch_item" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "batch_id" TEXT NOT NULL,
  "line" INTEGER NOT NULL,
  "account_id" TEXT,
  "points" INTEGER,
  "status" TEXT NOT NULL,
  "code" TEXT,
  PRIMARY KEY ("batch_id",
  "line"),
  CHECK (status IN ('waiting', 'done', 'skipped', 'failed', 'undone', 'kept'))) STRICT, WITHOUT ROWID;
CREATE TABLE "upload" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "size" INTEGER,
  "digest" TEXT,
  "created_at" TEXT NOT NULL) STRICT;
CREATE TABLE "import" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "status" TEXT NOT NULL,
  "upload_id" TEXT NOT NULL,
  "file_name" TEXT,
  "size" INTEGER NOT NULL,
  "digest" TEXT NOT NULL,
  "header" TEXT NOT NULL,
  "sample_rows" TEXT NOT NULL,
  "columns" TEXT,
  "has_header" INTEGER NOT NULL,
  "row_count" INTEGER,
  "parse_error" TEXT,
  "creates_customers" INTEGER NOT NULL,
  "batch_id" TEXT,
  "revision" INTEGER NOT NULL,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (status IN ('parsing', 'parsed', 'importing', 'imported', 'failed'))) STRICT;
CREATE UNIQUE INDEX "import_upload_id" ON "import" ("upload_id");
CREATE INDEX "import_batch_id" ON "import" ("batch_id");
CREATE INDEX "import_shop_id_created_at" ON "import" ("shop_id", "created_at");
CREATE INDEX "import_shop_id_digest" ON "import" ("shop_id", "digest");
ALTER TABLE "earning_rule" ADD COLUMN "by_tier" TEXT;
ALTER TABLE "earning_rule" ADD COLUMN "source_app_id" TEXT;
ALTER TABLE "earning_rule" ADD COLUMN "trigger_app_id" TEXT;
ALTER TABLE "earning_rule" ADD COLUMN "trigger_activity_type" TEXT;
ALTER TABLE "reward" ADD COLUMN "by_tier" TEXT;
ALTER TABLE "reward" ADD COLUMN "at_checkout" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "reward" ADD COLUMN "details" TEXT;
ALTER TABLE "coupon" ADD COLUMN "failure_detail" TEXT;
ALTER TABLE "coupon" ADD COLUMN "code_job" TEXT;
ALTER TABLE "coupon" ADD COLUMN "updated_at" TEXT NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
UPDATE "coupon" SET "updated_at" = COALESCE("ended_at", "applied_at", "created_at");
ALTER TABLE "coupon" ADD COLUMN "deleted_at" TEXT;
CREATE INDEX "coupon_code_job" ON "coupon" ("code_job");
CREATE TABLE "followed_channel" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "account_id" TEXT NOT NULL,
  "channel" TEXT NOT NULL,
  "created_at" TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX "followed_channel_shop_id_account_id_channel" ON "followed_channel" ("shop_id", "account_id", "channel");
CREATE TABLE "checkout_discount" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "checkout_id" TEXT NOT NULL,
  "coupon_id" TEXT NOT NULL,
  "reward_id" TEXT,
  "kind" TEXT NOT NULL,
  "points" INTEGER NOT NULL,
  "amount" TEXT,
  "status" TEXT NOT NULL,
  "refund_as" TEXT,
  "order_ref" TEXT,
  "source" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "applied_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (kind IN ('discount_amount', 'coupon_reward', 'loyalty_coupon')),
  CHECK (status IN ('applied', 'in_progress', 'completed', 'scheduled_for_refund', 'refunded', 'refunded_due_to_timeout', 'refunded_due_to_manual_discount_removal', 'failed_to_refund', 'unused'))) STRICT;
CREATE UNIQUE INDEX "checkout_discount_shop_id_source_key" ON "checkout_discount" ("shop_id", "source", "key");
CREATE INDEX "checkout_discount_shop_id_coupon_id" ON "checkout_discount" ("shop_id", "coupon_id");
CREATE INDEX "checkout_discount_shop_id_checkout_id_applied_at" ON "checkout_discount" ("shop_id", "checkout_id", "applied_at");
CREATE INDEX "checkout_discount_status_applied_at" ON "checkout_discount" ("status", "applied_at");
CREATE UNIQUE INDEX "checkoutdiscount_open" ON "checkout_discount" ("shop_id", "checkout_id") WHERE status IN ('applied', 'in_progress');
CREATE TABLE "day_total" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "day" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "amount" INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX "day_total_shop_id_day_kind" ON "day_total" ("shop_id", "day", "kind");
CREATE TABLE "shop_key" (
  "shop_id" TEXT NOT NULL PRIMARY KEY REFERENCES shop (id),
  "private_sealed" TEXT NOT NULL,
  "created_at" TEXT NOT NULL) STRICT;
CREATE TABLE "endpoint" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "url" TEXT NOT NULL,
  "format" TEXT NOT NULL,
  "event_types" TEXT NOT NULL,
  "description" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "secret_sealed" TEXT,
  "old_secret_sealed" TEXT,
  "old_secret_until" TEXT,
  "last_status" INTEGER,
  "last_answer_at" TEXT,
  "last_success_at" TEXT,
  "revision" INTEGER NOT NULL,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (format IN ('standard', 'wix')),
  CHECK (status IN ('active', 'disabled'))) STRICT;
CREATE INDEX "endpoint_shop_id_created_at" ON "endpoint" ("shop_id", "created_at");
CREATE TABLE "message" (
  "number" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "event_id" TEXT NOT NULL,
  "endpoint_id" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "payload" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "tries" INTEGER NOT NULL,
  "answer_status" INTEGER,
  "answer" TEXT,
  "created_at" TEXT NOT NULL,
  "ended_at" TEXT,
  CHECK (status IN ('new', 'waiting', 'sent', 'dead'))) STRICT;
CREATE UNIQUE INDEX "message_endpoint_id_event_id" ON "message" ("endpoint_id", "event_id");
CREATE INDEX "message_subject" ON "message" ("subject");
CREATE INDEX "message_status_ended_at" ON "message" ("status", "ended_at");
CREATE INDEX "message_new" ON "message" ("number") WHERE status = 'new';
CREATE INDEX "message_waiting" ON "message" ("endpoint_id", "subject", "number") WHERE status = 'waiting';
CREATE INDEX "message_dead" ON "message" ("endpoint_id", "number") WHERE status = 'dead';
CREATE TABLE "lane" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "endpoint_id" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "next_at" TEXT NOT NULL,
  "lease" TEXT,
  "arrivals" INTEGER NOT NULL,
  PRIMARY KEY ("endpoint_id",
  "subject")) STRICT, WITHOUT ROWID;
CREATE INDEX "lane_endpoint_id_next_at" ON "lane" ("endpoint_id", "next_at");
"""

POSTGRES = """
ALTER TABLE "shop" ADD COLUMN "api_url" TEXT;
ALTER TABLE "shop" ADD COLUMN "api_keys_sealed" TEXT;
ALTER TABLE "program" ADD COLUMN "icon" TEXT;
ALTER TABLE "tier" ADD COLUMN "description" TEXT;
ALTER TABLE "tier" ADD COLUMN "icon" TEXT;
ALTER TABLE "tier_program" ADD COLUMN "status" TEXT;
ALTER TABLE "tier_program" ADD COLUMN "window_months" BIGINT;
ALTER TABLE "tier_program" ADD COLUMN "base_description" TEXT;
ALTER TABLE "tier_program" ADD COLUMN "base_icon" TEXT;
ALTER TABLE "tier_program" ADD COLUMN "created_at" TIMESTAMPTZ NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
ALTER TABLE "tier_program" ALTER COLUMN "created_at" DROP DEFAULT;
UPDATE "tier_program" SET "created_at" = (SELECT "created_at" FROM "program" WHERE "program"."shop_id" = "tier_program"."shop_id");
ALTER TABLE "tier_program" ADD COLUMN "updated_at" TIMESTAMPTZ NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
ALTER TABLE "tier_program" ALTER COLUMN "updated_at" DROP DEFAULT;
UPDATE "tier_program" SET "updated_at" = (SELECT "created_at" FROM "program" WHERE "program"."shop_id" = "tier_program"."shop_id");
ALTER TABLE "customer" ADD COLUMN "labels" TEXT NOT NULL DEFAULT '[]';
ALTER TABLE "customer" ALTER COLUMN "labels" DROP DEFAULT;
ALTER TABLE "customer" ADD COLUMN "notes" TEXT;
CREATE INDEX "customer_shop_id_merged_into" ON "customer" ("shop_id", "merged_into");
ALTER TABLE "api_key" ADD COLUMN "previous_hash" TEXT;
ALTER TABLE "api_key" ADD COLUMN "previous_until" TIMESTAMPTZ;
CREATE INDEX "api_key_previous_hash" ON "api_key" ("previous_hash");
CREATE TABLE "access_token" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "use" TEXT NOT NULL,
  "identity" TEXT NOT NULL,
  "key_id" TEXT,
  "customer_id" TEXT,
  "visitor_id" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL,
  "expires_at" TIMESTAMPTZ NOT NULL,
  CHECK (use IN ('access', 'refresh')),
  CHECK (identity IN ('app', 'visitor', 'member')));
CREATE INDEX "access_token_key_id" ON "access_token" ("key_id");
CREATE INDEX "access_token_customer_id" ON "access_token" ("customer_id");
ALTER TABLE "account" ADD COLUMN "revision" BIGINT NOT NULL DEFAULT 1;
ALTER TABLE "account" ALTER COLUMN "revision" DROP DEFAULT;
ALTER TABLE "account" ADD COLUMN "updated_at" TIMESTAMPTZ NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
ALTER TABLE "account" ALTER COLUMN "updated_at" DROP DEFAULT;
UPDATE "account" SET "updated_at" = "last_activity_at";
DROP INDEX "account_shop_id_created_at";
CREATE INDEX "account_shop_id_created_at_id" ON "account" ("shop_id", "created_at", "id");
DROP INDEX "transaction_account_id_cause_id";
CREATE INDEX "transaction_account_id_cause_id_event_at" ON "transaction" ("account_id", "cause_id", "event_at");
CREATE INDEX "award_account_id_rule_id_event_at" ON "award" ("account_id", "rule_id", "event_at");
ALTER TABLE "adjustment" ADD COLUMN "app_id" TEXT;
ALTER TABLE "adjustment" ADD COLUMN "activity_type" TEXT;
ALTER TABLE "adjustment" ADD COLUMN "order_ref" TEXT;
ALTER TABLE "adjustment" ADD COLUMN "channel" TEXT;
CREATE TABLE "batch" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "kind" TEXT NOT NULL,
  "mode" TEXT NOT NULL,
  "points" BIGINT,
  "status" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "staff" TEXT,
  "app_id" TEXT,
  "reason" TEXT,
  "comment" TEXT,
  "total" BIGINT NOT NULL,
  "succeeded" BIGINT NOT NULL,
  "failed" BIGINT NOT NULL,
  "skipped" BIGINT NOT NULL,
  "undone" BIGINT NOT NULL,
  "kept" BIGINT NOT NULL,
  "reached" BIGINT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "ended_at" TIMESTAMPTZ,
  "undone_at" TIMESTAMPTZ,
  CHECK (kind IN ('bulk', 'import')),
  CHECK (mode IN ('add', 'set')),
  CHECK (status IN ('running', 'done', 'failed', 'undoing', 'undone')));
CREATE UNIQUE INDEX "batch_shop_id_source_key" ON "batch" ("shop_id", "source", "key");
CREATE INDEX "batch_shop_id_created_at" ON "batch" ("shop_id", "created_at");
CREATE TABLE "batch_item" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "batch_id" TEXT NOT NULL,
  "line" BIGINT NOT NULL,
  "account_id" TEXT,
  "points" BIGINT,
  "status" TEXT NOT NULL,
  "code" TEXT,
  PRIMARY KEY ("batch_id",
  "line"),
  CHECK (status IN ('waiting', 'done', 'skipped', 'failed', 'undone', 'kept')));
CREATE TABLE "upload" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "size" BIGINT,
  "digest" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL);
CREATE TABLE "import" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "status" TEXT NOT NULL,
  "upload_id" TEXT NOT NULL,
  "file_name" TEXT,
  "size" BIGINT NOT NULL,
  "digest" TEXT NOT NULL,
  "header" TEXT NOT NULL,
  "sample_rows" TEXT NOT NULL,
  "columns" TEXT,
  "has_header" BOOLEAN NOT NULL,
  "row_count" BIGINT,
  "parse_error" TEXT,
  "creates_customers" BOOLEAN NOT NULL,
  "batch_id" TEXT,
  "revision" BIGINT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (status IN ('parsing', 'parsed', 'importing', 'imported', 'failed')));
CREATE UNIQUE INDEX "import_upload_id" ON "import" ("upload_id");
CREATE INDEX "import_batch_id" ON "import" ("batch_id");
CREATE INDEX "import_shop_id_created_at" ON "import" ("shop_id", "created_at");
CREATE INDEX "import_shop_id_digest" ON "import" ("shop_id", "digest");
ALTER TABLE "earning_rule" ADD COLUMN "by_tier" TEXT;
ALTER TABLE "earning_rule" ADD COLUMN "source_app_id" TEXT;
ALTER TABLE "earning_rule" ADD COLUMN "trigger_app_id" TEXT;
ALTER TABLE "earning_rule" ADD COLUMN "trigger_activity_type" TEXT;
ALTER TABLE "reward" ADD COLUMN "by_tier" TEXT;
ALTER TABLE "reward" ADD COLUMN "at_checkout" BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE "reward" ALTER COLUMN "at_checkout" DROP DEFAULT;
ALTER TABLE "reward" ADD COLUMN "details" TEXT;
ALTER TABLE "coupon" ADD COLUMN "failure_detail" TEXT;
ALTER TABLE "coupon" ADD COLUMN "code_job" TEXT;
ALTER TABLE "coupon" ADD COLUMN "updated_at" TIMESTAMPTZ NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
ALTER TABLE "coupon" ALTER COLUMN "updated_at" DROP DEFAULT;
UPDATE "coupon" SET "updated_at" = COALESCE("ended_at", "applied_at", "created_at");
ALTER TABLE "coupon" ADD COLUMN "deleted_at" TIMESTAMPTZ;
CREATE INDEX "coupon_code_job" ON "coupon" ("code_job");
CREATE TABLE "followed_channel" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "account_id" TEXT NOT NULL,
  "channel" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL);
CREATE UNIQUE INDEX "followed_channel_shop_id_account_id_channel" ON "followed_channel" ("shop_id", "account_id", "channel");
CREATE TABLE "checkout_discount" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "checkout_id" TEXT NOT NULL,
  "coupon_id" TEXT NOT NULL,
  "reward_id" TEXT,
  "kind" TEXT NOT NULL,
  "points" BIGINT NOT NULL,
  "amount" NUMERIC(20, 4),
  "status" TEXT NOT NULL,
  "refund_as" TEXT,
  "order_ref" TEXT,
  "source" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "applied_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (kind IN ('discount_amount', 'coupon_reward', 'loyalty_coupon')),
  CHECK (status IN ('applied', 'in_progress', 'completed', 'scheduled_for_refund', 'refunded', 'refunded_due_to_timeout', 'refunded_due_to_manual_discount_removal', 'failed_to_refund', 'unused')));
CREATE UNIQUE INDEX "checkout_discount_shop_id_source_key" ON "checkout_discount" ("shop_id", "source", "key");
CREATE INDEX "checkout_discount_shop_id_coupon_id" ON "checkout_discount" ("shop_id", "coupon_id");
CREATE INDEX "checkout_discount_shop_id_checkout_id_applied_at" ON "checkout_discount" ("shop_id", "checkout_id", "applied_at");
CREATE INDEX "checkout_discount_status_applied_at" ON "checkout_discount" ("status", "applied_at");
CREATE UNIQUE INDEX "checkoutdiscount_open" ON "checkout_discount" ("shop_id", "checkout_id") WHERE status IN ('applied', 'in_progress');
CREATE TABLE "day_total" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "day" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "amount" BIGINT NOT NULL);
CREATE UNIQUE INDEX "day_total_shop_id_day_kind" ON "day_total" ("shop_id", "day", "kind");
CREATE TABLE "shop_key" (
  "shop_id" TEXT NOT NULL PRIMARY KEY REFERENCES shop (id),
  "private_sealed" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL);
CREATE TABLE "endpoint" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "url" TEXT NOT NULL,
  "format" TEXT NOT NULL,
  "event_types" TEXT NOT NULL,
  "description" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "secret_sealed" TEXT,
  "old_secret_sealed" TEXT,
  "old_secret_until" TIMESTAMPTZ,
  "last_status" BIGINT,
  "last_answer_at" TIMESTAMPTZ,
  "last_success_at" TIMESTAMPTZ,
  "revision" BIGINT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (format IN ('standard', 'wix')),
  CHECK (status IN ('active', 'disabled')));
CREATE INDEX "endpoint_shop_id_created_at" ON "endpoint" ("shop_id", "created_at");
CREATE TABLE "message" (
  "number" BIGSERIAL NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "event_id" TEXT NOT NULL,
  "endpoint_id" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "payload" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "tries" BIGINT NOT NULL,
  "answer_status" BIGINT,
  "answer" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL,
  "ended_at" TIMESTAMPTZ,
  CHECK (status IN ('new', 'waiting', 'sent', 'dead')));
CREATE UNIQUE INDEX "message_endpoint_id_event_id" ON "message" ("endpoint_id", "event_id");
CREATE INDEX "message_subject" ON "message" ("subject");
CREATE INDEX "message_status_ended_at" ON "message" ("status", "ended_at");
CREATE INDEX "message_new" ON "message" ("number") WHERE status = 'new';
CREATE INDEX "message_waiting" ON "message" ("endpoint_id", "subject", "number") WHERE status = 'waiting';
CREATE INDEX "message_dead" ON "message" ("endpoint_id", "number") WHERE status = 'dead';
CREATE TABLE "lane" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "endpoint_id" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "next_at" TIMESTAMPTZ NOT NULL,
  "lease" TEXT,
  "arrivals" BIGINT NOT NULL,
  PRIMARY KEY ("endpoint_id",
  "subject"));
CREATE INDEX "lane_endpoint_id_next_at" ON "lane" ("endpoint_id", "next_at");
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
