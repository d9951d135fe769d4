"""Whose rights a process gets that we start."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from looktwice.core.errors import LooktwiceError


class Account:
    """The user that a server may run as: ourselves, or an unprivileged one when we are root."""

    def __init__(self) -> None:
        self.uid: int | None = None
        self.gid: int | None = None
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self.uid, self.gid = _unprivileged()

    @classmethod
    def unchanged(cls) -> Account:
        """Whoever we are, root included."""
        account = cls()
        account.uid = account.gid = None
        return account

    @property
    def name(self) -> str:
        """The user's name, or number where it has none; "" for ourselves."""
        import pwd

        if self.uid is None:
            return ""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

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
