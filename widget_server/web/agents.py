"""The common name of a browser: for lists of sessions and for mails, never for a decision."""

import re

BROWSERS = (
    ("Edge", r"\bEdgA?i?(OS)?/"),
    ("Opera", r"\bOPR/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b(Chrome|CriOS|Chromium)/"),
    ("Safari", r"\bSafari/"),
)
SYSTEMS = (
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Android", r"\bAndroid\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Linux", r"\bLinux\b"),
)
READ_MAX = 500  # characters; the rest of a longer header is ignored


def family(user_agent: str) -> str:
    """Returns browser and system, as "Firefox, Windows"; empty when neither is known. No version: it could identify
    people.
    """
    read = user_agent[:READ_MAX]
    found = (next((name for name, sign in table if re.search(sign, read)), "") for table in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, found))
