"""Merged accounts keep every row, and each account knows since when it holds points that are not spent.

The rows of a merge may have the opposite sign of their kind, so the rule about signs is written anew: SQLite has to
rebuild the table for that, in one statement and in the order of its primary key.
"""

from widget_server.migration_steps import run_text


SQLITE = """
CREATE TABLE "transaction_rebuilt" (
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
  CHECK (source = 'merge' OR CASE kind WHEN 'redeem' THEN amount < 0 WHEN 'expire' THEN amount < 0 WHEN 'refund' THEN amount > 0 ELSE amount <> 0 END)) STRICT, WITHOUT ROWID;
INSERT INTO "transaction_rebuilt" ("shop_id", "account_id", "sequence", "id", "kind", "amount", "balance_after", "source", "key", "line", "takes_back", "cause", "cause_id", "order_id", "snapshot", "event_at", "created_at", "digest")
  SELECT "shop_id", "account_id", "sequence", "id", "kind", "amount", "balance_after", "source", "key", "line", "takes_back", "cause", "cause_id", "order_id", "snapshot", "event_at", "created_at", "digest"
  FROM "transaction" ORDER BY "account_id", "sequence";
DROP TABLE "transaction";
ALTER TABLE "transaction_rebuilt" RENAME TO "transaction";
CREATE UNIQUE INDEX "transaction_id" ON "transaction" ("id");
CREATE UNIQUE INDEX "transaction_shop_id_source_key_line" ON "transaction" ("shop_id", "source", "key", "line");
CREATE INDEX "transaction_shop_id_created_at" ON "transaction" ("shop_id", "created_at");
CREATE INDEX "transaction_account_id_cause_id_event_at" ON "transaction" ("account_id", "cause_id", "event_at");
CREATE INDEX "transaction_account_id_event_at_sequence" ON "transaction" ("account_id", "event_at", "sequence");
CREATE INDEX "transaction_order_id" ON "transaction" ("order_id");
ALTER TABLE "account" ADD COLUMN "unspent_since" TEXT;
UPDATE "account" SET "unspent_since" = (SELECT MIN("event_at") FROM "transaction" WHERE "transaction"."account_id" = "account"."id" AND "transaction"."amount" > 0) WHERE "balance" > 0;
CREATE INDEX "account_shop_id_unspent_since" ON "account" ("shop_id", "unspent_since");
"""

POSTGRES = """
ALTER TABLE "transaction" DROP CONSTRAINT "transaction_check";
ALTER TABLE "transaction" ADD CHECK (source = 'merge' OR CASE kind WHEN 'redeem' THEN amount < 0 WHEN 'expire' THEN amount < 0 WHEN 'refund' THEN amount > 0 ELSE amount <> 0 END);
CREATE INDEX "transaction_account_id_event_at_sequence" ON "transaction" ("account_id", "event_at", "sequence");
ALTER TABLE "account" ADD COLUMN "unspent_since" TIMESTAMPTZ;
UPDATE "account" SET "unspent_since" = (SELECT MIN("event_at") FROM "transaction" WHERE "transaction"."account_id" = "account"."id" AND "transaction"."amount" > 0) WHERE "balance" > 0;
CREATE INDEX "account_shop_id_unspent_since" ON "account" ("shop_id", "unspent_since");
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
