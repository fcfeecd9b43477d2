"""Imports go down only (docs/architecture.md). What lies below reaches up by an event or a job name."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent / "widget_server"
# lowest first; what stands on one line never imports one another, but for modules of one folder
FLOORS = """
errors json_types
lanes money work write_queue durability holds scan_codes
lanes money work write_queue holds scan_codes
database_errors
clock
config
events
db
data_keys migration_steps keyset editions
journal
totals
job_queue tallies
remains
ledger
loyalty.people.emails loyalty.people.lines loyalty.people.postal_addresses loyalty.people.folding
loyalty.people.search_terms loyalty.people.identity_digests
loyalty.audit_log loyalty.people.forgetting
idempotency
loyalty.program.colours
loyalty.program.contrast_guard
loyalty.program.png_icons
loyalty.program.shops loyalty.program.revisions
loyalty.program.widget_icons loyalty.program.connection_codes loyalty.program.shop_of_request
loyalty.program.letter_kinds
loyalty.people.api_keys loyalty.people.passwords loyalty.people.sign_in_codes loyalty.people.visitor_tokens
loyalty.people.access_tokens loyalty.people.devices loyalty.people.former_codes
loyalty.people.sessions
loyalty.earning.order_states
loyalty.earning.order_goods
loyalty.program.programs
loyalty.program.point_pictures
loyalty.points.tiers loyalty.earning.taxes
loyalty.points.tier_figures loyalty.points.tier_rechecks
loyalty.people.customers
loyalty.people.recognition loyalty.people.mail_preferences loyalty.people.data_requests
loyalty.people.mailing
loyalty.people.customer_edits
loyalty.points.awards loyalty.points.adjustments loyalty.points.lots loyalty.points.tier_grants loyalty.people.mailboxes
loyalty.points.expiry loyalty.points.giving
loyalty.points.batch_tables
loyalty.imports.stored_files
loyalty.points.batch_lists loyalty.points.batch_lines
loyalty.points.batch_items
loyalty.points.batches
loyalty.points.dry_runs
loyalty.imports.csv_files
loyalty.audit_entries
loyalty.earning.orders
loyalty.earning.feeds loyalty.earning.deliveries loyalty.earning.order_list loyalty.earning.parked_messages
loyalty.earning.store_imports
loyalty.earning.new_customers
loyalty.earning.kinds
loyalty.earning.rules
loyalty.earning.scoring loyalty.earning.caps loyalty.earning.campaigns
loyalty.earning.rounding_examples
loyalty.earning.order_points
loyalty.earning.order_estimates
loyalty.earning.actions
loyalty.earning.birthdays
loyalty.earning.rule_states
loyalty.earning.social
loyalty.rewards.rewards
loyalty.rewards.coupon_orders loyalty.rewards.reward_costs
loyalty.rewards.coupons
loyalty.rewards.codes
loyalty.rewards.issuing
loyalty.rewards.redeeming loyalty.rewards.gifts loyalty.rewards.coupon_care
loyalty.rewards.takeover
loyalty.rewards.checkout
loyalty.referrals.referral_programs
loyalty.referrals.links loyalty.referrals.referrals
loyalty.referrals.objections loyalty.referrals.referral_gifts
loyalty.referrals.progress
loyalty.referrals.binding loyalty.referrals.replies
loyalty.referrals.decisions loyalty.referrals.referral_list
loyalty.people.sign_in loyalty.people.signed_in loyalty.till.till_codes
loyalty.till.finding
loyalty.till.sales loyalty.till.till_rewards loyalty.till.code_pictures
loyalty.people.directory_filters
loyalty.people.saved_views
loyalty.imports.uploads loyalty.imports.cells loyalty.imports.problems
loyalty.imports.columns loyalty.imports.scratch
loyalty.imports.formats loyalty.imports.reading
loyalty.imports.people
loyalty.imports.members
loyalty.imports.imports
loyalty.imports.listing loyalty.imports.previews loyalty.imports.progress
loyalty.people.privacy loyalty.people.merging
loyalty.people.store_data
loyalty.people.directory
loyalty.people.selections
loyalty.reports.spans
loyalty.reports.day_totals
loyalty.reports.report_days loyalty.reports.figure_rows
loyalty.reports.tier_mix loyalty.reports.periods
loyalty.reports.accounting loyalty.reports.figures loyalty.reports.funnel loyalty.reports.report_rows
loyalty.reports.daily
loyalty.reports.tables
loyalty.reports
loyalty.audit_parts loyalty.audit_places
loyalty.books loyalty.versions
loyalty.taking_back
loyalty.backtest.drafts
loyalty.backtest.standings
loyalty.backtest.replay
loyalty.backtest.figures loyalty.backtest.progress_texts
loyalty.backtest.trials
loyalty.staff.roles loyalty.staff.accounts
loyalty.staff.members loyalty.staff.links
loyalty.staff.second_factor loyalty.staff.sessions loyalty.staff.point_caps loyalty.staff.invitations
loyalty.staff.notices
loyalty.staff.factor_rule
loyalty.staff.sign_in loyalty.staff.first_shop
loyalty.first_program
loyalty.history.explanations loyalty.history.authors
loyalty.history.missed_orders
loyalty.history.timeline loyalty.history.order_results
loyalty.letters.facts loyalty.letters.writing
program_file.facts
program_file.current program_file.checks program_file.changes
program_file.writing
program_file.apply
program_file.fields program_file.reading
program_file.reward_schema
program_file.schema
program_file.entries program_file.drafts program_file.looks
program_file.dumping
loyalty.preview.steps loyalty.preview.happenings loyalty.preview.spans
loyalty.preview.copies
program_file.texts
program_file.three_way
program_file.stored_drafts
web.typed_schemas
web.texts
web.wire
web.error_bodies
delivery
web.networks
web.rate_limits
migrate
secret_rotation
web
stores
widget
admin dashboard
reactions
jobs
preview
app connections
gateway
wsgi demo checks
cli
""".strip().splitlines()
RANK = {name: rank for rank, floor in enumerate(FLOORS) for name in floor.split()}
APART = ("migrations",)  # frozen statements


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name below widget_server."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] not in APART:
            found[".".join(part for part in parts if part != "__init__" or parts == ("__init__",))] = path
    return found


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """What a module imports from the product, and whether it does so late, inside a function."""
    tree = ast.parse(path.read_text())
    late = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if (node.module or "").split(".")[0] == "widget_server":
                base = (node.module or "").removeprefix("widget_server").removeprefix(".")
                for alias in node.names:
                    whole = f"{base}.{alias.name}".removeprefix(".")
                    yield (whole if whole in MODULES else base), id(node) in late
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "widget_server":
                    yield alias.name.removeprefix("widget_server").removeprefix("."), id(node) in late


MODULES = modules()


def place(module: str) -> str:
    """The module's name in the table of floors: itself, or the folder it lies in."""
    first = module.split(".", maxsplit=1)[0]
    return module if module in RANK or first == "loyalty" else first


