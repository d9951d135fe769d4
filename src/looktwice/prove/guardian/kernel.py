"""What the kernel offers for keeping processes together. Where it does not (macOS), each function says so."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

LINUX = sys.platform.startswith("linux")
if LINUX:
    import resource  # not when it is needed: the user has changed by then, and may not read where it lies

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
IPC_RMID = 0

_MARKED = 1 << 60  # microseconds: no limit in use is as large
_CHILD_BITS = 16
_LIMIT = re.compile(rb"^Max realtime timeout\s+(\d+)\s", re.MULTILINE)

RUNS = 1 << 40  # numbers of runs are below this, numbers of children below 1 << _CHILD_BITS


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> bool:
    """From now on descendants that lose their parent become our children. False where the kernel has no such thing."""
    return LINUX and _libc().prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def end_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends. To be called in the new process, after
    its user has changed, which undoes it. parent: the process id it was started by; when that one is gone already,
    this process ends at once."""
    if LINUX:
        _libc().prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def marks(run: int, child: int | None = None) -> range:
    """The limits that mark a process as belonging to a child of a run, or to any of its children."""
    first = _MARKED | run << _CHILD_BITS
    return range(first, first + (1 << _CHILD_BITS)) if child is None else range(first + child, first + child + 1)


def mark(limit: int) -> bool:
    """Mark this process and all that it will start. False where processes cannot be marked."""
    if not LINUX:
        return False
    try:
        resource.setrlimit(resource.RLIMIT_RTTIME, (limit, limit))
    except (OSError, ValueError):  # somebody has set a limit below it, which only root may raise
        return False
    return True


def marked(wanted: range) -> set[int]:
    """Process ids of what carries one of the marks and has not ended."""
    found = set()
    for pid in processes():
        with suppress(OSError):
            limit = _LIMIT.search(Path(f"/proc/{pid}/limits").read_bytes())
            if limit and int(limit[1]) in wanted and status(pid)[0] not in (b"Z", b"X"):
                found.add(pid)
    return found


def status(pid: int) -> list[bytes]:
    """The fields of /proc/pid/stat that follow the name: state, parent, group, session … Raises OSError."""
    # The name, in parentheses, may hold anything: fields are counted from its last one.
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()


def processes() -> list[int]:
    """All process ids that can be seen; empty where there is no /proc."""
    with suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return []


def watch(pid: int) -> int | None:
    """A descriptor that can be read from when the process `pid` has ended; None where the kernel has no such thing."""
    if hasattr(os, "pidfd_open"):
        with suppress(OSError):
            return os.pidfd_open(pid)
    return None


def remove_shared_memory(key: int, identifier: int) -> None:
    """Remove a System V shared memory segment, unless somebody uses it or it has another key by now: then it is not the
    one that was meant. Nothing happens when it is gone, or somebody else's."""
    if LINUX and (key, identifier) not in _unused_shared_memory():
        return
    with suppress(AttributeError, OSError):  # no shmctl in this C library
        _libc().shmctl(identifier, IPC_RMID, None)


def _unused_shared_memory() -> set[tuple[int, int]]:
    with suppress(OSError):
        rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text("ascii").splitlines()[1:]]
        return {(int(key), int(identifier)) for key, identifier, _, _, _, _, attached, *_ in rows if attached == "0"}
    return set()
