"""The tables as the product first shipped."""

from widget_server.migration_steps import run_text


SQLITE = """
CREATE TABLE "shop" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "name" TEXT NOT NULL,
  "embed_key" TEXT NOT NULL,
  "platform" TEXT NOT NULL,
  "currency" TEXT NOT NULL,
  "timezone" TEXT NOT NULL,
  "locale" TEXT NOT NULL,
  "identity_secret_sealed" TEXT NOT NULL,
  "webhook_secret_sealed" TEXT NOT NULL,
  "widget" TEXT NOT NULL,
  "daily_done" TEXT,
  "created_at" TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX "shop_embed_key" ON "shop" ("embed_key");
CREATE TABLE "origin" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "origin" TEXT NOT NULL,
  "created_at" TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX "origin_shop_id_origin" ON "origin" ("shop_id", "origin");
CREATE TABLE "program" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "name" TEXT NOT NULL,
  "points_name" TEXT,
  "status" TEXT NOT NULL,
  "settings" TEXT NOT NULL,
  "revision" INTEGER NOT NULL,
  "resumed_at" TEXT,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (status IN ('draft', 'active', 'paused'))) STRICT;
CREATE UNIQUE INDEX "program_shop_id" ON "program" ("shop_id");
CREATE TABLE "tier" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "name" TEXT NOT NULL,
  "required_points" INTEGER NOT NULL,
  "multiplier" TEXT,
  "benefits" TEXT,
  "revision" INTEGER NOT NULL,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (required_points > 0)) STRICT;
CREATE UNIQUE INDEX "tier_shop_id_required_points" ON "tier" ("shop_id", "required_points");
CREATE UNIQUE INDEX "tier_shop_id_name" ON "tier" ("shop_id", "name");
CREATE TABLE "tier_program" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "active" INTEGER NOT NULL,
  "window_days" INTEGER NOT NULL,
  "base_name" TEXT,
  "base_multiplier" TEXT NOT NULL,
  "base_benefits" TEXT,
  "revision" INTEGER NOT NULL,
  CHECK (window_days BETWEEN 1 AND 3660)) STRICT;
CREATE UNIQUE INDEX "tier_program_shop_id" ON "tier_program" ("shop_id");
CREATE TABLE "customer" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "status" TEXT NOT NULL,
  "external_id" TEXT,
  "email" TEXT,
  "email_key" TEXT,
  "mailbox" TEXT,
  "email_verified" INTEGER NOT NULL,
  "name" TEXT,
  "phone" TEXT,
  "birthday" TEXT,
  "birthday_set_at" TEXT,
  "locale" TEXT,
  "accepts_marketing" INTEGER NOT NULL,
  "excluded" INTEGER NOT NULL,
  "referral_code" TEXT,
  "password_hash" TEXT,
  "rewards_seen_at" TEXT,
  "merged_into" TEXT,
  "erased_at" TEXT,
  "joined_at" TEXT,
  "left_at" TEXT,
  "registered_at" TEXT,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (status IN ('visitor', 'pending', 'member'))) STRICT;
CREATE UNIQUE INDEX "customer_shop_id_external_id" ON "customer" ("shop_id", "external_id");
CREATE UNIQUE INDEX "customer_referral_code" ON "customer" ("referral_code");
CREATE INDEX "customer_shop_id_email_key" ON "customer" ("shop_id", "email_key");
CREATE INDEX "customer_shop_id_mailbox" ON "customer" ("shop_id", "mailbox");
CREATE INDEX "customer_shop_id_created_at" ON "customer" ("shop_id", "created_at");
CREATE TABLE "session" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "customer_id" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL) STRICT;
CREATE INDEX "session_customer_id" ON "session" ("customer_id");
CREATE TABLE "sign_in_code" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "email" TEXT NOT NULL,
  "email_key" TEXT NOT NULL,
  "code_hash" TEXT NOT NULL,
  "link_hash" TEXT NOT NULL,
  "tries" INTEGER NOT NULL,
  "wishes" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "used_at" TEXT) STRICT;
CREATE INDEX "sign_in_code_email_key" ON "sign_in_code" ("email_key");
CREATE UNIQUE INDEX "sign_in_code_link_hash" ON "sign_in_code" ("link_hash");
CREATE TABLE "used_token" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "jti" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  PRIMARY KEY ("shop_id",
  "jti")) STRICT;
CREATE TABLE "api_key" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "name" TEXT NOT NULL,
  "secret_hash" TEXT NOT NULL,
  "scope" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  "last_used_at" TEXT,
  "last_used_from" TEXT,
  "revoked_at" TEXT,
  CHECK (scope IN ('manage', 'read'))) STRICT;
CREATE UNIQUE INDEX "api_key_secret_hash" ON "api_key" ("secret_hash");
CREATE TABLE "request" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "source" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "answer" TEXT,
  "customer_id" TEXT,
  "created_at" TEXT NOT NULL,
  PRIMARY KEY ("shop_id",
  "source",
  "key")) STRICT;
CREATE INDEX "request_customer_id" ON "request" ("customer_id");
CREATE TABLE "account" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "customer_id" TEXT NOT NULL REFERENCES customer (id),
  "balance" INTEGER NOT NULL,
  "earned" INTEGER NOT NULL,
  "adjusted" INTEGER NOT NULL,
  "redeemed" INTEGER NOT NULL,
  "expired" INTEGER NOT NULL,
  "pending" INTEGER NOT NULL,
  "debt" INTEGER NOT NULL,
  "sequence" INTEGER NOT NULL,
  "head" TEXT NOT NULL,
  "tier_id" TEXT,
  "tier_points" INTEGER NOT NULL,
  "tier_until" TEXT,
  "created_at" TEXT NOT NULL,
  "last_activity_at" TEXT NOT NULL,
  CHECK (balance = earned + adjusted - redeemed - expired),
  CHECK (pending >= 0 AND debt >= 0 AND sequence >= 0)) STRICT;
CREATE UNIQUE INDEX "account_customer_id" ON "account" ("customer_id");
CREATE INDEX "account_shop_id_created_at" ON "account" ("shop_id", "created_at");
CREATE TABLE "transaction" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "account_id" TEXT NOT NULL REFERENCES account (id),
  "sequence" INTEGER NOT NULL,
  "id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "amount" INTEGER NOT NULL,
  "balance_after" INTEGER NOT NULL,
  "source" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "line" INTEGER NOT NULL,
  "takes_back" TEXT,
  "cause" TEXT NOT NULL,
  "cause_id" TEXT,
  "order_id" TEXT,
  "snapshot" TEXT NOT NULL,
  "event_at" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  "digest" TEXT NOT NULL,
  PRIMARY KEY ("account_id",
  "sequence"),
  CHECK (kind IN ('earn', 'redeem', 'refund', 'adjust', 'expire')),
  CHECK (amount <> 0 AND amount BETWEEN -1000000000 AND 1000000000),
  CHECK (CASE kind WHEN 'redeem' THEN amount < 0 WHEN 'expire' THEN amount < 0 WHEN 'refund' THEN amount > 0 ELSE amount <> 0 END)) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX "transaction_id" ON "transaction" ("id");
CREATE UNIQUE INDEX "transaction_shop_id_source_key_line" ON "transaction" ("shop_id", "source", "key", "line");
CREATE INDEX "transaction_shop_id_created_at" ON "transaction" ("shop_id", "created_at");
CREATE INDEX "transaction_account_id_cause_id" ON "transaction" ("account_id", "cause_id");
CREATE INDEX "transaction_order_id" ON "transaction" ("order_id");
CREATE TABLE "debt" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "account_id" TEXT NOT NULL REFERENCES account (id),
  "amount" INTEGER NOT NULL,
  "transaction_id" TEXT,
  "created_at" TEXT NOT NULL) STRICT;
CREATE INDEX "debt_account_id" ON "debt" ("account_id");
CREATE TABLE "award" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "account_id" TEXT NOT NULL,
  "cause" TEXT NOT NULL,
  "rule_id" TEXT NOT NULL,
  "order_id" TEXT,
  "status" TEXT NOT NULL,
  "points" INTEGER NOT NULL,
  "due_at" TEXT,
  "snapshot" TEXT NOT NULL,
  "event_at" TEXT NOT NULL,
  "booked_id" TEXT,
  "corrections" INTEGER NOT NULL,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (status IN ('waiting', 'matured', 'cancelled')),
  CHECK (points >= 0)) STRICT;
CREATE UNIQUE INDEX "award_shop_id_order_id_rule_id_account_id" ON "award" ("shop_id", "order_id", "rule_id", "account_id");
CREATE INDEX "award_shop_id_account_id_status" ON "award" ("shop_id", "account_id", "status");
CREATE INDEX "award_status_due_at" ON "award" ("status", "due_at");
CREATE TABLE "adjustment" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "transaction_id" TEXT NOT NULL,
  "staff" TEXT,
  "reason" TEXT,
  "comment" TEXT,
  "salt" TEXT NOT NULL,
  "created_at" TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX "adjustment_transaction_id" ON "adjustment" ("transaction_id");
CREATE TABLE "order" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "platform" TEXT NOT NULL,
  "external_id" TEXT NOT NULL,
  "number" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "customer_id" TEXT,
  "state" TEXT NOT NULL,
  "why_nothing" TEXT,
  "placed_at" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (status IN ('placed', 'paid', 'fulfilled', 'cancelled'))) STRICT;
CREATE UNIQUE INDEX "order_shop_id_platform_external_id" ON "order" ("shop_id", "platform", "external_id");
CREATE INDEX "order_shop_id_customer_id_placed_at" ON "order" ("shop_id", "customer_id", "placed_at");
CREATE INDEX "order_shop_id_placed_at" ON "order" ("shop_id", "placed_at");
CREATE TABLE "parked" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "platform" TEXT NOT NULL,
  "topic" TEXT NOT NULL,
  "waits_for" TEXT,
  "reason" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "received_at" TEXT NOT NULL,
  CHECK (status IN ('waiting', 'booked', 'dismissed'))) STRICT;
CREATE UNIQUE INDEX "parked_shop_id_platform_fingerprint" ON "parked" ("shop_id", "platform", "fingerprint");
CREATE INDEX "parked_shop_id_platform_waits_for" ON "parked" ("shop_id", "platform", "waits_for");
CREATE TABLE "earning_rule" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "handle" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "title" TEXT,
  "description" TEXT,
  "position" INTEGER NOT NULL,
  "active" INTEGER NOT NULL,
  "points" INTEGER,
  "rate_points" INTEGER,
  "rate_per" TEXT,
  "settings" TEXT NOT NULL,
  "archived_at" TEXT,
  "revision" INTEGER NOT NULL,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK ((points IS NULL) <> (rate_points IS NULL)),
  CHECK ((rate_points IS NULL) = (rate_per IS NULL))) STRICT;
CREATE UNIQUE INDEX "earning_rule_shop_id_handle" ON "earning_rule" ("shop_id", "handle");
CREATE INDEX "earning_rule_shop_id_position" ON "earning_rule" ("shop_id", "position");
CREATE TABLE "campaign" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "name" TEXT NOT NULL,
  "multiplier" TEXT NOT NULL,
  "starts_at" TEXT NOT NULL,
  "ends_at" TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX "campaign_shop_id_name" ON "campaign" ("shop_id", "name");
CREATE TABLE "reward" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "handle" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "title" TEXT,
  "description" TEXT,
  "position" INTEGER NOT NULL,
  "active" INTEGER NOT NULL,
  "cost_points" INTEGER NOT NULL,
  "amount" TEXT,
  "percent" TEXT,
  "product_id" TEXT,
  "product_name" TEXT,
  "max_points" INTEGER,
  "step_points" INTEGER,
  "point_value" TEXT,
  "minimum_subtotal" TEXT,
  "collections" TEXT NOT NULL,
  "tier_id" TEXT,
  "starts_at" TEXT,
  "ends_at" TEXT,
  "limit_per_customer" INTEGER,
  "limit_period" TEXT NOT NULL,
  "limit_total" INTEGER,
  "expires_after_days" INTEGER,
  "combines" INTEGER NOT NULL,
  "shareable" INTEGER NOT NULL,
  "archived_at" TEXT,
  "revision" INTEGER NOT NULL,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (cost_points > 0),
  CHECK (kind IN ('amount', 'sliding', 'percent', 'free_shipping', 'free_product')),
  CHECK (limit_period IN ('day', 'month', 'year', 'ever'))) STRICT;
CREATE UNIQUE INDEX "reward_shop_id_handle" ON "reward" ("shop_id", "handle");
CREATE INDEX "reward_shop_id_position" ON "reward" ("shop_id", "position");
CREATE TABLE "coupon" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "customer_id" TEXT NOT NULL,
  "reward_id" TEXT,
  "origin" TEXT NOT NULL,
  "code" TEXT,
  "status" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "title" TEXT,
  "amount" TEXT,
  "percent" TEXT,
  "product_id" TEXT,
  "product_name" TEXT,
  "cost_points" INTEGER NOT NULL,
  "transaction_id" TEXT,
  "refund_id" TEXT,
  "minimum_subtotal" TEXT,
  "collections" TEXT NOT NULL,
  "combines" INTEGER NOT NULL,
  "shareable" INTEGER NOT NULL,
  "order_ref" TEXT,
  "order_number" TEXT,
  "failure" TEXT,
  "created_at" TEXT NOT NULL,
  "expires_at" TEXT,
  "return_until" TEXT,
  "applied_at" TEXT,
  "ended_at" TEXT,
  "revision" INTEGER NOT NULL,
  CHECK (kind IN ('amount', 'percent', 'free_shipping', 'free_product')),
  CHECK (status IN ('issuing', 'active', 'applied', 'used', 'expired', 'returned', 'revoked', 'failed'))) STRICT;
CREATE UNIQUE INDEX "coupon_shop_id_code" ON "coupon" ("shop_id", "code");
CREATE INDEX "coupon_shop_id_customer_id_created_at" ON "coupon" ("shop_id", "customer_id", "created_at");
CREATE INDEX "coupon_shop_id_reward_id" ON "coupon" ("shop_id", "reward_id");
CREATE INDEX "coupon_status_expires_at" ON "coupon" ("status", "expires_at");
CREATE TABLE "referral_program" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "active" INTEGER NOT NULL,
  "trigger" TEXT NOT NULL,
  "minimum_subtotal" TEXT,
  "attribution" TEXT NOT NULL,
  "window_days" INTEGER NOT NULL,
  "undo_on_refund" INTEGER NOT NULL,
  "friend_gift" TEXT,
  "advocate_gift" TEXT,
  "revision" INTEGER NOT NULL,
  CHECK (trigger IN ('registration', 'first_paid_order', 'first_fulfilled_order')),
  CHECK (attribution IN ('first', 'last'))) STRICT;
CREATE UNIQUE INDEX "referral_program_shop_id" ON "referral_program" ("shop_id");
CREATE TABLE "referral" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "advocate_id" TEXT NOT NULL,
  "friend_id" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "reason" TEXT,
  "order_id" TEXT,
  "completions" INTEGER NOT NULL,
  "advocate_transaction_id" TEXT,
  "friend_transaction_id" TEXT,
  "advocate_coupon_id" TEXT,
  "friend_coupon_id" TEXT,
  "created_at" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  CHECK (status IN ('joined', 'pending', 'completed', 'blocked', 'cancelled'))) STRICT;
CREATE UNIQUE INDEX "referral_shop_id_friend_id" ON "referral" ("shop_id", "friend_id");
CREATE INDEX "referral_shop_id_advocate_id_status" ON "referral" ("shop_id", "advocate_id", "status");
CREATE TABLE "referral_visit" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "advocate_id" TEXT NOT NULL,
  "day" TEXT NOT NULL,
  "visits" INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX "referral_visit_shop_id_advocate_id_day" ON "referral_visit" ("shop_id", "advocate_id", "day");
CREATE TABLE "job" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "name" TEXT NOT NULL,
  "payload" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "run_at" TEXT NOT NULL,
  "tries" INTEGER NOT NULL,
  "lease" TEXT,
  "last_error" TEXT,
  "created_at" TEXT NOT NULL,
  CHECK (status IN ('waiting', 'dead'))) STRICT;
CREATE INDEX "job_status_run_at" ON "job" ("status", "run_at");
CREATE TABLE "beat" (
  "worker" TEXT NOT NULL PRIMARY KEY,
  "seen_at" TEXT NOT NULL) STRICT;
CREATE TABLE "hit" (
  "key" TEXT NOT NULL PRIMARY KEY,
  "count" INTEGER NOT NULL,
  "ends_at" TEXT NOT NULL) STRICT;
CREATE INDEX "hit_ends_at" ON "hit" ("ends_at");
"""

