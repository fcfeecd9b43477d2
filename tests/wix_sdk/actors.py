"""The actors of the stories: a shop on the server as its owner's programs see it, and who shops there."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.make import Shopper, World
from tests.wix_sdk.sdk import Client, Runner
from widget_server import ledger
from widget_server.loyalty.people import api_keys


@dataclass
class Site:
    """A shop of its own on that server, as a program of its owner's sees it: by the SDK and by plain HTTP."""

    world: World
    runner: Runner
    base_url: str
    key_id: str
    secret: str

    @classmethod
    def create(cls, runner: Runner, base_url: str, *, active: bool = True) -> "Site":
        """A shop with a program, active unless told otherwise, and a key that may manage."""
        world = World.create(active=active)
        key, secret = api_keys.create_key(world.shop.id, "integrator")
        return cls(world, runner, base_url, str(key.id), secret)

    @property
    def id(self) -> str:
        return str(self.world.shop.id)

    @cached_property
    def owner(self) -> Client:
        """The shop's owner, by an API key."""
        return Client(self.runner, "ApiKey", apiKey=self.secret, siteId=self.id)

    def shopper(self, contact_id: str) -> Shopper:
        """The person behind a contactId, to order and review."""
        return Shopper(self.world, contact_id, "")

    def member(self, shopper: Shopper) -> Client:
        """A member, signed in by the shop's server."""
        return Client(self.runner, "Member", clientId=self.id, memberId=shopper.id, apiKey=self.secret)

    def asks(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """The second look: the same server by plain HTTP and the API key; the answer's JSON."""
        told, said = send(method, self.base_url + path, body, authorization=self.secret)
        assert told == status, (told, said)
        return said

    def account(self, shopper: Shopper) -> str:
        """The account of somebody, made if it is not there; its id."""
        if ledger.account_of(self.id, shopper.id) is None:
            self.owner.accounts.createAccount(shopper.id)
        return str(shopper.account.id)


def send(method: str, url: str, body: Any = None, *, authorization: str = "") -> tuple[int, Any]:
    """One HTTP call; its status and JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)
