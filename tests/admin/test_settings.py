"""Settings of our own over the wire: the sections of the program file (docs/program-file.md)."""

import base64

import pytest

from tests.integrator import Integrator
from tests.make import World
from tests.pictures import png
from widget_server.loyalty.program.shops import Shop

SETTINGS = "/loyalty-settings/v1/settings"


def test_only_what_is_sent_changes(owner: Integrator, world: World) -> None:
    before = owner.get(f"{SETTINGS}/program")["settings"]
    sent = {"waitDays": 14, "base": {"shipping": True}, "pointValue": "0.01"}
    after = owner.patch(f"{SETTINGS}/program", {"settings": sent})["settings"]
    assert after == {**before, "waitDays": 14, "pointValue": "0.01", "base": {**before["base"], "shipping": True}}
    assert world.program.rules.wait_days == 14
    assert owner.patch(f"{SETTINGS}/program", {"settings": {"pointValue": None}})["settings"]["pointValue"] is None


def test_the_widgets_look_and_words(owner: Integrator, world: World) -> None:
    told = owner.patch(
        f"{SETTINGS}/widget", {"settings": {"colour": "#aa0000", "strings": {"de": {"launcher.label": "Farnclub"}}}}
    )["settings"]
    assert (told["colour"], told["strings"]) == ("#aa0000", {"de": {"launcher.label": "Farnclub"}})
    assert owner.get(f"{SETTINGS}/widget")["settings"] == told


def test_a_pale_colour_is_refused_with_the_nearest_that_passes(owner: Integrator, world: World) -> None:
    before = owner.get(f"{SETTINGS}/widget")
    told = owner.patch(f"{SETTINGS}/widget", {"settings": {"colour": "#ffff00"}}, status=409)
    assert told["details"]["applicationError"]["code"] == "LOW_CONTRAST"
    data = told["details"]["applicationError"]["data"]
    assert data == {"field": "settings.colour", "has": "1.01", "needs": "3.0", "proposal": "#92930f"}
    assert owner.get(f"{SETTINGS}/widget") == before
    taken = owner.patch(f"{SETTINGS}/widget", {"settings": {"colour": data["proposal"]}})["settings"]
    assert taken["colour"] == "#92930f"
    dark = owner.patch(f"{SETTINGS}/widget", {"settings": {"colour": "#ffff00", "mode": "dark"}})["settings"]
    assert dark["colour"] == "#ffff00"


def test_referrals_are_switched_on_with_their_gifts(owner: Integrator, world: World) -> None:
    sent = {"active": True, "advocate": {"kind": "points", "points": 100}, "friend": {"kind": "amount", "amount": "5"}}
    told = owner.patch(f"{SETTINGS}/referral", {"settings": sent})["settings"]
    assert told["advocate"]["points"] == 100 and told["friend"]["amount"] == "5"
    without = owner.patch(f"{SETTINGS}/referral", {"settings": {"friend": None}})["settings"]
    assert without["friend"] is None and without["advocate"]["points"] == 100


def test_the_beginning_is_a_day_or_that_of_the_first_activation(owner: Integrator, world: World) -> None:
    for sent in ("2026-03-10", None):
        told = owner.patch(f"{SETTINGS}/program", {"settings": {"ordersFrom": sent}})["settings"]
        assert told["ordersFrom"] == sent
    assert world.program.rules.orders_from is None


def test_letters_are_switched_on_and_off(owner: Integrator, world: World) -> None:
    assert owner.get(f"{SETTINGS}/program")["settings"]["letters"] == ["points_expire", "referral_completed"]
    told = owner.patch(f"{SETTINGS}/program", {"settings": {"letters": ["points_earned", "tier_lost"]}})["settings"]
    assert told["letters"] == ["points_earned", "tier_lost"] == list(world.program.rules.letters)


def test_an_advocate_s_daily_cap_is_a_number_or_none(owner: Integrator, world: World) -> None:
    for sent in (3, None):
        told = owner.patch(f"{SETTINGS}/referral", {"settings": {"advocateDailyCap": sent}})["settings"]
        assert told["advocateDailyCap"] == sent


