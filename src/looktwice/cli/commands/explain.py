"""`looktwice explain`: a pattern's page, in the terminal."""

from __future__ import annotations

import click


@click.command(short_help="Explain a pattern: what happens, what to do instead.")
@click.argument("pattern")
@click.option("--language", type=click.Choice(["python", "typescript"]), help="Language of the examples.")
def command(pattern: str, language: str | None) -> int:
    """Explain a PATTERN, named by its code (LT301) or its name (lost-update)."""
    import sys

    from looktwice.audit.selection import named
    from looktwice.cli import terminal
    from looktwice.cli.explanation import explain, explain_outcome
    from looktwice.patterns.catalogue import catalogue
    from looktwice.prove.experiments.outcomes import OUTCOMES

    patterns = catalogue()
    found = patterns.find(pattern)
    code = pattern.strip().upper()
    if found is None and (outcome := OUTCOMES.get(code)) is not None:
        explain_outcome(code, outcome, sys.stdout, terminal.width(sys.stdout))
        return 0
    if found is None:
        codes = sorted(named(patterns.patterns, pattern))  # raises, with the closest name, when it matches nothing
        click.echo(f"`{pattern}` is a section. Its patterns:")
        for code in codes:
            if it := patterns.find(code):
                click.echo(f"  {it.code} {it.name:<26} {it.page.header.summary}")
        return 0
    explain(found, language or "", sys.stdout, terminal.width(sys.stdout), terminal.takes_colour(sys.stdout))
    return 0
