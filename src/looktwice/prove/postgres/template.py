"""A data directory made once by initdb and kept in the user's cache as one archive, unpacked at every start."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from looktwice.core.errors import LooktwiceError
from looktwice.core.isolation import environment, program_path
from looktwice.prove.child_process import Account, private_directory
from looktwice.prove.postgres.binaries import Binaries

SUPERUSER = "looktwice"
ROLE = "app"
DATABASE = "app"
_LAYOUT = "3"  # part of the cache key; raise it when what is below changes

# The application's role is an ordinary one, so that row security and grants hold for it, but it may make what test
# set-ups make: databases and roles. Its password is set at every start.
_CONTENT = f"""
CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE
CREATE DATABASE {DATABASE} OWNER {ROLE}
"""


def unpack(target: Path, binaries: Binaries, account: Account) -> str:
    """Make `target`/data, a fresh data directory that holds the role and the database of the application. `target` is
    an empty directory of the account's. Gives the superuser's password in it. Raises LooktwiceError when initdb fails.
    """
    cached = _cache() / f"postgres-{binaries.version}-{_LAYOUT}"
    if not cached.exists():
        _make(cached, binaries, account)
    archive = cached / "data.tar"
    if tar := shutil.which("tar", path=program_path()):
        # As the account itself: no change of owner is needed, and tar is twice as fast as tarfile.
        with archive.open("rb") as stream:
            subprocess.run(
                [tar, "xf", "-"],
                stdin=stream,
                cwd=target,
                check=True,
                env=environment(),
                **account.popen_arguments(),  # type: ignore[call-overload]
            )
    else:
        with tarfile.open(archive) as reader:
            reader.extractall(target, filter="data")
        (target / "data").chmod(0o700)
        account.own(target)
    return (cached / "password").read_text("ascii")


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(root):  # the specification passes over such a value
        root = os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(root) / "looktwice"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a read-only home: every start pays for initdb, nothing else is lost
        folder = Path(tempfile.mkdtemp(prefix="looktwice-cache-"))
    return folder


def _make(cached: Path, binaries: Binaries, account: Account) -> None:
    work = private_directory(account)
    partial = Path(tempfile.mkdtemp(prefix=cached.name, dir=cached.parent))
    try:
        password = secrets.token_hex(16)
        secret = work / "password"
        secret.write_text(password, "ascii")
        account.own(work)
        locale = ["--locale-provider=builtin", "--locale=C.UTF-8"] if binaries.version >= 170000 else ["--no-locale"]
        command = [binaries.initdb, "-D", str(work / "data"), "-U", SUPERUSER, f"--pwfile={secret}", "--no-sync"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--wal-segsize=4", *locale]
        _run(command, work, account)
        _fill(work / "data", binaries, account)
        with tarfile.open(partial / "data.tar", "w") as writer:
            writer.add(work / "data", "data", filter=_nobody)
        (partial / "password").write_text(password, "ascii")
        try:
            partial.rename(cached)
        except OSError:  # another process was first, and its template is as good
            if not cached.exists():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(partial, ignore_errors=True)


def _fill(data: Path, binaries: Binaries, account: Account) -> None:
    """Make the role and the database in single-user mode: no port, no password."""
    command = [binaries.postgres, "--single", "-D", str(data), "-c", "fsync=off", "postgres"]
    _run(command, data.parent, account, _CONTENT.lstrip())


def _run(command: list[str], directory: Path, account: Account, text: str = "") -> None:
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        cwd=directory,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        check=False,
        **account.popen_arguments(),  # type: ignore[call-overload]
    )
    if done.returncode or "ERROR:" in done.stderr:
        raise LooktwiceError(
            f"cannot make a PostgreSQL data directory with {command[0]}",
            (done.stderr or done.stdout).strip()[-1000:],
            "Name a running server by its URL instead.",
        )


def _nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The archive names no owner: it is unpacked by whoever runs the server."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
