"""What the documents show can be typed: each curl of docs/from-wix.md and docs/till.md, against a real server."""

import json
import os
import re
import subprocess
from pathlib import Path

from tests.make import World
from widget_server.loyalty.people import api_keys
from widget_server.loyalty.people.api_keys import Rights

DOCS = Path(__file__).parent.parent / "docs"
FROM_WIX, TILL = DOCS / "from-wix.md", DOCS / "till.md"
TAKES = {  # what a later command needs of an answer: a variable of the shell, and where it stands
    "/customers": ("CONTACT_ID", "customer.id"),
    "/accounts": ("ACCOUNT_ID", "account.id"),
    "/rewards": ("REWARD_ID", "reward.id"),
    "/program-settings": ("REVISION", "programSettings.revision"),
    "/coupons": ("COUPON_ID", "coupon.id"),
    "/oauth2/token": ("MEMBER_TOKEN", "access_token"),
    "/find": ("CUSTOMER_ID", "found.0.customer.id"),
    "/rewards/query": ("REWARD_ID", "rewards.0.id"),
    "/sales": ("ORDER_ID", "order.id"),
    "/redeem": ("COUPON_ID", "coupon.id"),
    "/coupons/$COUPON_ID": ("CODE", "loyaltyCoupon.couponReference.code"),
}


def test_each_command_of_from_wix_works_as_printed(world: World, address: str) -> None:
    _, secret = api_keys.create_key(world.shop.id, "curl")
    assert len(_run(FROM_WIX, {"HOST": address, "API_KEY": secret})) > 21


def test_each_command_of_till_works_as_printed(world: World, address: str) -> None:
    """With a key that has no more rights than the page says."""
    world.order_rule(10)
    world.reward(cost=100)
    ann = world.member("ann@example.com")
    ann.is_given(100)
    (line,) = re.findall(r"^    widget-server key create .*$", TILL.read_text(), re.MULTILINE)
    rights = dict(one.split("=") for one in re.findall(r"--service (\S+)", line))
    _, secret = api_keys.create_key(world.shop.id, "till", rights=Rights(services=rights))
    found, quoted, sold, _, redeemed, coupon, qr, code128, refunded = _run(TILL, {"HOST": address, "API_KEY": secret})
    assert (json.loads(found)["found"][0]["by"], json.loads(quoted)) == ("EMAIL", {"points": 125})
    assert (json.loads(sold)["order"]["points"], json.loads(refunded)["order"]["points"]) == (125, 100)
    assert json.loads(redeemed)["coupon"]["id"] == json.loads(coupon)["loyaltyCoupon"]["id"]
    assert qr.startswith("<svg") and code128.startswith("<svg") and qr != code128
    assert ann.balance == 100


def _run(page: Path, known: dict[str, str]) -> list[str]:
    """Run each command of the page; returns the bodies of the responses, each of which is a 200."""
    known, bodies = {**os.environ, **known}, []
    commands = [line for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL) for line in _split(block)]
    for command in commands:
        line = ["bash", "-c", f"{command} -w '\n%{{http_code}}'"]
        shown = subprocess.run(line, check=False, capture_output=True, text=True, env=known)
        body, _, status = shown.stdout.rpartition("\n")
        assert status == "200", (command, body, shown.stderr)
        path = re.search(r'\$HOST([^"]+)"', command)
        for ending, (name, place) in TAKES.items():
            if path and path[1].endswith(ending) and ("-X POST" in command or ending.endswith("_ID")):
                known[name] = _at(json.loads(body), place)
        bodies.append(body)
    return bodies


def _split(block: str) -> list[str]:
    """One command a line; a line that ends with a backslash, or inside quotes, goes on."""
    found: list[str] = []
    for line in block.splitlines():
        if line.startswith("curl ") or not found:
            found.append(line)
        else:
            found[-1] += "\n" + line
    return found


def _at(value: object, place: str) -> str:
    for name in place.split("."):
        assert isinstance(value, dict | list)
        value = value[int(name)] if isinstance(value, list) else value[name]
    return str(value)
