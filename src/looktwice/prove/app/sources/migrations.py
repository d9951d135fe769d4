"""How the tables are made: the project's migration tool, or its SQL files."""

from __future__ import annotations

from pathlib import Path

from looktwice.prove.app.plan import Command, Origin
from looktwice.prove.app.sources.source_files import files

# The presence of the file tells the tool.
_TOOLS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("alembic.ini", ("python", "-m", "alembic", "upgrade", "head")),
    ("manage.py", ("python", "manage.py", "migrate", "--no-input")),
    ("knexfile.js", ("knex", "migrate:latest")),
    ("knexfile.ts", ("knex", "migrate:latest")),
    (".sequelizerc", ("sequelize", "db:migrate")),
)
# Directories and files whose SQL is executed in the order of the names; the first that has any decides.
_SCRIPTS = (
    "prisma/migrations/*/migration.sql",
    "drizzle/*.sql",
    "migrations/*.up.sql",
    "migrations/*.sql",
    "db/migrations/*.sql",
    "sql/*.sql",
    "db/schema.sql",
    "db/init.sql",
    "database/*.sql",
    "schema.sql",
    "init.sql",
    "database.sql",
)
_DIRECTORIES = ("migrations", "migration", "drizzle")


def commands(root: Path) -> list[Command]:
    for directory in (".", "src", "app", "backend", "server", "db", "database"):
        for name, words in _TOOLS:
            if (root / directory / name).is_file():
                path = name if directory == "." else f"{directory}/{name}"
                return [Command(words, Origin(path), directory)]
    for pattern in _SCRIPTS:
        if scripts := list(root.glob(pattern)):
            return _executed(root, scripts)
    nested = [path for path in files(root, (".sql",)) if path.parent.name in _DIRECTORIES]
    return _executed(root, nested)


def _executed(root: Path, scripts: list[Path]) -> list[Command]:
    kept = sorted(path.relative_to(root).as_posix() for path in scripts if not path.name.endswith(".down.sql"))
    return [Command((path,), Origin(path)) for path in kept]
