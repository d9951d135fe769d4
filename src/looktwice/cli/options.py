"""Options shared by several commands: the project, the output and its format, the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from looktwice.core.config import Config


class Name(click.Path):
    """The name of a file or a folder, which is not empty; with `is_file` not one that can be a folder's only."""

    def __init__(self, is_file: bool = False) -> None:
        super().__init__(path_type=Path)
        self._is_file = is_file

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if value == "":
            self.fail("the name is empty.", parameter, context)
        if self._is_file and str(value).endswith(("/", "/.")):
            self.fail(f"'{value}' is the name of a folder, and a file is needed.", parameter, context)
        return super().convert(value, parameter, context)


FOLDER, FILE = Name(), Name(is_file=True)

takes_path = click.argument("path", type=FOLDER, default=".")
takes_format = click.option(
    "--format", "form", default="console", metavar="NAME", help="console, jsonl, json, html or events."
)
takes_output = click.option("--output", "-o", type=FILE, metavar="FILE", help="Write to FILE instead of the terminal.")
takes_config = click.option("--config", type=FILE, metavar="FILE", help="Use this file instead of looktwice.toml.")
takes_allowed_hosts = click.option(
    "--allow-host",
    "allowed",
    multiple=True,
    metavar="HOST",
    help="Let the application reach HOST: a host, host:port, or the path of a socket.",
)
takes_isolation = click.option(
    "--no-isolation", "is_open", is_flag=True, help="Do not isolate the application from your files and services."
)


def opened(settings: Config, allowed: tuple[str, ...], is_open: bool) -> Config:
    """The configuration with further hosts that the application may reach; is_open: it is not isolated at all."""
    prove = settings.prove
    hosts = tuple(dict.fromkeys((*prove.allow_hosts, *allowed)))
    changed = replace(prove, allow_hosts=hosts, isolation=prove.isolation and not is_open)
    return replace(settings, prove=changed)


def words(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of an option that may be repeated, each time with several values separated by commas.

    One that names nothing is refused: it would stand for everything.
    """
    for value in values:
        if not value.replace(",", " ").strip():
            raise click.BadParameter(f"'{value}' names nothing.", context, parameter)
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())
