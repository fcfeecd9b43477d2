"""The contrast guard: a colour that would not be seen is refused, and the nearest one that passes is proposed."""

import math
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.loyalty.program.test_colours import ANY, GROUNDS, ratio
from tests.make import World, tries
from widget_server.errors import LowContrast
from widget_server.loyalty.program import colours, contrast_guard
from widget_server.loyalty.program.contrast_guard import Mode
from widget_server.loyalty.program.shops import Shop
from widget_server.program_file import apply, current
from widget_server.program_file.facts import ProgramFile

DATABASES = ("sqlite",)
MODES = st.sampled_from(["light", "dark", "auto"])
HEX = re.compile(r"#[0-9a-f]{6}")


def is_seen(colour: str) -> bool:
    """The rule of the light theme, written down a second time: 3:1 against the backgrounds, 4.5:1 for the words."""
    accent = colours.accents(colour)[0]
    return min(ratio(colour, ground) for ground in GROUNDS["light"]) >= 3 and ratio(colour, accent["on_accent"]) >= 4.5


def apart(one: str, other: str) -> float:
    """How far two colours are apart in OKLab."""
    return math.dist(*(contrast_guard._lab(colours.rgb(colour)) for colour in (one, other)))


@example("#ffff00", "light")
@example("#ffffff", "auto")
@example("#00ff00", "light")
@example("#ff00ff", "auto")
@given(ANY, MODES)
@tries(150)
def test_the_proposal_always_passes_and_a_colour_that_passes_is_its_own(colour: str, mode: Mode) -> None:
    assert contrast_guard.passes(colour, mode) == (mode == "dark" or is_seen(colour))
    proposal = contrast_guard.nearest(colour, mode)
    assert HEX.fullmatch(proposal) and contrast_guard.passes(proposal, mode)
    assert (proposal == colour) == contrast_guard.passes(colour, mode)
    assert contrast_guard.nearest(proposal, mode) == proposal
    assert contrast_guard.nearest(colour.upper(), mode) == proposal


@example("#ffff00", 0.54)
@given(ANY, st.floats(0.1, 0.95))
@tries(200)
def test_no_other_colour_of_the_hue_that_passes_is_nearer(colour: str, darker: float) -> None:
    assume(not is_seen(colour))
    red, green, blue = colours.rgb(colour)
    other = colours.as_hex((round(red * darker), round(green * darker), round(blue * darker)))
    assume(is_seen(other))
    one, two = (contrast_guard._lab(colours.rgb(each)) for each in (colour, other))
    same_hue = abs(math.remainder(math.atan2(one[2], one[1]) - math.atan2(two[2], two[1]), math.tau)) < 0.05
    assume(same_hue)
    assert apart(colour, contrast_guard.nearest(colour, "light")) <= apart(colour, other) + 0.01


@given(ANY)
@tries(200)
def test_the_hue_stays(colour: str) -> None:
    one, two = (contrast_guard._lab(colours.rgb(each)) for each in (colour, contrast_guard.nearest(colour, "light")))
    assume(min(math.hypot(*one[1:]), math.hypot(*two[1:])) > 0.04)
    assert abs(math.remainder(math.atan2(one[2], one[1]) - math.atan2(two[2], two[1]), math.tau)) < 0.12


def test_yellow_is_refused_with_its_figures() -> None:
    with pytest.raises(LowContrast) as refused:
        contrast_guard.check("#FFFF00", "auto")
    assert refused.value.facts == {"has": "1.01", "needs": "3.0", "proposal": "#92930f"}
    contrast_guard.check("#ffff00", "dark")  # there it is lightened, and light on dark is seen
    contrast_guard.check("#1b6b4a", "auto")


def test_a_colour_from_before_stays_until_it_is_changed(world: World) -> None:
    Shop.update(widget={"colour": "#ffd400"}).where(Shop.id == world.shop.id).execute()

    def change(**settings: object) -> None:
        facts = {**(current.of(world.shop).widget or {}), **settings}
        apply.apply(world.shop, ProgramFile(widget=facts))

    change(offset_x=8)
    assert current.of(world.shop).widget == {
        **(current.of(world.shop).widget or {}),
        "colour": "#ffd400",
        "offset_x": 8,
    }
    for pale in ({"mode": "auto"}, {"colour": "#ffd401"}):
        with pytest.raises(LowContrast) as refused:
            change(**pale)
        assert refused.value.field == "widget.colour"
    change(colour=refused.value.facts["proposal"])
