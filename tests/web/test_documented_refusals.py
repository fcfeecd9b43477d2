"""A refusal that the document of a call does not name is noticed, whether it refuses the call or one of its items."""

import pytest
from werkzeug.exceptions import RequestEntityTooLarge

from widget_server.errors import NotEnoughPoints, NotFound, RewardLimitReached, RewardUnavailable
from widget_server.web.documented_refusals import CallRefusals, UndocumentedRefusal, check_item
from widget_server.web.error_bodies import ErrorBody

CALL = CallRefusals("POST /things", (NotFound, RewardUnavailable, RequestEntityTooLarge))


def test_what_is_named_passes_and_what_is_not_warns() -> None:
    with pytest.raises(NotFound), CALL.checked():
        raise NotFound()
    with pytest.warns(UndocumentedRefusal, match="NotEnoughPoints"), pytest.raises(NotEnoughPoints), CALL.checked():
        raise NotEnoughPoints(needs=2, has=1)


def test_a_class_does_not_stand_for_those_below_it() -> None:
    with pytest.warns(UndocumentedRefusal), pytest.raises(RewardLimitReached), CALL.checked():
        raise RewardLimitReached()


def test_the_refusal_of_an_item_is_one_of_its_call() -> None:
    with CALL.checked():
        check_item(NotFound())
        with pytest.warns(UndocumentedRefusal):
            check_item(NotEnoughPoints(needs=2, has=1))
    check_item(NotEnoughPoints(needs=2, has=1))


def test_the_responses_say_by_status_which_codes_there_are() -> None:
    found = CALL.responses(ErrorBody)
    assert {status: one["description"] for status, one in found.items()} == {
        "404": "- `not_found`: There is no such thing here.",
        "409": "- `reward_unavailable`: This reward is not available now.",
        "413": f"- `too_large`: {RequestEntityTooLarge.description}",
    }
    assert "`NOT_FOUND`" in CALL.responses(ErrorBody, admin=True)["404"]["description"]
    assert all(one["content"] == {"application/json": {"schema": ErrorBody}} for one in found.values())
