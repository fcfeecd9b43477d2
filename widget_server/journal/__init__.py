"""The journal: the keyed hash of each covered row, as this server last wrote it. `audit` finds changes by others.

Tables that derive from `Journaled` are covered. Every write through peewee, `insert_many` or `insert_once` is noted;
just before the outermost transaction commits, each changed row gets one entry with the keyed hash of its new content
(docs/decisions/010-journal.md, contracts §15). The entries of a shop are numbered without gaps and chained with the
server's key, so that none can be changed, removed or inserted unnoticed.
"""

from widget_server.journal.auditing import (
    RowPlace,
    accept,
    adopt,
    audit_chain,
    audit_rows,
    chain_steps,
    covered,
    row_steps,
    written_steps,
)
from widget_server.journal.changes import append_noted
from widget_server.journal.entries import ALTERED, REMOVED, Journal, last_of, take_turn
from widget_server.journal.renewal import rechain, rewriting
from widget_server.journal.states import hash_of, is_hash_of, name_of, subject_of
from widget_server.journal.tables import Journaled

__all__ = [
    "ALTERED",
    "REMOVED",
    "Journal",
    "Journaled",
    "RowPlace",
    "accept",
    "adopt",
    "append_noted",
    "audit_chain",
    "audit_rows",
    "chain_steps",
    "covered",
    "hash_of",
    "is_hash_of",
    "last_of",
    "name_of",
    "rechain",
    "rewriting",
    "row_steps",
    "subject_of",
    "take_turn",
    "written_steps",
]
