"""A walk through everything the server does: each route, each job, each thing that the clock asks for."""

import base64
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import request
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from tests import walk_dashboard
from tests.make import World
from tests.pictures import png
from tests.stores import bodies
from tests.stores.woo_shop import WooShop
from widget_server import clock, config, db, job_queue, jobs
from widget_server.delivery import outbox
from widget_server.errors import Refusal
from widget_server.ledger import Account
from widget_server.loyalty import versions
from widget_server.loyalty.earning.orders import Order, Parked
from widget_server.loyalty.earning.rules import Terms
from widget_server.loyalty.imports.columns import FIELDS
from widget_server.loyalty.people import (
    access_tokens,
    api_keys,
    customers,
    former_codes,
    mail_preferences,
    saved_views,
    sessions,
)
from widget_server.loyalty.people.access_tokens import Holder
from widget_server.loyalty.points import batches
from widget_server.loyalty.points.adjustments import Adjustment, Annotation
from widget_server.loyalty.preview import copies
from widget_server.loyalty.preview.steps import AddSample
from widget_server.loyalty.program import connection_codes, programs, shops
from widget_server.loyalty.program.letter_kinds import SWITCHABLE
from widget_server.loyalty.referrals import decisions
from widget_server.loyalty.referrals.referrals import Referral
from widget_server.loyalty.rewards.coupons import Coupon
from widget_server.loyalty.till import sales, till_codes
from widget_server.program_file import stored_drafts, texts
from widget_server.stores import checking, connecting, importing, inbox
from widget_server.stores.shopify import proxy as shopify_proxy
from widget_server.stores.shopify import redaction
from widget_server.web.auth import SHOP_HEADER
from widget_server.widget.routes import READS

PLACES = re.compile(r"<(?:[^<>:]+(?:\([^)]*\))?:)?(\w+)>")
SECRET = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3Q="
LAST = ("DELETE", "/erase", "/leave", "/sign-out", "/merge", "/pause", "new-password")  # others need what these end
PLAIN = ("/openapi.json", "/widget.js", "/panel", "/badge", "/confirm", "/healthz", "/readyz", "/reference")
IMPORTS = "/loyalty-imports/v1"
COPY = "/loyalty-test-clock/v1/preview-copy"
CHECKOUT = "/loyalty-checkout-exchange/v1/loyalty-checkout-discount"


