"""The playbook on a free port, as `looktwice learn` serves it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from looktwice.learn.gatekeeper import Door
from looktwice.learn.server import application
from looktwice.patterns.catalogue import Catalogue


@contextmanager
def serving(patterns: Catalogue, folder: Path) -> Iterator[tuple[Door, uvicorn.Server]]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    door = Door(listener.getsockname()[1], "token-of-this-run")
    config = uvicorn.Config(application(patterns, folder, door), log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()  # the socket listens already: a request waits until the server is there
    try:
        yield door, server
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
