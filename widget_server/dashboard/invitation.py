"""Accepting an invitation to a shop's staff."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField

from widget_server.dashboard.documents import page
from widget_server.dashboard.forms import Form, Line
from widget_server.dashboard.pages import Pages
from widget_server.dashboard.sign_in import let_in
from widget_server.loyalty.staff import invitations

pages = Pages("invitation")


class AcceptForm(Form):
    """The person's name and password; those who have an account already need neither."""

    name = Line(_l("Your name"), render_kw={"autocomplete": "name"})
    password = PasswordField(_l("Password"), render_kw={"autocomplete": "new-password"})


@pages.open("/invitation")
def accept() -> ResponseReturnValue:
    """Become a member of the staff, and sign in."""
    token, form = request.args.get("link", ""), AcceptForm()
    invitation = invitations.read(token)
    if form.accepts():
        with form.refusals():
            account, member = invitations.accept(token, name=form.name.data or "", password=form.password.data)
            if not account.has_second_factor:
                return let_in(account, member.shop_id)
            return page("account/accepted.html", invitation=invitation)
    return page("account/invitation.html", form=form, invitation=invitation)
