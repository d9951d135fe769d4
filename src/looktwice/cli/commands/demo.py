"""`looktwice demo`: audit and prove two small backends, or one of your own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Audit and prove two small backends, or yours.")
@click.argument("app", type=click.Path(path_type=Path), required=False)
def command(app: Path | None) -> int:
    """Audit and prove the backend APP, or the two examples and their fixed versions, and write one report."""
    from looktwice.cli.demo import demo

    return demo(app)
