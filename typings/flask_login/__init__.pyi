from collections.abc import Callable
from typing import Any

from flask import Flask, Request

class UserMixin:
    @property
    def is_active(self) -> bool: ...
    @property
    def is_authenticated(self) -> bool: ...
    @property
    def is_anonymous(self) -> bool: ...
    def get_id(self) -> str: ...

class LoginManager:
    session_protection: str | None

    def init_app(self, app: Flask) -> None: ...
    def request_loader(
        self, callback: Callable[[Request], UserMixin | None]
    ) -> Callable[[Request], UserMixin | None]: ...

class _CurrentUser(UserMixin):
    def _get_current_object(self) -> Any: ...
    def __getattr__(self, name: str) -> Any: ...

current_user: _CurrentUser
