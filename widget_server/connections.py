"""A limit for the open connections of one network address to this process.

The web server accepts every connection, and a connection without a request never reaches the application. So the
process checks its own sockets at intervals and closes the excess connections of each address.
"""

import os
import socket
from collections import Counter
from contextlib import suppress

import psutil

from widget_server.web.networks import address_bucket

PER_ADDRESS_MAX = 256


def end_excess(most: int = PER_ADDRESS_MAX) -> int:
    """Close the connections of each address (IPv6: each /64) beyond `most`; returns how many were closed.

    Connections that this process opened itself, for example to a database, are not affected.
    """
    process = psutil.Process()
    try:
        if process.num_fds() <= most:  # no address can have more; listing all connections is far slower
            return 0
        found = process.net_connections("tcp")
    except (psutil.Error, OSError):  # the system does not provide this
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
    """Shut a connection down if the descriptor still belongs to it; returns whether it did."""
    with suppress(OSError), socket.socket(fileno=os.dup(fd)) as copy:
        if copy.getpeername()[:2] == (peer[0], peer[1]):
            copy.shutdown(socket.SHUT_RDWR)
            return True
    return False
