"""A process of the application, with all that it starts: it ends when we say so, or when we end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from looktwice.core.isolation import program_path
from looktwice.prove.child_process import Account

# It waits at a pipe of which only we hold the other end: when we die, however we die, the group goes with us, then what
# left the group, which still carries our mark, and the home. (`kill -KILL --` is not understood by every shell.)
_WATCH = """
read -r _
kill -s KILL -- "-$1" 2>/dev/null
for it in /proc/[0-9]*/environ; do
  if grep -qsa "$2" "$it"; then it=${it#/proc/}; kill -s KILL "${it%/environ}" 2>/dev/null; fi
done
rm -rf -- "$3"
"""
_MARK = "LOOKTWICE_RUN"


class Process:
    """A running command in a process group of its own. `home` is its home directory, `log` what it prints."""

    def __init__(
        self, words: Sequence[str], directory: Path, environment: Mapping[str, str], home: Path, account: Account
    ) -> None:
        """Raises OSError when the command cannot be executed."""
        self.home, self.log = home, home / "output.log"
        self._mark = os.path.basename(home)
        self._watch: subprocess.Popen[bytes] | None = None
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                list(words),
                cwd=directory,
                env={**environment, _MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **account.popen_arguments(),  # type: ignore[call-overload]
            )
        try:
            self._watch = subprocess.Popen(
                ["/bin/sh", "-c", _WATCH, "looktwice", str(self._process.pid), f"{_MARK}={self._mark}", str(home)],
                env={"PATH": program_path()},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Its exit status, or None when it still runs after so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def output(self, lines: int = 20) -> str:
        """The last lines it printed."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
        return ""

    def close(self) -> None:
        """End it with everything it started, and remove its home. May be called twice."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._sweep()
        if self._watch is not None:
            if self._watch.stdin is not None:
                self._watch.stdin.close()
            self._watch.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def _sweep(self) -> None:
        """End what left the group (a daemon): it still carries our mark in its environment."""
        deadline = time.monotonic() + 1
        while (left := _marked(self._mark)) and time.monotonic() < deadline:
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)


def temporary_home(account: Account) -> Path:
    """A new directory for one process, which may write there and nowhere else."""
    home = Path(tempfile.mkdtemp(prefix="looktwice-app-"))
    account.own(home)
    return home


def _marked(mark: str) -> list[int]:
    wanted = f"{_MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found
