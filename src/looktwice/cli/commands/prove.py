"""`looktwice prove`: run the application and show what breaks."""

from __future__ import annotations

from pathlib import Path

import click

from looktwice.cli.options import FILE, takes_config, takes_format, takes_output, takes_path, words


@click.command(short_help="Run the application and show what breaks.")
@takes_path
@click.option("--experiment", multiple=True, callback=words, metavar="NAMES", help="Run only these experiments.")
@click.option("--endpoint", multiple=True, metavar="TEXT", help="Test only endpoints that contain TEXT (POST /orders).")
@click.option("--from-audit", type=FILE, metavar="FILE", help="Start where an audit found something.")
@click.option("--suspected", is_flag=True, help="With --from-audit: test no other endpoints.")
@click.option("--budget", metavar="BUDGET", help="Budget per pair of requests: 30s, 2m, or a number of runs.")
@takes_format
@takes_output
@click.option("--statistics", is_flag=True, help="Show how many runs it took.")
@takes_config
@click.option("--no-test", is_flag=True, help="Do not write regression tests into the project.")
def command(
    path: Path,
    experiment: tuple[str, ...],
    endpoint: tuple[str, ...],
    from_audit: Path | None,
    suspected: bool,
    budget: str | None,
    form: str,
    output: Path | None,
    statistics: bool,
    config: Path | None,
    no_test: bool,
) -> int:
    """Start the backend at PATH with its own database, and run its requests concurrently."""
    from looktwice.cli.joining import read_findings, routes_of
    from looktwice.cli.proving import proving
    from looktwice.cli.reading import Tally, root_of, show
    from looktwice.core.config import load

    if suspected and from_audit is None:
        raise click.UsageError("--suspected needs --from-audit FILE, which names the suspected endpoints.")
    root = root_of(path, "prove")
    settings = load(root, config)
    tally = Tally(settings.audit.fail_on)
    events = proving(
        root,
        settings,
        experiments=experiment,
        endpoints=endpoint,
        suspected=routes_of(read_findings(from_audit)) if from_audit else (),
        suspected_only=suspected,
        limit=budget,
        writes_tests=not no_test,
    )
    show(tally.watch(events), root, form, output, statistics=statistics)
    return tally.exit_code()
