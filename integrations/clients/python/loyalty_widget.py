"""What a shop needs to talk to a loyalty server: Python 3.9 or newer, no package. docs/any-shop.md shows its use."""

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

AMOUNTS = {"subtotal", "discount", "loose_discount", "tax", "shipping", "total", "amount"}


def sign(secret, id, timestamp, content):
    """Returns the value of `webhook-signature` for this content (text); `secret` as whsec_..."""
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    digest = hmac.new(key, f"{id}.{timestamp}.{content}".encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verify(secret, id, timestamp, signature, content, now=None):
    """True when one of the signatures is right and the time (Unix seconds) is within five minutes of now."""
    if not id or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    if abs((time.time() if now is None else now) - int(timestamp)) > 300:
        return False
    right = sign(secret, id, timestamp, content).encode()
    return any(hmac.compare_digest(right, one.encode()) for one in signature.split(" "))


def identity_token(shop_id, secret, customer, now=None, jti=None):
    """Returns the token (JWT) for a signed-in customer: {"id", "email", "email_verified", "name", "locale"}."""
    now = int(time.time() if now is None else now)
    named = {name: customer[name] for name in ("email", "email_verified", "name", "locale") if name in customer}
    claims = {"aud": shop_id, "sub": customer["id"], **named, "jti": jti or uuid.uuid4().hex}
    parts = [_b64(_json(one)) for one in ({"alg": "HS256", "typ": "JWT"}, {**claims, "iat": now, "exp": now + 300})]
    return ".".join([*parts, _b64(hmac.new(secret.encode(), ".".join(parts).encode(), hashlib.sha256).digest())])


def identity_digest(shop_id, secret, customer_id, email="", now=None):
    """Returns the weaker digest in place of a token, for a shop that has turned it on (`identity_digest`)."""
    parts = f"{_b64(customer_id)}.{_b64(email)}.{int(time.time() if now is None else now)}"
    return f"d1.{parts}." + hmac.new(secret.encode(), f"d1.{shop_id}.{parts}".encode(), hashlib.sha256).hexdigest()


def amount(coins, decimals=2):
    """Returns an amount in whole coins (an int) as the exact decimal text of the contract: 1980 -> "19.80"."""
    digits = str(abs(int(coins))).rjust(decimals + 1, "0")
    text = digits[: len(digits) - decimals] + ("." + digits[len(digits) - decimals :] if decimals else "")
    return "-" + text if int(coins) < 0 else text


def order_body(order):
    """Returns the body of an order whose amounts are whole coins; sums, tax and total are computed.

    `discount` of the order is what no line carries, `shipping_tax` is added to the tax of the lines.
    """
    lines, loose, tax = order["lines"], order.get("discount", 0), order.get("shipping_tax", 0)
    discount, tax = loose + sum(x.get("discount", 0) for x in lines), tax + sum(x.get("tax", 0) for x in lines)
    total = sum(x["subtotal"] for x in lines) - discount + order.get("shipping", 0)
    total += 0 if order.get("tax_included") else tax
    sums = {"shipping": order.get("shipping", 0), "discount": discount, "loose_discount": loose, "tax": tax}
    sums |= {"total": total, "tax_included": bool(order.get("tax_included"))}
    facts = {name: value for name, value in order.items() if name not in {"decimals", "shipping_tax", *sums}}
    return _texts({**facts, **sums}, order.get("decimals", 2))


def request(base_url, shop_id, webhook_secret, path, body=None):
    """Send a body to `order`, `order?dry_run=1`, `customer`, `coupons/check`..., or read `orders/{id}` without one.

    Returns the status and the JSON of the response, None for a page of a proxy. After a status of 500 or above, and no
    response, send it again.
    """
    content = f"GET {path}" if body is None else body if isinstance(body, str) else _json(body)
    id, timestamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    headers = {"webhook-id": id, "webhook-timestamp": timestamp, "content-type": "application/json"}
    headers["webhook-signature"] = sign(webhook_secret, id, timestamp, content)
    url = f"{base_url}/stores/generic/{shop_id}/{urllib.parse.quote(path) if body is None else path}"
    call = urllib.request.Request(url, None if body is None else content.encode(), headers)
    try:
        with urllib.request.urlopen(call, timeout=10) as response:
            return response.status, _read(response)
    except urllib.error.HTTPError as refused:
        return refused.code, _read(refused)


def _texts(value, decimals):
    if isinstance(value, dict):
        return {k: amount(v, decimals) if k in AMOUNTS else _texts(v, decimals) for k, v in value.items()}
    return [_texts(one, decimals) for one in value] if isinstance(value, list) else value


def _read(response):
    try:
        return json.load(response)
    except ValueError:
        return None


def _json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _b64(value):
    return base64.urlsafe_b64encode(value.encode() if isinstance(value, str) else value).rstrip(b"=").decode()
