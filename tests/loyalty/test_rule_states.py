"""How a rule stands for one shopper: open, done, or waiting (acceptance 18)."""

from datetime import date, timedelta

from tests.make import NOON, World, day
from widget_server import clock
from widget_server.loyalty import birthdays, earning, rule_states
from widget_server.loyalty.earning_rules import Terms


def test_done_and_limited_rules_say_so(world: World) -> None:  # acceptance 18
    rules = {
        "join": world.rule("join", points=5),
        "social": world.rule("social", points=5),
        "visit": world.rule("visit", points=5),
        "review": world.rule("review", points=5, terms=Terms(times_per_month=2)),
        "order": world.order_rule(10, terms=Terms(points_per_day=100)),
        "custom": world.rule("custom", points=5, terms=Terms(name="quiz", points_ever=10)),
    }

    def reads() -> dict[str, str]:
        found = rule_states.states(world.shop, ann.customer, ann.account, list(rules.values()))
        stands = {kind: found[rule.id] for kind, rule in rules.items()}
        return {
            kind: f"{one.state} {clock.iso(one.opens_at)[:13]}" if one.opens_at else one.state
            for kind, one in stands.items()
        }

    with clock.at(NOON):
        ann = world.member()
        assert reads() == {"join": "done"} | dict.fromkeys(("social", "visit", "review", "order", "custom"), "open")
        ann.does("review")
        ann.does("custom", name="quiz")
        ann.orders("9.00")
        assert reads()["review"] == reads()["order"] == reads()["custom"] == "open"
        ann.does("review")
        ann.does("custom", name="quiz")
        ann.orders("9.00")
        earning.visit(world.shop, ann.customer)
        earning.click(world.shop, ann.customer, rules["social"].id)
        assert reads() == {
            "join": "done",
            "social": "done",
            "visit": "waiting 2026-03-10T23",
            "review": "waiting 2026-03-31T22",
            "order": "waiting 2026-03-10T23",
            "custom": "done",
        }
    with clock.at(NOON + timedelta(days=1)):
        assert reads()["visit"] == "open"


def test_a_birthday_rule_says_when_it_pays_next(world: World) -> None:  # acceptance 18
    rule, ann = world.rule("birthday", points=200), world.member()

    def next_one() -> str:
        found = rule_states.states(world.shop, ann.customer, ann.account, [rule])[rule.id]
        return (
            f"{found.state} {found.opens_at.astimezone(clock.zone('Europe/Berlin')).date() if found.opens_at else ''}"
        )

    with clock.at(day("02-20")):
        assert next_one() == "open "
        birthdays.tell(ann.customer, date(1990, 3, 10))
        assert next_one() == "waiting 2027-03-10"
    with clock.at(day("2027-03-10")):
        assert next_one() == "waiting 2027-03-10"
        birthdays.pay(world.shop)
        assert next_one() == "waiting 2028-03-10"
