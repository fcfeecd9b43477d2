"""A strict stand-in for the widget server's two calls of the plugin: the plugin is run here without a shop behind it.

It takes exactly the bodies of the contract, and each token once.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIELDS = {"token", "store_url", "consumer_key", "consumer_secret", "plugin_version"}


class LinkServer:
    """Listens on loopback. `facts` is what `link` returns; `linked` and `unlinked` are the bodies it has accepted."""

    def __init__(self, shop_id: str, facts: dict[str, str]) -> None:
        """Start listening."""
        self.shop_id, self.facts = shop_id, facts
        self.token = secrets.token_urlsafe(32)
        self.linked: list[dict[str, str]] = []
        self.unlinked: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, response = outer.respond(self.path, dict(self.headers), body)
                text = json.dumps(response).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def code(self) -> str:
        """The connection code for the present token."""
        facts = json.dumps({"u": self.url, "s": self.shop_id, "t": self.token}).encode()
        return "wc1." + base64.urlsafe_b64encode(facts).decode().rstrip("=")

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def respond(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, object]]:
        """Returns status and body of a response."""
        given = json.loads(body)
        if headers.get("Content-Type") != "application/json":
            return refusal(415, "unsupported_media_type", "Send JSON.")
        if path == f"/stores/woocommerce/{self.shop_id}/unlink":
            return self._unlink(given, headers, body)
        if path != f"/stores/woocommerce/{self.shop_id}/link":
            return refusal(404, "not_found", "There is no such shop.")
        if set(given) != FIELDS or not all(isinstance(value, str) and value for value in given.values()):
            return refusal(400, "bad_request", f"The fields are {sorted(given)}.")
        if not secrets.compare_digest(given["token"], self.token):
            return refusal(401, "wrong_credentials", "This connection code is not valid, or no longer: make a new one.")
        self.token = secrets.token_urlsafe(32)
        self.linked.append(given)
        return 200, dict(self.facts)

    def _unlink(self, given: dict[str, str], headers: dict[str, str], body: bytes) -> tuple[int, dict[str, object]]:
        secret = self.facts["webhook_secret"].encode()
        signature = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(headers.get("X-WC-Webhook-Signature", ""), signature):
            return refusal(401, "bad_signature", "The signature is not valid.")
        if set(given) != {"store_url"}:
            return refusal(400, "bad_request", f"The fields are {sorted(given)}.")
        self.unlinked.append(given)
        return 200, {"status": "disconnected"}


def refusal(status: int, code: str, message: str, *, field: str | None = None) -> tuple[int, dict[str, object]]:
    """Returns an error in the widget server's form."""
    return status, {"error": {"code": code, "message": message, "field": field}}
