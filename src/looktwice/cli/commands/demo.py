"""`looktwice demo`: all of it, on two small backends or on one of your own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Show it all on two small backends, or on yours.")
@click.argument("app", type=click.Path(path_type=Path), required=False)
def command(app: Path | None) -> int:
    """Read and prove the backend APP, or the two examples and their mended twins, and write one report."""
    from looktwice.cli.stopping import report_stop

    with report_stop(lambda: "proofs and tests that were shown are kept, the report is not written"):
        from looktwice.cli.demo import demo

        return demo(app)
