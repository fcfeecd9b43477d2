"""A page of the full shop, with its styles and scripts, is small enough for a phone behind a counter."""

import re

import brotli

from tests.dashboard import full_shop
from tests.dashboard.conftest import Desk
from tests.make import World

DATABASES = ("sqlite",)
BYTES_MAX = 60_000  # compressed by brotli
LOADED = re.compile(r"""(?:src|href)="(/assets/[^"]+\.(?:js|css))""")


def test_each_page_with_all_it_loads_is_at_most_60_kilobytes(world: World, desk: Desk) -> None:
    shop, sizes, loads = full_shop.fill(world), dict[str, int](), dict[str, int]()
    for rule in full_shop.pages():
        path = full_shop.address(shop, rule)
        response = desk.client.get(path)
        if response.status_code != 200 or response.mimetype != "text/html":
            continue
        for asset in set(LOADED.findall(response.text)) - loads.keys():
            with desk.client.get(asset) as sent:
                loads[asset] = len(brotli.compress(sent.data, quality=11))
        document = len(brotli.compress(response.data, quality=5))
        sizes[path] = document + sum(loads[asset] for asset in set(LOADED.findall(response.text)))
    assert len(sizes) > 30 and sum(loads.values()) > 10_000
    assert {path: size for path, size in sizes.items() if size > BYTES_MAX} == {}
