"""Options shared by several commands: the project, the output and its format, the configuration."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from looktwice.core.config import Config

FILE = click.Path(path_type=Path)

takes_path = click.argument("path", type=FILE, default=".")
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
    """The values of an option that may be repeated, each time with several values separated by commas."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())
