"""The configuration of the demo shop: its paths, and the keys that `shop create` printed for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

TOPICS = {"order", "customer", "action", "coupons/check", "coupons/use", "coupons/release"}


@dataclass(frozen=True, kw_only=True)
class ShopConfig:
    """Settings of one demo shop; `repr` does not show the secrets."""

    widget_url: str
    shop_id: str
    embed_key: str
    identity_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    webhook_urls: Mapping[str, str]
    script_tag: str
    database: Path
    mail_dir: Path
    secret_key: str = field(repr=False)
    origin: str
    currency: str = "EUR"
    locale: str = "en"

    @classmethod
    def read(cls, path: Path) -> "ShopConfig":
        """Read the settings from a JSON file; unknown keys are ignored.

        Raises TypeError when a setting is missing, ValueError when the file is not JSON or has no URL for a webhook.
        """
        known = {entry.name for entry in fields(cls)}
        given = {name: value for name, value in json.loads(path.read_text("utf-8")).items() if name in known}
        for name in ("database", "mail_dir"):
            if name in given:
                given[name] = Path(given[name])
        config = cls(**given)
        if missing := TOPICS - config.webhook_urls.keys():
            raise ValueError(f"webhook_urls lacks {', '.join(sorted(missing))}")
        return config

    @property
    def widget_origin(self) -> str:
        """The origin of the loyalty server (scheme, host and port), for the CSP."""
        parts = urlsplit(self.widget_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def content_security_policy(self) -> str:
        """The strict policy under which the widget must work (contracts §6)."""
        return (
            f"default-src 'self'; script-src 'self' {self.widget_origin}; frame-src {self.widget_origin}; "
            "require-trusted-types-for 'script'"
        )

    @property
    def embed(self) -> str:
        """The owner's script tag, with this shop's URLs for identity tokens and for applying a coupon code."""
        attributes = 'data-identity-url="/loyalty/identity" data-apply-url="/cart/apply?code={code}"'
        return self.script_tag.replace("></script>", f" {attributes}></script>")
