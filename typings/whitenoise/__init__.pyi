from collections.abc import Callable, Iterable
from typing import Any

from _typeshed.wsgi import StartResponse, WSGIApplication

class WhiteNoise:
    def __init__(
        self,
        application: WSGIApplication,
        root: str | None = None,
        prefix: str | None = None,
        *,
        max_age: int | None = ...,
        allow_all_origins: bool = ...,
        immutable_file_test: Callable[[str, str], bool] | str = ...,
    ) -> None: ...
    def __call__(self, environ: dict[str, Any], start_response: StartResponse, /) -> Iterable[bytes]: ...
