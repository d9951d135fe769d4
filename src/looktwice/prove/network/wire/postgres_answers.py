"""What each message of the server means: it pays one of the answers that are owed, or tells what came back."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable

from looktwice.prove.network.wire import postgres_frames as frames
from looktwice.prove.network.wire.operation import Failure, Result
from looktwice.prove.network.wire.postgres_state import Owed, Running, State, Statement
from looktwice.prove.network.wire.postgres_values import decode_all

_SAMPLE_ROWS = 5
_SAMPLE_COLUMNS = 40


def _done(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    if owed is not None:
        state.owed_answers.popleft()


def _parameters_described(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    if owed is not None and owed.name is not None and owed.name in state.statements:
        count = frames.SHORT.unpack_from(payload)[0] & 0xFFFF
        oids = struct.unpack_from(f"!{count}I", payload, 2)
        state.statements[owed.name] = state.statements[owed.name]._replace(oids=oids)


def _rows_described(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    if owed is None:
        return
    names, oids, formats = [], [], []
    offset = 2
    for _ in range(frames.SHORT.unpack_from(payload)[0] & 0xFFFF):
        name, offset = frames.text(payload, offset)
        oid, _, _, form = struct.unpack_from("!IhiH", payload, offset + 6)
        offset += 18
        names.append(name)
        oids.append(oid)
        formats.append(form)
    running = state.running.get(owed.number) if owed.number is not None else None
    if running is not None:
        running.columns, running.oids = tuple(names), tuple(oids)
        if owed.code == "Q":
            running.formats = tuple(formats)
    elif owed.name is not None:
        state.described[owed.name] = (tuple(names), tuple(oids))
        _describe_running(state, owed.name, tuple(names), tuple(oids))
    if owed.code == "D":
        state.owed_answers.popleft()


def _describe_running(state: State, name: str, names: tuple[str, ...], oids: tuple[int, ...]) -> None:
    for portal, number in state.portals.items():
        running = state.running.get(number)
        if running is not None and not running.columns and state.portal_statement.get(portal) == name:
            running.columns, running.oids = names, oids


def _row(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    running = state.running.get(owed.number) if owed is not None and owed.number is not None else None
    if running is None:
        return
    running.rows += 1
    running.is_news = True
    if len(running.sample) < _SAMPLE_ROWS:
        raw, _ = frames.values(payload, 0, _SAMPLE_COLUMNS)
        running.sample.append(decode_all(raw, running.oids, running.formats))


def _complete(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    if owed is None:
        return
    running = state.running.get(owed.number) if owed.number is not None else None
    if running is not None:
        tag = frames.text(payload)[0] if payload else ""
        running.tag, running.suspended, running.is_news = tag, False, True
        _forget_prepared(state, tag)
    if owed.code == "E":
        state.owed_answers.popleft()


def _forget_prepared(state: State, tag: str) -> None:
    if tag in ("DISCARD ALL", "DEALLOCATE ALL"):
        state.statements.clear()
        state.described.clear()


def _suspended(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    running = state.running.get(owed.number) if owed is not None and owed.number is not None else None
    if running is not None:
        running.suspended = running.is_news = True
    _done(state, payload, owed, results)


def _failed(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    found = frames.fields(payload)
    failure = Failure(
        code=found.get("C", ""),
        message=found.get("M", ""),
        constraint=found.get("n", ""),
        table=found.get("t", ""),
        detail=found.get("D", ""),
    )
    state.is_copying_in = False
    blamed = next((o.number for o in state.owed_answers if o.number is not None), None) if owed is not None else None
    if blamed is not None and blamed in state.running:
        state.running[blamed].failure = failure
        state.running[blamed].suspended = False
    if owed is None or owed.code in "QF":
        return
    while state.owed_answers and state.owed_answers[0].code != "S":
        skipped = state.owed_answers.popleft()
        if skipped.code == "P" and skipped.name is not None:
            _undo_parse(state, skipped.name, skipped.before)
        if skipped.number is not None and skipped.number != blamed:
            state.running.pop(skipped.number, None)


def _undo_parse(state: State, name: str, before: Statement | None) -> None:
    if before is None:
        state.statements.pop(name, None)
    else:
        state.statements[name] = before


def _copy_in(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    state.is_copying_in = True
    # A Sync that arrived before the data is ignored by the server while it copies.
    state.owed_answers = deque(o for o in state.owed_answers if o.code != "S")


def _ready(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    state.status = chr(payload[0])
    state.is_ready = True
    while state.owed_answers and state.owed_answers.popleft().code not in "SQF":
        pass
    still = {o.number for o in state.owed_answers}
    for number in [n for n, running in state.running.items() if n not in still]:
        running = state.running[number]
        if running.is_news:
            results.append(_result(state, number, running))
        # A portal with rows left lives until its transaction ends.
        if not running.suspended or state.status == "I":
            del state.running[number]


def _result(state: State, number: int, running: Running) -> Result:
    running.is_news = False
    return Result(
        number=number,
        tag=running.tag,
        rows=running.rows,
        columns=running.columns,
        sample=tuple(running.sample),
        failure=running.failure,
        status=state.status,
        suspended=running.suspended,
    )


def _key(state: State, payload: bytes, owed: Owed | None, results: list[Result]) -> None:
    # The secret behind the process id has any length since protocol 3.2.
    state.backend = frames.LENGTH.unpack_from(payload)[0]


_Meaning = Callable[[State, bytes, Owed | None, list[Result]], None]

# FunctionCallResponse (V: ReadyForQuery ends the call), ParameterStatus (S), notices (N), notifications (A),
# authentication (R), protocol negotiation (v) and copy data (d, c) change nothing here and pass.
ANSWERS: dict[str, _Meaning] = {
    "1": _done,  # ParseComplete
    "2": _done,  # BindComplete
    "3": _done,  # CloseComplete
    "n": _done,  # NoData
    "t": _parameters_described,
    "T": _rows_described,
    "D": _row,
    "C": _complete,
    "I": _complete,  # EmptyQueryResponse
    "s": _suspended,
    "E": _failed,
    "G": _copy_in,
    "Z": _ready,
    "K": _key,
}
