"""Which files are the application, and which stand beside it: tests, scripts, seeds, migrations, configuration."""

from __future__ import annotations

import re

FOLDERS = re.compile(
    r"(?:^|/)(?:tests?|__tests__|__mocks__|specs?|e2e|cypress|playwright|testing|test[_-]utils|fixtures|mocks|scripts?|"
    r"seeds?|seeders?|migrations?|alembic|\.storybook|stories|benchmarks?)/"
)
NAMES = re.compile(
    r"(?:^|/)(?:conftest\.py|tests?\.py|test_[^/]*\.py|[^/]*_tests?\.py|setup\.py|noxfile\.py|fabfile\.py|manage\.py|"
    r"(?:[^/]*[._-])?seed(?:s|er|ers)?\.[^/]*|[^/]*\.(?:test|tests|spec|e2e-spec|e2e|stories|bench|cy)\.[cm]?[jt]sx?|"
    r"[^/]*\.(?:config|conf|setup)\.[^/.]+|[^/]*rc\.[cm]?js|knexfile\.[^/]*|ormconfig\.[^/]*|gulpfile\.[^/]*|"
    r"Gruntfile\.[^/]*|jest[.-][^/]*|vitest[.-][^/]*|\d{8,}[^/]*\.[jt]s)$"
)


def is_aside(path: str) -> bool:
    """Whether a file only tests, fills, changes or configures the application. path: relative, forward slashes."""
    return FOLDERS.search(path) is not None or NAMES.search(path) is not None
