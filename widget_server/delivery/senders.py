"""Senders: threads that send messages to receivers, beside the worker; a receiver that hangs delays only itself.

One thread uses the database: it records the results of the other threads and claims their next loads, many loads per
commit. The others call receivers. When the process is killed, leases expire and nothing is lost.
"""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator

from widget_server import config, db
from widget_server.db import atomic
from widget_server.delivery import outbox
from widget_server.delivery.outbox import LeasedBatch, Outcome
from widget_server.delivery.webhooks import Answer, KeptConnection

QUICK = 16  # loads in progress at once to receivers that respond
QUICK_EACH = 8  # of them to one receiver
SLOW = 8  # loads to receivers that hang, one each
SLOW_SECONDS = 2.0
IDLE_SECONDS = 0.5
GATHER_SECONDS = 0.003  # how long the first outcome waits for others to share its commit

log = logging.getLogger(__name__)


def work(stop: threading.Event) -> None:
    """Send waiting messages until `stop` is set; loads in progress are still finished and recorded."""
    SendingLoop(stop).run()


class SendingLoop:
    """The thread that claims and settles, and its state: loads in progress by receiver, receivers slow last time."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.loads: queue.SimpleQueue[tuple[LeasedBatch, float] | None] = queue.SimpleQueue()
        self.outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self.unsettled: list[Outcome] = []
        self.under_way: Counter[str] = Counter()
        self.slow: set[str] = set()
        self.is_behind = False

    def run(self) -> None:
        """Run rounds until `stop` is set; a failed round is tried again."""
        senders = [threading.Thread(target=self._carry, name=f"sender {n}", daemon=True) for n in range(QUICK + SLOW)]
        for sender in senders:
            sender.start()
        while not self.stop.is_set() or self.under_way or self.unsettled:
            try:
                self._gather()
                db.connect()
                self.round()
            except Exception:
                log.exception("sending failed with an error; it continues")
                db.disconnect()
                if self.stop.is_set():
                    break  # leases expire: another worker sends it again
                time.sleep(IDLE_SECONDS)
        for _ in senders:
            self.loads.put(None)
        db.disconnect()

    def round(self) -> None:
        """Record results, sort new messages, claim due lanes: two commits, whatever the amount."""
        self.is_behind = not self.stop.is_set() and outbox.sort_new() == outbox.SORT_MAX
        claimed = self._settle_and_claim()
        self.unsettled = []
        timeout_seconds = config.current().webhook_timeout_ms / 1000
        for load in claimed:
            self.under_way[load.endpoint.id] += 1
            self.loads.put((load, time.monotonic() + 2 * timeout_seconds))

    def _settle_and_claim(self) -> list[LeasedBatch]:
        if not self.unsettled and not self._shares():
            return []  # without the write lock
        lease_seconds = 3 * config.current().webhook_timeout_ms / 1000 + 5
        with atomic():
            if self.unsettled:
                outbox.settle(self.unsettled)
            lanes = [lane for id, limit in self._shares().items() for lane in outbox.next_lanes(id, limit)]
            return outbox.take(lanes, lease_seconds)

    def _shares(self) -> dict[str, int]:
        """Returns how many loads each receiver may get now: none gets all senders, and one that was slow last time gets
        one at a time, from the senders reserved for slow receivers.
        """
        due = [] if self.stop.is_set() else outbox.due()
        slow = SLOW - self._out(slow=True)
        quick = min(QUICK - self._out(slow=False), QUICK + SLOW - self.under_way.total())
        shares = {}
        for id in due:
            if id in self.slow:
                share = min(slow, 1 - self.under_way[id])
                slow -= max(share, 0)
            else:
                share = min(quick, QUICK_EACH - self.under_way[id])
                quick -= max(share, 0)
            if share > 0:
                shares[id] = share
        return shares

    def _out(self, *, slow: bool) -> int:
        return sum(count for id, count in self.under_way.items() if (id in self.slow) == slow)

    def _gather(self) -> None:
        """Wait for the first outcome, then GATHER_SECONDS for others, and take them all."""
        try:
            self._note(self.outcomes.get(timeout=GATHER_SECONDS if self.is_behind else IDLE_SECONDS))
            time.sleep(GATHER_SECONDS)
            while True:
                self._note(self.outcomes.get_nowait())
        except queue.Empty:
            pass

    def _note(self, outcome: Outcome) -> None:
        id = outcome.load.endpoint.id
        self.unsettled.append(outcome)
        self.under_way[id] -= 1
        if not self.under_way[id]:
            del self.under_way[id]
        if outcome.replies:
            is_slow = any(answer.status is None or answer.seconds > SLOW_SECONDS for answer in outcome.replies)
            (self.slow.add if is_slow else self.slow.discard)(id)

    def _carry(self) -> None:
        """One sender: send load after load, on a connection kept open while the receiver stays the same."""
        line: KeptConnection | None = None
        while (task := self.loads.get()) is not None:
            load, until = task
            if line is None or line.url != load.endpoint.url:
                if line is not None:
                    line.close()
                line = KeptConnection(load.endpoint.url)
            self.outcomes.put(Outcome(load, list(self._answers(line, load, until))))
        if line is not None:
            line.close()

    def _answers(self, line: KeptConnection, load: LeasedBatch, until: float) -> Iterator[Answer]:
        """Send each message after the previous one was accepted; stop when the lease might expire."""
        for message in load.messages:
            if time.monotonic() > until or self.stop.is_set():
                return
            try:
                answer = line.post(*outbox.request_of(load, message))
            except Exception as failure:  # a message that cannot be written must not block its lane for ever
                log.exception("message %s cannot be sent", message.event_id)
                answer = Answer(None, f"it cannot be written: {type(failure).__name__}", 0)
            yield answer
            if not answer.is_delivered:
                return
