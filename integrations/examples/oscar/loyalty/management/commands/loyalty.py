"""`manage.py loyalty send`: the outbox. `again`: what waits for a person. `compare NUMBER`: an order here and there."""

import json
import time

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from loyalty_widget import request

from loyalty.models import OrderNews
from loyalty.orders import SHOP, body_of, send_due


class Command(BaseCommand):
    """Its three actions."""

    help = "send: run it as a service. again: send what the server refused. compare NUMBER: one order here and there."

    def add_arguments(self, parser: CommandParser) -> None:
        """The action, and for `compare` the order's number."""
        parser.add_argument("action", choices=["send", "again", "compare"])
        parser.add_argument("number", nargs="?")

    def handle(self, action: str, number: str | None, **_: object) -> None:
        """Send until interrupted, or make refused orders due, or print what the server has and what it would book."""
        while action == "send":
            send_due()
            time.sleep(0.5)
        if action == "again":
            OrderNews.objects.filter(due_at=None).update(due_at=timezone.now())
            return
        body = body_of(OrderNews.objects.get(order__number=number))
        _, would = request(*SHOP, "order?dry_run=1", body)
        _, held = request(*SHOP, f"orders/{number}")
        self.stdout.write(json.dumps({"sent": body, "would": would, "held": held}))
