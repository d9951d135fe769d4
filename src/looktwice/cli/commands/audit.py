"""`looktwice audit`: read the code and say what will break."""

from __future__ import annotations

from pathlib import Path

import click

from looktwice.cli.options import takes_config, takes_format, takes_output, takes_path, words


@click.command(short_help="Read a backend and say what will break.")
@takes_path
@click.option("--select", multiple=True, callback=words, metavar="WORDS", help="Only these codes, names or sections.")
@click.option("--ignore", multiple=True, callback=words, metavar="WORDS", help="Not these codes, names or sections.")
@click.option("--section", multiple=True, callback=words, metavar="NAMES", help="Only these sections, as in --select.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out paths, as in .gitignore.")
@click.option("--show-low", is_flag=True, help="Show findings of low confidence too.")
@takes_format
@takes_output
@click.option("--statistics", is_flag=True, help="Say how much of the code was understood, and what was left out.")
@takes_config
@click.option("--no-cache", is_flag=True, help="Remember nothing and use nothing remembered.")
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
    """Read the backend at PATH (here, when left out) and say what will break in production."""
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
