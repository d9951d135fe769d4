"""How the command line runs `prove`: where it begins, what a proof leaves behind, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from looktwice.cli.extras import needs
from looktwice.core.config import Config, budget
from looktwice.core.event import Event
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
    writes_tests: bool = True,
) -> Iterator[Event]:
    """The events of proving the project at `root`.

    suspected: (code, route) where an audit found something, asked first, or alone with `suspected_only`. limit: a
    budget that replaces the configured one.
    Raises LooktwiceError for what cannot be used, MissingExtraError without the extra `prove`.
    """
    with needs("prove", "prove"):
        from looktwice.prove.engine import Job, prove
    if limit:
        budget(limit)
        settings = msgspec.structs.replace(settings, prove=msgspec.structs.replace(settings.prove, budget=limit))
    job = Job(
        root=root,
        settings=settings,
        only=known(experiments),
        endpoints=endpoints,
        first=tuple(suspected),
        suspected_only=suspected_only,
    )
    return prove(job, keeper(root, writes_tests))


def known(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each of an experiment. Raises ConfigurationError for one that is not."""
    from looktwice.core.errors import ConfigurationError
    from looktwice.prove.experiment import experiments

    there = [it.name for it in experiments()]
    for name in names:
        if name not in there:
            raise ConfigurationError(f"cannot run `{name}`", "there is no such experiment", f"Use {', '.join(there)}.")
    return names


def keeper(root: Path, writes_tests: bool) -> Keep:
    """Writes the proof file, and the regression test unless it is not wanted; paths are relative to the project.

    Raises OutsideError when a link leads out of the project where proofs go.
    """
    from looktwice.prove import proof, regression_test

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
