"""How things of a program are edited: by revision, and only what differs."""

import pytest

from tests.make import NOON
from widget_server import clock
from widget_server.errors import StaleRevision
from widget_server.loyalty.points.tiers import Tier
from widget_server.loyalty.program import revisions


def test_only_what_differs_is_a_change() -> None:
    tier = Tier(name="Silver", required_points=100, revision=4, updated_at=None)
    assert revisions.set_columns(tier, {"name": "Silver", "required_points": 100}) == ()
    assert (tier.revision, tier.updated_at) == (4, None)
    with clock.at(NOON):
        assert revisions.set_columns(tier, {"name": "Fern", "required_points": 100, "icon": {"url": "/x"}}) == (
            "name",
            "icon",
        )
    assert (tier.name, tier.revision, tier.updated_at) == ("Fern", 5, NOON)


def test_a_revision_is_the_one_that_was_read() -> None:  # wix-api §3
    tier = Tier(revision=4)
    revisions.check_revision(tier, 4)
    revisions.check_revision(tier, None)
    for revision in (3, 5, 0):
        with pytest.raises(StaleRevision):
            revisions.check_revision(tier, revision)


def test_archiving_is_an_end_and_coming_back_a_beginning() -> None:
    kinds = [
        revisions.kind_of_change(was_archived=was, is_archived=now) for was in (False, True) for now in (False, True)
    ]
    assert kinds == ["updated", "deleted", "created", "updated"]


def test_a_handle_that_is_free() -> None:
    assert revisions.free_handle("review", ["join"]) == "review"
    assert revisions.free_handle("review", ["review", "join", "review-3"]) == "review-2"
    assert revisions.free_handle("review", ["review", "review-2"]) == "review-3"
