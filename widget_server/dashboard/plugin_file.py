"""The WordPress plugin, for download: what connects a WooCommerce shop by one code."""

from flask import Response
from flask.typing import ResponseReturnValue

from widget_server.dashboard.callers import StaffCaller
from widget_server.dashboard.pages import Pages
from widget_server.loyalty.staff.roles import Action
from widget_server.stores.woocommerce import plugin_zip

pages = Pages("plugin_file", "/settings/plugin")


@pages.page("", Action.SETTINGS)
def download(staff: StaffCaller) -> ResponseReturnValue:
    """Download the plugin as the zip file that WordPress installs."""
    headers = {"Content-Disposition": f'attachment; filename="{plugin_zip.NAME}"', "Cache-Control": "no-store"}
    return Response(plugin_zip.build(), content_type="application/zip", headers=headers)
