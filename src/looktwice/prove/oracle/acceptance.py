"""What must hold before a defect is called proven. Each gate is a value that can say why it closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from looktwice.prove.oracle.candidates import Order
from looktwice.prove.oracle.observation import Observation

if TYPE_CHECKING:
    from looktwice.prove.oracle.reading import Reading
    from looktwice.prove.oracle.verdict import Judgement


class Gate(Struct, frozen=True):
    """`passed` is None when what the gate requires was not run; that closes it as well."""

    number: int
    claim: str
    passed: bool | None
    why: str = ""

    def explain(self) -> str:
        if self.passed:
            return f"G{self.number} {self.claim}"
        state = "was not examined" if self.passed is None else "does not hold"
        return f"G{self.number} {state}: {self.claim}" + (f" ({self.why})" if self.why else "")


class Pair(Struct, frozen=True):
    """Why the order matters: one lane read, another committed in between, and the first one wrote on what it had
    read."""

    reader: str
    read: str  # the statement that read
    committer: str
    commit: str  # what the other lane committed
    write: str  # the statement of the reader that wrote

    def explain(self) -> str:
        return (
            f"{self.reader} read ({self.read}), {self.committer} committed ({self.commit}), "
            f"{self.reader} wrote ({self.write})"
        )


class Repeat(Struct, frozen=True):
    """One more run of the schedule that was judged. `swapped`: each request went to the other instance."""

    judgement: Judgement
    swapped: bool = False


class Checks(Struct, frozen=True, kw_only=True):
    """What was examined beside the judged run. None or empty: not run."""

    idle: Observation | None = None  # as long as the run, without any request
    held: Mapping[str, Observation] = {}  # lane → alone, held at the same points for the same time
    writers: Mapping[int, str] | None = None  # xid → lane
    repeats: Sequence[Repeat] = ()
    canary: Observation | None = None  # one full serial order, run again afterwards
    canary_order: Order = ()
    pair: Pair | None = None
    restarts: int | None = None
    reconnects: int | None = None


def gates(run: Observation, judgement: Judgement, reading: Reading, checks: Checks) -> tuple[Gate, ...]:
    """All eight, for one judged run."""
    return (
        _serial_runs_agree(reading),
        _nothing_moves_by_itself(judgement, reading, checks),
        _holding_is_harmless(reading, checks),
        _every_row_has_a_writer(run, checks),
        _repeats_agree(judgement, checks),
        _still_the_same(reading, checks),
        _pair_is_known(checks),
        _nothing_restarted(checks),
    )


def confirm(run: Observation, judgement: Judgement, reading: Reading, checks: Checks) -> Judgement:
    """The judgement with its gates. A defect that a gate holds back becomes inconclusive, and says which."""
    from looktwice.core.trace import Verdict

    checked = gates(run, judgement, reading, checks)
    closed = [gate for gate in checked if gate.passed is not True]
    if not judgement.is_defect or not closed:
        return msgspec.structs.replace(judgement, gates=checked)
    named = f" ({judgement.name})" if judgement.name else ""
    return msgspec.structs.replace(
        judgement,
        verdict=Verdict.INCONCLUSIVE,
        name="",
        why=f"it looks like {judgement.verdict.value}{named}, but {closed[0].explain()}",
        gates=checked,
    )


def _serial_runs_agree(reading: Reading) -> Gate:
    claim = "both serial orders, three times each, end the same way"
    full = [order for order in reading.serial if len(order) == len(reading.lanes)]
    short = [order for order in full if len(reading.serial[order]) < 3]
    if len(full) < 2 or short:
        return Gate(1, claim, None, f"{len(full)} orders were run, {len(short)} of them less than three times")
    for order in full:
        if len({reading.whole(run, ordered=False) for run in reading.serial[order]}) > 1:
            return Gate(1, claim, False, f"{' then '.join(order)} did not end the same each time")
    return Gate(1, claim, True)


def _nothing_moves_by_itself(judgement: Judgement, reading: Reading, checks: Checks) -> Gate:
    claim = "no row that is judged changes without a request"
    if checks.idle is None:
        return Gate(2, claim, None)
    moving = {row.table for row in reading.rows(checks.idle)}
    judged = {table for it in judgement.differences for table in (it.table, *it.further)}
    both = sorted(moving & judged)
    return Gate(2, claim, not both, f"{', '.join(both)} changed in an idle run" if both else "")


def _holding_is_harmless(reading: Reading, checks: Checks) -> Gate:
    claim = "a request held at the same points without the other ends as one that was not held"
    if not checks.held:
        return Gate(3, claim, None)
    for lane, run in checks.held.items():
        alone = reading.serial.get((lane,), ())
        if not alone:
            return Gate(3, claim, None, f"{lane} alone was not run")
        if reading.whole(run, ordered=False) not in {reading.whole(solo, ordered=False) for solo in alone}:
            return Gate(3, claim, False, f"{lane}, held alone for as long, ends differently")
    return Gate(3, claim, True)


def _every_row_has_a_writer(run: Observation, checks: Checks) -> Gate:
    claim = "every row that differs was written by one of the requests"
    if checks.writers is None:
        return Gate(4, claim, None)
    strange = sorted({change.table for change in run.changes if change.xid not in checks.writers})
    return Gate(4, claim, not strange, f"the writer of {', '.join(strange)} is not known" if strange else "")


def _repeats_agree(judgement: Judgement, checks: Checks) -> Gate:
    claim = "five of five repeats give the same result, one of them with the instances swapped"
    count = len(checks.repeats)
    if count < 5 or not any(repeat.swapped for repeat in checks.repeats):
        return Gate(5, claim, None, f"{count} repeats were run")
    others = [
        repeat
        for repeat in checks.repeats
        if (repeat.judgement.verdict, repeat.judgement.name) != (judgement.verdict, judgement.name)
    ]
    why = f"{len(others)} of {count} came to {others[0].judgement.verdict.value}" if others else ""
    return Gate(5, claim, not others, why)


def _still_the_same(reading: Reading, checks: Checks) -> Gate:
    claim = "a serial run afterwards still ends as before"
    if checks.canary is None:
        return Gate(6, claim, None)
    baseline = {reading.whole(run, ordered=False) for run in reading.serial.get(checks.canary_order, ())}
    if not baseline:
        return Gate(6, claim, None, "its serial order was not run before")
    same = reading.whole(checks.canary, ordered=False) in baseline
    return Gate(6, claim, same, "" if same else "it ends differently")


def _pair_is_known(checks: Checks) -> Gate:
    claim = "a read of one request, a commit of the other after it, and a write on what was read"
    return Gate(7, claim, checks.pair is not None, checks.pair.explain() if checks.pair else "no such pair was seen")


def _nothing_restarted(checks: Checks) -> Gate:
    claim = "the application neither restarted nor lost a connection"
    if checks.restarts is None or checks.reconnects is None:
        return Gate(8, claim, None)
    calm = checks.restarts == 0 and checks.reconnects == 0
    return Gate(8, claim, calm, "" if calm else f"{checks.restarts} restarts, {checks.reconnects} new connections")
