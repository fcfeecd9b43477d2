"""An index for each look-up that had none, and none whose equality is with nothing.

A database that chose `merged_into IS NULL` as its way to a customer read all of them: such indexes are partial now.
"""

from widget_server.migration_steps import run_text


BOTH = """
DROP INDEX "customer_shop_id_merged_into";
CREATE INDEX "customer_merged" ON "customer" ("shop_id", "merged_into") WHERE ("merged_into" IS NOT NULL);
CREATE INDEX "customer_birthday" ON "customer" ("shop_id", SUBSTR("birthday", 6)) WHERE ("birthday" IS NOT NULL);
CREATE INDEX "session_expires_at" ON "session" ("expires_at");
CREATE INDEX "sign_in_code_expires_at" ON "sign_in_code" ("expires_at");
CREATE INDEX "used_token_expires_at" ON "used_token" ("expires_at");
CREATE INDEX "access_token_expires_at" ON "access_token" ("expires_at");
CREATE INDEX "adjustment_shop_id_created_at" ON "adjustment" ("shop_id", "created_at");
DROP INDEX "customer_shop_id_external_id";
CREATE UNIQUE INDEX "customer_external" ON "customer" ("shop_id", "external_id") WHERE ("external_id" IS NOT NULL);
CREATE INDEX "award_shop_id_created_at" ON "award" ("shop_id", "created_at");
DROP INDEX "parked_shop_id_platform_waits_for";
CREATE INDEX "parked_waiting" ON "parked" ("shop_id", "platform", "waits_for") WHERE ("waits_for" IS NOT NULL);
CREATE INDEX "parked_shop_id_received_at" ON "parked" ("shop_id", "received_at");
CREATE INDEX "referral_shop_id_created_at" ON "referral" ("shop_id", "created_at");
DROP INDEX "checkout_discount_shop_id_coupon_id";
CREATE INDEX "checkout_discount_shop_id_coupon_id_applied_at" ON "checkout_discount" ("shop_id", "coupon_id", "applied_at");
CREATE INDEX "checkout_discount_shop_id_applied_at" ON "checkout_discount" ("shop_id", "applied_at");
CREATE INDEX "coupon_shop_id_created_at" ON "coupon" ("shop_id", "created_at");
DROP INDEX "coupon_code_job";
DROP INDEX "coupon_status_expires_at";
CREATE INDEX "coupon_ends" ON "coupon" ("expires_at") WHERE status IN ('active', 'applied') AND code_job IS NULL;
CREATE INDEX "coupon_at_work" ON "coupon" ("code_job") WHERE ("code_job" IS NOT NULL);
CREATE INDEX "coupon_applied" ON "coupon" ("applied_at") WHERE status = 'applied';
CREATE INDEX "message_since" ON "message" ("created_at") WHERE status = 'waiting';
CREATE INDEX "job_name_status" ON "job" ("name", "status");
"""


def up(migrator, db):
    run_text(sqlite=BOTH, postgres=BOTH)
