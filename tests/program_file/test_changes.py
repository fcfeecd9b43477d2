"""What a file would change, said before it does."""

from tests.make import World
from tests.program_file.demo_file import DEMO, edited, overheard, whats, written
from widget_server.events import ProgramChanged
from widget_server.loyalty.earning import rules
from widget_server.program_file.apply import apply, plan


def test_plan_changes_nothing_and_says_what_apply_does(world: World) -> None:
    before = written(world)
    with overheard() as heard:
        planned = plan(world.shop, DEMO)
        assert written(world) == before
        assert not heard
        assert apply(world.shop, DEMO) == planned
        assert ProgramChanged(world.shop.id) in heard
    assert "+ earning_rules.join" in whats(planned)
    assert "~ program point_value: null -> 0.01" in whats(planned)


def test_another_order_is_one_change(world: World) -> None:
    apply(world.shop, DEMO)
    changes = apply(world.shop, edited(lambda file: file["earning_rules"].reverse()))
    assert [(change.what, change.field) for change in changes] == [("earning_rules", "order")]
    handles = [rule.handle for rule in rules.listed(world.shop, None, None)]
    assert handles == changes[0].after == changes[0].before[::-1]
    assert {rule.revision for rule in rules.EarningRule.of(world.shop)} == {1}
