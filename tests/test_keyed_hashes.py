"""The keyed hash is HMAC-SHA-256, for every key and text."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from tests.make import proof
from widget_server.keyed_hashes import keyed_hash


@proof(200)
@given(st.binary(max_size=150), st.lists(st.binary(max_size=300), min_size=1, max_size=3))
def test_it_is_hmac(key: bytes, texts: list[bytes]) -> None:
    for text in texts:
        assert keyed_hash(key)(text) == hmac.new(key, text, hashlib.sha256).hexdigest()
