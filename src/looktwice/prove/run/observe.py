"""From what a run left in the journal and the log to what the oracle judges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from msgspec.structs import replace

from looktwice.prove.network.gate import Accepted, Answered, Arrived, Forward, Moment, Released
from looktwice.prove.network.request import Request, Response, decode
from looktwice.prove.network.success import is_success
from looktwice.prove.network.wire.operation import Operation, OperationKind, Result
from looktwice.prove.network.wire.sql_text import written_table
from looktwice.prove.oracle.observation import Answer, Mechanism, Observation, UpstreamCall
from looktwice.prove.oracle.outcome import outcome
from looktwice.prove.schedule.scheduler import Play
from looktwice.prove.servers.key_value import KeyValue
from looktwice.prove.servers.postgres.change import RowChange, Window

_KEPT = frozenset({"location", "etag", "retry-after"})
_CONSTRAINT = frozenset({"23505", "23P01", "23514"})
_ISOLATION = frozenset({"40001", "40P01"})
_REFUSALS = frozenset({409, 423})


def observation(
    play: Play,
    requests: Mapping[str, Request],
    changes: Iterable[RowChange],
    keys: Iterable[KeyValue] = (),
    names: Mapping[str, str] | None = None,
    usual: Mapping[Request, Response] = {},
) -> Observation:
    """What the run left. requests: lane → request. names: what to call each lane, where requests changed instances.
    usual: how a request is answered when it runs alone, where that is known."""
    name = names or {lane: lane for lane in requests}
    done = tuple(completed(play.journal))
    is_faulted = any(isinstance(m, Released) and not isinstance(m.action, Forward) for m in play.journal)
    calls = (replace(call, lane=name.get(call.lane, call.lane)) for call in accepted(play.journal))
    fired = (replace(found, lane=name.get(found.lane, found.lane)) for found in mechanisms(play, done))
    return Observation(
        answers=tuple(
            _answer(name[lane], requests[lane], response, is_faulted, usual.get(requests[lane]))
            for lane, response in sorted(play.responses.items(), key=lambda item: name[item[0]])
        ),
        changes=tuple(changes),
        keys=tuple(keys),
        upstream=tuple(calls),
        started=play.started,
        ended=play.ended,
        errors=tuple(
            (name.get(o.lane, o.lane), r.failure.code)
            for o, r in done
            if o.wire == "postgres" and r.failure is not None
        ),
        mechanisms=tuple(fired),
        overlapped=not play.unreached,
        unreached=play.unreached,
    )


def _answer(lane: str, request: Request, response: Response, is_faulted: bool, usual: Response | None) -> Answer:
    headers = {name.lower(): value for name, value in response.headers if name.lower() in _KEPT}
    parts = urlsplit(request.path)
    return Answer(
        lane=lane,
        method=request.method,
        path=parts.path,
        status=response.status,
        outcome=outcome(response.status, headers, is_faulted, not is_success(request, response, usual)),
        body=response.content,
        request={"body": request.content, "path": parts.path.split("/")[1:], "query": dict(parse_qsl(parts.query))},
        headers=headers,
    )


def completed(journal: Iterable[Moment]) -> Iterator[tuple[Operation, Result]]:
    """Each operation with what came back for it, in order of the answers."""
    asked: dict[int, Operation] = {}
    for moment in journal:
        if isinstance(moment, Arrived):
            asked[moment.operation.number] = moment.operation
        elif isinstance(moment, Answered) and moment.result.number in asked:
            yield asked[moment.result.number], moment.result


def accepted(journal: Iterable[Moment]) -> Iterator[UpstreamCall]:
    """The calls that an outside service has carried out."""
    for moment in journal:
        if isinstance(moment, Accepted):
            method, _, target = moment.operation.text.partition(" ")
            yield UpstreamCall(
                method=method,
                path=target,
                body=decode(moment.operation.body),
                answer=decode(moment.answer),
                lane=moment.operation.lane,
            )


def windows(journal: Iterable[Moment]) -> Iterator[Window]:
    """When each backend may have committed."""
    return (window for _, window in commits(journal))


def commits(journal: Iterable[Moment]) -> Iterator[tuple[Operation, Window]]:
    """What may have committed and when: a COMMIT, or a statement outside a transaction, sent on until answered."""
    sent: dict[int, tuple[Operation, float]] = {}
    for moment in journal:
        if isinstance(moment, Arrived | Released):
            sent[moment.operation.number] = (moment.operation, moment.at)
        elif isinstance(moment, Answered) and moment.result.number in sent:
            operation, since = sent.pop(moment.result.number)
            is_alone = operation.status == "I" and operation.kind in (OperationKind.STATEMENT, OperationKind.COPY)
            is_commit = operation.kind is OperationKind.COMMIT or is_alone or operation.atomic
            if is_commit and operation.backend is not None:
                yield operation, Window(operation.backend, since, moment.at)


def mechanisms(play: Play, done: Iterable[tuple[Operation, Result]]) -> Iterator[Mechanism]:
    """What kept the requests apart, seen while it fired."""
    for blocked in play.blocked:
        kind = "application lock" if blocked.kind in ("pool", "application") else "lock"
        yield Mechanism(
            kind=kind,  # type: ignore[arg-type]
            subject=blocked.relation,
            statement=blocked.statement,
            lane=blocked.lane,
            detail=" ".join(part for part in (blocked.kind, blocked.mode) if part),
        )
    for operation, result in done:
        found = _of_statement(operation, result)
        if found is not None:
            yield found
    for lane, response in sorted(play.responses.items()):
        if response.status in _REFUSALS:
            yield Mechanism(kind="refusal", subject=str(response.status), lane=lane)


def _of_statement(operation: Operation, result: Result) -> Mechanism | None:
    if operation.wire != "postgres":
        return None
    if result.failure is not None:
        code = result.failure.code
        kind = "constraint" if code in _CONSTRAINT else "isolation" if code in _ISOLATION else ""
        if not kind:
            return None
        return Mechanism(
            kind=kind,  # type: ignore[arg-type]
            subject=result.failure.constraint or result.failure.table,
            statement=operation.text,
            lane=operation.lane,
            detail=code,
        )
    if result.tag in ("UPDATE 0", "DELETE 0", "INSERT 0 0"):
        return Mechanism(
            kind="condition",
            subject=written_table(operation.fingerprint),
            statement=operation.text,
            lane=operation.lane,
            detail=result.tag,
        )
    return None
