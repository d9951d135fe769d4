"""Kinds of files by the ends of their names, and what is not known when one of them cannot be read."""

from __future__ import annotations

PYTHON = (".py", ".pyw", ".wsgi")

SCRIPTS = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts")

PAGES = (".html", ".htm", ".vue", ".svelte", ".astro", ".ejs", ".hbs", ".jinja", ".jinja2", ".j2")
"""Pages and components: what they bring in runs in a browser."""

SCHEMAS = (".prisma", ".sql")
"""Files that say which tables there are, and what is unique in them."""

CONSEQUENCES = (
    (SCHEMAS, "which columns are unique is not known"),
    (("package.json",), "its dependencies and what it exports are not known"),
    (
        ("pyproject.toml", "setup.cfg", ".txt", ".lock", "-lock.json", "-lock.yaml"),
        "versions of libraries are not known",
    ),
    ((".json",), "path aliases are not known, and imports through them are not followed"),
)
"""Endings of paths, and what is not known then."""


def consequence(path: str) -> str:
    """The end of a sentence, with its semicolon; "" for a file from which nothing else follows."""
    return next((f"; {what}" for endings, what in CONSEQUENCES if path.endswith(endings)), "")
