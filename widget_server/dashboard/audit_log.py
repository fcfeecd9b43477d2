"""The audit log: who did what, when and from where, and what it changed; by filter, and as CSV."""

from datetime import date

from flask import make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from widget_server import clock
from widget_server.dashboard import documents
from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.documents import page
from widget_server.dashboard.pages import Pages
from widget_server.json_types import Json
from widget_server.loyalty import audit_entries
from widget_server.loyalty.audit_entries import Chosen
from widget_server.loyalty.audit_log import AuditEntry
from widget_server.loyalty.staff.roles import Action
from widget_server.program_file.changes import shown

pages = Pages("audit_log", "/audit-log")

FILTERS = ("actor", "noun", "from", "to")
ACTOR_NAMES = {
    "staff": _l("Staff"),
    "api_key": _l("API key"),
    "shell": _l("Command line"),
    "customer": _l("Customer"),
    "server": _l("The server"),
}
VERB_NAMES = {
    "create": _l("created"),
    "update": _l("changed"),
    "delete": _l("deleted"),
    "give": _l("given"),
    "adjust": _l("adjusted"),
    "start": _l("started"),
    "undo": _l("undone"),
    "merge": _l("merged"),
    "erase": _l("erased"),
    "export": _l("exported"),
    "rotate": _l("replaced"),
    "replay": _l("sent again"),
    "test": _l("tested"),
    "apply": _l("applied"),
    "invite": _l("invited"),
    "sign_in": _l("signed in"),
    "turn_on": _l("turned on"),
    "turn_off": _l("turned off"),
    "receive": _l("received"),
    "keep": _l("kept"),
    "answer": _l("answered"),
    "renew": _l("given new recovery codes"),
}
NOUN_NAMES = {
    "api_key": _l("API key"),
    "batch": _l("Bulk update"),
    "campaign": _l("Campaign"),
    "customer": _l("Customer"),
    "data_request": _l("Request for data"),
    "earning_rule": _l("Way to earn"),
    "endpoint": _l("Receiver of events"),
    "mail": _l("Mail"),
    "origin": _l("Address of the shop"),
    "points": _l("Points"),
    "program": _l("Program"),
    "program_file": _l("Program file"),
    "referral_program": _l("Referral program"),
    "reward": _l("Reward"),
    "second_factor": _l("Second factor"),
    "shop": _l("Shop"),
    "shop_key": _l("Key of webhooks"),
    "shop_secret": _l("Secret"),
    "staff": _l("Staff"),
    "staff_account": _l("Account of staff"),
    "staff_member": _l("Member of staff"),
    "store_data": _l("Data from the shop platform"),
    "tier": _l("Tier"),
    "tier_program": _l("Tiers"),
}


@pages.page("", Action.SETTINGS)
def entry_list(staff: StaffCaller) -> ResponseReturnValue:
    """List entries, newest first."""
    chosen, size = _chosen(), audit_entries.PAGE_SIZE
    below = request.args.get("below") or None
    found = audit_entries.listed(staff.shop, chosen, below=below, limit=size + 1)
    return page(
        "audit_log/list.html",
        rows=found[:size],
        after=found[size - 1].id if len(found) > size else None,
        below=below,
        chosen=chosen,
        filters={name: request.args[name] for name in FILTERS if request.args.get(name)},
        actors=ACTOR_NAMES,
        nouns={noun: noun_name(noun) for noun in audit_entries.nouns(staff.shop)},
        what=what,
        differences=differences,
        shown=shown,
    )


@pages.page("/csv", Action.SETTINGS)
def csv(staff: StaffCaller) -> ResponseReturnValue:
    """Return the chosen entries as CSV, the newest ones if there are many."""
    response = make_response("".join(audit_entries.csv_lines(staff.shop, _chosen())))
    response.content_type = "text/csv; charset=utf-8"
    day = clock.local_date(clock.now(), staff.shop.timezone).isoformat()
    response.headers["Content-Disposition"] = f"attachment; filename=audit-log-{day}.csv"
    return documents.with_headers(response, None)


def what(entry: AuditEntry) -> str:
    """Returns what was done to what, in words."""
    verb = VERB_NAMES.get(entry.verb, entry.verb.replace("_", " "))
    return _("%(noun)s %(verb)s", noun=noun_name(entry.noun), verb=verb)


def noun_name(noun: str) -> str:
    """Returns the name of a noun; one without a name is shown by its word."""
    return str(NOUN_NAMES.get(noun, noun.replace("_", " ").capitalize()))


def differences(entry: AuditEntry) -> list[tuple[str, Json, Json]]:
    """Returns each field of the entry with its value before and after; of settings, only the parts that differ."""
    rows: list[tuple[str, Json, Json]] = []
    before, after = entry.before or {}, entry.after or {}
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            parts = [part for part in {**was, **now} if was.get(part) != now.get(part)]
            rows += [(f"{name}.{part}", was.get(part), now.get(part)) for part in parts]
        else:
            rows.append((name, was, now))
    return rows


def _chosen() -> Chosen:
    """Returns what the address chooses; what it does not understand is not a filter."""
    actor = request.args.get("actor")
    noun = request.args.get("noun")
    return Chosen(actor if actor in ACTOR_NAMES else None, noun or None, _day("from"), _day("to"))


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
