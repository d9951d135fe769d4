"""What happens with ten times the rows? The tables that a request reads are grown, and its statements are counted."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.core.trace import StepKind, Trace, TraceStep, Verdict
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.experiments.experiment import NotShown, Result, Shown, Tried
from looktwice.prove.experiments.growth_runs import ALONE, Axis, Measured, axes, measure
from looktwice.prove.network.success import describe
from looktwice.prove.network.wire.sql_text import tables
from looktwice.prove.oracle.acceptance import Gate
from looktwice.prove.oracle.verdict import Difference, Judgement
from looktwice.prove.run.laboratory import Laboratory
from looktwice.prove.schedule.schedule import serial

_PER_ROW = "LT401"
_OFTEN = 10  # times that one statement is sent, so that it is worth a word


class TenTimesTheRows:
    """Each table that the request reads, ten and a hundred times its rows, with all that hangs below them."""

    name = "ten-times-the-rows"
    codes = (_PER_ROW,)

    def applies(self, case: Case) -> bool:
        """Any request may ask a question per row."""
        return True

    def run(self, laboratory: Laboratory, case: Case) -> Iterator[Result]:
        began = laboratory.clock()
        alone = laboratory.alone(ALONE, case.first)
        if ALONE not in alone.succeeded:
            answer = describe(alone.play.responses[ALONE])
            yield self._not(case, Verdict.NOT_REACHED, f"the request alone is answered {answer}")
            return
        seen: list[Axis] = []
        refused: list[str] = []
        promising = axes(alone, laboratory)
        for number, table in enumerate(promising):
            text = f"more rows in {_short(table)}"
            yield Tried(experiment=self.name, endpoint=case.endpoint, text=text, done=number, total=len(promising))
            axis = measure(laboratory, case.first, table, alone)
            if isinstance(axis, str):
                refused.append(axis)
                continue
            seen.append(axis)
            if axis.asks_per_row or laboratory.clock() - began > laboratory.budget.seconds:
                break
        yield from self._results(laboratory, case, seen, refused, len(promising))

    def _results(
        self, laboratory: Laboratory, case: Case, seen: list[Axis], refused: list[str], total: int
    ) -> Iterator[Result]:
        if not seen:
            why = refused[0] if refused else "no statement of it reads a set of rows that could grow"
            yield self._not(case, Verdict.NOT_REACHED if refused else Verdict.SERIAL, why)
            return
        if seen[-1].asks_per_row:
            yield self._shown(laboratory, case, seen[-1])
            return
        sizes = ", ".join(f"{_short(axis.table)} × {axis.measured[-1].factor}" for axis in seen)
        most = max(one.statements for axis in seen for one in axis.measured)
        words = [f"never more than {most} statements with {sizes}", *remarks(case, seen)]
        if len(seen) < total:
            reason = f": {refused[0]}" if refused else ""
            words.append(f"{total - len(seen)} more tables were not grown{reason}")
        yield self._not(case, Verdict.SERIAL, "; ".join(words))

    def _shown(self, laboratory: Laboratory, case: Case, axis: Axis) -> Shown | NotShown:
        judgement = judged(axis)
        if not judgement.is_proven:
            return self._not(case, Verdict.INCONCLUSIVE, judgement.explain())
        title = f"{case.endpoint} with {axis.measured[1].factor} times the rows of {_short(axis.table)}"
        return Shown(
            experiment=self.name,
            code=_PER_ROW,
            endpoint=case.endpoint,
            requests={ALONE: case.first},
            schedule=serial(ALONE),
            judgement=judgement,
            trace=trace_of(laboratory, axis, judgement, title),
            runs=2 * len(axis.measured),
        )

    def _not(self, case: Case, verdict: Verdict, why: str) -> NotShown:
        return NotShown(
            experiment=self.name,
            code=_PER_ROW,
            endpoint=case.endpoint,
            verdict=verdict,
            why=why,
            rests_on_rows=False,
        )


def remarks(case: Case, seen: list[Axis]) -> Iterator[str]:
    """What is worth knowing and is no proof: a statement sent often whatever the rows, a list that grows for ever, a
    table read whole for a few of its rows."""
    often = max(seen[0].measured[0].fingerprints.values(), default=0)
    counts = {max(one.fingerprints.values(), default=0) for axis in seen for one in axis.measured}
    if often >= _OFTEN and counts == {often}:
        yield f"one of them is sent {often} times, whatever the number of rows"
    for axis in seen:
        first, last = axis.measured[0], axis.measured[-1]
        is_list = isinstance(last.trial.play.responses[ALONE].content, list)
        if case.is_safe and is_list and axis.shape([one.body for one in axis.measured]).grows:
            yield f"the answer grows with {_short(axis.table)}, from {first.body} to {last.body} bytes"
            break
    found = {(scan.table, scan.filter): scan for axis in seen for scan in axis.scans}
    for scan in found.values():
        yield f"{_short(scan.table)} is read from end to end ({scan.rows} rows) to find {scan.kept}: {scan.filter}"


def judged(axis: Axis) -> Judgement:
    """The verdict on an axis along which the statements grow: how, and which statement it is."""
    first, last = axis.measured[0], axis.measured[-1]
    most, usual, times = axis.repeated
    counted = "; ".join(f"{one.factor} times the rows: {one.statements}" for one in axis.measured[1:])
    with_them = f", and {' and '.join(map(_short, axis.below))} with them" if axis.below else ""
    why = f"its statements grow with the rows of {_short(axis.table)}{with_them} ({first.statements} now; {counted})"
    return Judgement(
        verdict=Verdict.GROWS,
        name=axis.statements.value,
        why=f"{why}. `{most}` is sent {times} times instead of {usual}",
        differences=(
            Difference(
                "",
                f"the number of statements with {last.factor} times the rows of {_short(axis.table)}",
                str(last.statements),
                (("with the existing rows", str(first.statements)),),
            ),
        ),
        gates=(
            Gate(
                1,
                "at each size the request was sent twice, succeeded, and sent the same number of statements",
                all(one.is_steady for one in axis.measured),
            ),
        ),
    )


def trace_of(laboratory: Laboratory, axis: Axis, judgement: Judgement, title: str) -> Trace:
    """The run with ten times the rows: one step for each statement, which says how often it is sent."""
    now, more = axis.measured[0], axis.measured[1]
    plain = laboratory.narrator.tell(more.trial, title)
    steps = tuple(_steps(now, more))
    answer = tuple(step for step in plain.steps if step.kind is StepKind.RESPOND)
    return Trace(
        title=title,
        lanes=plain.lanes,
        steps=(*steps, *answer),
        order=ALONE * (len(steps) + len(answer)),
        verdict=judgement.verdict,
        name=judgement.name,
        explanation=judgement.explain(),
        environment=laboratory.environment,
    )


def _steps(now: Measured, more: Measured) -> Iterator[TraceStep]:
    usual = now.fingerprints
    examples = {operation.fingerprint: operation for operation in reversed(more.operations)}
    for print_, times in more.fingerprints.items():
        is_read = print_.startswith(("select", "with"))
        table = next(iter(tables(print_)), "something")
        before = f" instead of {usual[print_]}" if usual[print_] != times else ""
        count = f": {times} times{before}" if times > 1 else ""
        yield TraceStep(
            lane=ALONE,
            kind=StepKind.READ if is_read else StepKind.WRITE,
            words=f"{'reads' if is_read else 'writes'} {table}{count}",
            statement=examples[print_].text,
            parameters=examples[print_].parameters,
            fingerprint=print_,
        )


def _short(table: str) -> str:
    return table.removeprefix("public.")


EXPERIMENT = TenTimesTheRows()
