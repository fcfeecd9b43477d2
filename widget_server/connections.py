"""The connections that network addresses hold to this process: one address has only so many.

The server below takes whatever connects, and a silent connection never comes to the application. So the process looks
at its own sockets now and then, and ends what one address has too many.
"""

import os
import socket
from collections import Counter
from contextlib import suppress

import psutil

from widget_server.web.networks import address_bucket

PER_ADDRESS_MAX = 256


def end_excess(most: int = PER_ADDRESS_MAX) -> int:
    """End connections of each address (IPv6: of each /64) beyond `most`; returns how many ended.

    Those that this process opened itself, to a database for instance, are left alone.
    """
    process = psutil.Process()
    try:
        if process.num_fds() <= most:  # nobody can hold more; the list of all connections costs much more
            return 0
        found = process.net_connections("tcp")
    except (psutil.Error, OSError):  # the system does not tell
        return 0
    ours = {one.laddr.port for one in found if one.status == psutil.CONN_LISTEN}
    held: Counter[str] = Counter()
    ended = 0
    for one in sorted(found, key=lambda one: one.fd):
        if one.status == psutil.CONN_LISTEN or one.laddr.port not in ours or not one.raddr:
            continue
        address = address_bucket(one.raddr.ip)
        held[address] += 1
        if held[address] > most:
            ended += _end(one.fd, one.raddr)
    return ended


def _end(fd: int, peer: tuple[str, int]) -> bool:
    """Shut a connection down, if the descriptor still is that connection."""
    with suppress(OSError), socket.socket(fileno=os.dup(fd)) as copy:
        if copy.getpeername()[:2] == (peer[0], peer[1]):
            copy.shutdown(socket.SHUT_RDWR)
            return True
    return False
