"""`looktwice replay`: repeat the requests of a proof."""

from __future__ import annotations

from pathlib import Path

import click

from looktwice.cli.options import FILE, FOLDER, takes_allowed_hosts, takes_isolation


@click.command(short_help="Repeat the requests of a proof.")
@click.argument("file", type=FILE)
@click.option("--project", type=FOLDER, metavar="DIR", help="Folder of the application.")
@click.option("--picture", is_flag=True, help="Only show the recorded run, without starting anything.")
@click.option("--svg", type=FILE, metavar="FILE", help="Write the recorded run as an SVG instead.")
@click.option("--deadline", metavar="TIME", help="Time limit: 90s, 10m, 1h. Default: 30m.")
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
    """Start the application that the proof in FILE is about, and send it the same requests again.

    Exit codes: 0 it is correct now, 1 it is still wrong, 2 undecided.
    """
    from looktwice.cli.stopping import report_stop

    with report_stop():
        from looktwice.cli.replaying import replay

        return replay(file, project, only_picture=picture, svg=svg, deadline=deadline, allowed=allowed, is_open=is_open)
