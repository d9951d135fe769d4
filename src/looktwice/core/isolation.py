"""What keeps us apart from the folder that we are run in: nothing that lies there is imported or executed for us.

A project that is looked at may hold a `click.py`, a `json.py` or a program called `node`. Python and the system find
them when the working directory is on a search path, which an empty entry of `PYTHONPATH` or `PATH` is enough for.

Only `os` and `sys` are imported here, which Python itself has loaded before: any other import could be answered by the
folder already.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OURS = os.path.realpath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir))
_FOREIGN = ("PYTHON", "NODE_")
"""How variables begin that make an interpreter load or run something, or change how it works."""

# The path that we have ourselves: whatever way we were installed, the child finds the same packages.
_START = """
import json, sys
sys.path[:] = json.loads(sys.argv.pop(1))
from looktwice.cli.main import main
sys.exit(main())
"""


def import_path() -> list[str]:
    """`sys.path` without the working directory and relative entries; the place that we were imported from stays."""
    here = _real(os.curdir)
    return [it for it in sys.path if os.path.isabs(it) and (_real(it) != here or here == _OURS)]


def program_path(environment: Mapping[str, str] = os.environ) -> str:
    """Where programs are looked for: PATH without relative and empty entries, which mean the working directory."""
    return os.pathsep.join(filter(os.path.isabs, environment.get("PATH", os.defpath).split(os.pathsep)))


def environment() -> dict[str, str]:
    """The environment for a child of ours that is no application: the user's, without what steers interpreters."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, "PATH": program_path()}


def command(words: Sequence[str]) -> list[str]:
    """The command that runs `looktwice` with these words in a process of its own, to be started in `environment()`."""
    import json

    return [sys.executable, "-P", "-E", "-X", "utf8", "-c", _START, json.dumps(import_path()), *words]


class OwnImports:
    """Within `with OwnImports(path):` modules are looked for along `path` only: a project that runs its tests has put
    folders of its own in front."""

    def __init__(self, path: Sequence[str]) -> None:
        self._path, self._before = list(path), list(sys.path)

    def __enter__(self) -> None:
        self._before = list(sys.path)
        sys.path[:] = self._path

    def __exit__(self, *_: object) -> None:
        sys.path[:] = self._before


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except OSError:  # a working directory that was removed
        return path
