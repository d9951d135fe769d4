"""The stand-in for an outside HTTP service: it answers what was configured, and remembers what it has done.

Each accepted call that is not safe is an effect of the run, as much as a row. A call that repeats an idempotency key
gets the first answer again and is no second effect, as the services worth calling have it.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from typing import Any, cast

import h11
import msgspec
from msgspec import Struct

from looktwice.prove.network.gate import Action, Answer, Connection, Cut, CutPoint, Fail, Gate, Hang, Slow
from looktwice.prove.network.relay import reset
from looktwice.prove.network.request import decode
from looktwice.prove.network.wire.http import Call, ServerSession, malformed, path_without_identifiers
from looktwice.prove.network.wire.operation import Failure, Operation, OperationKind, Result

_FIELD = re.compile(r"\{(\w+)\}")
_ECHOED = (str, int, float, bool)
_LEAVE = 2.0  # seconds in which the other side may still be sending unread data


class Script(Struct, frozen=True, kw_only=True):
    """What a service answers. In `body` the text "{id}" stands for a new identifier and "{field}" for the request's
    field of that name, which keeps its type when it is the whole text. None: `{"id", "status": "ok"}` and the scalar
    fields of the request.
    """

    name: str
    status: int = 200
    body: Any = None


class Service:
    """The state of one outside service, shared by all instances of the application."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._identifiers = itertools.count(1)  # never backwards: an identifier means one thing in all runs
        self._by_key: dict[tuple[str, str], bytes] = {}

    def forget(self) -> None:
        """Begin a new run: idempotency keys of the last one are unknown."""
        self._by_key.clear()

    def answer(self, call: Call) -> tuple[bytes, bool]:
        """The body of the ordinary answer, and whether the call was an effect."""
        key = call.headers.get("idempotency-key", "")
        if key and (call.path, key) in self._by_key:
            return self._by_key[call.path, key], False
        body = self._body(call)
        if key:
            self._by_key[call.path, key] = body
        return body, not call.is_safe

    def _body(self, call: Call) -> bytes:
        asked = decode(call.body)
        fields = asked if isinstance(asked, dict) else {}
        identifier = f"{self.script.name}_{next(self._identifiers):08d}"
        if self.script.body is None:
            echoed = {name: value for name, value in fields.items() if isinstance(value, _ECHOED)}
            return msgspec.json.encode({**echoed, "id": identifier, "status": "ok"})
        return msgspec.json.encode(_fill(self.script.body, {**fields, "id": identifier}))


def _fill(template: Any, fields: dict[str, Any]) -> Any:
    if isinstance(template, dict):
        return {name: _fill(value, fields) for name, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, fields) for value in template]
    if not isinstance(template, str):
        return template
    whole = _FIELD.fullmatch(template)
    if whole and whole[1] in fields:
        return fields[whole[1]]
    return _FIELD.sub(lambda match: str(fields.get(match[1], match[0])), template)


