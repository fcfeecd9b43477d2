"""The directory of customers: search terms, sort keys, the indexes of its orders, and saved views.

Terms and sort keys are compared by their characters, so that the beginnings of words are a range of an index.
"""

import json

from widget_server.db import Json, Text, UtcDateTime, execute_many, on_sqlite
from widget_server.loyalty.people import folding
from widget_server.migration_steps import add_column, create_index, create_table, execute, of_shop

ROWS = 2_000
LISTED = '(("merged_into" IS NULL) AND ("erased_at" IS NULL))'
FACTS = ("name", "email", "email_key", "phone", "referral_code", "labels", "excluded", "accepts_marketing")
NEXT = (
    f'SELECT "id", "shop_id", "merged_into", "erased_at", {", ".join(FACTS)} FROM "customer" '  # noqa: S608
    f'WHERE "id" > ? ORDER BY "id" LIMIT {ROWS}'
)


def up(migrator, db):
    create_table(
        "search_term",
        {"shop_id": of_shop(), "term": Text(), "customer_id": Text()},
        primary_key=("shop_id", "term", "customer_id"),
        indexes=((("customer_id", "term"), False),),
        clustered=True,
    )
    create_table(
        "saved_view",
        {
            "id": Text(primary_key=True),
            "shop_id": of_shop(),
            "name": Text(),
            "name_key": Text(),
            "query": Json(),
            "created_at": UtcDateTime(),
        },
        indexes=((("shop_id", "name_key"), True),),
    )
    add_column("customer", "name_key", Text(), for_rows_there=folding.NAMELESS)
    add_column("customer", "account_id", Text(null=True))
    add_column("batch_item", "customer_id", Text(null=True))
    if not on_sqlite():
        execute('ALTER TABLE "search_term" ALTER COLUMN "term" TYPE TEXT COLLATE "C"')
        execute('ALTER TABLE "customer" ALTER COLUMN "name_key" TYPE TEXT COLLATE "C"')
    execute(
        'UPDATE "customer" SET "account_id" = '
        '(SELECT "account"."id" FROM "account" WHERE "account"."customer_id" = "customer"."id")'
    )
    fill(db)
    add_indexes()


def fill(db):
    """Give each customer the sort key, and the terms by which they are found."""
    last, mark = "", db.param
    while rows := list(execute(NEXT, last)):
        keys, terms = [], []
        for id, shop_id, merged_into, erased_at, *values in rows:
            facts = dict(zip(FACTS, values, strict=True))
            flags = [flag for flag in ("excluded", "accepts_marketing") if facts.pop(flag)]
            facts["labels"] = json.loads(facts["labels"])
            keys.append((folding.name_key(facts["name"], facts["email_key"]), id))
            if merged_into is None and erased_at is None:
                terms += [(shop_id, term, id) for term in folding.terms(**facts, flags=flags)]
        execute_many(f'UPDATE "customer" SET "name_key" = {mark} WHERE "id" = {mark}', keys)  # noqa: S608
        execute_many(
            f'INSERT INTO "search_term" ("shop_id", "term", "customer_id") VALUES ({mark}, {mark}, {mark})',  # noqa: S608
            terms,
        )
        last = rows[-1][0]


def add_indexes():
    """Create the indexes of each order and filter of the list."""
    listed = (
        ("customer_newest", ("created_at", "id"), LISTED),
        ("customer_by_name", ("name_key", "id"), LISTED),
        ("customer_by_status", ("status", "created_at", "id"), LISTED),
        ("customer_without_account", ("id",), f'(("account_id" IS NULL) AND {LISTED})'),
    )
    for name, columns, where in listed:
        create_index("customer", "shop_id", *columns, where=where, name=name)
    create_index("account", "shop_id", "balance", "customer_id")
    create_index("account", "shop_id", "last_activity_at", "customer_id")
    create_index("order", "shop_id", "number")
