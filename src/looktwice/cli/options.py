"""What several commands take: the project, where the output goes and how, another configuration."""

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
takes_output = click.option("--output", "-o", type=FILE, metavar="FILE", help="Write there, not to the terminal.")
takes_config = click.option("--config", type=FILE, metavar="FILE", help="Another looktwice.toml.")
takes_allowed_hosts = click.option(
    "--allow-host",
    "allowed",
    multiple=True,
    metavar="HOST",
    help="May be reached: a host, host:port, or a socket's path.",
)
takes_isolation = click.option(
    "--no-isolation", "is_open", is_flag=True, help="Do not keep the application from your files and services."
)


def opened(settings: Config, allowed: tuple[str, ...], is_open: bool) -> Config:
    """The configuration with hosts that the application may reach besides; is_open: it is kept from nothing."""
    prove = settings.prove
    hosts = tuple(dict.fromkeys((*prove.allow_hosts, *allowed)))
    changed = replace(prove, allow_hosts=hosts, isolation=prove.isolation and not is_open)
    return replace(settings, prove=changed)


def words(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of an option that may be given several times, and each time with several words parted by commas."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())
