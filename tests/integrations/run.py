"""Runs calls of the Python client: a JSON list of {"call", "args"} on standard input, a JSON list of results out."""

import importlib.util
import json
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("loyalty_widget", Path(sys.argv[1]) / "python" / "loyalty_widget.py")
assert spec and spec.loader
client = importlib.util.module_from_spec(spec)
spec.loader.exec_module(client)
CALLS = {
    "sign": client.sign,
    "verify": client.verify,
    "token": client.identity_token,
    "digest": client.identity_digest,
    "amount": client.amount,
    "order": lambda order: json.dumps(client.order_body(order), ensure_ascii=False, separators=(",", ":")),
    "request": client.request,
}
json.dump([CALLS[one["call"]](*one["args"]) for one in json.load(sys.stdin)], sys.stdout)
