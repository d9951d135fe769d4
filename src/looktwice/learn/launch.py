"""Start the playbook's server on the loopback interface, and open the browser."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

from looktwice.core.errors import LooktwiceError, MissingExtraError
from looktwice.learn.export import built
from looktwice.patterns.catalogue import catalogue

PORT = 7301
"""Tried first, so that a bookmark and the browser's own storage keep working; any free port will do."""

_LAST_ANSWERS = 2  # seconds in which answers that were begun may end


def serve(
    port: int | None = None,
    open_browser: bool = True,
    folder: Path = Path(".looktwice"),
    say: Callable[[str], None] = print,
) -> None:
    """Serve until Ctrl-C, which is passed on.

    port: None takes 7301 or, when that is taken, a free one; folder: where progress is kept; say: prints a line.
    Raises MissingExtraError without the extra `learn`, LooktwiceError when the port is taken or nothing is built.
    """
    try:
        import uvicorn

        from looktwice.learn.gatekeeper import Door
        from looktwice.learn.server import application
    except ImportError as error:
        raise MissingExtraError("learn", "learn", error.name or "starlette") from None
    built()
    listener = _listen(port)
    door = Door(listener.getsockname()[1], secrets.token_urlsafe(24))
    app = application(catalogue(), folder, door)
    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_LAST_ANSWERS,
    )
    say(f"The playbook: {door.address}")
    say("Ctrl-C stops it.")
    if open_browser:
        webbrowser.open(door.address)
    try:
        uvicorn.Server(settings).run(sockets=[listener])
    finally:
        listener.close()


def _listen(port: int | None) -> socket.socket:
    for wanted in (PORT, 0) if port is None else (port,):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", wanted))
            listener.listen(64)
            return listener
        except (OSError, OverflowError) as error:
            listener.close()
            reason = error
    raise LooktwiceError(
        f"cannot serve the playbook on port {port}",
        (reason.strerror or str(reason)).lower() if isinstance(reason, OSError) else str(reason),
        "Name another with --port, or leave it out and a free one is taken.",
    )
