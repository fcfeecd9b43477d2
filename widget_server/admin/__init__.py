"""What merchants' servers ask for: the Wix Loyalty wire, and our own entities beside it under the same conventions."""

from flask import Flask
from flask_smorest import Api

from widget_server.admin import (
    accounts,
    adjustments,
    api_keys,
    batches,
    checkout,
    coupons,
    customers,
    earning_rules,
    imports,
    oauth,
    orders,
    program,
    referrals,
    reports,
    rewards,
    routes,
    settings,
    social,
    tiers,
    transactions,
    webhooks,
)

SERVICES = (
    program,
    accounts,
    tiers,
    rewards,
    coupons,
    earning_rules,
    transactions,
    checkout,
    imports,
    social,
    webhooks,
    customers,
    api_keys,
    batches,
    referrals,
    orders,
    reports,
    settings,
    adjustments,
)


def register(app: Flask, api: Api) -> None:
    """Put every service of the admin API on the application, and the second mount before it."""
    api.register_blueprint(oauth.oauth)
    api.register_blueprint(imports.files)
    for one in SERVICES:
        api.register_blueprint(one.service)
    api.register_blueprint(orders.awards)
    routes.mount(app)
