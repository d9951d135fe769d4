"""`doubletake replay`: ask again what a proof asked."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Ask again what a proof asked.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--project", type=click.Path(path_type=Path), metavar="DIR", help="Where the application is, if not here."
)
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Another doubletake.toml.")
def command(file: Path, project: Path | None, config: Path | None) -> int:
    """Start the application and play the proof in FILE against it (- reads the proof from standard input).

    Exit codes: 0 it holds now, 1 it is still wrong, 2 that could not be told.
    """
    import sys

    from doubletake.cli import terminal
    from doubletake.core.config import load as settings_of
    from doubletake.prove import proof as proofs
    from doubletake.prove import replay
    from doubletake.prove.stage import Stage
    from doubletake.render.terminal.lanes import draw

    proof = proofs.parse(sys.stdin.buffer.read(), "standard input") if str(file) == "-" else proofs.load(file)
    root = project or proofs.project_of(file)
    with Stage.open(root, settings_of(root, config).prove) as stage:
        outcome = replay.ask(stage, proof.experiment, proofs.case(proof, stage.users))
    if outcome.trace is not None:
        click.echo(draw(outcome.trace, terminal.width(sys.stdout), terminal.takes_colour(sys.stdout)))
    word = "STILL WRONG" if outcome.is_wrong else "holds" if outcome.holds else "could not be told"
    click.echo(f"{proof.code} {proof.endpoint}: {word}. {outcome.why}")
    return 1 if outcome.is_wrong else 0 if outcome.holds else 2
