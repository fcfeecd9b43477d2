"""openapi.json keeps its word: each operation is called with what its document allows and with what it does not, by
those who may call it and those who may not; and the operations one after the other, each with what the last returned.

Short here; with PROOFS set 1,000 cases an operation.
"""

import re
from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis.strategies import SearchStrategy, nothing
from schemathesis.checks import CheckContext, load_all_checks
from schemathesis.config._checks import PositiveDataAcceptanceConfig
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import Interaction
from schemathesis.generation.case import Case
from schemathesis.generation.jsonschema import strategy
from schemathesis.generation.modes import GenerationMode
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.transport.wsgi import WSGITransport

from tests.make import PROOFS, Shopper, World, who
from widget_server import db
from widget_server.errors import Refusal
from widget_server.loyalty.people import access_tokens, api_keys
from widget_server.loyalty.people.access_tokens import Holder
from widget_server.loyalty.program import programs
from widget_server.web import rate_limits
from widget_server.web.auth import MEMBER_TOKEN, SHOP_HEADER
from widget_server.web.callers import API_KEY

DATABASES = ("sqlite",)

CASES = 1000 if PROOFS else 5
STORIES = 2000 if PROOFS else 50
ACCEPTED = ["2xx", "401", "403", "404", "409", "428", "429"]  # the rest is about what is there, not about the form

FILTERED = r"/(query|search|count|bulk-adjust)$"
pytestmark = pytest.mark.timeout(900)  # hundreds of generated requests to each operation

# the operations in parts, each of which ends in time on a slow machine too; what no part names is in the last
PARTS = {
    "panel": r"^/(widget|oauth)",
    "points": r"^/loyalty-(accounts|customers|imports|batches|orders|awards|transactions|adjustments|audit|reports)",
    "rewards": r"^/loyalty-(rewards|coupons|checkout-exchange)",
    "rules": r"^/loyalty-(earning-rules|tiers|programs|till)",
    "others": r"",
}

# What no schema can say: the path of a field that may be refused all the same, by the path of the operation.
UNSAID = {
    ".*": [
        r".*[cC]ursor",  # signed by this server
        r"(query|search)\.sort\[\d\]\.fieldName",  # each once
        r"((query|search)\.)?filter.*",  # too deep or too large
        r"(search\.)?search\.expression",  # too much at once
        r".*tierId",  # a tier there is
        r"(reward|rewards\.\d+)\.(discountAmount|couponReward(\.\w+)?)",  # each tier once
        r"(earningRule|earningRules\.\d+)\.(fixedAmount|conversionRate|figures)",  # each tier once; money is for orders
        r"earningRule\.trigger(AppId|ActivityType)",  # a rule stays of its kind
        r"reward\.type",  # and so does a reward
    ],
    ".*/fetch-by": ["contactId", "memberId"],  # one of two parameters
    ".*/search": [r"search\.timeZone", r"search\.aggregations.*"],  # a zone there is; names of levels; not too many
    ".*/bulk/coupons": [r"\.r", "query.*"],  # JSON in base64
    ".*/loyalty-imports": ["fileUrl"],  # an uploaded file
    ".*/loyalty-imports/(execute|preview)": [r"headerMappingInfo\.headerMappings"],  # each column once
    ".*/endpoints.*": [r"endpoint\.(url|eventTypes|format)"],  # where no address of our own network hides
    ".*reports/v1/.*": ["from", "to"],  # in this order
    ".*/customers.*": [r"(customer|customers\.\d+)\.(birthday|status)"],
    ".*/directory/.*": ["after", "before", r"filter.*"],  # positions that a page has; days in order
    ".*/merge-preview": ["intoId"],  # two customers, not one
    ".*/tier-grant": [r"tierGrant\.lastDay"],  # a day to come
    ".*/settings/.*": ["settings.*"],  # one of three sections, whose fields must fit each other
    ".*/campaigns": ["campaigns.*"],
    ".*/(widget|point)-icon": ["png"],  # a picture
    ".*/preview-copy/.*": ["day", "name", "earnedOn", "customer"],  # days to come, or until now; not too much at once
    ".*/api-keys.*": [  # an end in the future, addresses of networks, services below the key's own scope
        r"apiKey\.(expirationDate|addresses.*|services.*)",
    ],
    ".*/loyalty-changes/.*": [r"file.*", "name"],  # a program file that fits the shop; no more drafts than may be
    ".*/saved-views": ["name"],  # no more views than may be
    r".*/directory\.csv": [r".*(From|To)"],  # days of a calendar
    ".*settings/v1/(shop|origins)": [r"shop\.(name|locale)", "origin"],  # more than blanks; scheme and host alone
    ".*/test": [r"endpoint\.status"],  # a receiver that is active
    ".*/loyalty-till/.*": ["amount"],  # whole coins of the currency, above 0, no more than was paid
    "/widget/.*": [
        "text",
        "password_weak",
        "wrong_code",
        "code_expired",
        "referral_code_unknown",
        "email",
        "birthday",
        "password",
        "code",
    ],
}
UNSTORABLE = "This text has a NUL or an unpaired surrogate."  # anywhere: a pattern on each text would hide all else


