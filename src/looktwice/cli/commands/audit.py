"""`looktwice audit`: read the code and report what will break in production."""

from __future__ import annotations

from pathlib import Path

import click

from looktwice.cli.options import takes_config, takes_format, takes_output, takes_path, words


@click.command(short_help="Read a backend and report what will break.")
@takes_path
@click.option("--select", multiple=True, callback=words, metavar="NAMES", help="Only these codes, names or sections.")
@click.option(
    "--ignore", multiple=True, callback=words, metavar="NAMES", help="All but these codes, names or sections."
)
@click.option(
    "--section", multiple=True, callback=words, metavar="NAMES", help="Only these sections, as with --select."
)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Exclude paths, as in .gitignore.")
@click.option("--show-low", is_flag=True, help="Also show findings of low confidence.")
@takes_format
@takes_output
@click.option("--statistics", is_flag=True, help="Show how much of the code was understood, and what was excluded.")
@takes_config
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
def command(
    path: Path,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    section: tuple[str, ...],
    exclude: tuple[str, ...],
    show_low: bool,
    form: str,
    output: Path | None,
    statistics: bool,
    config: Path | None,
    no_cache: bool,
) -> int:
    """Read the backend at PATH (default: the current directory) and report what will break in production."""
    from looktwice.audit import Options, audit
    from looktwice.cli.reading import Tally, root_of, show
    from looktwice.core.config import load

    root = root_of(path, "audit")
    settings = load(root, config)
    options = Options(
        config=settings,
        select=(*settings.audit.select, *select, *section) if not (select or section) else (*select, *section),
        ignore=(*settings.audit.ignore, *ignore),
        exclude=(*settings.audit.exclude, *exclude),
        use_cache=not no_cache,
    )
    tally = Tally(settings.audit.fail_on, show_low)
    show(tally.watch(audit(path, options)), root, form, output, statistics=statistics)
    return tally.exit_code()
