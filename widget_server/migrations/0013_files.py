"""Files of imports, in the database."""


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
"""


def up(migrator, db):
    text = SQLITE if type(db).__name__ == "Sqlite" else POSTGRES
    for statement in text.split(";\n"):
        if statement.strip():
            db.execute_sql(statement)
