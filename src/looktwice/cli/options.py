"""What several commands take: the project, where the output goes and how, another configuration."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path)

takes_path = click.argument("path", type=FILE, default=".")
takes_format = click.option(
    "--format", "form", default="console", metavar="NAME", help="console, jsonl, json, html or events."
)
takes_output = click.option("--output", "-o", type=FILE, metavar="FILE", help="Write there, not to the terminal.")
takes_config = click.option("--config", type=FILE, metavar="FILE", help="Another looktwice.toml.")


def words(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of an option that may be given several times, and each time with several words parted by commas."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())
