"""What the patterns find in a program."""

from __future__ import annotations

import os
from collections.abc import Iterator

from looktwice.audit.known import patterns
from looktwice.code import Program
from looktwice.core.event import Noted
from looktwice.core.finding import Finding


def match(program: Program) -> Iterator[Finding | Noted]:
    """Everything that every detector finds, in no particular order.

    A detector that fails is reported and the others go on: one strange function must not end an audit. With
    LOOKTWICE_DEBUG set its exception is raised.
    """
    for pattern in patterns().patterns:
        detector = pattern.detector()
        if detector is None:
            continue
        try:
            yield from detector.detect(program)
        except Exception as error:
            if os.environ.get("LOOKTWICE_DEBUG"):
                raise
            yield Noted(
                f"{pattern.code} {pattern.name} could not be checked: {type(error).__name__}: {error}. "
                "This is a bug in looktwice; please report it."
            )
