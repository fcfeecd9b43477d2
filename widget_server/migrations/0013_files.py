"""Files of imports, in the database; what an erasure from before this version left goes."""

import json

from widget_server.migration_steps import run_text


SQLITE = """
CREATE TABLE "stored_file" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "file_id" TEXT NOT NULL,
  "number" INTEGER NOT NULL,
  "content" BLOB NOT NULL,
  "created_at" TEXT NOT NULL,
  PRIMARY KEY ("shop_id", "file_id", "number")) STRICT;
CREATE INDEX "stored_file_created_at" ON "stored_file" ("created_at");
ALTER TABLE "upload" ADD COLUMN "file_id" TEXT;
ALTER TABLE "customer" ADD COLUMN "former" TEXT NOT NULL DEFAULT '{}';
DROP TRIGGER "audit_entry_stays";
UPDATE "audit_entry" SET "address" = NULL WHERE "actor" IN ('customer', 'server');
CREATE TRIGGER "audit_entry_stays" BEFORE UPDATE ON "audit_entry" BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END;
"""

POSTGRES = """
CREATE TABLE "stored_file" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "file_id" TEXT NOT NULL,
  "number" BIGINT NOT NULL,
  "content" BYTEA NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("shop_id", "file_id", "number"));
CREATE INDEX "stored_file_created_at" ON "stored_file" ("created_at");
ALTER TABLE "upload" ADD COLUMN "file_id" TEXT;
ALTER TABLE "customer" ADD COLUMN "former" TEXT NOT NULL DEFAULT '{}';
ALTER TABLE "customer" ALTER COLUMN "former" DROP DEFAULT;
ALTER TABLE "audit_entry" DISABLE TRIGGER "audit_entry_stays";
UPDATE "audit_entry" SET "address" = NULL WHERE "actor" IN ('customer', 'server');
ALTER TABLE "audit_entry" ENABLE TRIGGER "audit_entry_stays";
"""

OF_ERASED = """
SELECT "order"."id", "order"."state" FROM "order" JOIN "customer" ON "customer"."id" = "order"."customer_id"
WHERE "customer"."erased_at" IS NOT NULL AND "order"."state" <> '{}'
"""


def without_texts(value):
    """Lines of an order have no name any more: somebody's own words may stand there."""
    if isinstance(value, list):
        return [without_texts(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: without_texts(one) for name, one in value.items()}
    return {**kept, "name": ""} if "product_id" in kept and "name" in kept else kept


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
    mark = db.param
    for id, state in list(db.execute_sql(OF_ERASED)):
        text = json.dumps(without_texts(json.loads(state)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        db.execute_sql(f'UPDATE "order" SET "state" = {mark} WHERE "id" = {mark}', (text, id))  # noqa: S608
