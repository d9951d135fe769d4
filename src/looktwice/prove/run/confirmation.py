"""From a suspicion to a proof: the runs that the gates require, and why the order of two requests mattered."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from looktwice.prove.network.gate import Arrived, Closed, Moment
from looktwice.prove.network.wire.operation import OperationKind
from looktwice.prove.oracle import Checks, Judgement, Observation, confirm
from looktwice.prove.oracle.acceptance import Pair, Repeat
from looktwice.prove.oracle.candidates import Order
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.run.narrate import Happening, happenings
from looktwice.prove.run.trial import Trial
from looktwice.prove.schedule.explorer import writes
from looktwice.prove.schedule.schedule import Pause, Schedule, Turn

if TYPE_CHECKING:
    from looktwice.prove.run.laboratory import Baseline, Laboratory

_APART = 1.1  # seconds between two serial runs: a value that counts whole seconds then differs
_REPEATS = 5


def confirmed(laboratory: Laboratory, trial: Trial, baseline: Baseline) -> Judgement:
    """The judgement of a run with all its gates: repeats, controls, a third serial run of each order a second later."""
    schedule = trial.play.schedule
    length = trial.play.ended - trial.play.started
    reading = Reading(_third_runs(laboratory, baseline), laboratory.schema)
    repeats = []
    for number in range(_REPEATS):
        swapped = number == _REPEATS - 1
        again = laboratory.interleaved(baseline, schedule, swapped)
        repeats.append(Repeat(laboratory.judged(again, reading), swapped))
    order = baseline.orders[0]
    checks = Checks(
        idle=_idle(laboratory, length, baseline, trial),
        held={name: _held_alone(laboratory, name, baseline, trial) for name in _stopped(schedule)},
        writers=trial.writers,
        repeats=tuple(repeats),
        canary=laboratory.serially(baseline, order),
        canary_order=order,
        pair=pair(trial),
        restarts=laboratory.revive(),
        reconnects=len(lost(trial.play.journal)),
    )
    return confirm(trial.observation, laboratory.judged(trial, reading), reading, checks)


def _third_runs(laboratory: Laboratory, baseline: Baseline) -> dict[Order, tuple[Observation, ...]]:
    left = baseline.began + _APART - time.monotonic()
    if left > 0:
        laboratory.trials.watch(left)
    laboratory.move_sequences()
    runs = dict(baseline.serial)
    for order in baseline.orders:
        if len(runs[order]) < 3:
            runs[order] += (laboratory.serially(baseline, order),)
    return runs


def _idle(laboratory: Laboratory, seconds: float, baseline: Baseline, judged: Trial) -> Observation:
    """As long a run without any request, with what was written meanwhile, by whomever, to the rows that are judged."""
    idle = laboratory.trials.run({}, (Pause(seconds),), prelude=baseline.prelude)
    rows = {(change.table, change.key) for change in judged.changes}
    return replace(idle.observation, changes=tuple(c for c in idle.every if (c.table, c.key) in rows))


def _held_alone(laboratory: Laboratory, name: str, baseline: Baseline, trial: Trial) -> Observation:
    """The request held at the same points for the same time, without the other one."""
    steps: list[Turn | Pause] = []
    length = trial.play.ended - trial.play.started
    for step in trial.play.schedule:
        if isinstance(step, Turn) and step.lane != name:
            steps.append(Pause(length))
        else:
            steps.append(step)
    alone = {name: baseline.requests[name]}
    return laboratory.trials.run(alone, tuple(steps), prelude=baseline.prelude).observation


def _stopped(schedule: Schedule) -> list[str]:
    return sorted({step.lane for step in schedule if isinstance(step, Turn) and step.until is not None})


def lost(journal: Sequence[Moment]) -> list[Closed]:
    """Connections of the requests that the server's side ended; one that the application closed itself is its own
    affair."""
    used = {moment.operation.connection for moment in journal if isinstance(moment, Arrived)}
    closed = (moment for moment in journal if isinstance(moment, Closed))
    return [moment for moment in closed if moment.why == "server" and moment.connection in used]


def pair(trial: Trial) -> Pair | None:
    """Why the order mattered: a read of one request, a commit of the other after it, a write on what was read."""
    done = happenings(trial)
    for commit in _commits(trial, done):
        committer = commit.operation.lane
        tables = {c.table for c in trial.changes if trial.writers.get(c.xid) == trial.names.get(committer, committer)}
        at = commit.answered
        for reader in sorted({h.operation.lane for h in done} - {committer}):
            mine = [h for h in done if h.operation.lane == reader]
            reads = [h for h in mine if _reads(h, tables) and h.effective <= at and not h.waits_for]
            acts = [h for h in mine if _was_refused(h) or (writes(h.operation) and _came_after(h, commit))]
            if reads and acts:
                return Pair(
                    reader=trial.names.get(reader, reader),
                    read=reads[-1].operation.text,
                    committer=trial.names.get(committer, committer),
                    commit=commit.operation.text,
                    write=acts[0].operation.text,
                )
    return None


def _came_after(happening: Happening, commit: Happening) -> bool:
    return happening.released > commit.released or bool(happening.waits_for)


def _was_refused(happening: Happening) -> bool:
    """The database gave it up for the other's sake: a deadlock, or rows that are not as they were read."""
    failure = happening.result.failure if happening.result is not None else None
    return failure is not None and failure.code in ("40001", "40P01")


def _reads(happening: Happening, tables: set[str]) -> bool:
    operation = happening.operation
    if operation.kind is OperationKind.COMMAND:
        return True
    if operation.kind is not OperationKind.STATEMENT or writes(operation):
        return False
    return any(table.rpartition(".")[2] in operation.fingerprint for table in tables)


def _commits(trial: Trial, done: Sequence[Happening]) -> Iterator[Happening]:
    for happening in done:
        operation, result = happening.operation, happening.result
        if result is None or result.failure is not None:
            continue
        is_alone = operation.status == "I" and result.status == "I" and writes(operation)
        if operation.kind is OperationKind.COMMIT or is_alone:
            yield happening
