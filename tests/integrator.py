"""An integrator's server: it calls the admin API with a key of the shop's."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient


@dataclass
class Integrator:
    """Somebody who calls with `secret`; answers what the call says, after a look at its status."""

    client: FlaskClient
    secret: str | None
    key_id: str | None = None

    def asks(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        """Call `path`; the answer's JSON."""
        sent = {"Authorization": self.secret} if self.secret else {}
        answer = self.client.open(
            path, method=method, json=body, headers={**sent, **{k.replace("_", "-"): v for k, v in headers.items()}}
        )
        assert answer.status_code == status, (answer.status_code, answer.get_data(as_text=True))
        return answer.get_json()

    def get(self, path: str, **options: Any) -> Any:
        return self.asks("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.asks("POST", path, {} if body is None else body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> Any:
        return self.asks("PATCH", path, body, **options)

    def put(self, path: str, body: Any, **options: Any) -> Any:
        return self.asks("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.asks("DELETE", path, **options)
