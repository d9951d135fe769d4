"""`looktwice replay`: ask again what a proof asked."""

from __future__ import annotations

from pathlib import Path

import click

from looktwice.cli.options import takes_allowed_hosts, takes_isolation


@click.command(short_help="Ask again what a proof asked.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--project", type=click.Path(path_type=Path), metavar="DIR", help="Where the application is.")
@click.option("--picture", is_flag=True, help="Only show the recorded run; start nothing.")
@click.option(
    "--svg", type=click.Path(path_type=Path), metavar="FILE", help="Write the recorded run as an SVG instead."
)
@click.option("--deadline", metavar="TIME", help="How long it may take: 90s, 10m, 1h. Without it: 30m.")
@takes_allowed_hosts
@takes_isolation
def command(
    file: Path,
    project: Path | None,
    picture: bool,
    svg: Path | None,
    deadline: str | None,
    allowed: tuple[str, ...],
    is_open: bool,
) -> int:
    """Start the application that the proof in FILE is about, and ask it the same again.

    Exit codes: 0 it holds now, 1 it is still wrong, 2 that could not be told.
    """
    from looktwice.cli.stopping import report_stop

    with report_stop():
        from looktwice.cli.replaying import replay

        return replay(file, project, only_picture=picture, svg=svg, deadline=deadline, allowed=allowed, is_open=is_open)
