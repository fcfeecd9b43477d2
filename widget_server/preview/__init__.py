"""Carries out the steps of preview copies (loyalty/preview), each in a process that knows nothing but the copy.

`processes` starts that process, `opened` opens the copy's database in it, `people` adds customers and what they do,
`moving` moves the time, `watching` finds what happened.
"""

from widget_server.preview.processes import run

__all__ = ["run"]
