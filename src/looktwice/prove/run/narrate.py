"""A trial as a trace: who did what to which row, in the order in which it took effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from looktwice.core.trace import Lane, Outcome, Row, StepKind, Trace, TraceStep
from looktwice.prove.network.gate import Answered, Arrived, Away, Forward, Released, Responded, Stale
from looktwice.prove.network.request import Request
from looktwice.prove.network.wire.operation import Operation, OperationKind, Result
from looktwice.prove.network.wire.sql_text import tables, written_table
from looktwice.prove.oracle.observation import Answer, Observation
from looktwice.prove.run.ends import Ends, ends
from looktwice.prove.run.trial import Trial
from looktwice.prove.run.wording import attempt_words, fault_words, read_words, short, write_words
from looktwice.prove.schedule.schedule import Turn
from looktwice.prove.servers.postgres.catalogue import Schema
from looktwice.prove.servers.postgres.change import RowChange, Values

_LOCKS = re.compile(r"\bfor (?:no key )?(?:update|share)\b|\bfor key share\b|pg_(?:try_)?advisory")
_MOST_COLUMNS = 4
_MOST_ROWS = 5
_LONGEST_ANSWER = 300


class Happening(NamedTuple):
    """An operation of the run with all that is known of it."""

    operation: Operation
    result: Result | None
    arrived: float
    released: float
    answered: float
    is_held: bool
    fault: str
    waits_for: str

    @property
    def effective(self) -> float:
        """When it took effect, as far as one can say: once it no longer waited."""
        return self.answered if self.waits_for and self.answered else self.released


class Narrator:
    """Tells trials of one application. schema: its tables, for keys."""

    def __init__(self, schema: Schema) -> None:
        self.keys = {name: table.primary_key for name, table in schema.tables.items()}
        self.columns = {name: {column.name for column in table.columns} for name, table in schema.tables.items()}
        self.full_name = {table.relation: name for name, table in schema.tables.items()}
        self.full_name |= {name: name for name in schema.tables}

    def tell(self, trial: Trial, title: str, serial: Mapping[str, Observation] | None = None) -> Trace:
        """The trace of a trial, without verdict. serial: results that would have been right, by name ("A then B"); a
        row that any of them touches is shown in all of them."""
        shown = self._columns(trial.changes, *(run.changes for run in (serial or {}).values()))
        steps = sorted(_Telling(self, trial, shown).steps(), key=lambda step: step.at)
        serial = serial or {}
        at_stake, left = ends([trial.changes, *(run.changes for run in serial.values())], self.keys, _MOST_ROWS)
        initial, (final, *others) = self._rows(at_stake, shown), [self._rows(images, shown) for images in left]
        return Trace(
            title=title,
            lanes=tuple(_lane(name, trial) for name in sorted(trial.requests)),
            steps=tuple(steps),
            order="".join(step.lane for step in steps),
            initial=initial,
            final=final,
            serial=tuple(zip(serial, others, strict=True)),
        )

    # ---- rows

    def _columns(self, *runs: Iterable[RowChange]) -> dict[str, list[str]]:
        """The columns worth showing of each table: those that changed, or the first of what was inserted."""
        shown: dict[str, list[str]] = {}
        for change in (change for run in runs for change in run):
            columns = shown.setdefault(change.table, [])
            before, after = change.before or {}, change.after or {}
            both = bool(change.before) and bool(change.after)
            image, hidden = after or before, {*columns, *self.keys.get(change.table, ())}
            named = [n for n in image if (before.get(n) != after.get(n) if both else image[n] is not None)]
            columns += [n for n in named if n not in hidden][: max(0, _MOST_COLUMNS - len(columns))]
        return shown

    def row(self, table: str, values: Values, shown: Mapping[str, Sequence[str]]) -> Row:
        key = {name: values.get(name) or "" for name in self.keys.get(table, ())}
        return Row(short(table), key, {name: values[name] for name in shown.get(table, ()) if name in values})

    def _rows(self, images: Ends, shown: Mapping[str, Sequence[str]]) -> tuple[Row, ...]:
        return tuple(self.row(table, values, shown) for table, values in images)


class _Telling:
    """One trial being narrated, in order: rows become known when they are read or written."""

    def __init__(self, narrator: Narrator, trial: Trial, shown: Mapping[str, Sequence[str]]) -> None:
        self._narrator, self._trial, self._shown = narrator, trial, shown
        self._written = {
            lane: [c for c in trial.changes if trial.writers.get(c.xid) == lane] for lane in trial.requests
        }
        self._known: dict[tuple[str, tuple[str | None, ...]], Values] = {
            (c.table, c.key): c.before for c in reversed(trial.changes) if c.before is not None
        }

    def steps(self) -> Iterator[TraceStep]:
        dirty: set[str] = set()
        for fault in self._trial.faults:
            if isinstance(fault.action, Stale | Away):
                yield TraceStep(lane=fault.lane, kind=StepKind.FAULT, words=fault_words(fault.action))
        for happening in happenings(self._trial):
            lane = self._name(happening.operation.lane)
            if happening.waits_for:
                yield TraceStep(
                    lane=lane,
                    kind=StepKind.LOCK,
                    words=f"waits for {happening.waits_for}",
                    statement=happening.operation.text,
                    parameters=happening.operation.parameters,
                    fingerprint=happening.operation.fingerprint,
                    waits_for=happening.waits_for,
                    at=self._clock(happening.arrived),
                )
            step = self._step(happening, lane, lane in dirty)
            if step is None:
                continue
            if step.kind is StepKind.WRITE:
                dirty.add(lane)
            elif step.kind in (StepKind.COMMIT, StepKind.ROLLBACK):
                dirty.discard(lane)
            yield step
        yield from self._answers()

    def _name(self, lane: str) -> str:
        return self._trial.names.get(lane, lane)

    def _clock(self, moment: float) -> float:
        return round((moment - self._trial.play.started) * 1000, 2)

    def _answers(self) -> Iterator[TraceStep]:
        for moment in self._trial.play.journal:
            if isinstance(moment, Responded):
                response = moment.response
                words = f"answers {response.status}" if response.status else f"does not answer ({response.error})"
                yield TraceStep(
                    lane=self._name(moment.lane),
                    kind=StepKind.RESPOND,
                    words=words,
                    statement=response.body.decode("utf-8", "replace")[:_LONGEST_ANSWER],
                    at=self._clock(moment.at),
                    error=response.error,
                )

    def _step(self, happening: Happening, lane: str, is_dirty: bool) -> TraceStep | None:
        operation, result = happening.operation, happening.result
        failure = result.failure.code if result is not None and result.failure is not None else ""
        is_notable = happening.is_held or bool(happening.fault) or bool(failure) or bool(happening.waits_for)
        step = self._tell(operation, result, lane)
        if step is None:
            return None
        kind, words, before, after = step
        if kind is StepKind.READ and not before and not is_notable and not self._is_at_stake(operation):
            return None
        if kind is StepKind.ROLLBACK and not is_dirty and not is_notable:
            return None
        if failure:
            words = f"{words}: refused with {failure}"
        if happening.fault:
            words = f"{words}; {happening.fault}"
        return TraceStep(
            lane=lane,
            kind=StepKind.FAULT if happening.fault else kind,
            words=words,
            statement=operation.text,
            parameters=operation.parameters,
            fingerprint=operation.fingerprint,
            before=before,
            after=after,
            rows=None if result is None else result.affected if result.affected is not None else result.rows,
            held=happening.is_held,
            at=self._clock(happening.effective),
            error=failure,
        )

    def _is_at_stake(self, operation: Operation) -> bool:
        return any(table in self._shown for table in self._tables(operation))

    def _tables(self, operation: Operation) -> list[str]:
        return [self._narrator.full_name.get(name, name) for name in tables(operation.fingerprint)]

    def _tell(
        self, operation: Operation, result: Result | None, lane: str
    ) -> tuple[StepKind, str, tuple[Row, ...], tuple[Row, ...]] | None:
        kind = operation.kind
        if kind is OperationKind.COMMIT:
            rolled = result is not None and result.tag == "ROLLBACK"
            has_failed = result is None or result.failure is not None
            plain = attempt_words("commits") if has_failed else "commits"
            return StepKind.COMMIT, "commits, which rolls back: it had failed" if rolled else plain, (), ()
        if kind is OperationKind.ROLLBACK:
            return StepKind.ROLLBACK, "rolls back", (), ()
        if kind is OperationKind.CALL:
            return StepKind.CALL, f"calls {operation.text}", (), ()
        if kind is OperationKind.COMMAND:
            return StepKind.CACHE, operation.text, (), ()
        if kind not in (OperationKind.STATEMENT, OperationKind.COPY):
            return None
        named = self._tables(operation)
        if written_table(operation.fingerprint) or kind is OperationKind.COPY or operation.atomic:
            return self._tell_write(operation, result, named, lane)
        locks = bool(_LOCKS.search(operation.fingerprint))
        rows = self._read_rows(named, result)
        words = read_words(named, result, rows, "locks and reads" if locks else "reads")
        return StepKind.LOCK if locks else StepKind.READ, words, rows, ()

    def _tell_write(
        self, operation: Operation, result: Result | None, named: list[str], lane: str
    ) -> tuple[StepKind, str, tuple[Row, ...], tuple[Row, ...]]:
        table = named[0] if named else ""
        count = 0 if result is None else result.rows if result.affected is None else result.affected
        written = self._written.get(lane, [])
        mine = [change for change in written if change.table == table or operation.atomic]
        mine = mine if operation.atomic else mine[:count]
        for change in mine:
            written.remove(change)
            if change.after is not None:
                self._known[change.table, change.key] = change.after
        before = tuple(self._narrator.row(c.table, c.before, self._shown) for c in mine if c.before is not None)
        after = tuple(self._narrator.row(c.table, c.after, self._shown) for c in mine if c.after is not None)
        return StepKind.WRITE, write_words(operation, result, table, before, after), before, after

    def _read_rows(self, named: list[str], result: Result | None) -> tuple[Row, ...]:
        """The rows that a read returned, of the first table at stake, by their keys where the read or we know them."""
        table = next((table for table in named if table in self._shown), "")
        if not table or result is None:
            return ()
        # Of a join nobody says whose a column is that two of the tables have.
        others = {name for other in named if other != table for name in self._narrator.columns.get(other, ())}
        rows = []
        for sample in result.sample:
            known = zip(result.columns, sample, strict=False)
            values = {name: value for name, value in known if name not in others}
            picked = {name: values[name] for name in self._shown[table] if name in values}
            if picked and not all(name in values for name in self._narrator.keys.get(table, ())):
                values |= self._known_key(table, values)
            if picked:
                rows.append(self._narrator.row(table, values, self._shown))
        return tuple(rows)

    def _known_key(self, table: str, values: Values) -> Values:
        """The key of the one known row that has these values; nothing when several do."""
        fitting = [
            image
            for (name, _), image in self._known.items()
            if name == table and all(image.get(column, value) == value for column, value in values.items())
        ]
        keys = self._narrator.keys.get(table, ())
        return {column: fitting[0].get(column) for column in keys} if len(fitting) == 1 else {}


def happenings(trial: Trial) -> list[Happening]:
    """Every operation of the run with its fate, in order of arrival."""
    journal = trial.play.journal
    answered = {m.result.number: m for m in journal if isinstance(m, Answered)}
    released = {m.operation.number: m for m in journal if isinstance(m, Released)}
    stops = {
        (step.lane, step.until.fingerprint) for step in trial.play.schedule if isinstance(step, Turn) and step.until
    }
    waits = {blocked.number: trial.names.get(blocked.by, blocked.by) for blocked in trial.play.blocked}
    found = []
    for moment in journal:
        if not isinstance(moment, Arrived):
            continue
        number = moment.operation.number
        answer, release = answered.get(number), released.get(number)
        fault = "" if release is None or isinstance(release.action, Forward) else fault_words(release.action)
        found.append(
            Happening(
                operation=moment.operation,
                result=answer.result if answer else None,
                arrived=moment.at,
                released=release.at if release else moment.at,
                answered=answer.at if answer else 0.0,
                is_held=moment.held and (moment.operation.lane, moment.operation.fingerprint) in stops,
                fault=fault,
                waits_for=waits.get(number, ""),
            )
        )
    return found


def _lane(name: str, trial: Trial) -> Lane:
    request: Request = trial.requests[name]
    answer: Answer | None = next((a for a in trial.observation.answers if a.lane == name), None)
    response = next((r for lane, r in trial.play.responses.items() if trial.names.get(lane, lane) == name), None)
    return Lane(
        name=name,
        method=request.method,
        path=request.path,
        body=request.body.decode("utf-8", "replace"),
        status=response.status if response else None,
        outcome=answer.outcome if answer else Outcome.UNKNOWN,
        answer=response.body.decode("utf-8", "replace")[:_LONGEST_ANSWER] if response else "",
        milliseconds=round(response.seconds * 1000, 2) if response else 0.0,
    )
