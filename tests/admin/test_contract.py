"""openapi.json keeps its word: each operation is asked what its document allows and what it does not, by who may call
and by who may not; and the operations one after the other, each with what the one before has answered.

Short here; with PROOFS set 1,000 cases an operation.
"""

import re
from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from schemathesis.checks import CheckContext, load_all_checks
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.generation.case import Case
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.make import PROOFS, Shopper, World
from widget_server import db
from widget_server.errors import Refusal
from widget_server.loyalty import access, sign_in
from widget_server.loyalty.access import Holder
from widget_server.web.auth import MEMBER_TOKEN, SHOP_HEADER
from widget_server.web.callers import API_KEY
from widget_server.web.rate_limits import Hit

CASES = 1000 if PROOFS else 5
STORIES = 300 if PROOFS else 10

# What no schema can say: the path of a field that may be refused all the same, by the path of the operation.
UNSAID = {
    ".*": [
        ".*cursor",  # signed by this server
        r"query\.sort\[\d\]\.fieldName",  # each once
    ],
}
UNSTORABLE = "This text holds a NUL or half a character."  # anywhere; a pattern on each text would say it, and hide all else


class Callers:
    """Who calls: every case comes from whom its operation is for, alive again where the case before was her last."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.secret, self.token, self.ann = "", "", Shopper(world, "", "")

    def get(self, case: Case, context: Any) -> str | None:
        """What this case shows; all windows of rate limits are over, so that they hide nothing."""
        db.connect()
        Hit.delete().execute()
        schemes = {name for one in case.operation.definition.raw.get("security", ()) for name in one}
        if API_KEY in schemes:
            return self._app()
        if MEMBER_TOKEN in schemes:
            return f"Bearer {self._member().token}"
        return f"Bearer {self._token()}" if schemes else None

    def set(self, case: Case, shown: str, context: Any) -> None:
        """Show it."""
        case.headers["Authorization"] = shown

    def _app(self) -> str:
        """A key that may manage."""
        try:
            access.key_by_secret(self.secret, address="here")
        except Refusal:
            self.secret = access.create_key(self.world.shop.id, "schemathesis")[1]
        return self.secret

    def _member(self) -> Shopper:
        """Somebody with points, signed in at the widget."""
        try:
            sign_in.who(self.world.shop, self.ann.token)
        except Refusal:
            self.ann = self.world.member(f"ann{next(self.world.numbers)}@example.com")
            self.ann.is_given(5000)
        return self.ann

    def _token(self) -> str:
        """The same with a token of /oauth2/token."""
        before, member = self.ann.id, self._member()
        if member.id != before or not self.token:
            key = access.key_by_secret(self._app(), address="here")
            holder = Holder(self.world.shop.id, "member", key_id=key.id, customer_id=member.id)
            self.token = access.grant(holder).access
        return self.token


load_all_checks()


@schemathesis.check
def documented_bodies_are_taken(ctx: CheckContext, response: Response, case: Case) -> None:
    """What fits the document is taken; where no schema can say all, the refusal names the field that is known for it."""
    try:
        positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        if not _unsaid(case.operation.path, response):
            raise


def _unsaid(path: str, response: Response) -> bool:
    told = response.json()
    if response.status_code != 400 or UNSTORABLE in response.text:
        return response.status_code == 400
    if "error" in told:
        fields = [told["error"]["field"] or told["error"]["code"]]
    else:
        details = told["details"]
        violations = details.get("validationError", {}).get("fieldViolations", ())
        fields = [one["field"] for one in violations] or [details["applicationError"]["code"]]
    known = [field for operations, some in UNSAID.items() if re.fullmatch(operations, path) for field in some]
    return all(any(re.fullmatch(one, field) for one in known) for field in fields)


def contract(world: World, client: FlaskClient, cases: int) -> BaseSchema:
    """The document, to be asked by the callers of this world; failures are told without being made smaller."""
    api = schemathesis.openapi.from_wsgi("/openapi.json", client.application)
    api.auth.set_from_requests  # noqa: B018
    callers = Callers(world)
    api.auth(type("Known", (), {"get": callers.get, "set": callers.set}))
    api.config.update(parameters={SHOP_HEADER: world.shop.embed_key}, workers=1, continue_on_failure=True)
    api.config.generation.update(max_examples=cases, no_shrink=True, deterministic=not PROOFS, database="none")
    api.config.checks.positive_data_acceptance.enabled = False
    return api


def broken(api: BaseSchema, *phases: str) -> tuple[Counter[str], list[str]]:
    """How often each operation was asked, and every promise that was broken."""
    for name in ("examples", "coverage", "fuzzing", "stateful"):
        api.config.phases.get_by_name(name=name).enabled = name in phases
    asked: Counter[str] = Counter()
    found: dict[str, str] = {}
    for event in from_schema(api).execute():
        if isinstance(event, events.NonFatalError):
            found[f"{event.label}: {event.value!r}"] = ""
        if isinstance(event, events.ScenarioFinished):
            for id, node in event.recorder.cases.items():
                asked[node.value.operation.label] += 1
                for check in event.recorder.checks.get(id, ()):
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        answer = event.recorder.interactions[id].response
                        sent = f"{node.value.method} {node.value.formatted_path} {node.value.query} {node.value.body}"[:600]
                        text = answer.text[:400] if answer else ""
                        told = f"{failure.title}: {failure.message[:500]}\n  sent {sent}\n  got {text}"
                        found.setdefault(f"{node.value.operation.label} {check.name} {failure.title}", told)
    return asked, [f"{name}\n  {told}" for name, told in found.items()]


SERVICES = ("accounts",)


@pytest.mark.parametrize("service", SERVICES)
def test_each_operation_keeps_what_the_document_promises(world: World, client: FlaskClient, service: str) -> None:
    api = contract(world, client, CASES).include(tag=service)
    asked, failures = broken(api, "examples", "coverage", "fuzzing")
    assert len(asked) == len(api)
    assert not failures, "\n".join(failures)
