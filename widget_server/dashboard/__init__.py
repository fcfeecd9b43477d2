"""The dashboard: what the staff of a shop see and change in a browser. A module has the pages of one noun.

`pages` registers a page with the action that it needs, `documents` renders it, `forms` reads what was sent,
`navigation` lists the entries of the menu, `words` has languages, numbers and dates. docs/dashboard.md says how to add
a page.
"""

from flask import Flask

from widget_server.dashboard import (
    accounting,
    api_keys,
    audit_log,
    backtest,
    balance,
    bulk,
    campaigns,
    card,
    care,
    contact,
    customers,
    documents,
    draft_edits,
    earning_rules,
    expiry,
    first_shop,
    frame,
    give,
    imports,
    invitation,
    mails,
    menu,
    merge,
    orders,
    overview,
    plugin_file,
    profile,
    program,
    program_drafts,
    program_file,
    referral_program,
    referrals,
    rewards,
    secrets,
    settings,
    shop_connection,
    sign_in,
    staff,
    start,
    store_link,
    test_clock,
    tier_grant,
    tiers,
    till,
    versions,
    webhooks,
    widget_editor,
    words,
)
from widget_server.dashboard.pages import Pages

PAGES: tuple[Pages, ...] = (
    sign_in.pages,
    invitation.pages,
    first_shop.pages,
    start.pages,
    menu.pages,
    profile.pages,
    staff.pages,
    customers.pages,
    bulk.pages,
    card.pages,
    give.pages,
    balance.pages,
    contact.pages,
    care.pages,
    merge.pages,
    tier_grant.pages,
    overview.pages,
    accounting.pages,
    imports.pages,
    referrals.pages,
    orders.pages,
    till.pages,
    program.pages,
    expiry.pages,
    versions.pages,
    tiers.pages,
    campaigns.pages,
    referral_program.pages,
    earning_rules.pages,
    rewards.pages,
    backtest.pages,
    settings.pages,
    shop_connection.pages,
    store_link.pages,
    plugin_file.pages,
    api_keys.pages,
    secrets.pages,
    webhooks.pages,
    mails.pages,
    widget_editor.pages,
    program_file.pages,
    audit_log.pages,
    test_clock.pages,
    program_drafts.pages,
    draft_edits.pages,
)


def register(app: Flask) -> None:
    """Register every page of the dashboard on the application, with its session cookie, languages and filters."""
    frame.register(app)
    words.register(app)
    documents.register(app)
    for pages in (*PAGES, frame.pages):
        app.register_blueprint(pages)
