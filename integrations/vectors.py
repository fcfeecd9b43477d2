"""Writes docs/vectors/*.json: `python -m integrations.vectors docs/vectors`. The same files each time.

Signatures are computed here with hmac alone, independently of the server's libraries and of the clients; what the
money of an order means is read from the server's own functions. Every secret is an example, every time fixed.
"""

import base64
import hashlib
import hmac
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from integrations.vector_orders import BUILT, INVALID, RAW
from widget_server.loyalty.earning import order_goods
from widget_server.stores.shapes import read_order
from widget_server.web.bodies import faults, money

Json = dict[str, Any]

NOW = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp())
SHOP_ID = "00000000-0000-4000-8000-000000000001"
OTHER_SHOP_ID = "00000000-0000-4000-8000-000000000002"
IDENTITY_SECRET = "example-identity-secret-not-for-use"  # an example that nobody may use
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"example-webhook-secret-not-for-use").decode()
FORMER_SECRET = "whsec_" + base64.b64encode(b"example-former-secret-not-for-use!").decode()
ORDER = '{"id":"1001","status":"paid","customer":{"name":"Zoë Łuk / 李"},"total":"26.00"}'
PERSON = {"id": "c-9", "email": "ann@example.com", "email_verified": True, "name": "Zoë Łuk / 李", "locale": "de-AT"}


def files() -> dict[str, Json]:
    """Returns the content of each file by its name."""
    return {
        "webhooks.json": {
            "about": "Standard Webhooks: sign `id.timestamp.body` with the decoded secret. `now` is when it arrives.",
            "vectors": webhooks(),
        },
        "tokens.json": {
            "about": "Identity tokens. Those with `customer` are what a client makes of it; `now` is when it is used.",
            "shop_id": SHOP_ID,
            "secret": IDENTITY_SECRET,
            "vectors": tokens(),
        },
        "digests.json": {
            "about": "Identity digests, for shops that turned them on. `now` is when it is used.",
            "shop_id": SHOP_ID,
            "secret": IDENTITY_SECRET,
            "vectors": digests(),
        },
        "amounts.json": {"about": "Whole coins as decimal text.", "vectors": amounts()},
        "orders.json": {
            "about": "Bodies of /order. `built_from` (whole coins) is what order_body makes into exactly `body`. "
            "`figures`: how the server reads the money; `field`: the first field that is refused.",
            "vectors": orders(),
        },
    }


def webhooks() -> list[Json]:
    """Returns messages as they arrive, valid and not."""
    good = _signature(WEBHOOK_SECRET, "msg_example", NOW, ORDER)
    former = _signature(FORMER_SECRET, "msg_example", NOW, ORDER)
    body_of = {"an order": ORDER, "an empty list of changes": "{}", "line breaks and blanks": '{\r\n "id": 5 }\n'}
    body_of["an order that is read"] = "GET orders/1001"
    vectors = [
        _message(name, _signature(WEBHOOK_SECRET, "msg_example", NOW, body), body=body)
        for name, body in body_of.items()
    ]
    vectors += [
        _message("a second signature is right", f"{former} {good}"),
        _message("a signature of another version beside it", f"v1a,AAAA {good}"),
        _message("the former secret", former, secret=FORMER_SECRET),
        _message("a secret without its prefix", good, secret=WEBHOOK_SECRET.removeprefix("whsec_")),
        _message("five minutes late", good, now=NOW + 300),
        _message("five minutes early", good, now=NOW - 300),
        _message("too late", good, now=NOW + 301, valid=False),
        _message("too early", good, now=NOW - 301, valid=False),
        _message("another secret", former, valid=False),
        _message("another body", good, body=ORDER.replace("26.00", "62.00"), valid=False),
        _message("another id", good, id="msg_examplf", valid=False),
        _message("another time", good, timestamp=str(NOW + 1), valid=False),
        _message("a version that is not known", good.replace("v1,", "v2,"), valid=False),
        _message("no version", good.removeprefix("v1,"), valid=False),
        _message("no signature", "", valid=False),
        _message("no id", good, id="", valid=False),
        _message("a time that is none", good, timestamp="now", valid=False),
    ]
    return vectors


def tokens() -> list[Json]:
    """Returns identity tokens: those of customers, and those that are refused."""
    people: dict[str, Json] = {
        "everything": PERSON,
        "an id alone": {"id": "c-9"},
        "an address that is not verified": {"id": "c-9", "email": "ann@example.com", "email_verified": False},
        "an address beyond ASCII": {"id": "7", "email": "ann@bücher.example"},
        "an id with dots and a slash": {"id": "a.b/c"},
    }
    made = []
    for at, (name, customer) in enumerate(people.items()):
        facts = {"customer": customer, "jti": f"example-{at}", "issued_at": NOW, "now": NOW}
        made.append({"name": name, **facts, "token": _jwt(_claims(customer, f"example-{at}")), "valid": True})
    claims = _claims(PERSON, "example")
    refused = {
        "for another shop": _jwt({**claims, "aud": OTHER_SHOP_ID}),
        "another secret": _jwt(claims, secret="another-example-secret-not-for-use"),
        "valid for too long": _jwt({**claims, "exp": NOW + 601}),
        "from the future": _jwt({**claims, "iat": NOW + 61, "exp": NOW + 361}),
        "no id of the customer": _jwt({**claims, "sub": ""}),
        "no id of the token": _jwt({name: value for name, value in claims.items() if name != "jti"}),
        "another algorithm": _jwt(claims, algorithm="none"),
    }
    made += [{"name": name, "token": token, "now": NOW, "valid": False} for name, token in refused.items()]
    return [*made, {"name": "over", "token": _jwt(claims), "now": NOW + 300, "valid": False}]


