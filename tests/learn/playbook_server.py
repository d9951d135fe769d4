"""The playbook on a free port, as `looktwice learn` serves it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from looktwice.learn.access import Access
from looktwice.learn.server import application
from looktwice.patterns.catalogue import Catalogue


@contextmanager
def serving(patterns: Catalogue, folder: Path) -> Iterator[tuple[Access, uvicorn.Server]]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    access = Access(listener.getsockname()[1], "token-of-this-run")
    config = uvicorn.Config(application(patterns, folder, access), log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()  # the socket is listening already: requests wait until the server accepts them
    try:
        yield access, server
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
