"""The official SDK as an actor: `Client.accounts.earnPoints(...)` is a call of the unmodified npm packages."""

import json
import subprocess
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from widget_server import clock

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PATIENCE_SECONDS = 30


class SdkError(Exception):
    """What the SDK threw: the JSON of its message, and the fields it hangs on the error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(json.dumps(error))
        self.text: str = error.get("message", "")
        self.status: int | None = error.get("status")
        self.details: dict[str, Any] = error.get("details") or {}
        self.request_id: str | None = error.get("requestId")

    @property
    def message(self) -> str:
        """The sentence in the SDK's message, which is JSON."""
        return str(json.loads(self.text)["message"])

    @property
    def code(self) -> str | None:
        """The code of an applicationError."""
        found = self.details.get("applicationError", {}).get("code")
        return None if found is None else str(found)

    @property
    def data(self) -> dict[str, Any]:
        """The figures of an applicationError."""
        return dict(self.details["applicationError"]["data"])

    @property
    def fields(self) -> list[str]:
        """The fields of a validationError, as the SDK names them: by its own arguments."""
        return [one["field"] for one in self.details["validationError"]["fieldViolations"]]


class Runner:
    """The node process with the SDK in it, speaking to one server. `called`: the functions that were answered."""

    def __init__(self, server: str) -> None:
        assert (HERE / "node_modules").is_dir(), "the SDK is missing: make tests/wix_sdk/node_modules/.ready"
        self.called: set[str] = set()
        self.process = subprocess.Popen(
            ["node", "run.mjs", server], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, strategy: dict[str, Any], code: str, given: dict[str, Any]) -> Any:
        """Run a piece of JavaScript with a client of this strategy; raises SdkError for what it threw."""
        assert self.process.stdin is not None and self.process.stdout is not None
        watch = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        watch.start()
        self.process.stdin.write(json.dumps({"as": strategy, "code": code, "given": given}, default=_date) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        watch.cancel()
        assert line, f"node ended, or was silent for {PATIENCE_SECONDS} s: {code}"
        answer = json.loads(line, object_hook=_dated)
        if "error" in answer:
            raise SdkError(answer["error"])
        self.called.update(answer["called"])
        return answer.get("value")

    def left_out(self, *modules: str) -> list[str]:
        """The functions of these modules that nobody was answered yet."""
        listed = """
            const functions = (name) => Object.keys(loyalty[name]).filter((one) => /^(?!on[A-Z])[a-z]/.test(one));
            return given.modules.flatMap((name) => functions(name).map((one) => `${name}.${one}`));
        """
        return sorted(set(self.run({}, listed, {"modules": modules})) - self.called)

    def stop(self) -> None:
        """End the process."""
        self.process.communicate(timeout=PATIENCE_SECONDS)


class Client:
    """A client of the SDK: `createClient` with one of its strategies."""

    def __init__(self, runner: Runner, strategy: str | None, **facts: Any) -> None:
        self._runner, self._strategy = runner, {"strategy": strategy, **facts}

    def js(self, code: str, **given: Any) -> Any:
        """Run the body of an async function of (client, loyalty, given)."""
        return self._runner.run(self._strategy, code, given)

    def __getattr__(self, module: str) -> "Module":
        return Module(self, module)


class Module:
    """A module of @wix/loyalty; each of its functions is called by its own name."""

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._name = client, name

    def __getattr__(self, function: str) -> Any:
        def call(*args: Any) -> Any:
            return self._client.js(f"return client.{self._name}.{function}(...given.args)", args=args)

        return call


def _date(value: Any) -> dict[str, str]:
    assert isinstance(value, datetime), value
    return {"$date": clock.iso(value)}


def _dated(value: dict[str, Any]) -> Any:
    return clock.parse(value["$date"]) if set(value) == {"$date"} else value