POSTGRES = """
CREATE TABLE "shop" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "name" TEXT NOT NULL,
  "embed_key" TEXT NOT NULL,
  "platform" TEXT NOT NULL,
  "currency" TEXT NOT NULL,
  "timezone" TEXT NOT NULL,
  "locale" TEXT NOT NULL,
  "identity_secret_sealed" TEXT NOT NULL,
  "webhook_secret_sealed" TEXT NOT NULL,
  "widget" TEXT NOT NULL,
  "daily_done" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL);
CREATE UNIQUE INDEX "shop_embed_key" ON "shop" ("embed_key");
CREATE TABLE "origin" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "origin" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL);
CREATE UNIQUE INDEX "origin_shop_id_origin" ON "origin" ("shop_id", "origin");
CREATE TABLE "program" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "name" TEXT NOT NULL,
  "points_name" TEXT,
  "status" TEXT NOT NULL,
  "settings" TEXT NOT NULL,
  "revision" BIGINT NOT NULL,
  "resumed_at" TIMESTAMPTZ,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (status IN ('draft', 'active', 'paused')));
CREATE UNIQUE INDEX "program_shop_id" ON "program" ("shop_id");
CREATE TABLE "tier" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "name" TEXT NOT NULL,
  "required_points" BIGINT NOT NULL,
  "multiplier" NUMERIC(20, 4),
  "benefits" TEXT,
  "revision" BIGINT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (required_points > 0));
CREATE UNIQUE INDEX "tier_shop_id_required_points" ON "tier" ("shop_id", "required_points");
CREATE UNIQUE INDEX "tier_shop_id_name" ON "tier" ("shop_id", "name");
CREATE TABLE "tier_program" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "active" BIGINT NOT NULL,
  "window_days" BIGINT NOT NULL,
  "base_name" TEXT,
  "base_multiplier" NUMERIC(20, 4) NOT NULL,
  "base_benefits" TEXT,
  "revision" BIGINT NOT NULL,
  CHECK (window_days BETWEEN 1 AND 3660));
CREATE UNIQUE INDEX "tier_program_shop_id" ON "tier_program" ("shop_id");
CREATE TABLE "customer" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "status" TEXT NOT NULL,
  "external_id" TEXT,
  "email" TEXT,
  "email_key" TEXT,
  "mailbox" TEXT,
  "email_verified" BOOLEAN NOT NULL,
  "name" TEXT,
  "phone" TEXT,
  "birthday" TEXT,
  "birthday_set_at" TIMESTAMPTZ,
  "locale" TEXT,
  "accepts_marketing" BOOLEAN NOT NULL,
  "excluded" BOOLEAN NOT NULL,
  "referral_code" TEXT,
  "password_hash" TEXT,
  "rewards_seen_at" TIMESTAMPTZ,
  "merged_into" TEXT,
  "erased_at" TIMESTAMPTZ,
  "joined_at" TIMESTAMPTZ,
  "left_at" TIMESTAMPTZ,
  "registered_at" TIMESTAMPTZ,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (status IN ('visitor', 'pending', 'member')));
CREATE UNIQUE INDEX "customer_shop_id_external_id" ON "customer" ("shop_id", "external_id");
CREATE UNIQUE INDEX "customer_referral_code" ON "customer" ("referral_code");
CREATE INDEX "customer_shop_id_email_key" ON "customer" ("shop_id", "email_key");
CREATE INDEX "customer_shop_id_mailbox" ON "customer" ("shop_id", "mailbox");
CREATE INDEX "customer_shop_id_created_at" ON "customer" ("shop_id", "created_at");
CREATE TABLE "session" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "customer_id" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "expires_at" TIMESTAMPTZ NOT NULL);
CREATE INDEX "session_customer_id" ON "session" ("customer_id");
CREATE TABLE "sign_in_code" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "email" TEXT NOT NULL,
  "email_key" TEXT NOT NULL,
  "code_hash" TEXT NOT NULL,
  "link_hash" TEXT NOT NULL,
  "tries" BIGINT NOT NULL,
  "wishes" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "expires_at" TIMESTAMPTZ NOT NULL,
  "used_at" TIMESTAMPTZ);
CREATE INDEX "sign_in_code_email_key" ON "sign_in_code" ("email_key");
CREATE UNIQUE INDEX "sign_in_code_link_hash" ON "sign_in_code" ("link_hash");
CREATE TABLE "used_token" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "jti" TEXT NOT NULL,
  "expires_at" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("shop_id",
  "jti"));
CREATE TABLE "api_key" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "name" TEXT NOT NULL,
  "secret_hash" TEXT NOT NULL,
  "scope" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "last_used_at" TIMESTAMPTZ,
  "last_used_from" TEXT,
  "revoked_at" TIMESTAMPTZ,
  CHECK (scope IN ('manage', 'read')));
CREATE UNIQUE INDEX "api_key_secret_hash" ON "api_key" ("secret_hash");
CREATE TABLE "request" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "source" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "answer" TEXT,
  "customer_id" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("shop_id",
  "source",
  "key"));
CREATE INDEX "request_customer_id" ON "request" ("customer_id");
CREATE TABLE "account" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "customer_id" TEXT NOT NULL REFERENCES customer (id),
  "balance" BIGINT NOT NULL,
  "earned" BIGINT NOT NULL,
  "adjusted" BIGINT NOT NULL,
  "redeemed" BIGINT NOT NULL,
  "expired" BIGINT NOT NULL,
  "pending" BIGINT NOT NULL,
  "debt" BIGINT NOT NULL,
  "sequence" BIGINT NOT NULL,
  "head" TEXT NOT NULL,
  "tier_id" TEXT,
  "tier_points" BIGINT NOT NULL,
  "tier_until" TIMESTAMPTZ,
  "created_at" TIMESTAMPTZ NOT NULL,
  "last_activity_at" TIMESTAMPTZ NOT NULL,
  CHECK (balance = earned + adjusted - redeemed - expired),
  CHECK (pending >= 0 AND debt >= 0 AND sequence >= 0));
CREATE UNIQUE INDEX "account_customer_id" ON "account" ("customer_id");
CREATE INDEX "account_shop_id_created_at" ON "account" ("shop_id", "created_at");
CREATE TABLE "transaction" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "account_id" TEXT NOT NULL REFERENCES account (id),
  "sequence" BIGINT NOT NULL,
  "id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "amount" BIGINT NOT NULL,
  "balance_after" BIGINT NOT NULL,
  "source" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "line" BIGINT NOT NULL,
  "takes_back" TEXT,
  "cause" TEXT NOT NULL,
  "cause_id" TEXT,
  "order_id" TEXT,
  "snapshot" TEXT NOT NULL,
  "event_at" TIMESTAMPTZ NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "digest" TEXT NOT NULL,
  PRIMARY KEY ("account_id",
  "sequence"),
  CHECK (kind IN ('earn', 'redeem', 'refund', 'adjust', 'expire')),
  CHECK (amount <> 0 AND amount BETWEEN -1000000000 AND 1000000000),
  CHECK (CASE kind WHEN 'redeem' THEN amount < 0 WHEN 'expire' THEN amount < 0 WHEN 'refund' THEN amount > 0 ELSE amount <> 0 END));
CREATE UNIQUE INDEX "transaction_id" ON "transaction" ("id");
CREATE UNIQUE INDEX "transaction_shop_id_source_key_line" ON "transaction" ("shop_id", "source", "key", "line");
CREATE INDEX "transaction_shop_id_created_at" ON "transaction" ("shop_id", "created_at");
CREATE INDEX "transaction_account_id_cause_id" ON "transaction" ("account_id", "cause_id");
CREATE INDEX "transaction_order_id" ON "transaction" ("order_id");
CREATE TABLE "debt" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "account_id" TEXT NOT NULL REFERENCES account (id),
  "amount" BIGINT NOT NULL,
  "transaction_id" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL);
CREATE INDEX "debt_account_id" ON "debt" ("account_id");
CREATE TABLE "award" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "account_id" TEXT NOT NULL,
  "cause" TEXT NOT NULL,
  "rule_id" TEXT NOT NULL,
  "order_id" TEXT,
  "status" TEXT NOT NULL,
  "points" BIGINT NOT NULL,
  "due_at" TIMESTAMPTZ,
  "snapshot" TEXT NOT NULL,
  "event_at" TIMESTAMPTZ NOT NULL,
  "booked_id" TEXT,
  "corrections" BIGINT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (status IN ('waiting', 'matured', 'cancelled')),
  CHECK (points >= 0));
CREATE UNIQUE INDEX "award_shop_id_order_id_rule_id_account_id" ON "award" ("shop_id", "order_id", "rule_id", "account_id");
CREATE INDEX "award_shop_id_account_id_status" ON "award" ("shop_id", "account_id", "status");
CREATE INDEX "award_status_due_at" ON "award" ("status", "due_at");
CREATE TABLE "adjustment" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "transaction_id" TEXT NOT NULL,
  "staff" TEXT,
  "reason" TEXT,
  "comment" TEXT,
  "salt" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL);
CREATE UNIQUE INDEX "adjustment_transaction_id" ON "adjustment" ("transaction_id");
CREATE TABLE "order" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "platform" TEXT NOT NULL,
  "external_id" TEXT NOT NULL,
  "number" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "customer_id" TEXT,
  "state" TEXT NOT NULL,
  "why_nothing" TEXT,
  "placed_at" TIMESTAMPTZ NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (status IN ('placed', 'paid', 'fulfilled', 'cancelled')));
CREATE UNIQUE INDEX "order_shop_id_platform_external_id" ON "order" ("shop_id", "platform", "external_id");
CREATE INDEX "order_shop_id_customer_id_placed_at" ON "order" ("shop_id", "customer_id", "placed_at");
CREATE INDEX "order_shop_id_placed_at" ON "order" ("shop_id", "placed_at");
CREATE TABLE "parked" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "platform" TEXT NOT NULL,
  "topic" TEXT NOT NULL,
  "waits_for" TEXT,
  "reason" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "received_at" TIMESTAMPTZ NOT NULL,
  CHECK (status IN ('waiting', 'booked', 'dismissed')));
CREATE UNIQUE INDEX "parked_shop_id_platform_fingerprint" ON "parked" ("shop_id", "platform", "fingerprint");
CREATE INDEX "parked_shop_id_platform_waits_for" ON "parked" ("shop_id", "platform", "waits_for");
CREATE TABLE "earning_rule" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "handle" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "title" TEXT,
  "description" TEXT,
  "position" BIGINT NOT NULL,
  "active" BOOLEAN NOT NULL,
  "points" BIGINT,
  "rate_points" BIGINT,
  "rate_per" NUMERIC(20, 4),
  "settings" TEXT NOT NULL,
  "archived_at" TIMESTAMPTZ,
  "revision" BIGINT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK ((points IS NULL) <> (rate_points IS NULL)),
  CHECK ((rate_points IS NULL) = (rate_per IS NULL)));
CREATE UNIQUE INDEX "earning_rule_shop_id_handle" ON "earning_rule" ("shop_id", "handle");
CREATE INDEX "earning_rule_shop_id_position" ON "earning_rule" ("shop_id", "position");
CREATE TABLE "campaign" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "name" TEXT NOT NULL,
  "multiplier" NUMERIC(20, 4) NOT NULL,
  "starts_at" TIMESTAMPTZ NOT NULL,
  "ends_at" TIMESTAMPTZ NOT NULL);
CREATE UNIQUE INDEX "campaign_shop_id_name" ON "campaign" ("shop_id", "name");
CREATE TABLE "reward" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "handle" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "title" TEXT,
  "description" TEXT,
  "position" BIGINT NOT NULL,
  "active" BOOLEAN NOT NULL,
  "cost_points" BIGINT NOT NULL,
  "amount" NUMERIC(20, 4),
  "percent" NUMERIC(20, 4),
  "product_id" TEXT,
  "product_name" TEXT,
  "max_points" BIGINT,
  "step_points" BIGINT,
  "point_value" NUMERIC(20, 4),
  "minimum_subtotal" NUMERIC(20, 4),
  "collections" TEXT NOT NULL,
  "tier_id" TEXT,
  "starts_at" TIMESTAMPTZ,
  "ends_at" TIMESTAMPTZ,
  "limit_per_customer" BIGINT,
  "limit_period" TEXT NOT NULL,
  "limit_total" BIGINT,
  "expires_after_days" BIGINT,
  "combines" BOOLEAN NOT NULL,
  "shareable" BOOLEAN NOT NULL,
  "archived_at" TIMESTAMPTZ,
  "revision" BIGINT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (cost_points > 0),
  CHECK (kind IN ('amount', 'sliding', 'percent', 'free_shipping', 'free_product')),
  CHECK (limit_period IN ('day', 'month', 'year', 'ever')));
CREATE UNIQUE INDEX "reward_shop_id_handle" ON "reward" ("shop_id", "handle");
CREATE INDEX "reward_shop_id_position" ON "reward" ("shop_id", "position");
CREATE TABLE "coupon" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "customer_id" TEXT NOT NULL,
  "reward_id" TEXT,
  "origin" TEXT NOT NULL,
  "code" TEXT,
  "status" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "title" TEXT,
  "amount" NUMERIC(20, 4),
  "percent" NUMERIC(20, 4),
  "product_id" TEXT,
  "product_name" TEXT,
  "cost_points" BIGINT NOT NULL,
  "transaction_id" TEXT,
  "refund_id" TEXT,
  "minimum_subtotal" NUMERIC(20, 4),
  "collections" TEXT NOT NULL,
  "combines" BOOLEAN NOT NULL,
  "shareable" BOOLEAN NOT NULL,
  "order_ref" TEXT,
  "order_number" TEXT,
  "failure" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL,
  "expires_at" TIMESTAMPTZ,
  "return_until" TIMESTAMPTZ,
  "applied_at" TIMESTAMPTZ,
  "ended_at" TIMESTAMPTZ,
  "revision" BIGINT NOT NULL,
  CHECK (kind IN ('amount', 'percent', 'free_shipping', 'free_product')),
  CHECK (status IN ('issuing', 'active', 'applied', 'used', 'expired', 'returned', 'revoked', 'failed')));
CREATE UNIQUE INDEX "coupon_shop_id_code" ON "coupon" ("shop_id", "code");
CREATE INDEX "coupon_shop_id_customer_id_created_at" ON "coupon" ("shop_id", "customer_id", "created_at");
CREATE INDEX "coupon_shop_id_reward_id" ON "coupon" ("shop_id", "reward_id");
CREATE INDEX "coupon_status_expires_at" ON "coupon" ("status", "expires_at");
CREATE TABLE "referral_program" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "active" BOOLEAN NOT NULL,
  "trigger" TEXT NOT NULL,
  "minimum_subtotal" NUMERIC(20, 4),
  "attribution" TEXT NOT NULL,
  "window_days" BIGINT NOT NULL,
  "undo_on_refund" BOOLEAN NOT NULL,
  "friend_gift" TEXT,
  "advocate_gift" TEXT,
  "revision" BIGINT NOT NULL,
  CHECK (trigger IN ('registration', 'first_paid_order', 'first_fulfilled_order')),
  CHECK (attribution IN ('first', 'last')));
CREATE UNIQUE INDEX "referral_program_shop_id" ON "referral_program" ("shop_id");
CREATE TABLE "referral" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "advocate_id" TEXT NOT NULL,
  "friend_id" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "reason" TEXT,
  "order_id" TEXT,
  "completions" BIGINT NOT NULL,
  "advocate_transaction_id" TEXT,
  "friend_transaction_id" TEXT,
  "advocate_coupon_id" TEXT,
  "friend_coupon_id" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL,
  "updated_at" TIMESTAMPTZ NOT NULL,
  CHECK (status IN ('joined', 'pending', 'completed', 'blocked', 'cancelled')));
CREATE UNIQUE INDEX "referral_shop_id_friend_id" ON "referral" ("shop_id", "friend_id");
CREATE INDEX "referral_shop_id_advocate_id_status" ON "referral" ("shop_id", "advocate_id", "status");
CREATE TABLE "referral_visit" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "advocate_id" TEXT NOT NULL,
  "day" TEXT NOT NULL,
  "visits" BIGINT NOT NULL);
CREATE UNIQUE INDEX "referral_visit_shop_id_advocate_id_day" ON "referral_visit" ("shop_id", "advocate_id", "day");
CREATE TABLE "job" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "name" TEXT NOT NULL,
  "payload" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "run_at" TIMESTAMPTZ NOT NULL,
  "tries" BIGINT NOT NULL,
  "lease" TEXT,
  "last_error" TEXT,
  "created_at" TIMESTAMPTZ NOT NULL,
  CHECK (status IN ('waiting', 'dead')));
CREATE INDEX "job_status_run_at" ON "job" ("status", "run_at");
CREATE TABLE "beat" (
  "worker" TEXT NOT NULL PRIMARY KEY,
  "seen_at" TIMESTAMPTZ NOT NULL);
CREATE TABLE "hit" (
  "key" TEXT NOT NULL PRIMARY KEY,
  "count" BIGINT NOT NULL,
  "ends_at" TIMESTAMPTZ NOT NULL);
CREATE INDEX "hit_ends_at" ON "hit" ("ends_at");
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
