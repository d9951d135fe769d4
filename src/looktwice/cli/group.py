"""The group of all commands. Every module in `cli/commands/` defines one as `command`; there is no other list."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from pathlib import Path

import click

from looktwice import __version__

NOTHING_DONE = 2
"""Exit code of the program without a command: a script that forgets it must not pass for clean."""


class Commands(click.Group):
    """Loads the module of a command on demand. Modules import their engines inside the command."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent / "commands")]))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        known = self.list_commands(context)
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            context.fail(f"No such command '{name}'." + (f" Did you mean '{near[0]}'?" if near else ""))
        return importlib.import_module(f"looktwice.cli.commands.{name}").command


@click.command(
    cls=Commands,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 no findings, 1 findings, 2 the run could not be completed or the code was not understood.",
)
@click.version_option(__version__, "-V", "--version", message="looktwice %(version)s")
@click.pass_context
def looktwice(context: click.Context) -> int:
    """Look twice at a backend: read it and report what will break, then run it and prove it."""
    if context.invoked_subcommand is None:  # here and not in click, whose versions differ in what they do then
        click.echo(context.get_help())
        return NOTHING_DONE
    return 0
