from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from apispec import APISpec
from flask import Blueprint as FlaskBlueprint
from flask import Flask, Response
from marshmallow import Schema

_P = ParamSpec("_P")
_View = TypeVar("_View", bound=Callable[..., object])
_Doc = dict[str, Any]

class Blueprint(FlaskBlueprint):
    description: str
    _prepare_doc_cbks: list[Callable[..., _Doc]]

    def __init__(
        self, name: str, import_name: str, *, url_prefix: str | None = None, description: str = ""
    ) -> None: ...
    def route(
        self,
        rule: str,
        *,
        parameters: list[Any] | None = None,
        tags: list[str] | None = None,
        **options: Any,
    ) -> Callable[[_View], _View]: ...
    def response(
        self,
        status_code: int | str,
        schema: type[Schema] | Schema | _Doc | None = None,
        *,
        content_type: str | None = None,
    ) -> Callable[[Callable[_P, object]], Callable[_P, Response]]: ...
    @staticmethod
    def doc(**kwargs: Any) -> Callable[[_View], _View]: ...

class Api:
    spec: APISpec
    ERROR_SCHEMA: type[Schema]

    def __init__(self, app: Flask | None = None, *, spec_kwargs: Mapping[str, object] | None = None) -> None: ...
    def register_blueprint(self, blp: Blueprint) -> None: ...
    def register_field(self, field: type[Any], *args: str | None) -> None: ...
