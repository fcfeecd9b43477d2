"""Bodies that platforms signed, by their digests."""

from widget_server.migration_steps import run_text


SQLITE = """
CREATE TABLE "delivery" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "digest" TEXT NOT NULL,
  "topic" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  PRIMARY KEY ("shop_id", "digest")) STRICT;
CREATE INDEX "delivery_created_at" ON "delivery" ("created_at");
"""

POSTGRES = """
CREATE TABLE "delivery" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "digest" TEXT NOT NULL,
  "topic" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ NOT NULL,
  PRIMARY KEY ("shop_id", "digest"));
CREATE INDEX "delivery_created_at" ON "delivery" ("created_at");
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