@pytest.mark.parametrize(
    ("section", "sent", "field"),
    [
        ("program", {"ordersFrom": "2026-03-10T12:00:00Z"}, "settings.ordersFrom"),
        ("program", {"ordersFrom": "1999-12-31"}, "settings.ordersFrom"),
        ("referral", {"advocateDailyCap": 0}, "settings.advocateDailyCap"),
        ("program", {"waitDays": -1}, "settings.waitDays"),
        ("program", {"base": {"shiping": True}}, "settings.base.shiping"),
        ("program", {"letters": ["sign_in"]}, "settings.letters.0"),
        ("widget", {"colour": "green"}, "settings.colour"),
        ("widget", {"fern": 1}, "settings.fern"),
    ],
)
def test_a_wrong_one_is_named(owner: Integrator, section: str, sent: dict[str, object], field: str) -> None:
    told = owner.patch(f"{SETTINGS}/{section}", {"settings": sent}, status=400)
    assert [one["field"] for one in told["details"]["validationError"]["fieldViolations"]] == [field]


def test_campaigns_are_set_whole(owner: Integrator, world: World) -> None:
    one = {
        "name": "Spring",
        "multiplier": "2",
        "startsAt": "2026-03-01T00:00:00.000000Z",
        "endsAt": "2026-04-01T00:00:00Z",
    }
    (told,) = owner.asks("PUT", "/loyalty-settings/v1/campaigns", {"campaigns": [one]})["campaigns"]
    assert (told["name"], told["multiplier"]) == ("Spring", "2")
    assert owner.asks("PUT", "/loyalty-settings/v1/campaigns", {"campaigns": []})["campaigns"] == []
    wrong = owner.asks("PUT", "/loyalty-settings/v1/campaigns", {"campaigns": [{"name": "x"}]}, status=400)
    assert wrong["details"]["validationError"]["fieldViolations"][0]["field"].startswith("campaigns.0.")


def test_the_shop_says_whether_its_staff_need_a_second_factor(owner: Integrator, world: World) -> None:
    assert owner.get("/loyalty-settings/v1/shop")["shop"]["staffNeedFactor"] is False
    Shop.update(staff_need_factor=True).where(Shop.id == world.shop.id).execute()
    assert owner.get("/loyalty-settings/v1/shop")["shop"]["staffNeedFactor"] is True


def test_there_are_no_other_settings(owner: Integrator) -> None:
    owner.get(f"{SETTINGS}/secrets", status=404)


def test_the_button_has_a_picture_of_the_shop(owner: Integrator, world: World) -> None:
    picture = base64.b64encode(png(32, 32)).decode()
    told = owner.put("/loyalty-settings/v1/widget-icon", {"png": picture})["settings"]
    assert told["icon"] is True and told["iconFile"].endswith(".png")
    for wrong in ("no base64!", base64.b64encode(b"<svg/>").decode(), base64.b64encode(png(8, 8)).decode()):
        assert "png" in str(owner.put("/loyalty-settings/v1/widget-icon", {"png": wrong}, status=400))
    assert owner.get(f"{SETTINGS}/widget")["settings"] == told
    assert owner.delete("/loyalty-settings/v1/widget-icon")["settings"]["iconFile"] is None


def test_a_point_has_a_picture_of_the_shop(owner: Integrator, world: World) -> None:
    told = owner.put("/loyalty-settings/v1/point-icon", {"png": base64.b64encode(png(32, 32)).decode()})["icon"]
    assert told["url"].startswith(f"http://widget.localhost:8000/icons/{world.shop.embed_key}/")
    assert owner.get("/loyalty-programs/v1/program")["loyaltyProgram"]["pointDefinition"]["icon"] == told
    assert "png" in str(owner.put("/loyalty-settings/v1/point-icon", {"png": "no base64!"}, status=400))
    assert owner.delete("/loyalty-settings/v1/point-icon")["icon"]["url"] != told["url"]
    assert world.program.icon is None
