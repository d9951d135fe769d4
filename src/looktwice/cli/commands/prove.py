"""`looktwice prove`: run the application, and show what breaks."""

from __future__ import annotations

from pathlib import Path

import click

from looktwice.cli.options import FILE, takes_config, takes_format, takes_output, takes_path, words


@click.command(short_help="Run the application and show what breaks.")
@takes_path
@click.option("--experiment", multiple=True, callback=words, metavar="NAMES", help="Only these experiments.")
@click.option("--endpoint", multiple=True, metavar="WORD", help="Only endpoints that contain it (POST /orders).")
@click.option("--from-audit", type=FILE, metavar="FILE", help="Begin where an audit found something.")
@click.option("--suspected", is_flag=True, help="With --from-audit: ask nowhere else.")
@click.option("--budget", metavar="BUDGET", help="How long to look at each pair of requests: 30s, 2m, or a count.")
@takes_format
@takes_output
@click.option("--statistics", is_flag=True, help="Say how many runs it took.")
@takes_config
@click.option(
    "--require-reach",
    metavar="SHARE",
    help="Exit with 2 when fewer endpoints were reached (50%) and nothing is proven.",
)
@click.option("--no-test", is_flag=True, help="Write no regression tests into the project.")
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
    require_reach: str | None,
    no_test: bool,
) -> int:
    """Start the backend at PATH with a database of its own, and play its requests against each other."""
    from looktwice.cli.joining import read_findings, routes_of
    from looktwice.cli.proving import proving
    from looktwice.cli.reading import Tally, root_of, show
    from looktwice.core.config import load, share

    if suspected and from_audit is None:
        raise click.UsageError("--suspected needs --from-audit FILE, which says where that is.")
    root = root_of(path, "prove")
    settings = load(root, config)
    required = share(settings.prove.require_reach if require_reach is None else require_reach)
    tally = Tally(settings.audit.fail_on, required=required)
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
