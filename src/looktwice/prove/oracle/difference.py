"""What in a run no serial order leaves, place by place, and the name that this has in the literature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from looktwice.core.trace import Outcome
from looktwice.prove.oracle.candidates import Order
from looktwice.prove.oracle.document import pattern
from looktwice.prove.oracle.observation import Observation
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.oracle.verdict import Difference, spell
from looktwice.prove.servers.postgres.net import NetRow

RowKey = tuple[str, tuple[str | None, ...]]
_COMPARED = ("literal", "reference", "made")


class Finding(Struct, frozen=True):
    """The differences, and the facts that name them."""

    differences: tuple[Difference, ...]
    columns: tuple[tuple[RowKey, str], ...] = ()  # rows of the snapshot whose column no serial order leaves so
    extra: tuple[str, ...] = ()  # tables with more new rows than any serial order makes
    missing: tuple[str, ...] = ()
    doubled: bool = False  # new rows share a value that serial orders keep apart
    calls: int = 0  # calls more (positive) or fewer than any serial order makes


def find(run: Observation, candidates: Mapping[Order, Sequence[Observation]], reading: Reading) -> Finding:
    """Compare a run with the serial ones that might explain it (the admissible ones)."""
    one = {order: runs[0] for order, runs in candidates.items()}
    columns, keys = _standing_rows(run, one, reading)
    counted, extra, missing = _new_rows(run, one, reading)
    calls, surplus = _calls(run, one)
    found = (*columns, *counted, *calls, *_redis(run, one))
    doubled = False
    if not found:
        found, doubled = _contents(run, one, reading)
    if not found:
        found = tuple(_connections(run, one, reading))
    return Finding(found, keys, extra, missing, doubled, surplus)


def name(run: Observation, found: Finding, reading: Reading) -> str:
    """The anomaly: "lost update", "over limit", "write skew", "duplicate", "lost effect" or "not serializable"."""
    refuses = serial_refuses(run, reading)
    touched = {key for key, _ in found.columns}
    if touched:
        if touched & _shared(reading):
            return "over limit" if refuses else "lost update"
        if not found.extra:
            return "write skew"
    if found.extra:
        alike = any(_has_duplicates(run, table, reading) for table in found.extra)
        return "duplicate" if alike or not refuses else "over limit"
    if found.doubled:
        return "duplicate"
    if found.calls:
        return "duplicate" if found.calls > 0 else "lost effect"
    if found.missing:
        return "lost effect"
    return "write skew" if refuses else "not serializable"


def serial_refuses(run: Observation, reading: Reading) -> bool:
    """True when every serial order of all requests refuses one that this run accepted: it says so, or leaves no more
    than the others alone."""
    accepted = {answer.lane for answer in run.answers if answer.outcome is Outcome.OK}
    full = {order: runs[0] for order, runs in reading.serial.items() if accepted <= set(order)}
    return bool(full) and all(
        any(answer.lane in accepted and answer.outcome is not Outcome.OK for answer in serial.answers)
        or _is_less(order, serial, reading)
        for order, serial in full.items()
    )


def _is_less(order: Order, serial: Observation, reading: Reading) -> bool:
    """Whether one request of an order has done nothing there, though it answered as if it had."""
    state = reading.state(serial)
    shorter = (runs[0] for other, runs in reading.serial.items() if other and set(other) < set(order))
    return any(reading.state(one) == state for one in shorter)


def _key(row: NetRow, reading: Reading) -> RowKey:
    image = row.before or row.after or {}
    table = reading.schema.tables.get(row.table)
    names = table.primary_key if table and table.primary_key else tuple(sorted(image))
    return row.table, tuple(image.get(name) for name in names)


def _standing(run: Observation, reading: Reading) -> dict[RowKey, NetRow]:
    return {_key(row, reading): row for row in reading.rows(run) if row.before is not None}


def _shared(reading: Reading) -> set[RowKey]:
    """Rows of the snapshot that more than one request writes when it runs alone."""
    counts: Counter[RowKey] = Counter()
    for order, runs in reading.serial.items():
        if len(order) == 1:
            counts.update(_standing(runs[0], reading).keys())
    return {key for key, count in counts.items() if count > 1}


class Cell(Struct, frozen=True):
    """One column of a row of the snapshot: what the run left in it, and what each serial order does."""

    key: RowKey
    column: str
    seen: str
    serial: tuple[str, ...]


def _standing_rows(
    run: Observation, one: Mapping[Order, Observation], reading: Reading
) -> tuple[list[Difference], tuple[tuple[RowKey, str], ...]]:
    cells = _cells(run, one, reading)
    words = tuple(map(spell, one))
    alone = [cell for cell in cells if cell.seen not in cell.serial]
    if alone:
        differences = [
            Difference(
                cell.key[0],
                f"{_place(cell.key, reading)} {cell.column}",
                cell.seen,
                tuple(zip(words, cell.serial, strict=True)),
            )
            for cell in alone
        ]
        return differences, tuple((cell.key, cell.column) for cell in alone)
    # Every value is one that some order leaves, only not all in the same order.
    together = [cell for cell in cells if len({cell.seen, *cell.serial}) > 1]
    states = list(zip(*(cell.serial for cell in together), strict=True))
    if not together or tuple(cell.seen for cell in together) in states:
        return [], ()
    place = " and ".join(f"{_place(cell.key, reading)} {cell.column}" for cell in together)
    allowed = tuple((word, ", ".join(state)) for word, state in zip(words, states, strict=True))
    seen = ", ".join(cell.seen for cell in together)
    tables = tuple(dict.fromkeys(cell.key[0] for cell in together))
    return [Difference(tables[0], place, seen, allowed, tables[1:])], tuple(
        (cell.key, cell.column) for cell in together
    )


def _cells(run: Observation, one: Mapping[Order, Observation], reading: Reading) -> list[Cell]:
    """The columns that were changed, in rows that the snapshot has; clock times and tokens are not shown."""
    if not one:
        return []
    ours = _standing(run, reading)
    theirs = [_standing(serial, reading) for serial in one.values()]
    cells = []
    for key in sorted(set(ours).union(*theirs), key=repr):
        images = [ours.get(key), *(rows.get(key) for rows in theirs)]
        initial = next((row.before for row in images if row and row.before), {})
        for column in sorted(initial):
            role = reading.roles.positions.get(("row", key[0], column))
            if role is None or role.kind in _COMPARED:
                seen, *serial = [_value(row, initial, column) for row in images]
                cells.append(Cell(key, column, seen, tuple(serial)))
    return cells


def _value(row: NetRow | None, initial: Mapping[str, str | None], column: str) -> str:
    if row is None:
        value = initial.get(column)
    elif row.after is None:
        return "gone"
    else:
        value = row.after.get(column)
    return "null" if value is None else value


def _place(key: RowKey, reading: Reading) -> str:
    table = reading.schema.tables.get(key[0])
    names: Iterable[str] = table.primary_key if table and table.primary_key else ()
    pairs = ", ".join(f"{name} {value}" for name, value in zip(names, key[1], strict=False))
    return f"{_short(key[0])} ({pairs})" if pairs else _short(key[0])


def _short(table: str) -> str:
    return table.removeprefix("public.")


def _new_rows(
    run: Observation, one: Mapping[Order, Observation], reading: Reading
) -> tuple[list[Difference], tuple[str, ...], tuple[str, ...]]:
    def count(of: Observation) -> Counter[str]:
        return Counter(row.table for row in reading.rows(of) if row.before is None)

    ours, theirs = count(run), {order: count(serial) for order, serial in one.items()}
    differences: list[Difference] = []
    extra: list[str] = []
    missing: list[str] = []
    for table in sorted(set(ours).union(*theirs.values())):
        serial = [counts[table] for counts in theirs.values()]
        if not serial or ours[table] in serial:
            continue
        (extra if ours[table] > max(serial) else missing).append(table)
        allowed = tuple(zip(map(spell, theirs), map(str, serial), strict=True))
        differences.append(Difference(table, f"the number of new rows in {_short(table)}", str(ours[table]), allowed))
    return differences, tuple(extra), tuple(missing)


def _calls(run: Observation, one: Mapping[Order, Observation]) -> tuple[list[Difference], int]:
    def count(of: Observation) -> Counter[str]:
        return Counter(f"{call.method} {pattern(call.path)}" for call in of.upstream)

    ours, theirs = count(run), {order: count(serial) for order, serial in one.items()}
    differences, surplus = [], 0
    for call in sorted(set(ours).union(*theirs.values())):
        serial = [counts[call] for counts in theirs.values()]
        if not serial or ours[call] in serial:
            continue
        surplus += ours[call] - (max(serial) if ours[call] > max(serial) else min(serial))
        allowed = tuple(zip(map(spell, theirs), map(str, serial), strict=True))
        differences.append(Difference("", f"the number of calls {call}", str(ours[call]), allowed))
    return differences, surplus


def _redis(run: Observation, one: Mapping[Order, Observation]) -> list[Difference]:
    def values(of: Observation) -> dict[str, str]:
        return {item.key: repr(item.value) for item in of.keys if pattern(item.key) == item.key}

    ours, theirs = values(run), {order: values(serial) for order, serial in one.items()}
    differences = []
    for key in sorted(set(ours).union(*theirs.values())):
        serial = [found.get(key, "unchanged") for found in theirs.values()]
        if serial and (seen := ours.get(key, "unchanged")) not in serial:
            allowed = tuple(zip(map(spell, theirs), serial, strict=True))
            differences.append(Difference("", f"the Redis key {key}", seen, allowed))
    return differences


def _contents(
    run: Observation, one: Mapping[Order, Observation], reading: Reading
) -> tuple[tuple[Difference, ...], bool]:
    """New rows equal in number that hold other values: the columns whose values no serial order has together. And
    whether one of them repeats a value that every serial order has once."""

    def columns(of: Observation) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for row in reading.rows(of):
            if row.before is None and row.after is not None:
                for column, value in row.after.items():
                    role = reading.roles.positions.get(("row", row.table, column))
                    if role is None or role.kind == "literal":
                        found.setdefault((row.table, column), []).append("null" if value is None else value)
        return {place: sorted(values) for place, values in found.items()}

    ours, theirs = columns(run), {order: columns(serial) for order, serial in one.items()}
    differences = []
    doubled = False
    for place, values in sorted(ours.items()):
        serial = [found.get(place, []) for found in theirs.values()]
        if not serial or values in serial:
            continue
        doubled |= _repeats(values) and not any(map(_repeats, serial))
        allowed = tuple(zip(map(spell, theirs), (", ".join(other) for other in serial), strict=True))
        where = f"{_short(place[0])}.{place[1]} of the new rows"
        differences.append(Difference(place[0], where, ", ".join(values), allowed))
    return tuple(differences), doubled


def _repeats(values: Sequence[str]) -> bool:
    return len(set(values)) < len(values)


def _connections(run: Observation, one: Mapping[Order, Observation], reading: Reading) -> Iterable[Difference]:
    """The same values in the same numbers, and still unlike: a row hangs at another one than it should, or two share a
    token. Reported by table."""

    def colours(of: Observation) -> dict[str, Counter[bytes]]:
        state = [document for document in reading.documents(of) if document.part == "state"]
        found: dict[str, Counter[bytes]] = {}
        for document, colour in zip(state, reading.state(of).colours, strict=True):
            table = document.row.table if document.row else document.label[0]
            found.setdefault(table, Counter())[colour] += 1
        return found

    ours, theirs = colours(run), [colours(serial) for serial in one.values()]
    for table, colour in sorted(ours.items()):
        if all(other.get(table) != colour for other in theirs):
            yield Difference(table, f"what {_short(table)} holds and refers to", "as in no serial order")


def _has_duplicates(run: Observation, table: str, reading: Reading) -> bool:
    """True when two of the new rows say the same: all their plain columns agree, or a text that is not a reference and
    not a default (an e-mail address, a code, a key) stands in both."""
    definition = reading.schema.tables.get(table)
    rows = [row.after for row in reading.rows(run) if row.table == table and row.before is None and row.after]
    plain = []
    for column in rows[0] if rows else ():
        role = reading.roles.positions.get(("row", table, column))
        known = definition.column(column) if definition else None
        if (role is None or role.kind == "literal") and not (known and known.filled):
            plain.append(column)
    if not plain:
        return len(rows) > 1
    whole = Counter(tuple(row.get(column) for column in plain) for row in rows)
    if any(count > 1 for count in whole.values()):
        return True
    referring = {column for reference in (definition.references if definition else ()) for column in reference.columns}
    named = [
        column
        for column in plain
        if column not in referring
        and definition is not None
        and (known := definition.column(column)) is not None
        and known.category == "S"
        and not _is_constant(column, rows, run, reading, table)
    ]
    return any(
        count > 1 for column in named for value, count in Counter(row.get(column) for row in rows).items() if value
    )


def _is_constant(
    column: str, rows: list[dict[str, str | None]], run: Observation, reading: Reading, table: str
) -> bool:
    """True when the text was not given by a request: a status or kind that the application always writes."""
    given = repr([answer.request for answer in run.answers]) + repr([answer.path for answer in run.answers])
    return not any(value and value in given for value in (row.get(column) for row in rows))
