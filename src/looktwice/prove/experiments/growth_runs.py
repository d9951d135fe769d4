"""One request measured as the rows of one table grow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from looktwice.prove.experiments.growth import Shape, shape
from looktwice.prove.network.request import Request
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.network.wire.sql_text import tables
from looktwice.prove.run.laboratory import Laboratory
from looktwice.prove.run.observe import completed
from looktwice.prove.run.trial import Trial
from looktwice.prove.schedule.schedule import serial
from looktwice.prove.servers.postgres.amplify import Growth, grow
from looktwice.prove.servers.postgres.explain import Scan, scans
from looktwice.prove.servers.postgres.statement import footprint

ALONE = "A"
_FACTORS = (10, 100)
_OFTEN = 8  # times more: beyond what a second page or another branch costs
_PER_ROW = 0.02  # statements for each row that was added


class Measured(Struct, frozen=True):
    """One request at one size. `size` is the number of rows of the table that was grown; `is_steady` says that the
    request, sent twice, sent as many statements."""

    factor: int
    size: int
    trial: Trial
    is_steady: bool

    @property
    def operations(self) -> list[Operation]:
        return queries(self.trial)

    @property
    def statements(self) -> int:
        return len(self.operations)

    @property
    def fingerprints(self) -> Counter[str]:
        """How often each statement was sent, in order of first sending."""
        return Counter(operation.fingerprint for operation in self.operations)

    @property
    def body(self) -> int:
        """Bytes of the answer."""
        return len(self.trial.play.responses[ALONE].body)


class Axis(Struct, frozen=True):
    """The measurements along one table, smallest first. `below` are the tables that were copied with it, `scans` what
    was read whole at the largest size."""

    table: str
    measured: tuple[Measured, ...]
    below: tuple[str, ...] = ()
    scans: tuple[Scan, ...] = ()

    def shape(self, costs: Sequence[int]) -> Shape:
        if len(self.measured) < 3:
            return Shape.CONSTANT
        return shape([one.size for one in self.measured], costs)

    @property
    def statements(self) -> Shape:
        return self.shape([one.statements for one in self.measured])

    @property
    def repeated(self) -> tuple[str, int, int]:
        """The statement that is sent more often the more rows there are, how often now, and how often at last."""
        usual, last = self.measured[0].fingerprints, self.measured[-1].fingerprints
        most = max(last, key=lambda print_: last[print_] - usual[print_], default="")
        return most, usual[most], last[most]

    @property
    def asks_per_row(self) -> bool:
        """True when one statement is sent again for row after row, if only until a page is full. A loader that fetches
        a hundred or more rows at a time grows as well, and is right."""
        _, usual, last = self.repeated
        added = self.measured[-1].size - self.measured[0].size
        return self.statements is not Shape.CONSTANT and last - usual >= _OFTEN and last - usual >= _PER_ROW * added


def measure(laboratory: Laboratory, request: Request, table: str, alone: Trial) -> Axis | str:
    """The request with one, ten and a hundred times the rows of `table`.

    alone: a run of the request with the present rows. A request that writes is sent with a hundred times the rows
    only when ten times cost more statements. Gives the reason, in words, when rows cannot be made. The tables are as in
    the snapshot afterwards.
    """
    restore = laboratory.trials.restore
    counts = restore.counts()
    measured = [_ask(laboratory, request, 1, counts.get(table, 0), alone)]
    found: tuple[Scan, ...] = ()
    below: tuple[str, ...] = ()
    for factor in _FACTORS:
        growth = grow(table, factor, laboratory.schema, counts)
        if isinstance(growth, str):
            return growth
        if growth.factor <= measured[-1].factor:
            return f"{table} has too many rows to make more of them"
        why = _make(laboratory, growth)
        try:
            if why:
                return why
            measured.append(_ask(laboratory, request, growth.factor, counts[table] * growth.factor))
            if factor == _FACTORS[-1]:
                found, below = _scanned(laboratory, alone, growth, counts), growth.tables[1:]
        finally:
            restore.refill()
        if not request.is_safe and measured[-1].statements - measured[0].statements < 2:
            break
    return Axis(table, tuple(measured), below, found)


def queries(trial: Trial) -> list[Operation]:
    """The statements of a run."""
    kinds = (OperationKind.STATEMENT, OperationKind.COPY)
    return [
        operation
        for operation, _ in completed(trial.play.journal)
        if operation.wire == "postgres" and operation.kind in kinds
    ]


def axes(alone: Trial, laboratory: Laboratory) -> list[str]:
    """The tables worth growing for a request: those it reads, the promising ones first.

    A table of which every statement fetches one row by its key tells nothing by growing, unless rows that are read too
    hang below it; those come last.
    """
    operations = queries(alone)
    named = [name for operation in operations for name in tables(operation.fingerprint)]
    full = (laboratory.narrator.full_name.get(name) for name in named)
    read = [name for name in dict.fromkeys(full) if name]
    prints = [footprint(operation.text, operation.parameters, laboratory.schema) for operation in operations]
    wide = {item.table for each in prints for item in each.reads if item.kind != "row"}
    parents = {
        reference.table
        for name in read
        if name in laboratory.schema.tables
        for reference in laboratory.schema.tables[name].references
    }
    return [name for name in read if name in wide] + [name for name in read if name not in wide and name in parents]


def _make(laboratory: Laboratory, growth: Growth) -> str:
    """Make the rows. Gives why they could not be made: a rule of the application's own that copies break."""
    import psycopg

    try:
        laboratory.trials.restore.grow(growth.statements)
    except psycopg.Error as error:
        return f"no more rows could be made in {growth.axis}: {str(error).splitlines()[0]}"
    return ""


def _ask(laboratory: Laboratory, request: Request, factor: int, size: int, before: Trial | None = None) -> Measured:
    """Twice (`before` may be the first time): then caches and pools are filled."""
    first = before or laboratory.trials.run({ALONE: request}, serial(ALONE))
    second = laboratory.trials.run({ALONE: request}, serial(ALONE))
    alike = len(queries(first)) == len(queries(second)) and ALONE in second.succeeded
    return Measured(factor, size, second, alike)


def _scanned(laboratory: Laboratory, alone: Trial, growth: Growth, counts: dict[str, int]) -> tuple[Scan, ...]:
    now = {name: count * (growth.factor if name in growth.tables else 1) for name, count in counts.items()}
    found: list[Scan] = []
    asked = {operation.fingerprint: operation for operation in queries(alone)}
    for operation in asked.values():
        if operation.fingerprint.startswith(("select", "with")):
            found += scans(laboratory.trials.restore.server, operation.text, operation.parameters, now)
    return tuple(found)
