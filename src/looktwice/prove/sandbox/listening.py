"""Where a child listens: at the port that it wants if that is free, else at another one; for this machine only."""

from __future__ import annotations

import socket

from looktwice.prove.sandbox.network import Peer

_BACKLOG = 511
_HERE = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::ffff:127.0.0.1"}


def instead_of(peer: Peer) -> socket.socket:
    """A socket that listens in place of one that is to be bound to this address. It listens already, as only that takes
    a port for good: two instances of an application, started together, may want the same. Raises OSError."""
    try:
        return _listening(peer.family, peer.port)
    except OSError:  # somebody has it, or it is one of those that only root may have
        return _listening(peer.family, 0)


def _listening(family: int, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind((_HERE[socket.AddressFamily(family)], port))
        made.listen(_BACKLOG)
    except BaseException:
        made.close()
        raise
    return made
