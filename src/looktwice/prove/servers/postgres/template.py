"""A data directory made once by initdb and kept in the user's cache as one archive, unpacked at every start."""

from __future__ import annotations

import os
import secrets
import shutil
import tarfile
from pathlib import Path

from looktwice.core.errors import LooktwiceError
from looktwice.core.isolation import program_path
from looktwice.prove.guardian import leftovers
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.run import Run, ended
from looktwice.prove.servers.postgres.binaries import Binaries

SUPERUSER = "looktwice"
ROLE = "app"
DATABASE = "app"
_LONGEST = 120.0  # seconds for one program
_LAYOUT = "3"  # part of the cache key; raise it when what is below changes

# The application's role is an ordinary one, so that row security and grants hold for it, but it may make what test
# set-ups make: databases and roles. Its password is set at every start.
_CONTENT = f"""
CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE
CREATE DATABASE {DATABASE} OWNER {ROLE}
"""


def unpack(target: Path, binaries: Binaries, account: Account, run: Run) -> str:
    """Make `target`/data, a fresh data directory that holds the role and the database of the application. `target` is
    an empty directory of the account's, in the run's folder. Gives the superuser's password in it. Raises
    LooktwiceError when that cannot be done.
    """
    cached = _cache(run) / f"postgres-{binaries.version}-{_LAYOUT}"
    if not cached.exists():
        _make(cached, binaries, account, run)
    archive = cached / "data.tar"
    if tar := shutil.which("tar", path=program_path()):
        # As the account itself: no change of owner is needed, and tar is twice as fast as tarfile.
        _run([tar, "xf", "-"], target, account, run, archive)
    else:
        with tarfile.open(archive) as reader:
            reader.extractall(target, filter="data")
        (target / "data").chmod(0o700)
        account.own(target)
    return (cached / "password").read_text("ascii")


def _cache(run: Run) -> Path:
    root = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(root):  # the specification passes over such a value
        root = os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(root) / "looktwice"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a read-only home: every start pays for initdb, nothing else is lost
        return run.folder()
    leftovers.sweep([folder])
    return folder


def _make(cached: Path, binaries: Binaries, account: Account, run: Run) -> None:
    work = run.folder(account)
    partial = leftovers.make(run.number, cached.parent)
    try:
        password = secrets.token_hex(16)
        secret, content = work / "password", work / "content.sql"
        secret.write_text(password, "ascii")
        content.write_text(_CONTENT.lstrip(), "ascii")
        account.own(work)
        locale = ["--locale-provider=builtin", "--locale=C.UTF-8"] if binaries.version >= 170000 else ["--no-locale"]
        command = [binaries.initdb, "-D", str(work / "data"), "-U", SUPERUSER, f"--pwfile={secret}", "--no-sync"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--wal-segsize=4", *locale]
        _run(command, work, account, run)
        # The role and the database are made in single-user mode: no port, no password.
        alone = [binaries.postgres, "--single", "-D", str(work / "data"), "-c", "fsync=off", "postgres"]
        _run(alone, work, account, run, content)
        with tarfile.open(partial.path / "data.tar", "w") as writer:
            writer.add(work / "data", "data", filter=_nobody)
        (partial.path / "password").write_text(password, "ascii")
        partial.path.chmod(0o700)
        try:
            partial.path.rename(cached)
        except OSError:  # another process was first, and its template is as good
            if not cached.exists():
                raise
    finally:
        os.close(partial.lock)
        leftovers.remove(work)
        leftovers.remove(partial.path)


def _run(command: list[str], directory: Path, account: Account, run: Run, source: Path | None = None) -> None:
    """Run one program to its end. source: a file that it reads. Raises LooktwiceError."""
    scratch = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    try:
        with run.start(command, directory, scratch, account, source=source) as child:
            status, output = child.wait(_LONGEST), child.kept()
    except OSError as error:
        status, output = None, str(error)
    if status != 0 or "ERROR:" in output:
        raise LooktwiceError(
            f"cannot make a PostgreSQL data directory with {command[0]}",
            output.strip()[-1000:] or ("it did not end" if status is None else ended(status)),
            "Check that there is room for it, and that the system's PostgreSQL can be executed.",
        )


def _nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The archive names no owner: it is unpacked by whoever runs the server."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
