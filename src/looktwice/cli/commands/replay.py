"""`looktwice replay`: repeat the requests of a proof."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Repeat the requests of a proof.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--project", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the application.")
@click.option("--picture", is_flag=True, help="Only show the recorded run, without starting anything.")
@click.option(
    "--svg", type=click.Path(path_type=Path), metavar="FILE", help="Write the recorded run as an SVG instead."
)
def command(file: Path, project: Path | None, picture: bool, svg: Path | None) -> int:
    """Start the application that the proof in FILE is about, and send it the same requests again.

    Exit codes: 0 it is correct now, 1 it is still wrong, 2 undecided.
    """
    from looktwice.cli.replaying import replay

    return replay(file, project, only_picture=picture, svg=svg)
