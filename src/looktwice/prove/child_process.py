"""A child process that cannot outlive us: however this process ends, the child is stopped and its directory removed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from looktwice.core.errors import LooktwiceError
from looktwice.core.isolation import program_path

# The shell holds the reading end of a pipe whose writing end only we have. The kernel closes it when we die, whatever
# the cause (SIGKILL included), and `read` returns. PR_SET_PDEATHSIG would not do: it is tied to the *thread* that
# started the child, and there is none on macOS.
_GUARDIAN = """
"$@" >"$LOOKTWICE_LOG" 2>&1 </dev/null &
child=$!
read -r _
kill -"$LOOKTWICE_SIGNAL" "$child" 2>/dev/null
wait "$child" 2>/dev/null
rm -rf -- "$LOOKTWICE_DIRECTORY"
"""


class Account:
    """The user that a server may run as: ourselves, or an unprivileged one when we are root."""

    def __init__(self) -> None:
        self.uid: int | None = None
        self.gid: int | None = None
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self.uid, self.gid = _unprivileged()

    def popen_arguments(self) -> dict[str, object]:
        """Keyword arguments for `subprocess` that drop to this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give `path` and everything under it to this user."""
        if self.uid is None:
            return
        os.chown(path, self.uid, self.gid or 0)
        for directory, directories, files in os.walk(path):
            for name in (*directories, *files):
                os.chown(os.path.join(directory, name), self.uid, self.gid or 0, follow_symlinks=False)

    def can_reach(self, path: Path) -> bool:
        """True when this user can walk down to `path`: a virtualenv under /root is closed to it."""
        if self.uid is None:
            return True
        parents = (path, *path.resolve().parents)
        return all(os.stat(part).st_mode & (stat.S_IXOTH) for part in parents)


class Supervised:
    """A running child with a private directory.

    `directory` (mode 700, owned by the account) is removed when the child is stopped; `log` holds what it printed.
    """

    def __init__(self, process: subprocess.Popen[bytes], directory: Path, log: Path) -> None:
        self._process = process
        self.directory = directory
        self.log = log

    def tail(self, lines: int = 20) -> str:
        """The last lines of what the child printed."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
        return ""

    def close(self) -> None:
        """Stop the child and remove its directory. May be called twice."""
        if self._process.stdin and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        shutil.rmtree(self.directory, ignore_errors=True)


def private_directory(account: Account, size: int = 0) -> Path:
    """A fresh directory that only the account can read (and root).

    size: bytes it may grow to. When that fits four times into memory-backed storage it lies there: making a thousand
    small files takes 50 ms instead of up to a second.
    """
    directory = Path(tempfile.mkdtemp(prefix="looktwice-", dir=_memory(size * 4) if size else None))
    account.own(directory)
    return directory


def _memory(free: int) -> str | None:
    try:
        status = os.statvfs("/dev/shm")
    except (OSError, AttributeError):
        return None
    fits = status.f_bavail * status.f_frsize >= free and os.access("/dev/shm", os.W_OK)
    return "/dev/shm" if fits else None


def run(
    command: Sequence[str], directory: Path, account: Account, stop: str = "KILL", environment: Mapping[str, str] = {}
) -> Supervised:
    """Start `command` under a guardian.

    directory: its private directory (see `private_directory`), also its working directory. stop: name of the signal
    that ends it ("QUIT" is PostgreSQL's immediate shutdown). The environment is made from scratch.
    Raises LooktwiceError when it cannot be started.
    """
    log = directory / "log"
    scratch = {
        "PATH": program_path(),
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "LOOKTWICE_LOG": str(log),
        "LOOKTWICE_SIGNAL": stop,
        "LOOKTWICE_DIRECTORY": str(directory),
        **environment,
    }
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARDIAN, "looktwice", *command],
            stdin=subprocess.PIPE,
            cwd=directory,
            env=scratch,
            start_new_session=True,  # Ctrl-C in the terminal is ours to handle, not the server's
            **account.popen_arguments(),  # type: ignore[call-overload]
        )
    except OSError as error:
        raise LooktwiceError(f"cannot start {command[0]}", str(error), "See that it may be executed.") from error
    return Supervised(process, directory, log)


def _unprivileged() -> tuple[int, int]:
    import pwd

    for name in ("nobody", "postgres", "daemon"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise LooktwiceError(
        "cannot start a server as root",
        "PostgreSQL refuses to run as root and there is no unprivileged user (nobody) on this machine",
        "Run looktwice as an ordinary user.",
    )
