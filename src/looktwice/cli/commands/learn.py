"""`looktwice learn`: the playbook, in the browser."""

from __future__ import annotations

from pathlib import Path

import click

from looktwice.cli.options import FOLDER


@click.command(short_help="Open the playbook in the browser.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to serve on, at 127.0.0.1.")
@click.option("--no-open", is_flag=True, help="Print the address without opening a browser.")
@click.option("--export", "folder", type=FOLDER, metavar="DIR", help="Write it to DIR instead.")
def command(port: int | None, no_open: bool, folder: Path | None) -> int:
    """Open the playbook: break each pattern by hand, then fix it."""
    from looktwice.cli.stopping import report_stop

    with report_stop(lambda: "your progress is kept"):
        if folder is not None:
            from looktwice.cli import terminal
            from looktwice.core.visible import line
            from looktwice.learn.export import export

            terminal.answer(line(f"Written: {export(folder)}"))
            return 0
        from looktwice.learn.launch import serve

        serve(port, open_browser=not no_open, echo=click.echo)
    return 0
