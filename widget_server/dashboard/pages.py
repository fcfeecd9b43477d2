"""Pages: the routes of the dashboard. Each names the action that it needs (loyalty/staff/roles.py).

    pages = Pages("customers", "/customers")

    @pages.page("", Action.SEE)                   # GET
    def customer_list(staff: StaffCaller) -> ResponseReturnValue: ...

    @pages.form("/<customer_id>/give", Action.GIVE)     # GET shows the form, POST sends it
    @pages.act("/<customer_id>/exclude", Action.PEOPLE) # POST, a button
    @pages.open("/sign-in")                             # GET and POST, for anybody

Every POST needs a CSRF token. A refusal that a page does not handle becomes an error page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from widget_server.dashboard import callers, refusals
from widget_server.dashboard.callers import StaffCaller
from widget_server.loyalty.staff.roles import Action

PREFIX = "/dashboard"
P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
StaffView = Callable[Concatenate[StaffCaller, P], ResponseReturnValue]

csrf = CSRFProtect()


@dataclass(frozen=True)
class Rule:
    """One route: its endpoint, path and methods, and the action that it needs; None: anybody may."""

    endpoint: str
    path: str
    methods: tuple[str, ...]
    action: Action | None


class Pages(Blueprint):
    """The pages of one noun, under /dashboard and `path`. `rules` lists them, for the documentation and the tests."""

    def __init__(self, noun: str, path: str = "") -> None:
        super().__init__(f"dashboard_{noun}", __name__, url_prefix=f"{PREFIX}{path}", template_folder="templates")
        self.rules: list[Rule] = []
        self.register_error_handler(Exception, refusals.error_page)
        self.after_request(_uncached)

    def page(self, path: str, action: Action) -> Callable[[StaffView[P]], StaffView[P]]:
        """Register a page that shows something: `view(staff, *ids of the path)`."""
        return self._for_staff(path, ("GET",), action)

    def form(self, path: str, action: Action, *, before_factor: bool = False) -> Callable[[StaffView[P]], StaffView[P]]:
        """Register a form: a GET shows it, a POST sends it.

        `before_factor`: also for a member who must set up the second factor that the shop requires.
        """
        return self._for_staff(path, ("GET", "POST"), action, before_factor=before_factor)

    def act(self, path: str, action: Action, *, before_factor: bool = False) -> Callable[[StaffView[P]], StaffView[P]]:
        """Register a button: a POST without a page of its own; `before_factor` as of `form`."""
        return self._for_staff(path, ("POST",), action, before_factor=before_factor)

    def open(self, path: str) -> Callable[[View[P]], View[P]]:
        """Register a page that needs no session, such as the sign-in: `view(*ids of the path)`."""

        def register(view: View[P]) -> View[P]:
            @wraps(view)
            def run(*args: P.args, **ids: P.kwargs) -> ResponseReturnValue:
                callers.signed_in()
                _protect()
                return view(*args, **ids)

            self._add(path, ("GET", "POST"), None, run)
            return view

        return register

    def _for_staff(
        self, path: str, methods: tuple[str, ...], action: Action, *, before_factor: bool = False
    ) -> Callable[[StaffView[P]], StaffView[P]]:
        def register(view: StaffView[P]) -> StaffView[P]:
            @wraps(view)
            def run(*args: P.args, **ids: P.kwargs) -> ResponseReturnValue:
                staff = callers.caller(action, before_factor=before_factor)
                _protect()
                return view(staff, *args, **ids)

            self._add(path, methods, action, run)
            return view

        return register

    def _add(
        self, path: str, methods: tuple[str, ...], action: Action | None, run: Callable[..., ResponseReturnValue]
    ) -> None:
        self.add_url_rule(path, run.__name__, run, methods=list(methods))
        self.rules.append(Rule(f"{self.name}.{run.__name__}", f"{self.url_prefix}{path}", methods, action))


def _uncached(response: Response) -> Response:
    """Let nothing of the dashboard stay in a cache, redirects and files included: others may use the browser next."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _protect() -> None:
    """Check the CSRF token of a POST. Raises CSRFError, which becomes an error page."""
    if request.method == "POST":
        csrf.protect()