def _refresh(world: World) -> None:
    """The windows of all rate limits are over and the program runs, so that neither hides anything."""
    db.connect()
    rate_limits.forget_all()
    if not world.program.is_active:
        programs.activate(world.shop.id)


class Callers:
    """Who calls: every case comes from whom its operation is for, alive again where the case before was her last."""

    world: World

    def __init__(self) -> None:
        self.secret, self.token, self.ann = "", "", Shopper(self.world, "", "")

    def get(self, case: Case, context: Any) -> str | None:
        """What this case shows. (The engine has threads of its own, which leave their connections behind.)"""
        db.connect()
        try:
            return self._shown(case)
        finally:
            db.disconnect()

    def _shown(self, case: Case) -> str | None:
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
            api_keys.key_by_secret(self.secret, address="here")
        except Refusal:
            self.secret = api_keys.create_key(self.world.shop.id, "schemathesis")[1]
        return self.secret

    def _member(self) -> Shopper:
        """Somebody with points, signed in at the widget."""
        try:
            who(self.world.shop, self.ann.token)
        except Refusal:
            self.ann = self.world.member(f"ann{next(self.world.numbers)}@example.com")
            self.ann.is_given(5000)
        return self.ann

    def _token(self) -> str:
        """The same with a token of /oauth2/token."""
        before, member = self.ann.id, self._member()
        if member.id != before or not self.token:
            used = api_keys.in_use(self._app(), address="here")
            holder = Holder(self.world.shop.id, "member", used, customer_id=member.id)
            self.token = access_tokens.grant(holder).access
        return self.token


SOCKETS = ("max_redirects", "verify", "cert")
load_all_checks()


@schemathesis.check
def documented_bodies_are_taken(ctx: CheckContext, response: Response, case: Case) -> None:
    """What fits the document is taken; where no schema can say all, the refusal names a field that is known for it."""
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


