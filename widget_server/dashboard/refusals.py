"""Refusals and errors as pages: what was refused in the reader's language, and where to go on."""

from urllib.parse import urlencode

from flask import Response, g, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from widget_server.dashboard import documents
from widget_server.errors import FactorNeeded, NotFound, Refusal, SignedOut
from widget_server.web import errors
from widget_server.web.errors import STATUS

TEXTS = {  # by the code of the refusal; needs and has are its figures. Others keep their English sentence
    "not_found": _l("There is nothing at this address."),
    "role_not_enough": _l("Your role does not allow this. An owner of the shop can change it."),
    "points_cap_reached": _l("Your role may give %(has)s points here, not %(needs)s."),
    "not_enough_points": _l("The balance is %(has)s points: it cannot fall below zero."),
    "balance_too_large": _l("That is more points than an account can hold."),
    "stale_revision": _l("It was changed meanwhile. Look at it again before you save."),
    "tier_taken": _l("Another tier has this name or needs as many points."),
    "cannot_take_back": _l("This change cannot be taken back: it was changed again, or something it needs is gone."),
    "program_not_active": _l("The program is not active: nothing is earned or redeemed now."),
    "customer_exists": _l("Another customer has this e-mail address or this id of the shop."),
    "customer_excluded": _l("This customer is excluded from the program."),
    "email_invalid": _l("This is not an e-mail address that can get mail."),
    "password_weak": _l("Choose a password of at least 10 characters that is not a well-known one."),
    "wrong_credentials": _l("The e-mail address or the password is wrong."),
    "wrong_present_password": _l("This is not your present password."),
    "wrong_code": _l("This code is wrong."),
    "link_expired": _l("This link has expired, or was used already. Ask for a new one."),
    "rate_limited": _l("Too many tries. Wait a little, then try again."),
    "staff_exists": _l("This person belongs to the staff already."),
    "last_owner": _l("This is the only owner: make somebody else an owner first."),
    "key_reused": _l("This form was sent already, with other figures. Reload it to start again."),
    "already_imported": _l("This file was imported before. Choose Import it again if that is meant."),
    "file_too_large": _l("This file is too large: up to 10 MB can be imported at once."),
    "import_not_parsed": _l("This import has begun already."),
    "import_columns_unknown": _l("Give each field a column of its own."),
    "not_whole_coins": _l("This amount has more decimal places than the currency."),
    "not_identified": _l("Scan the code in the customer's widget, or check who it is."),
    "till_code_invalid": _l("This code is not valid now. Ask the customer for a new one."),
    "not_a_member": _l("This customer is not a member of the program."),
    "own_referral_code": _l("Nobody can refer themselves."),
    "already_referred": _l("Somebody has referred this customer already: open that referral."),
    "members_only": _l("Only members redeem points."),
    "reward_limit_reached": _l("The customer has had this reward as often as it allows."),
    "reward_unavailable": _l("This reward is not available now."),
    "tier_too_low": _l("This reward is for a higher tier."),
    "last_origin": _l("This is the only address of the shop: add another one first."),
    "last_secret": _l("This is the only secret of its kind: add another one first."),
    "too_many_secrets": _l("There are two secrets of this kind already: remove the earlier one first."),
    "low_contrast": _l("This colour is too pale: its contrast is %(has)s to 1, and %(needs)s to 1 is needed."),
    "own_factor_first": _l("Set up your own second factor first."),
    "busy": _l("The server is busy. Try again in a moment."),
}

OF_STATUS = {  # what Flask itself refuses
    400: _l("This request is not possible."),
    404: TEXTS["not_found"],
    413: _l("This is more than can be sent at once. Nothing was changed: go back, and send less."),
}


def text_of(refusal: Refusal) -> str:
    """Returns the sentence for a refusal, in the reader's language where there is one."""
    known = TEXTS.get(refusal.code)
    if known is None:
        return refusal.message
    figures = {name: refusal.facts.get(name, "") for name in ("needs", "has")}
    return str(known) % {name: f"{value:,}" if isinstance(value, int) else value for name, value in figures.items()}


def error_page(error: Exception) -> ResponseReturnValue:
    """Returns the page for an error that no handler caught; a signed-out reader is sent to the sign-in and back."""
    if isinstance(error, SignedOut):
        return to_sign_in()
    if isinstance(error, FactorNeeded):
        return documents.to("profile.factor")
    if isinstance(error, CSRFError):
        return _page(400, _("This form has expired. Go back, reload the page, and send it again."))
    if isinstance(error, Refusal):
        return _page(STATUS[error.kind], text_of(error))
    if isinstance(error, HTTPException):
        if error.response is not None:
            return error.response
        return _page(error.code or 500, str(OF_STATUS.get(error.code or 500, OF_STATUS[400])))
    response = make_response(errors.broken(error))  # logged there; the database's connection is closed
    g.pop("staff", None)
    return _page(response.status_code, _("Something went wrong here. Nothing was changed."))


def nothing_here() -> ResponseReturnValue:
    """Returns the page for an address that does not exist."""
    return error_page(NotFound())


def to_sign_in() -> Response:
    """Returns a redirect to the sign-in, which leads back to this page."""
    onward = request.full_path.rstrip("?") if request.method == "GET" else ""
    return make_response(redirect("/dashboard/sign-in" + (f"?{urlencode({'next': onward})}" if onward else "")))


def _page(status: int, text: str) -> Response:
    return documents.page("error.html", status=status, text=text)
