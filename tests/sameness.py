"""What two ways of doing the same work left in the database, in a form that can be compared.

New ids and digests differ from run to run: a new row of the ledger is named by its place in the account, others by
nothing. Sealed mails are compared by what they say.
"""

import json
import re
from collections import Counter
from typing import Any

from widget_server import journal, migrate
from widget_server.delivery import mail
from widget_server.ledger import Account, Transaction

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
NUMBERED = {"journal": "number", "message": "number", "total_change": "id"}


def known_ids() -> set[str]:
    """Returns every id that is in the database now; the open transaction's entries of the journal are written first."""
    journal.append_noted()
    return {id for rows in _tables().values() for row in rows for id in UUID.findall(json.dumps(row, default=str))}


def left_behind(known: set[str]) -> dict[str, Counter[str]]:
    """Returns the rows of each table as texts, as the commit of the open transaction would leave them."""
    journal.append_noted()
    owner = dict(Account.everywhere(Account.id, Account.customer_id).tuples())
    names = {row.id: f"row {owner[row.account_id]}/{row.sequence}" for row in Transaction.everywhere()}
    names |= {account_id: f"account of {customer_id}" for account_id, customer_id in owner.items()}

    def told(found: re.Match[str]) -> str:
        return found[0] if found[0] in known else names.get(found[0], "new")

    left = {}
    for table, rows in _tables().items():
        shown = (
            json.dumps({name: one for name, one in row.items() if name != NUMBERED.get(table)}, default=str)
            for row in rows
        )
        left[table] = Counter(DIGEST.sub("digest", UUID.sub(told, text)) for text in shown)
    return left


def differences(one: dict[str, Counter[str]], other: dict[str, Counter[str]]) -> list[str]:
    """Returns the rows of each table that only one of them has."""
    return [
        f"{name} {sign} {row}"
        for name in one
        for sign, rows in (("-", one[name] - other[name]), ("+", other[name] - one[name]))
        for row in rows.elements()
    ]


def _tables() -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table in migrate.TABLES:
        query = table.everywhere()
        if table._meta.table_name in NUMBERED:
            query = query.order_by(getattr(table, NUMBERED[table._meta.table_name]))
        found[table._meta.table_name] = [_opened(row) for row in query.dicts()]
    return found


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    payload = row.get("payload")
    if isinstance(payload, dict) and "sealed" in payload:
        return {**row, "payload": mail.opened(payload)}
    if isinstance(payload, str) and payload.startswith("{"):
        return {**row, "payload": json.loads(payload)}
    return row
