"""What the worker loads: it serves no requests, and needs nothing that only they need."""

import json
import subprocess
import sys

ONLY_FOR_REQUESTS = ("widget_server.app", "widget_server.admin.services", "widget_server.dashboard")
NEEDED_FOR_MESSAGES = ("accounts", "coupons", "customers", "imports", "routes", "wire", "wix_events")
LOADED = "import json, sys, widget_server.cli; print(json.dumps(sorted(sys.modules)))"


def test_the_worker_loads_no_service_that_only_requests_need() -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True, text=True)
    modules = set(json.loads(loaded.stdout))
    assert "widget_server.jobs" in modules
    assert modules.isdisjoint(ONLY_FOR_REQUESTS)
    services = {name for name in modules if name.startswith("widget_server.admin.") and name.count(".") == 2}
    assert services <= {f"widget_server.admin.{name}" for name in NEEDED_FOR_MESSAGES}
