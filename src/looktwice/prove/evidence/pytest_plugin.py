"""The fixture `looktwice` for written tests. Nothing is imported or started until a test asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from looktwice.core.errors import MissingExtraError
from looktwice.core.isolation import OwnImports, import_path

if TYPE_CHECKING:
    from looktwice.prove.evidence.testing import Application


_GIVEN = "LOOKTWICE_PROJECT"  # a name in a written test
_MARKS = ("looktwice.toml", ".looktwice", "pyproject.toml", ".git")
_PATH = import_path()  # its state before pytest and the project put folders of the project in front


@pytest.fixture(scope="session")
def _looktwice_applications() -> Iterator[dict[Path, Application]]:
    """One application for each project whose tests run, ended with the session."""
    started: dict[Path, Application] = {}
    with ExitStack() as stack:  # one that cannot be closed keeps no other from it
        yield started
        for application in started.values():
            stack.callback(application.close)


@pytest.fixture
def looktwice(request: pytest.FixtureRequest, _looktwice_applications: dict[Path, Application]) -> Application:
    """The application of the project that this test belongs to, to be tested with `check`."""
    own_imports = OwnImports(_PATH)
    with own_imports:
        root = _project(request.path, getattr(request.module, _GIVEN, None))
        try:
            from looktwice.prove.evidence.testing import Application
        except ModuleNotFoundError as error:
            pytest.fail(str(MissingExtraError("prove", "prove", error.name or "?")), pytrace=False)
    if root not in _looktwice_applications:
        _looktwice_applications[root] = Application(root, own_imports, _output(request.config))
    return _looktwice_applications[root]


def _output(settings: pytest.Config) -> Callable[[str], None]:
    """Writes to the terminal itself: what of the project is executed is shown before, captured output comes later."""
    capture, reporter = (settings.pluginmanager.getplugin(name) for name in ("capturemanager", "terminalreporter"))

    def say(text: str) -> None:
        if reporter is None:
            return
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            reporter.ensure_newline()
            reporter.write_line(f"looktwice: {text}")

    return say


def _project(path: Path, given: object) -> Path:
    """The project of the test at `path`. given: where a written test has its project, relative to its own folder.
    Without that, or when it is not there, the nearest directory above with looktwice.toml; without one, with what
    `prove` leaves, a pyproject.toml or a repository."""
    if isinstance(given, str) and (root := path.parent / given).is_dir():
        return root.resolve()
    for name in _MARKS:
        for parent in path.parents:
            if (parent / name).exists():
                return parent
    from looktwice.core.visible import line

    pytest.fail(
        line(
            f"which project {path} belongs to is not known: no folder above it has {', '.join(_MARKS[:-1])} or "
            f"{_MARKS[-1]}. Put an empty looktwice.toml into the folder of the application, or set "
            f'{_GIVEN} = "../.." in the test'
        ),
        pytrace=False,
    )
