"""How the command line runs `prove`: where it begins, what a proof leaves behind, and what is reported of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from looktwice.cli.extras import needs
from looktwice.cli.reading import guides
from looktwice.core.config import Config, budget, duration
from looktwice.core.event import Event, Proven
from looktwice.core.proof import DIRECTORY
from looktwice.core.writing import check_inside

if TYPE_CHECKING:
    from looktwice.prove.engine import Keep


def proving(
    root: Path,
    settings: Config,
    *,
    experiments: tuple[str, ...] = (),
    endpoints: tuple[str, ...] = (),
    suspected: Sequence[tuple[str, str]] = (),
    suspected_only: bool = False,
    limit: str | None = None,
    deadline: str | None = None,
    writes_tests: bool = True,
) -> Iterator[Event]:
    """The events of proving the project at `root`.

    suspected: (code, route) where an audit found something, run first, or alone with `suspected_only`. limit and
    deadline: a budget and a time that replace the configured ones.
    Raises LooktwiceError for what cannot be used, MissingExtraError without the extra `prove`.
    """
    with needs("prove", "prove"):
        from looktwice.prove.engine import Job, prove
    given = {name: value for name, value in (("budget", limit), ("deadline", deadline)) if value}
    settings = msgspec.structs.replace(settings, prove=msgspec.structs.replace(settings.prove, **given))
    budget(settings.prove.budget)
    duration(settings.prove.deadline, "deadline")
    job = Job(
        root=root,
        settings=settings,
        only=known(experiments),
        endpoints=endpoints,
        first=tuple(suspected),
        suspected_only=suspected_only,
    )
    return with_pages(prove(job, keeper(root, writes_tests)))


def with_pages(events: Iterable[Event]) -> Iterator[Event]:
    """The events; a proof of what no page describes says so, in every format."""
    known = guides()
    for event in events:
        if isinstance(event, Proven) and event.code not in known:
            missing = (
                f"{event.code} has no page yet" if event.code else "No pattern with a page is known for this outcome"
            )
            explained = msgspec.structs.replace(
                event.trace, explanation=f"{event.trace.explanation} {missing}.".strip()
            )
            event = msgspec.structs.replace(event, trace=explained)
        yield event


def known(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each of an experiment. Raises ConfigurationError for one that is not."""
    from looktwice.core.errors import ConfigurationError
    from looktwice.prove.experiments.experiment import experiments

    there = [it.name for it in experiments()]
    for name in names:
        if name not in there:
            raise ConfigurationError(f"cannot run `{name}`", "there is no such experiment", f"Use {', '.join(there)}.")
    return names


def keeper(root: Path, writes_tests: bool) -> Keep:
    """Writes the proof file, and the regression test unless it is not wanted; paths are relative to the project.

    Raises OutsideError when a link leads out of the project where proofs go.
    """
    from looktwice.prove.evidence import proof, regression_test

    check_inside(root, f"{DIRECTORY}/proof.json")

    def keep(shown, case, users) -> tuple[str, str]:
        made = proof.of(shown, case, users)
        saved = proof.save(made, root).relative_to(root)
        if not writes_tests:
            return saved.as_posix(), ""
        test = regression_test.test_for(made, root)
        regression_test.write(test, root)
        return saved.as_posix(), test.path

    return keep
