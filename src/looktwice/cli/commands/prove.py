"""`looktwice prove`: run the application and show what breaks."""

from __future__ import annotations

from pathlib import Path

import click

from looktwice.cli.options import (
    FILE,
    opened,
    takes_allowed_hosts,
    takes_config,
    takes_format,
    takes_isolation,
    takes_output,
    takes_path,
    words,
)


@click.command(short_help="Run the application and show what breaks.")
@takes_path
@click.option("--experiment", multiple=True, callback=words, metavar="NAMES", help="Run only these experiments.")
@click.option("--endpoint", multiple=True, metavar="TEXT", help="Test only endpoints that contain TEXT (POST /orders).")
@click.option("--from-audit", type=FILE, metavar="FILE", help="Start where an audit found something.")
@click.option("--suspected", is_flag=True, help="With --from-audit: test no other endpoints.")
@click.option("--budget", metavar="BUDGET", help="Budget per pair of requests: 30s, 2m, or a number of runs.")
@click.option("--deadline", metavar="TIME", help="Time limit of the whole run: 90s, 10m, 1h. Default: 30m.")
@takes_format
@takes_output
@click.option("--statistics", is_flag=True, help="Show how many runs it took.")
@takes_config
@takes_allowed_hosts
@takes_isolation
@click.option(
    "--require-reach",
    metavar="SHARE",
    help="Exit with 2 when fewer endpoints were reached (50%) and nothing is proven.",
)
@click.option("--no-test", is_flag=True, help="Do not write regression tests into the project.")
def command(
    path: Path,
    experiment: tuple[str, ...],
    endpoint: tuple[str, ...],
    from_audit: Path | None,
    suspected: bool,
    budget: str | None,
    deadline: str | None,
    form: str,
    output: Path | None,
    statistics: bool,
    config: Path | None,
    allowed: tuple[str, ...],
    is_open: bool,
    require_reach: str | None,
    no_test: bool,
) -> int:
    """Start the backend at PATH with its own database, and run its requests concurrently."""
    from looktwice.cli.stopping import report_stop

    kept: list[str] = []
    with report_stop(lambda: f"kept are {', '.join(kept)}" if kept else "nothing was written"):
        from looktwice.cli.joining import read_findings, routes_of
        from looktwice.cli.proving import proving
        from looktwice.cli.reading import Tally, root_of, show
        from looktwice.core.config import load, share

        if suspected and from_audit is None:
            raise click.UsageError("--suspected needs --from-audit FILE, which names the suspected endpoints.")
        root = root_of(path, "prove")
        settings = opened(load(root, config), allowed, is_open)
        required = share(settings.prove.require_reach if require_reach is None else require_reach)
        tally = Tally(settings.audit.fail_on, required=required, kept=kept)
        events = proving(
            root,
            settings,
            experiments=experiment,
            endpoints=endpoint,
            suspected=routes_of(read_findings(from_audit)) if from_audit else (),
            suspected_only=suspected,
            limit=budget,
            deadline=deadline,
            writes_tests=not no_test,
        )
        show(tally.watch(events), root, form, output, statistics=statistics)
        return tally.exit_code()
