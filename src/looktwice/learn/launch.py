"""Start the playbook's server on the loopback interface, and open the browser."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

from looktwice.core.errors import LooktwiceError, MissingExtraError
from looktwice.learn.export import require_assets
from looktwice.patterns.catalogue import catalogue

PORT = 7301
"""Tried first, so that bookmarks and the browser's local storage keep working; any free port will do."""


def serve(
    port: int | None = None,
    open_browser: bool = True,
    folder: Path = Path(".looktwice"),
    echo: Callable[[str], None] = print,
) -> None:
    """Serve until Ctrl-C.

    port: None takes 7301 or, when that is in use, a free one; folder: where progress is kept; echo: prints a line.
    Raises MissingExtraError without the extra `learn`, LooktwiceError when the port is in use or the page is not built.
    """
    try:
        import uvicorn

        from looktwice.learn.access import Access
        from looktwice.learn.server import application
    except ImportError as error:
        raise MissingExtraError("learn", "learn", error.name or "starlette") from None
    require_assets()
    listener = _listen(port)
    access = Access(listener.getsockname()[1], secrets.token_urlsafe(24))
    app = application(catalogue(), folder, access)
    settings = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="off")
    echo(f"The playbook: {access.address}")
    echo("Ctrl-C stops it.")
    if open_browser:
        webbrowser.open(access.address)
    try:
        uvicorn.Server(settings).run(sockets=[listener])
    except KeyboardInterrupt:
        echo("Stopped.")
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
        "Name another port with --port, or omit --port to take a free one.",
    )
