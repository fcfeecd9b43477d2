"""Proxies: what they say is believed as far as the operator says, and a proxy nobody spoke of is noticed."""

import logging

import pytest
from flask import Flask, request

from widget_server.web import proxies


def app(count: int) -> Flask:
    made = Flask(__name__)
    made.add_url_rule("/", view_func=lambda: request.remote_addr or "")
    proxies.trust(made, count)
    return made


@pytest.mark.parametrize(("count", "address"), [(0, "127.0.0.1"), (1, "3.3.3.3"), (2, "2.2.2.2")])
def test_the_address_is_what_the_last_of_ours_says(count: int, address: str) -> None:
    response = app(count).test_client().get("/", headers={"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 3.3.3.3"})
    assert response.text == address


def test_a_proxy_that_is_not_believed_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    client = app(0).test_client()
    with caplog.at_level(logging.WARNING):
        client.get("/")
        assert not caplog.messages
        for _ in range(3):
            client.get("/", headers={"X-Forwarded-For": "1.1.1.1"})
    (said,) = caplog.messages
    assert "WIDGET_PROXIES" in said and "1.1.1.1" not in said
