"""Which orders carry which coupon, and one spelling of each code.

A code that stands in a connected shop keeps the spelling that it has there. A coupon in use goes on being used: by the
order that it knew, and with it by every other order that lists its code.
"""

from widget_server.migration_steps import run_text


SQLITE = """
ALTER TABLE "coupon" ADD COLUMN "code_key" TEXT;
UPDATE "coupon" SET "code_key" = "code";
UPDATE "coupon" SET "code" = substr("code", 1, 4) || '-' || substr("code", 5, 4) || '-' || substr("code", 9)
  WHERE length("code") = 12 AND "shop_id" IN (SELECT "id" FROM "shop" WHERE "api_url" IS NULL);
CREATE UNIQUE INDEX "coupon_shop_id_code_key" ON "coupon" ("shop_id", "code_key");
ALTER TABLE "coupon" ADD COLUMN "when_free" TEXT CHECK (when_free IN ('returned', 'revoked'));
CREATE TABLE "coupon_order" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "coupon_id" TEXT NOT NULL,
  "order_ref" TEXT NOT NULL,
  "number" TEXT,
  "since" TEXT NOT NULL,
  "living" INTEGER NOT NULL,
  "listed" INTEGER NOT NULL,
  "called" INTEGER NOT NULL,
  "hold" TEXT,
  "taken_at" TEXT,
  "coupon_end" TEXT,
  PRIMARY KEY ("coupon_id",
  "order_ref"),
  CHECK (hold IN ('holding', 'over'))) STRICT, WITHOUT ROWID;
CREATE INDEX "coupon_order_shop_id_order_ref" ON "coupon_order" ("shop_id", "order_ref");
INSERT OR IGNORE INTO "coupon_order"
  SELECT c."shop_id", c."id", o."platform" || ':' || o."external_id", o."number", o."placed_at",
    c."status" = 'used' AND o."status" IN ('placed', 'paid', 'fulfilled'), 1, 0,
    CASE c."status" WHEN 'used' THEN 'holding' ELSE 'over' END, o."placed_at", c."expires_at"
  FROM "order" o, json_each(o."state", '$.coupon_codes') listed, "coupon" c
  WHERE c."shop_id" = o."shop_id" AND c."code_key" = upper(replace(replace(listed."value", '-', ''), ' ', ''));
INSERT INTO "coupon_order"
  SELECT c."shop_id", c."id", c."order_ref", c."order_number", COALESCE(c."ended_at", c."created_at"),
    c."status" = 'used', 0, 1,
    CASE c."status" WHEN 'used' THEN 'holding' ELSE 'over' END, COALESCE(c."ended_at", c."created_at"), c."expires_at"
  FROM "coupon" c WHERE c."order_ref" IS NOT NULL
  ON CONFLICT ("coupon_id", "order_ref") DO UPDATE SET "living" = excluded."living", "hold" = excluded."hold";
"""

POSTGRES = """
ALTER TABLE "coupon" ADD COLUMN "code_key" TEXT;
UPDATE "coupon" SET "code_key" = "code";
UPDATE "coupon" SET "code" = substr("code", 1, 4) || '-' || substr("code", 5, 4) || '-' || substr("code", 9)
  WHERE length("code") = 12 AND "shop_id" IN (SELECT "id" FROM "shop" WHERE "api_url" IS NULL);
CREATE UNIQUE INDEX "coupon_shop_id_code_key" ON "coupon" ("shop_id", "code_key");
ALTER TABLE "coupon" ADD COLUMN "when_free" TEXT CHECK (when_free IN ('returned', 'revoked'));
CREATE TABLE "coupon_order" (
  "shop_id" TEXT NOT NULL REFERENCES shop (id),
  "coupon_id" TEXT NOT NULL,
  "order_ref" TEXT NOT NULL,
  "number" TEXT,
  "since" TIMESTAMPTZ NOT NULL,
  "living" BOOLEAN NOT NULL,
  "listed" BOOLEAN NOT NULL,
  "called" BOOLEAN NOT NULL,
  "hold" TEXT,
  "taken_at" TIMESTAMPTZ,
  "coupon_end" TIMESTAMPTZ,
  PRIMARY KEY ("coupon_id",
  "order_ref"),
  CHECK (hold IN ('holding', 'over')));
CREATE INDEX "coupon_order_shop_id_order_ref" ON "coupon_order" ("shop_id", "order_ref");
INSERT INTO "coupon_order"
  SELECT c."shop_id", c."id", o."platform" || ':' || o."external_id", o."number", o."placed_at",
    c."status" = 'used' AND o."status" IN ('placed', 'paid', 'fulfilled'), true, false,
    CASE c."status" WHEN 'used' THEN 'holding' ELSE 'over' END, o."placed_at", c."expires_at"
  FROM "order" o, jsonb_array_elements_text(CASE jsonb_typeof(o."state"::jsonb -> 'coupon_codes')
      WHEN 'array' THEN o."state"::jsonb -> 'coupon_codes' ELSE '[]'::jsonb END) listed, "coupon" c
  WHERE c."shop_id" = o."shop_id" AND c."code_key" = upper(replace(replace(listed, '-', ''), ' ', ''))
  ON CONFLICT DO NOTHING;
INSERT INTO "coupon_order"
  SELECT c."shop_id", c."id", c."order_ref", c."order_number", COALESCE(c."ended_at", c."created_at"),
    c."status" = 'used', false, true,
    CASE c."status" WHEN 'used' THEN 'holding' ELSE 'over' END, COALESCE(c."ended_at", c."created_at"), c."expires_at"
  FROM "coupon" c WHERE c."order_ref" IS NOT NULL
  ON CONFLICT ("coupon_id", "order_ref") DO UPDATE SET "living" = excluded."living", "hold" = excluded."hold";
"""


def up(migrator, db):
    run_text(sqlite=SQLITE, postgres=POSTGRES)