@pytest.fixture(autouse=True)
def hidden_by_nothing(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Before each request the world is fresh. (And schemathesis 4.32 hands its probes without credentials to an
    application with settings of sockets, which that does not know.)
    """
    send = WSGITransport.send

    def sent(self: WSGITransport, case: Case, **facts: Any) -> Response:
        _refresh(world)
        try:
            return send(self, case, **{name: one for name, one in facts.items() if name not in SOCKETS})
        finally:
            db.disconnect()

    monkeypatch.setattr(WSGITransport, "send", sent)


@pytest.fixture(autouse=True)
def what_cannot_be_drawn_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no filter within filters cannot all be said. (schemathesis 4.32 leaves such parts out, but where it meets
    one only while it draws: there it gives up the whole operation.)
    """
    build = strategy._build

    def built(*node: Any) -> SearchStrategy[Any]:
        try:
            return build(*node)
        except InvalidSchema:
            return nothing()

    monkeypatch.setattr(strategy, "_build", built)


def contract(world: World, client: FlaskClient, cases: int) -> BaseSchema:
    """The document, to be called by the callers of this world; failures are told without being made smaller."""
    api = schemathesis.openapi.from_wsgi("/openapi.json", client.application)
    api.auth(refresh_interval=None)(type("Callers", (Callers,), {"world": world}))
    api.config.update(parameters={SHOP_HEADER: world.shop.embed_key}, workers=1, continue_on_failure=True)
    api.config.update(headers={"Accept-Encoding": "identity"})
    api.config.generation.update(max_examples=cases, no_shrink=True, deterministic=not PROOFS, database="none")
    api.config.checks.positive_data_acceptance = PositiveDataAcceptanceConfig(enabled=False, expected_statuses=ACCEPTED)
    return api


def broken(api: BaseSchema, *phases: str) -> tuple[Counter[str], list[str]]:
    """How often each operation was called, and every promise that was broken."""
    for name in ("examples", "coverage", "fuzzing", "stateful"):
        api.config.phases.get_by_name(name=name).enabled = name in phases
    called: Counter[str] = Counter()
    found: dict[str, str] = {}
    for event in from_schema(api).execute():
        if isinstance(event, events.NonFatalError):
            found[event.label] = repr(event.value)
        if isinstance(event, events.ScenarioFinished):
            for id, node in event.recorder.cases.items():
                called[node.value.operation.label] += 1
                for check in event.recorder.checks.get(id, ()):
                    if check.failure_info is not None:
                        name = f"{node.value.operation.label}: {check.name}"
                        told = _told(node.value, check.failure_info.failure, event.recorder.interactions[id])
                        found.setdefault(name, told)
    return called, [f"{name}\n  {told}" for name, told in found.items()]


def _told(case: Case, failure: Failure, interaction: Interaction) -> str:
    got = interaction.response.content if interaction.response else b""
    sent = f"{case.method} {case.formatted_path} {case.query} {case.body}"
    return f"{failure.message[:500]}\n  sent {sent[:600]}\n  got {got[:400].decode(errors='replace')}"


def part_of(api: BaseSchema, part: str) -> BaseSchema:
    """The operations of one part, without those that filter."""
    if PARTS[part]:
        return api.include(path_regex=PARTS[part]).exclude(path_regex=FILTERED)
    return api.exclude(path_regex="|".join(filter(None, [FILTERED, *PARTS.values()])))


@pytest.mark.parametrize("part", PARTS)
def test_each_operation_keeps_what_the_document_promises(world: World, client: FlaskClient, part: str) -> None:
    api = part_of(contract(world, client, CASES), part)
    called, failures = broken(api, "examples", "fuzzing")
    assert len(called) == api.statistic.operations.selected > 15
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_each_query_does(world: World, client: FlaskClient, mode: GenerationMode) -> None:
    """Filters hold filters, so these take long; what fits them and what does not is sent as often."""
    api = contract(world, client, CASES).include(path_regex=FILTERED)
    api.config.generation.update(modes=[mode])
    called, failures = broken(api, "examples", "fuzzing")
    assert len(called) == api.statistic.operations.selected > 15
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("part", PARTS)
def test_the_edges_of_each_shape_are_where_the_document_says(world: World, client: FlaskClient, part: str) -> None:
    """Each limit, left out field, wrong type and unknown method, once. (Of filters there is no end.)"""
    api = part_of(contract(world, client, CASES), part)
    called, failures = broken(api, "coverage")
    assert len(called) == api.statistic.operations.selected > 15
    assert not failures, "\n".join(failures)


def test_operations_keep_it_one_after_the_other(world: World, client: FlaskClient) -> None:
    """What one returns, the next is called with."""
    called, failures = broken(contract(world, client, STORIES), "stateful")
    assert len(called) > 20
    assert not failures, "\n".join(failures)
