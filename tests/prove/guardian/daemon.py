"""A child that does what it can to be nobody's: it leaves session and parent, clears its environment, closes all files,
changes its folder and its name. Run as `python daemon.py FILE`: the process id of the daemon is written there."""

from __future__ import annotations

import os
import sys
import time


def leave(path: str) -> None:
    """Start the daemon; returns in the process that called."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    os.closerange(0, 256)
    # Executed again, so that /proc/PID/environ is empty too.
    os.execve(sys.executable, ["sleeper", "-c", "import time; time.sleep(600)"], {})


if __name__ == "__main__":
    leave(sys.argv[1])
    print("left", flush=True)
    time.sleep(600)
