"""The evidence for a finding: a path through the code, a run of the program, or an event in production."""

from __future__ import annotations

from msgspec import Struct

from looktwice.core.source import Span


class Step(Struct, frozen=True):
    """One step of a path through functions: the location, and what happens there in plain words."""

    span: Span
    text: str


class Flow(Struct, frozen=True, tag="flow", tag_field="type", kw_only=True):
    """The path by which the code reaches the defect."""

    schema: int = 1
    steps: tuple[Step, ...]

    def explain(self) -> str:
        return " → ".join(f"{step.text} ({step.span})" for step in self.steps)


class Witness(Struct, frozen=True, tag="witness", tag_field="type", kw_only=True):
    """A proof: what was done to the running program, and the result.

    `experiment` is its name ("twice", "upstream-down" …), `verdict` the oracle's verdict, `summary` that verdict as a
    sentence. `proof` is the path of the proof file, relative to the project; its trace has the lanes.
    """

    schema: int = 1
    experiment: str
    verdict: str
    summary: str
    expected: tuple[str, ...] = ()  # the serial results
    observed: str = ""
    proof: str = ""

    def explain(self) -> str:
        return self.summary


class Seen(Struct, frozen=True, tag="seen", tag_field="type", kw_only=True):
    """An event from production. It is evidence and does not set the confidence."""

    schema: int = 1
    when: str  # RFC 3339
    what: str
    count: int = 1

    def explain(self) -> str:
        return f"seen {self.count} × in production, last {self.when}: {self.what}"


Evidence = Flow | Witness | Seen