class UpstreamConnection(asyncio.Protocol):
    """One connection of the application to an outside service."""

    def __init__(self, gate: Gate, lane: str, numbers: Iterator[int], service: Service) -> None:
        self._gate, self._numbers, self._service = gate, numbers, service
        self._session = ServerSession()
        self._connection = Connection(lane, next(numbers), "http")
        self._transport: asyncio.Transport | None = None
        self._is_advancing = self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if f"{self._connection.lane}:{self._service.script.name}" in self._gate.refusing:
            reset(self._transport)
            return
        self._gate.opened(self._connection, self._break)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._session.receive(data)
        self._advance()

    def _advance(self) -> None:
        """Serve what has arrived, one call after the other, up to one that is held. An answer comes back here: only
        the outermost goes on, as a client may send thousands at once."""
        if self._is_advancing:
            return
        self._is_advancing = True
        try:
            for call in self._session.calls():
                if self._transport is None:
                    return
                if isinstance(call, bytes):
                    self._transport.write(call)
                else:
                    self._arrive(call)
        except h11.RemoteProtocolError as error:
            self._take_leave(self._session.refusal(error))
        finally:
            self._is_advancing = False

    def _arrive(self, call: Call) -> None:
        if call.method == "CONNECT":  # it is the service, and leads nowhere
            self._take_leave(self._session.answer(501, b"", ()))
            return
        name = self._service.script.name
        operation = Operation(
            number=next(self._numbers),
            lane=self._connection.lane,
            wire="http",
            connection=self._connection.number,
            kind=OperationKind.CALL,
            text=f"{call.method} {name}{call.target}",
            fingerprint=f"{call.method} {name}{path_without_identifiers(call.target)}",
            body=call.body,
        )
        action = self._gate.arrive(operation, lambda action: self._perform(call, operation, action))
        if action is not None:
            self._perform(call, operation, action)

    def _perform(self, call: Call, operation: Operation, action: Action) -> None:
        if self._transport is None:
            return
        self._connection.outstanding = (operation.number,)
        if isinstance(action, Hang | Slow):
            self._gate.hang(self._break_unanswered)
        if isinstance(action, Answer):
            self._answer_exactly(call, operation, action)
        elif isinstance(action, Fail):
            status = int(action.code) if action.code.isdigit() else 500
            headers = (("Retry-After", "1"),) if status in (429, 503) else ()
            self._reply(operation, status, msgspec.json.encode({"error": action.words}), headers)
        elif isinstance(action, Cut) and action.point is CutPoint.BEFORE:
            self._break()
        elif isinstance(action, Hang) and not action.has_effect:
            pass
        else:
            self._carry_out(call, operation, action)

    def _carry_out(self, call: Call, operation: Operation, action: Action) -> None:
        assert self._transport is not None
        body, is_effect = self._service.answer(call)
        if is_effect:
            self._gate.accepted(operation, body)
        status = self._service.script.status
        if isinstance(action, Cut) and action.point is CutPoint.AFTER:
            self._break()
        elif isinstance(action, Cut):
            half = malformed(
                status, body[: len(body) // 2], (("Content-Type", "application/json"),), len(body), call.method
            )
            self._transport.write(half)
            self._transport.close()  # not a reset: that would take the half that is on its way
        elif isinstance(action, Slow):
            asyncio.get_running_loop().call_later(action.seconds, self._reply, operation, status, body)
        elif not isinstance(action, Hang):
            self._reply(operation, status, body)

    def _answer_exactly(self, call: Call, operation: Operation, action: Answer) -> None:
        assert self._transport is not None
        if action.is_accepted:
            self._gate.accepted(operation, action.body)
        headers = (("Content-Type", action.content_type), *action.headers)
        if action.declared is None:
            self._reply(operation, action.status, action.body, action.headers, action.content_type)
        else:
            self._transport.write(malformed(action.status, action.body, headers, action.declared, call.method))
            self._transport.close()

    def _reply(
        self,
        operation: Operation,
        status: int,
        body: bytes,
        headers: tuple[tuple[str, str], ...] = (),
        content_type: str = "application/json",
    ) -> None:
        if self._transport is None:
            return
        self._transport.write(self._session.answer(status, body, (("Content-Type", content_type), *headers)))
        failure = Failure(code=str(status), message=body.decode("utf-8", "replace")[:200]) if status >= 400 else None
        sample = ((body.decode("utf-8", "replace")[:400],),)
        result = Result(number=operation.number, tag=str(status), sample=sample, failure=failure)
        self._gate.answered(self._connection, result)
        if self._session.must_close:
            self._transport.close()
        else:
            self._advance()

    def _take_leave(self, words: bytes) -> None:
        """Say the last words and hear no more. To close at once would reset the connection while the other side still
        sends, and the words would be lost."""
        if self._transport is None:
            return
        self._is_over = True
        self._transport.write(words)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(_LEAVE, self._transport.close)

    def _break_unanswered(self) -> None:
        if self._connection.outstanding:
            self._break()

    def _break(self) -> None:
        if self._transport is None:
            return
        transport, self._transport = self._transport, None
        reset(transport)
        self._gate.closed(self._connection, "fault")

    def eof_received(self) -> bool:
        """Nothing more will be asked; what was is answered."""
        if self._is_over:
            return False
        self._session.receive(b"")
        self._advance()
        return self._session.is_owed

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._gate.closed(self._connection, "application")