def is_empty(path: Path) -> bool:
    """True for a folder's __init__ that holds nothing but words."""
    return all(isinstance(node, ast.Expr) for node in ast.parse(path.read_text()).body)


def test_every_module_has_its_floor() -> None:
    homeless = [
        name
        for name, path in MODULES.items()
        if place(name) not in RANK and not (path.stem == "__init__" and is_empty(path))
    ]
    assert homeless == []


def test_imports_go_down_only() -> None:
    upwards = []
    for module, path in MODULES.items():
        for target, _ in imports(path):
            here, there = place(module), place(target)
            if here != there and here in RANK and RANK.get(there, len(FLOORS)) >= RANK[here]:
                upwards.append(f"{module} -> {target}")
    assert upwards == []


def test_no_import_hides_in_a_function() -> None:
    late = [f"{module} -> {target}" for module, path in MODULES.items() for target, hidden in imports(path) if hidden]
    assert late == []


def test_no_module_needs_itself() -> None:
    graph = {module: {target for target, _ in imports(path) if target != module} for module, path in MODULES.items()}
    TopologicalSorter(graph).prepare()


def test_rules_know_no_web() -> None:
    """The domain never sees a request."""
    for module, path in MODULES.items():
        if place(module).startswith("loyalty.") or place(module) in (
            "ledger",
            "journal",
            "idempotency",
            "job_queue",
            "db",
        ):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                assert not [name for name in names if name.split(".")[0] in ("flask", "flask_login", "marshmallow")], (
                    module
                )
