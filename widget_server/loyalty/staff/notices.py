"""Mails to the owners of a shop about something that only they can do."""

from widget_server.db import atomic
from widget_server.events import MailWanted, emit
from widget_server.json_types import JsonObject
from widget_server.loyalty.program.shops import Shop
from widget_server.loyalty.staff import members


def tell_owners(shop: Shop, letter: str, values: JsonObject) -> None:
    """Mail `letter` (mail_templates.py) to each owner of the shop, in the owner's language."""
    with atomic():
        for member, account in members.listed(shop):
            if member.role == "owner":
                emit(MailWanted(shop.id, letter, account.email, account.locale or shop.locale, dict(values)))
