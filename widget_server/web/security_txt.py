"""`/.well-known/security.txt`: the contact for vulnerabilities of this installation (RFC 9116)."""

from datetime import timedelta
from email.utils import parseaddr

from flask import Blueprint, Response

from widget_server import clock, config

EXPIRES = timedelta(days=180)

security_txt = Blueprint("security_txt", __name__)


@security_txt.get("/.well-known/security.txt")
def tell() -> Response:
    """Return the operator's contact, valid for 180 days from now."""
    settings = config.current()
    contact = settings.security_contact or f"mailto:{parseaddr(settings.mail_from)[1]}"
    lines = {
        "Contact": contact,
        "Expires": clock.iso(clock.now() + EXPIRES),
        "Preferred-Languages": "en",
        "Canonical": f"{settings.base_url}/.well-known/security.txt",
    }
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return Response(text, mimetype="text/plain", headers={"Cache-Control": "max-age=3600"})