@dataclass
class Walk:
    """One shop's people, and who calls for them. `visited` are the rules of the routes that were called."""

    client: FlaskClient
    world: World
    visited: set[str] = field(default_factory=set)
    statuses: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client.application.before_request_funcs.setdefault(None, []).append(self._note)
        self.document = self.client.get("/openapi.json").get_json()
        key, self.secret = api_keys.create_key(self.world.shop.id, "server")
        self.key_id = key.id
        shops.ShopSecret.change(
            self.world.shop, {shops.ShopSecret.secret_sealed: config.seal(SECRET)}, shops.ShopSecret.kind == "webhook"
        )
        self.world.shop = shops.by_id(self.world.shop.id)

    def _note(self) -> None:
        if request.url_rule is not None:
            self.visited.update(f"{method} {request.url_rule.rule}" for method in [request.method])

    def everything(self) -> None:
        """Call all there is."""
        self.person = self.world.member("walker@example.com")
        self.friend = self.world.member("friend@example.com", code=self.person.customer.referral_code)
        self.person.orders("20.00")
        self.friend.orders("20.00")
        self.person.is_given(5000)
        self.coupon = self.person.redeems(self.world.reward(cost=10))
        self._webhooks()
        self._shopify_identity()
        self._import()
        self._checkout()
        self._documented()
        self._pages()
        self._shopify_ends(self.shopify)  # last: the first statement of a kind is about a shop with many rows
        for name, status in walk_dashboard.walk(self.client.application, self.world):
            assert status < 500, (name, status)

    # what needs more than one call

    def _webhooks(self) -> None:
        """A shop of any make tells of customers, orders, refunds and codes."""
        moment = clock.iso(clock.now())
        person = {"id": "w-1", "email": "walker@example.com", "email_verified": True, "name": "Walker"}
        line = {"id": "1", "product_id": "p1", "name": "Mug", "quantity": 1, "subtotal": "9.90"}
        order = {"id": "w1001", "number": "#w1", "status": "paid", "currency": "EUR", "source": "web"}
        order |= {"placed_at": moment, "modified_at": moment, "lines": [line], "shipping": "0.00", "discount": "0.00"}
        order |= {"tax": "0.00", "total": "9.90", "coupon_codes": [self.coupon.code], "refunds": []}
        refund = {"id": "r1", "amount": "9.90", "shipping": "0.00", "tax": "0.00", "lines": [], "created_at": moment}
        for topic, body in (
            ("customer", {**person, "registered_at": moment}),
            ("order", {**order, "customer": person}),
            ("order", {**order, "customer": person, "refunds": [refund], "revision": 2}),
            ("order", {**order, "id": "w1002", "customer": {"email": "guest0@example.com"}}),
            ("order?dry_run=1", {**order, "id": "w1003", "customer": person}),
            ("order", {"id": 5}),
            ("action", {"id": "a1", "type": "review", "customer": person, "occurred_at": moment}),
            ("coupons/check", {"code": self.coupon.code, "customer": person, "currency": "EUR", "subtotal": "50.00"}),
            ("coupons/use", {"code": self.coupon.code, "order_id": "w1003"}),
            ("coupons/release", {"code": self.coupon.code, "order_id": "w1003"}),
            ("customer", {"id": "w-2", "email": "gone@example.com", "deleted": True}),
        ):
            self._tells(topic, body)
        for id in ("w1001", "w1002"):
            path = f"/stores/generic/{self.world.shop.id}/orders/{id}"
            self._keep(path, self.client.get(path, headers=self._signed(f"GET orders/{id}")))

    def _shopify_identity(self) -> None:
        """Shopify's app proxy asks for a customer who is logged in."""
        shop = World.create(name="Proxied", platform="shopify").shop
        shops.connect(shop, "http://127.0.0.1:9", {"token": "shpat_walk"})
        told = {"logged_in_customer_id": "7", "path_prefix": "/apps/loyalty", "shop": "127.0.0.1:9"}
        told["timestamp"] = str(int(clock.now().timestamp()))
        signature = shopify_proxy.signature_of(shops.by_id(shop.id).webhook_secret, list(told.items()))
        query = {**told, "signature": signature}
        self._keep("proxy", self.client.get(f"/stores/shopify/{shop.id}/proxy/identity", query_string=query))
        self.shopify = shops.by_id(shop.id)

    def _shopify_ends(self, shop: shops.Shop) -> None:
        """A customer of that shop asks for their data, and then Shopify demands that all of it is deleted."""
        inbox.deliver(shop, "shopify", "orders/create", bodies.encoded(bodies.shopify_order(refunds=[])))
        inbox.deliver(shop, "shopify", "customers/data_request", bodies.encoded(bodies.shopify_privacy()))
        demand = {"shop_id": 1, "shop_domain": "127.0.0.1:9"}
        inbox.deliver(shop, "shopify", "shop/redact", bodies.encoded(demand))
        jobs.run_all()  # nobody is there to ask: it looks again in an hour, and this is the last time
        redaction.run({"shop_id": shop.id, "step": "look", "looks": redaction.LOOKS_MAX - 1})
        jobs.run_all()

    def linked(self, store: WooShop) -> None:
        """The plugin of a WooCommerce shop connects itself, its webhooks are made, and it disconnects itself."""
        shop = World.create(name="Linked", platform="woocommerce").shop
        base, before = f"/stores/woocommerce/{shop.id}", config.current()
        config.use(replace(before, allow_private_webhooks=True))
        keys = {"consumer_key": "ck_test", "consumer_secret": "cs_test", "plugin_version": "1.0"}
        code = connection_codes.make(shop).partition(".")[2]
        token = json.loads(base64.urlsafe_b64decode(code + "=="))["t"]
        made = self._keep(
            "link", self.client.post(f"{base}/link", json={"token": token, "store_url": store.url, **keys})
        )
        jobs.run_all()
        body = json.dumps({"store_url": store.url}).encode()
        signature = {"X-WC-Webhook-Signature": bodies.signature(body, made["webhook_secret"])}
        self._keep("unlink", self.client.post(f"{base}/unlink", data=body, headers=signature))
        config.use(before)

    def _signed(self, content: str) -> dict[str, str]:
        moment = clock.now()
        signed = Webhook(SECRET).sign("msg_1", moment, content)
        return {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signed,
        }

    def _tells(self, topic: str, body: Any) -> None:
        raw = bodies.encoded(body)
        headers = self._signed(raw.decode())
        path = f"/stores/generic/{self.world.shop.id}/{topic}"
        self._keep(path, self.client.post(path, data=raw, headers={**headers, "Content-Type": "application/json"}))

    def _import(self) -> None:
        """A file of points, with rows that fail."""
        upload = self._app("POST", f"{IMPORTS}/loyalty-imports/wixmp-upload-url", {})
        place = upload["uploadUrl"].removeprefix(config.current().base_url)
        file = b"email,points\nann0@example.com,5\nnew@example.com,1\nnobody,1\n"
        self._keep("put", self.client.put(place, data=file))
        self._keep("post", self.client.post(place, data=file))  # the other way, used up by now
        made = self._app("POST", f"{IMPORTS}/loyalty-imports", {"fileUrl": upload["filePath"]})["loyaltyImport"]
        self.import_id = made["id"]
        jobs.run_all()
        self._app("POST", f"{IMPORTS}/loyalty-imports/preview", {"loyaltyImportId": made["id"]})
        jobs.run_all()
        self._app("POST", f"{IMPORTS}/loyalty-imports/execute", {"loyaltyImportId": made["id"]})
        jobs.run_all()
        for mode in ("MEMBERS", "HISTORY", "CODES"):
            self._import_of(mode)
        asked = f"{IMPORTS}/loyalty-imports/error-file-download-url?loyaltyImportId={made['id']}"
        told = self._app("GET", asked)
        self._keep("errors", self.client.get(next(iter(told.values())).removeprefix(config.current().base_url)))
        batch = self._app("POST", "/loyalty-batches/v1/batches/query", {})["batches"][0]
        self.batch_id = batch["id"]

    def _checkout(self) -> None:
        """Points at a checkout, to each of its ends."""
        reward = self.world.reward("amount", cost=10, amount=1)
        for number, end in enumerate(("complete", "cancel", "remove")):
            checkout = {"checkoutId": f"walk-{number}"}
            coupon = self.person.redeems(reward)
            self._member("POST", CHECKOUT, {**checkout, "loyaltyCoupon": {"id": coupon.id}})
            self._app("POST", f"{CHECKOUT}s/begin", checkout)
            order = {"orderId": "w1", "orderNumber": "1"} if end == "complete" else {}
            self._app("POST", f"{CHECKOUT}s/{end}", {**checkout, **order})

    # what the document tells how to call

    def _documented(self) -> None:
        calls = [
            (method.upper(), path, operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
            if method != "parameters" and "{token}" not in path and "/files/" not in path
        ]
        last = [call for call in calls if any(word in f"{call[0]} {call[1]}" for word in LAST)]
        for method, path, operation in [*(call for call in calls if call not in last), *last]:
            self._call(method, path, operation)

    def _call(self, method: str, path: str, operation: Any) -> None:
        self._again()
        body = BODIES.get(path, self._example(operation))
        body = body(self) if callable(body) else body
        place = path.format(**self._ids(path)) + QUERIES.get(f"{method} {path}", lambda walk: "")(self)
        schemes = {name for one in operation.get("security", ()) for name in one}
        if "apiKey" in schemes:
            self._app(method, place, body)
            if path.endswith("/query"):
                self._app(method, place, {})  # newest first
        elif "accessToken" in schemes:
            self._member(method, place, body)
        else:
            headers = {SHOP_HEADER: self.world.shop.embed_key, "Idempotency-Key": f"walk-{place}"}
            if path in ("/oauth2/token", "/oauth/access"):
                headers = {}
            if "bearerAuth" in schemes and path != "/widget/session/sign-out":
                headers["Authorization"] = f"Bearer {self.person.token}"
            self._keep(f"{method} {path}", self.client.open(place, method=method, json=body, headers=headers))
        if method == "GET" and path in READS:  # which Flask does not get
            self.visited.add(f"GET {path}")

    def _again(self) -> None:
        """The program runs and the two are members, signed in, whatever the call before ended."""
        if not self.world.program.is_active:
            programs.activate(self.world.shop.id)
        for who in (self.person, self.friend):
            who.id = customers.live(who.customer).id
            if not who.customer.is_member:
                customers.join(who.customer)
        self.person.token = sessions.open_session(self.world.shop.id, self.person.id).token

    def _example(self, operation: Any) -> Any:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        return content.get("example") or self.document["components"]["schemas"].get(name, {}).get("example")

    def _ids(self, path: str) -> dict[str, str]:
        shop = self.world.shop
        of = {
            "account_id": lambda: self.person.account.id,
            "customer_id": lambda: self.friend.id,
            "coupon_id": lambda: self.person.redeems(self.world.reward(cost=10)).id,
            "code": lambda: self.person.redeems(self.world.reward(cost=10)).code,
            "reward_id": lambda: self.world.reward(cost=10).id,
            "rule_id": lambda: self.world.rule("social", points=1, terms=Terms(channel="instagram")).id,
            "tier_id": lambda: self.world.tier(f"T{next(self.world.numbers)}", 10**6 + next(self.world.numbers)).id,
            "transaction_id": lambda: Adjustment.of(shop).order_by(Adjustment.created_at).first().transaction_id,
            "endpoint_id": self._endpoint,
            "key_id": lambda: api_keys.create_key(shop.id, "other")[0].id,
            "secret_id": lambda: shops.add_secret(shop.id, "webhook")[0].id,
            "batch_id": lambda: self.batch_id,
            "referral_id": lambda: Referral.one(shop, Referral.friend_id == self.friend.id).id,
            "order_id": lambda: (
                self._sale() if "/sales/" in path else Order.of(shop).order_by(Order.placed_at).first().id
            ),
            "parked_id": self._parked,
            "code_id": self._former_code,
            "view_id": lambda: saved_views.save(shop, f"View {next(self.world.numbers)}", {"status": "member"}).id,
            "draft_id": lambda: stored_drafts.create(shop, f"Draft {next(self.world.numbers)}").id,
            "entry_id": self._change,
            "name": lambda: "program",
        }
        return {name: of[name]() for name in re.findall(r"{(\w+)}", path)}

    def _import_of(self, mode: str) -> None:
        """A file of another mode, looked at and then imported."""
        upload = self._app("POST", f"{IMPORTS}/loyalty-imports/wixmp-upload-url", {})
        template = FIELDS[mode.lower()].template.replace("ann@", "ann0@").replace("2026-12-31", "")  # type: ignore[index]
        self.client.put(upload["uploadUrl"].removeprefix(config.current().base_url), data=template.encode())
        made = self._app("POST", f"{IMPORTS}/loyalty-imports", {"fileUrl": upload["filePath"]})["loyaltyImport"]
        jobs.run_all()
        for step in ("preview", "execute"):
            self._app("POST", f"{IMPORTS}/loyalty-imports/{step}", {"loyaltyImportId": made["id"], "mode": mode})
            jobs.run_all()
        batch = self._app("POST", "/loyalty-batches/v1/batches/query", {})["batches"][0]
        self._app("POST", f"/loyalty-batches/v1/batches/{batch['id']}/undo", {})
        jobs.run_all()

    def _change(self) -> str:
        """A change of the program that can be taken back."""
        programs.update(self.world.shop.id, name=f"Club {next(self.world.numbers)}")
        return next(one.entry.id for one in versions.listed(self.world.shop) if one.obstacle is None)

    def _former_code(self) -> str:
        former_codes.add(self.world.shop.id, self.person.id, "ANN42")
        return str(former_codes.of_customers(self.world.shop.id, [self.person.id])[-1].id)

    def _endpoint(self) -> str:
        asked = {"endpoint": {"url": f"https://hooks.example/{next(self.world.numbers)}", "format": "WIX"}}
        return str(self._app("POST", "/loyalty-webhooks/v1/endpoints", asked)["endpoint"]["id"])

    def _sale(self) -> str:
        """A purchase at the till."""
        sold = sales.book(self.world.shop, self.person.id, Decimal(5), key=f"sale-{next(self.world.numbers)}")
        return str(sold.order.id)

    def _parked(self) -> str:
        self._tells("order", {"id": next(self.world.numbers)})
        return str(Parked.of(self.world.shop).order_by(Parked.received_at.desc()).first().id)

    def blocked(self) -> str:
        """A referral of the walker that was blocked."""
        stranger = self.world.visitor(f"stranger{next(self.world.numbers)}@example.com")
        referral = decisions.attach(self.world.shop, self.person.id, stranger.id, source="staff")
        return str(decisions.block(self.world.shop, referral.id, source="staff").id)

    def sample(self) -> str:
        """A customer of the preview copy, with points."""
        copy = copies.of(self.world.shop) or copies.begin(self.world.shop)
        if not copy.state["customers"]:
            copies.take(self.world.shop, AddSample("Sample", 500))
        return str(copies.need(self.world.shop).state["customers"][0]["id"])

    def reward_of_copy(self) -> str:
        """A reward that the sample can redeem."""
        return str(copies.need(self.world.shop).state["rewards"][0]["id"])

    def _app(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": self.secret, "Idempotency-Key": f"app-{next(self.world.numbers)}"}
        return self._keep(f"{method} {path}", self.client.open(path, method=method, json=body, headers=headers))

    def _member(self, method: str, path: str, body: Any = None) -> Any:
        held = access_tokens.grant(
            Holder(self.world.shop.id, "member", by=api_keys.in_use(self.secret), customer_id=self.person.id)
        )
        headers = {"Authorization": held.access}
        return self._keep(f"{method} {path}", self.client.open(path, method=method, json=body, headers=headers))

    def _pages(self) -> None:
        embed = self.world.shop.embed_key
        for path in PLAIN:
            self._keep(path, self.client.get(f"{path}?shop={embed}"))
        self._keep("/confirm", self.client.post("/confirm", data={"link": "none"}))
        self._keep("/icons", self.client.get(f"/icons/{embed}/{'0' * 32}.png"))
        self._keep("/r", self.client.get(f"/r/{self.person.customer.referral_code}"))
        link = sessions.sign_link(self.world.shop.id, self.person.id)
        self._keep("/sessions", self.client.get(f"/sessions?link={link}"))
        self._keep("/sessions", self.client.post("/sessions", data={"link": link}))
        mails = mail_preferences.link(self.world.shop.id, self.person.id).removeprefix(config.current().base_url)
        self._keep("/unsubscribe", self.client.get(mails))
        self._keep("/unsubscribe", self.client.post(mails, data={"act": "choose", "topic": "tiers"}))
        self._keep("security.txt", self.client.get("/.well-known/security.txt"))
        self._keep("/pages", self.client.get("/pages/page.css"))
        self._keep("openapi", self.client.get("/openapi.json"))

    def _keep(self, name: str, answer: Any) -> Any:
        self.statuses[name] = answer.status_code
        told = answer.get_json(silent=True)
        answer.close()
        db.connect()
        return told


BODIES: dict[str, Any] = {  # where the example of the document is about nobody here
    "/widget/redeem": lambda walk: {"reward_id": walk.world.reward(cost=10).id, "points": None},
    "/widget/session/identity": lambda walk: {
        "token": walk.world.token(sub="w-9", email="w9@example.com"),
        "join": True,
    },
    "/widget/session/sign-up": {"email": "fresh@example.com", "password": "correct horse battery"},
    "/widget/session/sign-in": {"email": "walker@example.com", "password": "not the right one"},
    "/widget/session/reset": {"email": "walker@example.com"},
    "/widget/referral/code": lambda walk: {"code": walk.friend.customer.referral_code},
    "/widget/referral/reply": lambda walk: {"referral_id": walk.blocked(), "text": "This is my own sister."},
    "/loyalty-referrals/v1/referrals": lambda walk: {
        "advocateId": walk.person.id,
        "friendId": walk.world.visitor(f"brought{next(walk.world.numbers)}@example.com").id,
    },
    "/loyalty-till/v1/find": {"text": "walker@example.com"},
    "/loyalty-till/v1/sales": lambda walk: {"customerId": walk.person.id, "amount": 12.5, "receipt": "R-1"},
    "/loyalty-till/v1/sales/preview": lambda walk: {"customerId": walk.person.id, "amount": 12.5},
    "/loyalty-till/v1/sales/{order_id}/refund": {},
    "/loyalty-till/v1/redeem": lambda walk: {
        "customerId": walk.person.id,
        "rewardId": walk.world.reward(cost=10).id,
        "tillCode": till_codes.show(walk.world.shop, walk.person.customer).code,
    },
    "/widget/friend-code": lambda walk: {"kept": None, "found": [walk.friend.customer.referral_code]},
    "/oauth2/token": lambda walk: {"grant_type": "anonymous", "client_id": walk.world.shop.id},
    "/oauth/access": lambda walk: {
        "grant_type": "client_credentials",
        "client_id": walk.key_id,
        "client_secret": walk.secret,
        "instance_id": walk.world.shop.id,
    },
    "/loyalty-accounts/v1/accounts": lambda walk: {"contactId": walk.world.visitor("v@example.com").id},
    "/loyalty-accounts/v1/accounts/bulk-adjust": {"amount": 1, "search": {"search": {"expression": "walker"}}},
    "/loyalty-accounts/v1/accounts/{account_id}/adjust-points": {"amount": 5, "description": "Sorry"},
    "/loyalty-accounts/v1/accounts/{account_id}/earn-points": {
        "amount": 5,
        "appId": "till",
        "idempotencyKey": "k-1",
        "activityType": "visit",
    },
    "/loyalty-accounts/v1/accounts/search": {
        "search": {
            "search": {"expression": "walker"},
            "aggregations": [{"name": "b", "type": "VALUE", "fieldPath": "points.balance"}],
        }
    },
    "/loyalty-coupons/v1/coupons": lambda walk: {
        "rewardId": walk.world.reward(cost=10).id,
        "loyaltyAccountId": walk.person.account.id,
    },
    "/loyalty-coupons/v1/coupons/redeem-my-coupon": lambda walk: {"rewardId": walk.world.reward(cost=10).id},
    "/loyalty-customers/v1/directory/list": {"filter": {"text": "walker"}, "sort": "BALANCE"},
    "/loyalty-customers/v1/directory/dry-run": {"filter": {"text": "walker"}, "amount": 5},
    "/loyalty-customers/v1/directory/adjust-points": {"filter": {"text": "walker"}, "amount": 5},
    "/loyalty-customers/v1/customers": {"customer": {"email": "made@example.com", "name": "Made"}},
    "/loyalty-customers/v1/bulk/customers/create": {"customers": [{"email": "made2@example.com"}]},
    "/loyalty-customers/v1/customers/{customer_id}": {"customer": {"email": "friend2@example.com", "name": "Fred"}},
    "/loyalty-customers/v1/customers/{customer_id}/merge": lambda walk: {"intoId": walk.person.id},
    "/loyalty-customers/v1/customers/{customer_id}/tier-grant": lambda walk: {
        "tierGrant": {
            "tierId": walk._ids("{tier_id}")["tier_id"],
            "lastDay": clock.local_date(clock.now(), "UTC").isoformat(),
        }
    },
    "/loyalty-changes/v1/program-file/plan": lambda walk: {"file": texts.present(walk.world.shop)},
    "/loyalty-changes/v1/program-file/apply": lambda walk: {
        "file": texts.present(walk.world.shop),
        "mark": texts.plan_text(walk.world.shop, texts.present(walk.world.shop)).mark,
    },
    "/loyalty-changes/v1/program-file/backtest": lambda walk: {"file": texts.present(walk.world.shop)},
    "/loyalty-changes/v1/drafts/{draft_id}": {"revision": "1", "name": "Autumn"},
    "/loyalty-settings/v1/widget-icon": {"png": base64.b64encode(png(16, 16)).decode()},
    "/loyalty-settings/v1/point-icon": {"png": base64.b64encode(png(16, 16)).decode()},
    f"{COPY}": None,
    f"{COPY}/customers": {"name": "Sample", "points": 500},
    f"{COPY}/customers/copy": lambda walk: {"customerId": walk.person.id, "name": "Copied"},
    f"{COPY}/orders": lambda walk: {"customerId": walk.sample(), "amount": 20},
    f"{COPY}/redemptions": lambda walk: {
        "customerId": walk.sample(),
        "rewardId": walk.reward_of_copy(),
    },
    f"{COPY}/move": {"span": "DAY"},
    "/loyalty-settings/v1/settings/{name}": {"settings": {"pointsName": "leaves"}},
    "/loyalty-settings/v1/campaigns": {"campaigns": []},
    "/loyalty-webhooks/v1/endpoints": {"endpoint": {"url": "https://hooks.example/w", "format": "STANDARD"}},
    "/loyalty-webhooks/v1/endpoints/{endpoint_id}": {"endpoint": {"description": "Till"}},
    "/loyalty-tiers/v1/tiers": {"tier": {"tierDefinition": {"name": "Walk"}, "requiredPoints": 777_777}},
    "/loyalty-social-media/v1/followed-channels": {"followedChannel": {"channel": "FACEBOOK"}},
    "/loyalty-programs/v1/program": {"loyaltyProgram": {"name": "Fern Club"}},
}
QUERIES: dict[str, Any] = {  # parameters of what has no body
    "GET /loyalty-accounts/v1/accounts/fetch-by": lambda walk: f"?contactId={walk.person.id}",
    "GET /loyalty-imports/v1/loyalty-imports": lambda walk: f"?loyaltyImportId={walk.import_id}",
    "GET /loyalty-imports/v1/loyalty-imports/error-file-download-url": lambda walk: (
        f"?loyaltyImportId={walk.import_id}"
    ),
    "GET /loyalty-customers/v1/customers/{customer_id}/merge-preview": lambda walk: f"?intoId={walk.person.id}",
    "GET /loyalty-customers/v1/customers/{customer_id}/timeline": lambda walk: "?cursorPaging.limit=3",
    "GET /loyalty-imports/v1/loyalty-imports/preview": lambda walk: f"?loyaltyImportId={walk.import_id}",
    "GET /loyalty-imports/v1/loyalty-imports/template": lambda walk: "?mode=MEMBERS",
    "GET /loyalty-imports/v1/former-referral-codes": lambda walk: f"?customerId={walk.person.id}",
    "DELETE /loyalty-tiers/v1/tiers/{tier_id}": lambda walk: "?revision=1",
    "DELETE /loyalty-rewards/v1/rewards/{reward_id}": lambda walk: "?revision=1",
    "DELETE /loyalty-coupons/v1/coupons/{coupon_id}": lambda walk: "?revision=1",
}
REFUSED_MAX = 42  # calls whose example is about nobody here: they read what they are about, and are refused


def by_the_clock(world: World) -> None:
    """What the worker does by itself: its jobs, its minute, the day's work, and what leaves for receivers."""
    world.settings(letters=SWITCHABLE)
    everybody, note = Account.of(world.shop, Account.id), Annotation(comment="For all")
    batches.bulk_adjust(world.shop, everybody, by=1, source="staff", key="walk", annotation=note)
    for days in (0, 1, 40):
        with clock.at(clock.now() + timedelta(days=days)):
            jobs.every_minute()
            jobs.run_all()
    job_queue.beat("walk")
    world.settings(expiry={"kind": "age", "days": 30})
    jobs.every_minute()
    for name in ("recheck_tiers", "reconsider_orders"):
        if name in jobs.JOBS:
            job_queue.enqueue(name, {"shop_id": world.shop.id})
    jobs.run_all()
    while outbox.sort_new():
        pass
    for endpoint_id in outbox.due():
        with db.atomic():
            loads = outbox.take(outbox.next_lanes(endpoint_id, 5), 60)
        results = [outbox.Outcome(load, [outbox.Answer(200, "", 0.1)] * len(load.messages)) for load in loads]
        outbox.settle(results)


def connected(shop: WooShop) -> None:
    """A WooCommerce shop whose codes we make, whose orders we read, and what its refunds were for."""
    world = World.create(platform="woocommerce")
    world.order_rule(10)
    shops.connect(world.shop, shop.url, shop.keys)
    world.shop = shops.by_id(world.shop.id)
    ann = world.member("woo@example.com")
    ann.is_given(1000)
    coupons = [ann.redeems(world.reward(cost=10)) for _ in range(3)]
    jobs.run_all()
    ann.returns(Coupon.need(world.shop, Coupon.id == coupons[0].id))
    with suppress(Refusal):
        ann.returns(Coupon.need(world.shop, Coupon.id == coupons[1].id))
    number = shop.sells()
    jobs.every_minute()
    jobs.run_all()
    shop.registers()
    connection_codes.make(world.shop)
    connecting.ensure_webhooks(world.shop)
    checking.check(world.shop)
    for mode in ("trial", "import"):
        importing.begin_as_job(world.shop, mode)
        jobs.run_all()
    shop.gives_back(number, "7.14")
    shop.deletes_for_good(shop.sells())
    with clock.at(clock.now() + timedelta(hours=1)):
        jobs.every_minute()
        jobs.run_all()
