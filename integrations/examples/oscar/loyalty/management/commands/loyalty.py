"""`manage.py loyalty send`: the outbox. `manage.py loyalty compare NUMBER`: one order, here and there."""

import json
import time

from django.core.management.base import BaseCommand
from loyalty_widget import request

from loyalty.models import OrderNews
from loyalty.orders import SHOP, body_of, send_due


class Command(BaseCommand):
    """Its two actions."""

    help = "Sends waiting orders to the loyalty server (run it as a service), or compares one order with it."

    def add_arguments(self, parser):
        """The action, and for `compare` the order's number."""
        parser.add_argument("action", choices=["send", "compare"])
        parser.add_argument("number", nargs="?")

    def handle(self, action, number, **_):
        """Send until interrupted, or print what the server has and what it would book."""
        while action == "send":
            send_due()
            time.sleep(0.5)
        body = body_of(OrderNews.objects.get(order__number=number))
        _, would = request(*SHOP, "order?dry_run=1", body)
        _, held = request(*SHOP, f"orders/{number}")
        self.stdout.write(json.dumps({"sent": body, "would": would, "held": held}))
