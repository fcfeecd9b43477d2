"""What waits for an order's status again stands in an award of its own, beside the one that has matured."""

from widget_server.migration_steps import run_text


SQLITE = """
ALTER TABLE "award" ADD COLUMN "part" TEXT NOT NULL DEFAULT 'main' CHECK (part IN ('main', 'later'));
DROP INDEX "award_shop_id_order_id_rule_id_account_id";
CREATE UNIQUE INDEX "award_shop_id_order_id_rule_id_account_id_part" ON "award" ("shop_id", "order_id", "rule_id", "account_id", "part");
"""

POSTGRES = """
ALTER TABLE "award" ADD COLUMN "part" TEXT NOT NULL DEFAULT 'main' CHECK (part IN ('main', 'later'));
ALTER TABLE "award" ALTER COLUMN "part" DROP DEFAULT;
DROP INDEX "award_shop_id_order_id_rule_id_account_id";
CREATE UNIQUE INDEX "award_shop_id_order_id_rule_id_account_id_part" ON "award" ("shop_id", "order_id", "rule_id", "account_id", "part");
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
