"""The keys in the database: whoever seals or opens something needs them, whatever thread they run in."""

from concurrent.futures import ThreadPoolExecutor

from tests.make import World
from widget_server import config, db


def test_a_thread_without_a_connection_opens_what_is_sealed_and_keeps_none(world: World) -> None:
    sealed = config.seal("hook secret")
    config.forget_keys()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(config.unseal, sealed).result() == "hook secret"
        assert pool.submit(db.database.is_closed).result()
    config.forget_keys()
    assert config.unseal(sealed) == "hook secret"
    assert not db.database.is_closed()
