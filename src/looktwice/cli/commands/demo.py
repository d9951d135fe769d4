"""`looktwice demo`: audit and prove two small backends, or one of your own."""

from __future__ import annotations

from pathlib import Path

import click

from looktwice.cli.options import FOLDER


@click.command(short_help="Audit and prove two small backends, or yours.")
@click.argument("app", type=FOLDER, required=False)
def command(app: Path | None) -> int:
    """Audit and prove the backend APP, or the two examples and their fixed versions, and write one report."""
    from looktwice.cli.stopping import report_stop

    with report_stop(lambda: "proofs and tests that were shown are kept, the report is not written"):
        from looktwice.cli.demo import demo

        return demo(app)
