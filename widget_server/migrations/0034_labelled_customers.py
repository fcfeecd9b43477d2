"""Customers with a label, in the orders of the list: whoever has one label is found among these, not among all."""

from widget_server.migration_steps import create_index

INDEXES_ONLY = True
LABELLED = """(("labels" != '[]') AND (("merged_into" IS NULL) AND ("erased_at" IS NULL)))"""


def up(migrator, db):
    create_index("customer", "shop_id", "created_at", "id", where=LABELLED, name="customer_labelled")
    create_index("customer", "shop_id", "name_key", "id", where=LABELLED, name="customer_labelled_by_name")
