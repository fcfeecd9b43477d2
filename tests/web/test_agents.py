"""What a browser is called in lists and mails."""

import pytest

from widget_server.web.agents import family

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Windows"),
        (f"{MOZILLA} (X11; Linux x86_64) {WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome, Linux"),
        (f"{MOZILLA} (Windows NT 10.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge, Windows"),
        (
            f"{MOZILLA} (Linux; Android 15) {WEBKIT} SamsungBrowser/28.0 Chrome/130 Safari/537.36",
            "Samsung Internet, Android",
        ),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.0 Safari/605.1.15", "Safari, macOS"),
        (
            f"{MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) {WEBKIT} CriOS/140 Mobile Safari/604.1",
            "Chrome, iPhone",
        ),
        ("curl/8.5.0", ""),
        ("", ""),
        ("x" * 10_000 + " Firefox/1", ""),
    ],
)
def test_browser_and_system_without_a_version(agent: str, name: str) -> None:
    assert family(agent) == name
