"""`looktwice learn`: the playbook, in the browser."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Open the playbook in the browser.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to serve on, at 127.0.0.1.")
@click.option("--no-open", is_flag=True, help="Print the address and open no browser.")
@click.option("--export", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Write it as files instead.")
def command(port: int | None, no_open: bool, folder: Path | None) -> int:
    """Open the playbook: break each pattern by hand, then mend it."""
    from looktwice.cli.stopping import report_stop

    with report_stop(lambda: "your progress is kept"):
        if folder is not None:
            from looktwice.learn.export import export

            click.echo(f"Written. Open {export(folder)}")
            return 0
        from looktwice.learn.launch import serve

        serve(port, open_browser=not no_open, say=click.echo)
    return 0
