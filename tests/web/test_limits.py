"""The table of limits: where a reader finds how often anything may be done."""

import ast
from itertools import combinations
from pathlib import Path

import pytest
from limits import parse

import widget_server
from tests.make import World
from widget_server.errors import RateLimited, WrongCredentials
from widget_server.web import limits
from widget_server.web.limits import Limit

TABLE = {name: one for name, one in vars(limits).items() if isinstance(one, Limit)}


def test_each_rate_can_be_read_and_limits_that_share_windows_are_alike() -> None:
    assert len(TABLE) > 15
    for one in TABLE.values():
        assert parse(one.rate).amount > 0
    for one, other in combinations(TABLE.values(), 2):
        if (one.name, one.of, one.rate) == (other.name, other.of, other.rate):
            assert one.holds == other.holds


def test_no_route_has_a_rate_of_its_own() -> None:
    root = Path(widget_server.__file__).parent
    for folder in ("widget", "admin", "stores"):
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom):
                    names = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
                    assert "widget_server.web.rate_limits" not in names, path


def test_a_limit_counts_whom_it_is_told(world: World) -> None:
    limit = Limit("try", "2 per minute", "who", "everywhere")
    for who in ("ann", "ben"):
        limit.count(who)
        limit.count(who)
        with pytest.raises(RateLimited):
            limit.count(who)


def test_failures_count_and_successes_do_not(world: World) -> None:
    limit = Limit("try", "1 per minute", "who", "everywhere")
    for _ in range(3):
        with limit.failures("ann"):
            pass
    with pytest.raises(WrongCredentials), limit.failures("ann"):
        raise WrongCredentials
    with pytest.raises(RateLimited), limit.failures("ann"):
        pass
