"""Which processes belong together, and ending them all."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from looktwice.prove.guardian import kernel

_PAUSE = 0.005  # seconds between two looks at what is still there


class Seen(NamedTuple):
    """One process in a listing of all."""

    pid: int
    parent: int
    group: int


def descendants(pid: int) -> set[int]:
    """Process ids of what `pid` has started, directly or not, and of what it has adopted. Without `pid` itself."""
    return _below({pid}, list(_listing())) - {pid}


def of_groups(groups: Iterable[int]) -> set[int]:
    """Process ids of the members of these process groups and of their descendants."""
    wanted, everything = set(groups), list(_listing())
    return _below({it.pid for it in everything if it.group in wanted}, everything)


def end(find: Callable[[], set[int]], seconds: float = 5.0, reap: Callable[[], object] = lambda: None) -> set[int]:
    """Kill what `find` gives until it gives nothing; gives what is left after `seconds`.

    All are stopped before the first is killed, so that none can start another one meanwhile. reap: collects the exit
    codes of our own children, which are seen until then.
    """
    deadline = time.monotonic() + seconds
    while found := find():
        stopped: set[int] = set()
        while new := found - stopped:
            _signal(new, signal.SIGSTOP)
            stopped |= new
            found = find()
        _signal(stopped, signal.SIGKILL)
        reap()
        if time.monotonic() > deadline:
            return find()
        time.sleep(_PAUSE)
    return set()


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _below(roots: set[int], everything: list[Seen]) -> set[int]:
    children: dict[int, list[int]] = {}
    for it in everything:
        children.setdefault(it.parent, []).append(it.pid)
    found, queue = set(roots), list(roots)
    while queue:
        new = [pid for pid in children.get(queue.pop(), ()) if pid not in found]
        found.update(new)
        queue += new
    return found


def _listing() -> Iterator[Seen]:
    """Every process that has not ended."""
    return _from_proc() if kernel.LINUX else _from_ps()


def _from_proc() -> Iterator[Seen]:
    for pid in kernel.processes():
        with suppress(OSError):
            state, parent, group = kernel.status(pid)[:3]
            if state not in (b"Z", b"X"):
                yield Seen(pid, int(parent), int(group))


def _from_ps() -> Iterator[Seen]:
    done = subprocess.run(
        ["/bin/ps", "-axo", "pid=,ppid=,pgid=,stat="], stdin=subprocess.PIPE, capture_output=True, check=False
    )
    for line in done.stdout.splitlines():
        pid, parent, group, state = line.split()[:4]
        if not state.startswith(b"Z"):
            yield Seen(int(pid), int(parent), int(group))
