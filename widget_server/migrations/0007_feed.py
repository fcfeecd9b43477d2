"""The connection to a shop's own API: when its last webhook came, and how far its changes are known.

A shop that was connected before begins now. Orders came by webhooks only, so the newest order has the time of the last.
"""

from widget_server.migration_steps import run_text


SQLITE = """
ALTER TABLE "shop" ADD COLUMN "last_news_at" TEXT;
UPDATE "shop" SET "last_news_at" = (SELECT MAX("updated_at") FROM "order" WHERE "order"."shop_id" = "shop"."id");
CREATE TABLE "feed" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "began_at" TEXT NOT NULL,
  "next_look_at" TEXT NOT NULL,
  "places" TEXT NOT NULL,
  "sampled" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "checked_at" TEXT,
  "detail" TEXT,
  "mended_at" TEXT,
  CHECK (status IN ('ok', 'silent', 'switched_off', 'unreachable'))) STRICT;
CREATE UNIQUE INDEX "feed_shop_id" ON "feed" ("shop_id");
INSERT INTO "feed" ("id", "shop_id", "began_at", "next_look_at", "places", "sampled", "status")
  SELECT "id", "id", strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now'), strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now'), '{}', '', 'ok'
  FROM "shop" WHERE "api_url" IS NOT NULL AND "platform" = 'woocommerce';
"""

POSTGRES = """
ALTER TABLE "shop" ADD COLUMN "last_news_at" TIMESTAMPTZ;
UPDATE "shop" SET "last_news_at" = (SELECT MAX("updated_at") FROM "order" WHERE "order"."shop_id" = "shop"."id");
CREATE TABLE "feed" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "began_at" TIMESTAMPTZ NOT NULL,
  "next_look_at" TIMESTAMPTZ NOT NULL,
  "places" TEXT NOT NULL,
  "sampled" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "checked_at" TIMESTAMPTZ,
  "detail" TEXT,
  "mended_at" TIMESTAMPTZ,
  CHECK (status IN ('ok', 'silent', 'switched_off', 'unreachable')));
CREATE UNIQUE INDEX "feed_shop_id" ON "feed" ("shop_id");
INSERT INTO "feed" ("id", "shop_id", "began_at", "next_look_at", "places", "sampled", "status")
  SELECT "id", "id", now(), now(), '{}', '', 'ok' FROM "shop" WHERE "api_url" IS NOT NULL AND "platform" = 'woocommerce';
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
