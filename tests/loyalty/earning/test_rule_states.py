"""How a rule stands for one shopper: open, done, or waiting (acceptance 18)."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.make import NOON, World, day, refund, tries
from widget_server import clock
from widget_server.loyalty.earning import actions, birthdays, rule_states, rules
from widget_server.loyalty.earning.rules import Terms


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
        actions.visit(world.shop, ann.customer)
        actions.click(world.shop, ann.customer, rules["social"].id)
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


def test_a_refund_opens_a_capped_order_rule_again(world: World) -> None:  # acceptance 18, 24
    rule = world.order_rule(10, terms=Terms(points_per_day=100))
    first = world.rule("first_order", points=5)
    ann = world.member()

    def stands(one: rules.EarningRule) -> str:
        return rule_states.states(world.shop, ann.customer, ann.account, [one])[one.id].state

    with clock.at(NOON):
        ann.orders("10.00", id="o1")
        assert (stands(rule), stands(first)) == ("waiting", "done")
        ann.orders("10.00", id="o1", refunds=(refund("4.00"),))
        assert (stands(rule), stands(first)) == ("open", "done")
        ann.orders("10.00", id="o1", status="cancelled", modified_at=NOON + timedelta(minutes=1))
        assert (stands(rule), stands(first)) == ("open", "open")


limits = st.none() | st.integers(1, 4)
caps_of_any_kind = st.builds(
    lambda times, points: Terms(**times, **points),
    st.fixed_dictionaries({f"times_per_{unit}": limits for unit in ("day", "month", "year")} | {"times_ever": limits}),
    st.fixed_dictionaries(
        {f"points_per_{unit}": limits.map(lambda n: n and n * 7) for unit in ("day", "month")}
        | {"points_ever": limits.map(lambda n: n and n * 15)}
    ),
)


def test_what_says_open_pays(world: World) -> None:  # acceptance 18, 24
    """For any caps and any days: the list says open exactly when the next deed pays, and else when it will."""
    ann = world.member()
    hours = st.lists(st.integers(0, 24 * 500), min_size=3, max_size=10).map(sorted)

    @tries(25)
    @given(caps_of_any_kind, hours)
    def live(terms: Terms, hours: list[int]) -> None:
        rule = world.rule("review", points=5, terms=terms)
        for hour in hours:
            with clock.at(NOON + timedelta(hours=hour)):
                stands = rule_states.states(world.shop, ann.customer, ann.account, [rule])[rule.id]
                paid = ann.does("review")
                assert (stands.state == "open") == bool(paid)
                assert stands.opens_at is None or stands.opens_at > clock.now()
        rules.save_rule(world.shop, rule.handle, active=False)

    live()
