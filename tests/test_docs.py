"""What the documents show can be typed: each curl of docs/from-wix.md, against a real server."""

import json
import os
import re
import subprocess
from pathlib import Path

from tests.make import World
from widget_server.loyalty.people import api_keys

FROM_WIX = Path(__file__).parent.parent / "docs" / "from-wix.md"
TAKES = {  # what a later command needs of an answer: a variable of the shell, and where it stands
    "/customers": ("CONTACT_ID", "customer.id"),
    "/accounts": ("ACCOUNT_ID", "account.id"),
    "/rewards": ("REWARD_ID", "reward.id"),
    "/program-settings": ("REVISION", "programSettings.revision"),
    "/coupons": ("COUPON_ID", "coupon.id"),
    "/oauth2/token": ("MEMBER_TOKEN", "access_token"),
}


def test_each_command_of_from_wix_works_as_printed(world: World, address: str) -> None:
    _, secret = api_keys.create_key(world.shop.id, "curl")
    known = {**os.environ, "HOST": address, "API_KEY": secret}
    commands = [
        line for block in re.findall(r"```sh\n(.*?)```", FROM_WIX.read_text(), re.DOTALL) for line in _split(block)
    ]
    assert len(commands) > 21
    for command in commands:
        line = ["bash", "-c", f"{command} -w '\n%{{http_code}}'"]
        shown = subprocess.run(line, check=False, capture_output=True, text=True, env=known)
        body, _, status = shown.stdout.rpartition("\n")
        assert status == "200", (command, body, shown.stderr)
        path = re.search(r'\$HOST([^"]+)"', command)
        for ending, (name, place) in TAKES.items():
            if path and path[1].endswith(ending) and "-X POST" in command:
                known[name] = _at(json.loads(body), place)


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
        assert isinstance(value, dict)
        value = value[name]
    return str(value)
