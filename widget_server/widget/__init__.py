"""What shoppers' browsers request: one module per tab, and the script, the panel and the session."""

from flask import Flask
from flask_smorest import Api

from widget_server.widget import (
    badges,
    earn,
    guest,
    my_balance,
    my_rewards,
    pages,
    panel,
    redeem,
    referral,
    script,
    session,
    till,
    unsubscribe,
    words,
)

DOCUMENTS = (script.script, pages.pages, badges.badge_page, unsubscribe.unsubscribe)
ENDPOINTS = (
    panel.panel,
    session.session,
    earn.earn,
    guest.guest,
    redeem.redeem,
    my_rewards.my_rewards,
    referral.referral,
    referral.friend_code,
    my_balance.my_balance,
    till.till_code,
    badges.badges,
    words.words,
)


def register(app: Flask, api: Api) -> None:
    """Registers every route of the widget on the application."""
    for blueprint in DOCUMENTS:
        app.register_blueprint(blueprint)
    for endpoints in ENDPOINTS:
        api.register_blueprint(endpoints)
