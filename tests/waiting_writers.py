"""Another process whose writers wait in the queue of a file. It reads commands from standard input, one a line.

`enter N` lets writer N arrive: the process prints `arrived N`, and `served N T` when its turn has come, T by the
machine's clock. A writer that was served leaves at once. `hold N` is the same for one that stays until `leave N`.
"""

import sys
import threading
import time
from pathlib import Path

from widget_server.write_queue import WriteQueue


def main() -> None:
    """Follow the commands until there are no more."""
    queue, holding = WriteQueue(Path(sys.argv[1])), dict[str, threading.Event]()
    for line in sys.stdin:
        act, number = line.split()
        if act == "leave":
            holding.pop(number).set()
            continue
        before, go_on = queue.waiting(), threading.Event()
        if act == "hold":
            holding[number] = go_on
        else:
            go_on.set()
        threading.Thread(target=write, args=(queue, number, go_on)).start()
        while queue.waiting() == before and act == "enter":
            time.sleep(0.0002)
        say(f"arrived {number}")


def write(queue: WriteQueue, number: str, go_on: threading.Event) -> None:
    """One writer: waits, is served, leaves."""
    place = queue.enter(30)
    say(f"served {number} {time.monotonic_ns()}")
    go_on.wait(30)
    queue.leave(place)


def say(line: str) -> None:
    """Threads write whole lines."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
