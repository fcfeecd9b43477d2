"""The frameworks of host pages, from npm: bundled as their shops bundle them, served by the test."""

import json
import subprocess
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "host_pages"
ESBUILD = FOLDER.parents[1] / "widget_static" / "node_modules" / ".bin" / "esbuild"


@cache
def bundled(entry: str, *, mode: str = "production", react: str = "19", platform: str = "browser") -> str:
    """A file of the folder with what it imports; `mode` is development or production, `react` a major version."""
    command = [
        *(str(ESBUILD), str(FOLDER / entry), "--bundle", "--log-level=error", f"--platform={platform}"),
        *(f"--alias:react=react-{react}", f"--alias:react-dom=react-dom-{react}"),
        *(f"--define:process.env.NODE_ENV={json.dumps(mode)}", "--define:__VUE_OPTIONS_API__=true"),
        *("--define:__VUE_PROD_DEVTOOLS__=false", "--define:__VUE_PROD_HYDRATION_MISMATCH_DETAILS__=true"),
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=FOLDER).stdout


def rendered(react: str, widget: str, app: str) -> str:
    """The React shop's document as its server sends it."""
    code = bundled("react_server.js", react=react, platform="node")
    done = subprocess.run(["node", "-", widget, app], input=code, check=True, capture_output=True, text=True)
    return done.stdout


def installed(path: str) -> str:
    """A file of an npm package as it is."""
    return (FOLDER / "node_modules" / path).read_text("utf-8")