def digests() -> list[Json]:
    """Returns identity digests: those of customers, and those that are refused."""
    people = {
        "id and address": ("c-9", "ann@example.com"),
        "an id alone": ("c-9", ""),
        "an id with dots and a slash": ("a.b/c", ""),
        "any script": ("ÿþ?>", "ann@bücher.example"),
    }
    made = [
        {"name": name, "customer_id": id, "email": email, "signed_at": NOW, "now": NOW, "valid": True}
        | {"digest": _digest(id, email)}
        for name, (id, email) in people.items()
    ]
    refused = {
        "for another shop": _digest("c-9", "", shop_id=OTHER_SHOP_ID),
        "another secret": _digest("c-9", "", secret="another-example-secret-not-for-use"),
        "no id": _digest("", "ann@example.com"),
        "capital digits": _digest("c-9", "")[:-64] + _digest("c-9", "")[-64:].upper(),
        "from the future": _digest("c-9", "", at=NOW + 61),
    }
    made += [{"name": name, "digest": digest, "now": NOW, "valid": False} for name, digest in refused.items()]
    return [*made, {"name": "over", "digest": _digest("c-9", ""), "now": NOW + 300, "valid": False}]


def amounts() -> list[Json]:
    """Returns amounts in whole coins, and their text."""
    cases = ((1980, 2), (5, 2), (0, 2), (-150, 2), (1980, 0), (5, 3), (-5, 3), (12345, 3), (9007199254740993, 2))
    return [
        {"coins": str(coins), "decimals": at, "text": format(Decimal(coins).scaleb(-at), "f")} for coins, at in cases
    ]


def orders() -> list[Json]:
    """Returns bodies of orders: built by the clients, as other shops send them, and refused ones."""
    made: list[Json] = []
    for name, (source, body) in BUILT.items():
        made.append({"name": name, "built_from": source, "body": body, "figures": _figures(body), "valid": True})
    for name, body in RAW.items():
        made.append({"name": name, "body": body, "figures": _figures(body), "valid": True})
    return made + [
        {"name": name, "body": body, "field": _field(body), "valid": False} for name, body in INVALID.items()
    ]


def _figures(body: Json) -> Json:
    """How the server reads the money of an order: `goods` after discounts without tax, `kept` after refunds."""
    state, _ = read_order(body)
    goods = order_goods.goods(state)
    charged, left = order_goods.shipping(state)
    return {
        "goods": _text(sum((one.full for one in goods), Decimal(0))),
        "kept": _text(sum((one.kept for one in goods), Decimal(0))),
        "shipping_kept": _text(left),
        "shipping": _text(charged),
        "loose_discount": _text(order_goods.loose_discount(state)),
        "tax_included": order_goods.tax_is_inside(state),
        "lines": [{"id": one.line.id, "goods": _text(one.full), "kept": _text(one.kept)} for one in goods],
    }


def _field(body: Json) -> str:
    try:
        read_order(body)
    except ValidationError as wrong:
        return faults(wrong.normalized_messages())[0][0]
    raise AssertionError(f"this body is valid: {body}")


def _text(value: Decimal) -> str:
    return money(round(value, 4))


def _message(name: str, signature: str, *, valid: bool = True, **changed: Any) -> Json:
    facts = {"secret": WEBHOOK_SECRET, "id": "msg_example", "timestamp": str(NOW), "body": ORDER, "now": NOW, **changed}
    return {"name": name, **facts, "signature": signature, "valid": valid}


def _signature(secret: str, id: str, timestamp: int, body: str) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return (
        "v1," + base64.b64encode(hmac.new(key, f"{id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()).decode()
    )


def _claims(customer: Json, jti: str) -> Json:
    facts = {name: value for name, value in customer.items() if name != "id"}
    return {"aud": SHOP_ID, "sub": customer["id"], **facts, "jti": jti, "iat": NOW, "exp": NOW + 300}


def _jwt(claims: Json, *, secret: str = IDENTITY_SECRET, algorithm: str = "HS256") -> str:
    parts = [_b64(_compact(part).encode()) for part in ({"alg": algorithm, "typ": "JWT"}, claims)]
    text = ".".join(parts)
    if algorithm == "none":
        return f"{text}."
    return f"{text}.{_b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def _digest(id: str, email: str, *, shop_id: str = SHOP_ID, secret: str = IDENTITY_SECRET, at: int = NOW) -> str:
    parts = f"{_b64(id.encode())}.{_b64(email.encode())}.{at}"
    return f"d1.{parts}.{hmac.new(secret.encode(), f'd1.{shop_id}.{parts}'.encode(), hashlib.sha256).hexdigest()}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_of(content: Json) -> str:
    """Returns a file's content as it is written."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).write_text(text_of(content), "utf-8")
