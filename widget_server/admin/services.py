"""The services of the admin API, and how an application gets them."""

from flask import Flask
from flask_smorest import Api

from widget_server.admin import (
    accounts,
    adjustments,
    api_keys,
    audit,
    batches,
    changes,
    checkout,
    cors,
    coupons,
    directory,
    earning_rules,
    imports,
    oauth,
    orders,
    program,
    referrals,
    reports,
    rewards,
    routes,
    secrets,
    settings,
    social,
    test_clock,
    tiers,
    till,
    transactions,
    webhooks,
)

SERVICES = (
    program.service,
    accounts.service,
    tiers.service,
    rewards.service,
    coupons.service,
    earning_rules.service,
    transactions.service,
    checkout.service,
    imports.service,
    social.service,
    webhooks.service,
    directory.service,
    api_keys.service,
    batches.service,
    referrals.service,
    orders.service,
    orders.awards,
    reports.service,
    settings.service,
    adjustments.service,
    secrets.service,
    audit.service,
    till.service,
    changes.service,
    test_clock.service,
)


def register(app: Flask, api: Api) -> None:
    """Register every service of the admin API on the application, then put the second mount before it."""
    api.register_blueprint(oauth.oauth)
    api.register_blueprint(imports.files)
    for service in SERVICES:
        api.register_blueprint(service)
    cors.register(app)
    routes.mount(app)
