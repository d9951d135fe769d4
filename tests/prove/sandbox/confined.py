"""Runs small programs under the supervisor, as the application is run."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from looktwice.prove.app.isolation import attempts, isolated
from looktwice.prove.app.plan import Addresses, Command, Origin, Plan
from looktwice.prove.app.sources import own_files
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.sandbox.attempt import Attempt

_CONTAINER = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)  # capabilities that a container has by default
_UNSHARE = {"x86_64": 272, "aarch64": 97}


def with_less(capabilities: tuple[int, ...], may_unshare: bool) -> Callable[[], None]:
    """For `preexec_fn`: root with these capabilities only."""
    libc = ctypes.CDLL(None, use_errno=True)

    def begin() -> None:
        for number in range(64):
            if number not in capabilities:
                libc.prctl(24, number, 0, 0, 0)  # PR_CAPBSET_DROP
        if not may_unshare:
            refused = 0x00050000 | 1  # EPERM
            lines = [
                (0x20, 0, 0, 0),
                (0x15, 0, 1, _UNSHARE[os.uname().machine]),
                (6, 0, 0, refused),
                (6, 0, 0, 0x7FFF0000),
            ]
            code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
            program = struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(code))
            libc.prctl(38, 1, 0, 0, 0)
            assert libc.prctl(22, 2, program, 0, 0) == 0

    return begin


# Where the same must hold: as the tests are run; in a container, where nothing can be mounted; without any rights.
PLACES: dict[str, Callable[[], None] | None] = {
    "here": None,
    "container": with_less(_CONTAINER, may_unshare=False),
    "no rights": with_less((), may_unshare=True),
}


class Done(NamedTuple):
    status: int
    printed: str
    tried: list[Attempt]

    @property
    def refused(self) -> list[str]:
        """What was tried, without who did."""
        return [f"{it.kind} {it.what}" for it in self.tried]


def run(
    project: Path,
    *words: str,
    variables: dict[str, str] | None = None,
    addresses: Addresses | None = None,
    home: Path | None = None,
    account: Account | None = None,
    place: str = "here",
    is_inherited: bool = True,
) -> Done:
    """Run `words` in the project, kept from everything that is not of a run with these addresses.

    variables: what stands in files of settings, and in the environment too where that is inherited.
    """
    plan = Plan(root=project, start=Command(words, Origin("Procfile", 1)), own=own_files.find(project))
    home = home or Path(tempfile.mkdtemp(prefix="looktwice-test-"))  # short: local sockets have paths of 107 characters
    account = account or Account.unchanged()
    account.own(home)
    given = variables or {}
    control = Path(tempfile.mkdtemp(prefix="looktwice-test-"))
    command = isolated(plan, list(words), given, control, account, addresses or Addresses())
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        **(given if is_inherited else {}),
    }
    done = subprocess.run(
        command,
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=PLACES[place],
    )
    tried = attempts(control)
    shutil.rmtree(home)
    shutil.rmtree(control)
    return Done(done.returncode, done.stdout + done.stderr, tried)


def python(project: Path, code: str, **more: object) -> Done:
    return run(project, sys.executable, "-c", code, **more)


def shell(project: Path, code: str, **more: object) -> Done:
    return run(project, "/bin/sh", "-c", code, **more)
