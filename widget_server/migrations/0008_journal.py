"""The journal, by which the audit names what others changed, and what refuses to change rows that never change.

Rows that are there already are taken into the journal by `schema.upgrade`, since that needs the server's key.
"""

from widget_server.migration_steps import run_text


SQLITE = """
CREATE TABLE "journal" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "number" INTEGER NOT NULL,
  "subject_table" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  "digest" TEXT NOT NULL,
  PRIMARY KEY ("shop_id", "number")) STRICT, WITHOUT ROWID;
CREATE INDEX "journal_shop_id_subject_table_subject_number" ON "journal" ("shop_id", "subject_table", "subject", "number");
CREATE TRIGGER "journal_update_refused" BEFORE UPDATE ON "journal" BEGIN SELECT RAISE(ABORT, 'journal: UPDATE is refused'); END;
CREATE TRIGGER "journal_delete_refused" BEFORE DELETE ON "journal" BEGIN SELECT RAISE(ABORT, 'journal: DELETE is refused'); END;
CREATE TRIGGER "journal_insert_refused" BEFORE INSERT ON "journal" WHEN EXISTS (SELECT 1 FROM "journal" WHERE ("shop_id" = NEW."shop_id" AND "number" = NEW."number")) BEGIN SELECT RAISE(ABORT, 'journal: REPLACE is refused'); END;
CREATE TABLE "books_mark" (
  "shop_id" TEXT NOT NULL PRIMARY KEY REFERENCES shop (id),
  "number" INTEGER NOT NULL,
  "digest" TEXT NOT NULL,
  "checked_at" TEXT NOT NULL,
  "whole_at" TEXT,
  "findings" INTEGER NOT NULL,
  "finding" TEXT,
  "seal" TEXT NOT NULL) STRICT;
CREATE TRIGGER "account_delete_refused" BEFORE DELETE ON "account" BEGIN SELECT RAISE(ABORT, 'account: DELETE is refused'); END;
CREATE TRIGGER "transaction_update_refused" BEFORE UPDATE ON "transaction" BEGIN SELECT RAISE(ABORT, 'transaction: UPDATE is refused'); END;
CREATE TRIGGER "transaction_delete_refused" BEFORE DELETE ON "transaction" BEGIN SELECT RAISE(ABORT, 'transaction: DELETE is refused'); END;
CREATE TRIGGER "transaction_insert_refused" BEFORE INSERT ON "transaction" WHEN EXISTS (SELECT 1 FROM "transaction" WHERE ("account_id" = NEW."account_id" AND "sequence" = NEW."sequence") OR ("id" = NEW."id") OR ("shop_id" = NEW."shop_id" AND "source" = NEW."source" AND "key" = NEW."key" AND "line" = NEW."line")) BEGIN SELECT RAISE(ABORT, 'transaction: REPLACE is refused'); END;
CREATE TRIGGER "debt_update_refused" BEFORE UPDATE ON "debt" BEGIN SELECT RAISE(ABORT, 'debt: UPDATE is refused'); END;
CREATE TRIGGER "debt_delete_refused" BEFORE DELETE ON "debt" BEGIN SELECT RAISE(ABORT, 'debt: DELETE is refused'); END;
CREATE TRIGGER "debt_insert_refused" BEFORE INSERT ON "debt" WHEN EXISTS (SELECT 1 FROM "debt" WHERE ("id" = NEW."id")) BEGIN SELECT RAISE(ABORT, 'debt: REPLACE is refused'); END;
"""

POSTGRES = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ': ' || TG_OP || ' is refused', ERRCODE = '23000'; END $$;
CREATE TABLE "journal" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "number" BIGINT NOT NULL,
  "subject_table" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  "digest" TEXT NOT NULL,
  PRIMARY KEY ("shop_id", "number"));
CREATE INDEX "journal_shop_id_subject_table_subject_number" ON "journal" ("shop_id", "subject_table", "subject", "number");
CREATE TRIGGER "journal_refused" BEFORE UPDATE OR DELETE OR TRUNCATE ON "journal" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TABLE "books_mark" (
  "shop_id" TEXT NOT NULL PRIMARY KEY REFERENCES shop (id),
  "number" BIGINT NOT NULL,
  "digest" TEXT NOT NULL,
  "checked_at" TIMESTAMPTZ NOT NULL,
  "whole_at" TIMESTAMPTZ,
  "findings" BIGINT NOT NULL,
  "finding" TEXT,
  "seal" TEXT NOT NULL);
CREATE TRIGGER "account_refused" BEFORE DELETE OR TRUNCATE ON "account" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER "transaction_refused" BEFORE UPDATE OR DELETE OR TRUNCATE ON "transaction" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER "debt_refused" BEFORE UPDATE OR DELETE OR TRUNCATE ON "debt" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
