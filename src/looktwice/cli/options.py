"""Options shared by several commands: the project, the output and its format, the configuration."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path)

takes_path = click.argument("path", type=FILE, default=".")
takes_format = click.option(
    "--format", "form", default="console", metavar="NAME", help="console, jsonl, json, html or events."
)
takes_output = click.option("--output", "-o", type=FILE, metavar="FILE", help="Write to FILE instead of the terminal.")
takes_config = click.option("--config", type=FILE, metavar="FILE", help="Use this file instead of looktwice.toml.")


def words(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of an option that may be repeated, each time with several values separated by commas."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())
