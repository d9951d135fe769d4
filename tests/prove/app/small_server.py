"""A small server that is no framework's, to be started and ended."""

from __future__ import annotations

from pathlib import Path

from looktwice.prove.app.plan import Addresses, Command, Origin, Plan

SERVER = """
import http.server, os, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.path == "/health" else 404)
        self.end_headers()
    def log_message(self, *_): pass
if "--child" in sys.argv:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
port = 0 if "--own-port" in sys.argv else int(sys.argv[1])
if "--reloads" in sys.argv:
    # As development servers do: one process starts the server, and another one in its place when something changes.
    while True:
        server = subprocess.Popen([sys.executable, __file__, sys.argv[1], "--exits-after-two"])
        server.wait()
if "--workers" in sys.argv:
    listener = http.server.HTTPServer(("127.0.0.1", port), Handler)
    for _ in range(3):
        if os.fork() == 0:
            listener.serve_forever()
    os.wait()
if "--exits-after-two" in sys.argv:
    server = http.server.HTTPServer(("127.0.0.1", port), Handler)
    server.handle_request()
    server.handle_request()
    raise SystemExit(0)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def write(directory: Path) -> Path:
    """Put the server into the directory, which it gives back."""
    (directory / "server.py").write_text(SERVER)
    return directory


def plan_of(root: Path, *words: str) -> Plan:
    return Plan(root=root, start=Command(words, Origin("Procfile", 1)))


NOTHING = Addresses(database="postgresql://app@127.0.0.1:9/app")
