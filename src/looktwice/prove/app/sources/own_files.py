"""Files of the project, and of the user, that the application must not get unchanged."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from looktwice.core.files import UnreadableError, read_start
from looktwice.prove.sandbox.files import is_settings, is_shown

_SKIPPED = {"node_modules", ".git", "__pycache__", "site-packages", ".mypy_cache", ".pytest_cache", ".tox", ".next"}
_MOST = 100_000  # files that are looked at; a file of settings beyond is replaced by an empty one when it is opened
_DATABASE = re.compile(r".+\.(?:db|db3|sqlite3?)", re.IGNORECASE)
_SQLITE = b"SQLite format 3\0"
# Configuration with values of the user's own that is read unchanged; it is named.
_CONFIGURATION = re.compile(
    r"(?:config|conf|settings?)/(?:local|development|production|staging|secrets?)[\w.-]*\.(?:json5?|ya?ml|toml|js|ts|py|ini)"
    r"|(?:.*/)?(?:local_settings\.py|settings\.local\.\w+|secrets?\.(?:json|ya?ml|toml|ini)|credentials\.json"
    r"|service[-_]?account[\w-]*\.json|appsettings\.[\w.]+\.json|settings\.ini)"
)
# Of the user, relative to the home directory: what clients look for by themselves.
_AT_HOME = (
    ".pgpass",
    ".pg_service.conf",
    ".my.cnf",
    ".mongorc.js",
    ".netrc",
    ".git-credentials",
    ".pypirc",
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/gh",
    ".docker",
    ".kube",
    ".ssh",
    ".gnupg",
)
# Of the machine: what a container is given by those who run it.
_MOUNTED = ("/run/secrets", "/var/run/secrets")
_MOST_AT_HOME = 500


class OwnFiles(Struct, frozen=True):
    """Absolute paths. `settings` are replaced, `databases` may be read and not changed, `private` are hidden, and
    `configuration` is read unchanged, which is reported."""

    settings: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()


def find(root: Path) -> OwnFiles:
    """Those that concern the project at `root`: in it, beside it in its repository, and above it."""
    top = next((parent for parent in (root, *root.parents) if (parent / ".git").exists()), root)
    settings, databases, configuration = [], [], []
    for path in _walk(top):
        if is_settings_name(path.name):
            settings.append(str(path))
        elif _DATABASE.fullmatch(path.name) and _is_database(path):
            databases.append(str(path))
        elif _CONFIGURATION.fullmatch(path.relative_to(top).as_posix()):
            configuration.append(str(path))
    for parent in top.parents:
        settings += [str(path) for path in settings_files(parent)]
    return OwnFiles(tuple(settings), tuple(databases), tuple(_private()), tuple(configuration))


def settings_now(found: OwnFiles, root: Path) -> list[str]:
    """The files of settings in their present state: set-up commands may have copied one."""
    places = dict.fromkeys((root, *(Path(path).parent for path in found.settings)))
    made = (str(path) for place in places for path in settings_files(place))
    return list(dict.fromkeys((*found.settings, *made)))


def settings_files(directory: Path) -> list[Path]:
    """Files of settings that lie in this directory."""
    try:
        names = sorted(entry.name for entry in os.scandir(directory))
    except OSError:
        return []
    return [directory / name for name in names if is_settings_name(name) and _is_no_folder(directory / name)]


def _walk(top: Path) -> Iterator[Path]:
    count = 0
    for directory, directories, names in os.walk(top):
        directories[:] = sorted(
            name for name in directories if name not in _SKIPPED and not _is_environment(Path(directory, name))
        )
        for name in sorted(names):
            count += 1
            if count > _MOST:
                return
            path = Path(directory, name)
            if _is_no_folder(path):
                yield path


def is_settings_name(name: str) -> bool:
    return is_settings(name) or is_shown(name)


def _is_environment(path: Path) -> bool:
    """A virtual environment of Python, which may well be called `.env`."""
    return (path / "pyvenv.cfg").is_file()


def _is_no_folder(path: Path) -> bool:
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def _is_database(path: Path) -> bool:
    try:
        return read_start(path, len(_SQLITE)) == _SQLITE
    except UnreadableError:
        return False


def _private() -> Iterator[str]:
    count = 0
    for place in (*(home / name for home in _homes() for name in _AT_HOME), *map(Path, _MOUNTED)):
        if place.is_file():
            yield str(place)
        for directory, _, names in os.walk(place):
            for name in names:
                count += 1
                if count > _MOST_AT_HOME:
                    return
                yield os.path.join(directory, name)


def _homes() -> Iterator[Path]:
    """The home directory as the environment names it, and as the system does."""
    with suppress(RuntimeError):
        yield Path.home()
    with suppress(ImportError, KeyError):  # there is no `pwd` on Windows, and containers run users without a name
        import pwd

        yield Path(pwd.getpwuid(os.getuid()).pw_dir)
