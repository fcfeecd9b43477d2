"""The dashboard: what the staff of a shop see and change in a browser. A module has the pages of one noun.

`pages` registers a page with the action that it needs, `documents` renders it, `forms` reads what was sent,
`navigation` lists the entries of the menu, `words` has languages, numbers and dates. docs/dashboard.md says how to add
a page.
"""

from flask import Flask

from widget_server.dashboard import (
    api_keys,
    audit_log,
    documents,
    first_shop,
    frame,
    invitation,
    mails,
    menu,
    profile,
    program_file,
    secrets,
    settings,
    shop_connection,
    sign_in,
    staff,
    start,
    webhooks,
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
    settings.pages,
    shop_connection.pages,
    api_keys.pages,
    secrets.pages,
    webhooks.pages,
    mails.pages,
    program_file.pages,
    audit_log.pages,
)


def register(app: Flask) -> None:
    """Register every page of the dashboard on the application, with its session cookie, languages and filters."""
    frame.register(app)
    words.register(app)
    documents.register(app)
    for pages in (*PAGES, frame.pages):
        app.register_blueprint(pages)
