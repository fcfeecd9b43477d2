"""The customer's account, and the identity token of the logged-in customer (contracts §5)."""

from collections.abc import Mapping

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug import Response as AnyResponse

from demo_shop.bodies import now
from demo_shop.customers import Customer, EmailTaken, Profile
from demo_shop.pages import here
from demo_shop.pages.fields import birthday_error, email_error, password_error, text_error

pages = Blueprint("account", __name__)
_CONFIRM_SECONDS = 3 * 24 * 3600


@pages.get("/account")
def account() -> str:
    """Show the customer's account, or the forms to log in and register."""
    who = here.customer()
    if who is None:
        return _ways_in()
    return _own_page(who, {})


@pages.post("/account/register")
def register() -> AnyResponse | tuple[str, int]:
    """Create an account, log in, and send a link to confirm the e-mail."""
    form = here.form()
    password = request.form.get("password", "")  # as typed: its spaces count
    errors = {**_profile_errors(form), **_found(email=email_error(form.get("email", "")))}
    errors |= _found(password=password_error(password))
    if errors:
        return _ways_in(form, errors), 422
    try:
        who = here.shop().customers.register(
            form["email"], password, _profile(form), at=now(), referral_code=session.get("ref")
        )
    except EmailTaken:
        return _ways_in(form, {"email": "There is an account with this e-mail. Log in instead."}), 422
    _send_confirmation(who)
    here.log_in(who)
    flash("Welcome. We have sent you a link to confirm your e-mail.")
    return redirect(here.path_back(url_for(".account")))


@pages.post("/account/log-in")
def log_in() -> AnyResponse | tuple[str, int]:
    """Log in to an existing account."""
    form = here.form()
    who = here.shop().customers.log_in(form.get("email", ""), request.form.get("password", ""))
    if who is None:
        typed = {"log_in_email": form.get("email", "")}
        return _ways_in(typed, {"log_in_email": "E-mail or password is wrong."}), 422
    here.log_in(who)
    return redirect(here.path_back(url_for(".account")))


@pages.post("/account/log-out")
def log_out() -> AnyResponse:
    """Log the customer out."""
    here.log_out()
    return redirect(url_for("catalogue.home"))


@pages.post("/account/profile")
def profile() -> AnyResponse | tuple[str, int]:
    """Change name, phone, birthday, newsletter."""
    who, form = here.customer(), here.form()
    if who is None:
        return redirect(url_for(".account"))
    errors = _profile_errors(form)
    if errors:
        return _own_page(who, errors), 422
    here.shop().customers.update(who.number, _profile(form))
    flash("Saved.")
    return redirect(url_for(".account"))


@pages.post("/account/confirmation")
def send_confirmation() -> AnyResponse:
    """Send the confirmation link again."""
    who = here.customer()
    if who and not who.email_verified:
        _send_confirmation(who)
        flash("The link is on its way.")
    return redirect(url_for(".account"))


@pages.get("/account/confirm/<token>")
def confirm(token: str) -> AnyResponse:
    """Confirm the e-mail by the link in the mail."""
    try:
        number, email = _signer().loads(token, max_age=_CONFIRM_SECONDS)
    except BadSignature:
        abort(404, "This link is no longer valid. Log in to get a new one.")
    who = here.shop().customers.find(number)
    if who is None or who.email != email:
        abort(404)
    if not who.email_verified:
        here.shop().customers.confirm(number)
    flash("Your e-mail is confirmed.")
    return redirect(url_for(".account"))


@pages.get("/loyalty/identity")
def identity() -> Response:
    """Return an identity token of the logged-in customer, for this shop's own pages only; else 204."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)
    who = here.customer()
    token = here.shop().loyalty.vouch(who.as_buyer(), now()) if who else None
    response = jsonify(token=token) if token else Response(status=204)
    response.headers["Cache-Control"] = "no-store"
    return response


def _ways_in(values: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None) -> str:
    return render_template("ways_in.html", values=values or {}, errors=errors or {}, next=here.path_back(""))


def _own_page(who: Customer, errors: Mapping[str, str]) -> str:
    kept = {"name": who.name, "phone": who.phone or "", "birthday": who.birthday or ""}
    values = here.form() if errors else {**kept, "newsletter": "yes" if who.accepts_marketing else ""}
    orders = here.shop().orders.of_customer(who.number)
    return render_template("account.html", orders=orders, values=values, errors=errors)


def _profile(form: Mapping[str, str]) -> Profile:
    return Profile(
        name=form["name"],
        phone=form.get("phone") or None,
        birthday=form.get("birthday") or None,
        accepts_marketing=bool(form.get("newsletter")),
    )


def _profile_errors(form: Mapping[str, str]) -> dict[str, str]:
    return _found(
        name=text_error(form.get("name", ""), "What may we call you?"),
        phone=text_error(form.get("phone", "") or "-", "", most=40),
        birthday=birthday_error(form.get("birthday", "")),
    )


def _found(**errors: str | None) -> dict[str, str]:
    return {name: message for name, message in errors.items() if message}


def _send_confirmation(who: Customer) -> None:
    shop = here.shop()
    link = shop.config.origin + url_for(".confirm", token=_signer().dumps([who.number, who.email]))
    text = f"Hello {who.name},\n\nis this your e-mail? Then open this link:\n{link}\n\nFjord & Fern"
    shop.mails.send(who.email, "Confirm your e-mail", text)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(here.shop().config.secret_key, salt="confirm-email")
