"""A receiver in bad weather, as a process of its own: `python -m tests.delivery.stormy PORT SECRET LOG`.

It fails, redirects and hangs at random, and refuses some messages for good. Before it says yes, or no for good, it
writes a line to its log: a kill may come between the line and the answer, never before the line.
"""

import hashlib
import json
import os
import random
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

GONE_PER_MILLE = 5
ALWAYS_500_PER_MILLE = 2 if os.environ.get("PROOFS") else 0  # twelve tries take a minute, however few they are
TROUBLE = {500: 0.05, 503: 0.01, 301: 0.005, 302: 0.005, 307: 0.005, 0: 0.002}  # 0: hangs
HANG_SECONDS = 2.5


def fate(event_id: str) -> int:
    """What becomes of a message in the end, whatever the weather: 200, or a refusal for good."""
    number = int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:4]) % 1000
    if number < GONE_PER_MILLE:
        return 410
    return 500 if number < GONE_PER_MILLE + ALWAYS_500_PER_MILLE else 200


def serve(port: int, secret: str, log: str) -> None:
    """Answer until killed."""
    verifier = Webhook(secret)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if len(body) < int(self.headers["Content-Length"]):  # the worker was killed while it spoke
                self.close_connection = True
                return
            event_id = self.headers["webhook-id"]
            try:
                data = verifier.verify(body, dict(self.headers.items()))["data"]
            except WebhookVerificationError:
                data = {}
            weather = random.choices([None, *TROUBLE], [1 - sum(TROUBLE.values()), *TROUBLE.values()])[0]
            if weather == 0:
                time.sleep(HANG_SECONDS)
            status = weather or fate(event_id)
            if not data:
                status = 400
            if not weather:
                line = [event_id, data.get("customer_id"), data.get("amount"), status]
                os.write(out, (json.dumps(line) + "\n").encode())
            self.send_response(status, "x")
            self.send_header("Content-Length", "5")
            self.send_header("Location", f"http://127.0.0.1:{port}/elsewhere")
            self.end_headers()
            self.wfile.write(b"words")

        def do_GET(self) -> None:
            """Nobody has reason to come by GET: whoever does followed a redirect."""
            os.write(out, b'["followed", null, null, 0]\n')
            self.send_error(404)

        def log_message(self, *words: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    Server(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], sys.argv[3])
