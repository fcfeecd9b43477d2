"""Keys that end: rights of API keys, tokens bound to a secret, two secrets a shop, keys of the data, the audit log.

The shop's shared secrets move to a table of their own. A token of before counts as granted by its key's present secret.
"""

from widget_server.db import new_id
from widget_server.migration_steps import run_text

SQLITE = """
ALTER TABLE "api_key" ADD COLUMN "services" TEXT;
ALTER TABLE "api_key" ADD COLUMN "expires_at" TEXT;
ALTER TABLE "api_key" ADD COLUMN "addresses" TEXT;
ALTER TABLE "access_token" ADD COLUMN "key_hash" TEXT;
ALTER TABLE "access_token" ADD COLUMN "family_id" TEXT NOT NULL DEFAULT '';
ALTER TABLE "access_token" ADD COLUMN "parent_id" TEXT;
ALTER TABLE "access_token" ADD COLUMN "replaced_at" TEXT;
UPDATE "access_token" SET "family_id" = "id",
  "key_hash" = (SELECT "secret_hash" FROM "api_key" WHERE "api_key"."id" = "access_token"."key_id");
CREATE INDEX "access_token_family_id" ON "access_token" ("family_id");
CREATE TABLE "shop_secret" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "kind" TEXT NOT NULL,
  "secret_sealed" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  CHECK (kind IN ('identity', 'webhook'))) STRICT;
CREATE INDEX "shop_secret_shop_id_kind" ON "shop_secret" ("shop_id", "kind");
CREATE TABLE "data_key" (
  "purpose" TEXT NOT NULL,
  "generation" INTEGER NOT NULL,
  "wrapped" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  PRIMARY KEY ("purpose",
  "generation")) STRICT;
CREATE TABLE "audit_entry" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "created_at" TEXT NOT NULL,
  "actor" TEXT NOT NULL,
  "actor_id" TEXT,
  "actor_name" TEXT,
  "address" TEXT,
  "verb" TEXT NOT NULL,
  "noun" TEXT NOT NULL,
  "subject_id" TEXT,
  "before" TEXT,
  "after" TEXT,
  CHECK (actor IN ('api_key', 'staff', 'shell', 'customer', 'server'))) STRICT;
CREATE INDEX "audit_entry_shop_id_created_at" ON "audit_entry" ("shop_id", "created_at");
CREATE TABLE "audit_door" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "deletes_before" TEXT NOT NULL) STRICT;
CREATE TRIGGER "audit_entry_stays" BEFORE UPDATE ON "audit_entry" BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END;
CREATE TRIGGER "audit_entry_is_kept" BEFORE DELETE ON "audit_entry" WHEN NOT EXISTS (SELECT 1 FROM "audit_door" WHERE OLD."created_at" < "deletes_before") BEGIN SELECT RAISE(ABORT, 'an audit entry is kept for its days'); END;
"""

POSTGRES = """
ALTER TABLE "api_key" ADD COLUMN "services" TEXT;
ALTER TABLE "api_key" ADD COLUMN "expires_at" TIMESTAMPTZ;
ALTER TABLE "api_key" ADD COLUMN "addresses" TEXT;
ALTER TABLE "access_token" ADD COLUMN "key_hash" TEXT;
ALTER TABLE "access_token" ADD COLUMN "family_id" TEXT NOT NULL DEFAULT '';
ALTER TABLE "access_token" ADD COLUMN "parent_id" TEXT;
ALTER TABLE "access_token" ADD COLUMN "replaced_at" TIMESTAMPTZ;
UPDATE "access_token" SET "family_id" = "id",
  "key_hash" = (SELECT "secret_hash" FROM "api_key" WHERE "api_key"."id" = "access_token"."key_id");
ALTER TABLE "access_token" ALTER COLUMN "family_id" DROP DEFAULT;
CREATE INDEX "access_token_family_id" ON "access_token" ("family_id");
CREATE TABLE "shop_secret" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "kind" TEXT NOT NULL,
  "secret_sealed" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  CHECK (kind IN ('identity', 'webhook')));
CREATE INDEX "shop_secret_shop_id_kind" ON "shop_secret" ("shop_id", "kind");
CREATE TABLE "data_key" (
  "purpose" TEXT NOT NULL,
  "generation" BIGINT NOT NULL,
  "wrapped" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("purpose",
  "generation"));
CREATE TABLE "audit_entry" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "created_at" TIMESTAMPTZ NOT NULL,
  "actor" TEXT NOT NULL,
  "actor_id" TEXT,
  "actor_name" TEXT,
  "address" TEXT,
  "verb" TEXT NOT NULL,
  "noun" TEXT NOT NULL,
  "subject_id" TEXT,
  "before" TEXT,
  "after" TEXT,
  CHECK (actor IN ('api_key', 'staff', 'shell', 'customer', 'server')));
CREATE INDEX "audit_entry_shop_id_created_at" ON "audit_entry" ("shop_id", "created_at");
CREATE TABLE "audit_door" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "deletes_before" TIMESTAMPTZ NOT NULL);
CREATE OR REPLACE FUNCTION "audit_entry_stays"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'an audit entry is never changed'; END $$;
CREATE OR REPLACE FUNCTION "audit_entry_is_kept"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM "audit_door" WHERE OLD."created_at" < "deletes_before") THEN RAISE EXCEPTION 'an audit entry is kept for its days'; END IF; RETURN OLD; END $$;
CREATE TRIGGER "audit_entry_stays" BEFORE UPDATE ON "audit_entry" FOR EACH ROW EXECUTE FUNCTION "audit_entry_stays"();
CREATE TRIGGER "audit_entry_is_kept" BEFORE DELETE ON "audit_entry" FOR EACH ROW EXECUTE FUNCTION "audit_entry_is_kept"();
CREATE TRIGGER "audit_entry_stays_whole" BEFORE TRUNCATE ON "audit_entry" FOR EACH STATEMENT EXECUTE FUNCTION "audit_entry_stays"();
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
    _move_secrets(db)


def _move_secrets(db):
    """Each shop's two sealed secrets become rows of their own, sealed as they are."""
    insert = 'INSERT INTO "shop_secret" ("id", "shop_id", "kind", "secret_sealed", "created_at") VALUES (?, ?, ?, ?, ?)'
    select = 'SELECT "id", "identity_secret_sealed", "webhook_secret_sealed", "created_at" FROM "shop"'
    for shop_id, identity, webhook, created_at in db.execute_sql(select).fetchall():
        for kind, sealed in (("identity", identity), ("webhook", webhook)):
            db.execute_sql(insert.replace("?", db.param), (new_id(), shop_id, kind, sealed, created_at))
    for column in ("identity_secret_sealed", "webhook_secret_sealed"):
        db.execute_sql(f'ALTER TABLE "shop" DROP COLUMN "{column}"')
