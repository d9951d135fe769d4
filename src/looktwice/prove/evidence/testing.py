"""What a written test uses: the application of its project, started once, and one experiment run on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec

from looktwice.core import config
from looktwice.core.trace import Trace
from looktwice.core.visible import line, visible
from looktwice.prove.app.requests.cases import Case, endpoint, varied
from looktwice.prove.evidence.proof import Sent
from looktwice.prove.evidence.proof import request as as_user
from looktwice.prove.evidence.replay import Outcome, ask
from looktwice.prove.network.request import Request
from looktwice.prove.run.stage import Stage


class Unanswered(Exception):
    """It could not be determined whether the application holds: that is no success."""


class Application:
    """The project at `root`, started when the first experiment is run. imports: entered while looktwice is at work, so
    that no module of the project is taken for one of ours."""

    def __init__(
        self,
        root: Path,
        imports: AbstractContextManager[None] | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """say: receives each step of starting it, among them each command of the project, before it is executed."""
        self.root, self._say = root, say
        self._imports = imports or nullcontext()
        self._stage: Stage | None = None

    @property
    def stage(self) -> Stage:
        """Raises StartError when it cannot be started."""
        if self._stage is None:
            self._stage = Stage.open(self.root, config.load(self.root).prove, self._say)
        return self._stage

    def request(
        self, method: str, path: str, body: Any = None, user: str = "", headers: dict[str, str] | None = None
    ) -> Request:
        """A request to the application. user: a name of `[prove.users]`, or one that looktwice signs in."""
        text = "" if body is None else body if isinstance(body, str) else msgspec.json.encode(body).decode()
        with self._imports:
            return as_user(
                Sent(method=method, path=path, headers=headers or {}, body=text, user=user), self.stage.users
            )

    def check(
        self,
        experiment: str,
        first: Request | None = None,
        second: Request | None = None,
        *,
        at: str = "",
        user: str = "",
        once: bool = False,
    ) -> None:
        """Fail unless the application holds against the experiment ("twice", "upstream-down" …).

        first, second: the requests that meet; the same one again when there is no second. once: the request sent twice
        must have one effect. at: an endpoint, its parameters in braces ("PUT /items/{id}"); without requests, those
        that looktwice makes for it, sent by `user`.
        Raises AssertionError with the two lanes when it does not hold, Unanswered when that could not be determined.
        """
        __tracebackhide__ = True  # the message says it all
        with self._imports:
            if first is None:
                case = self._found(at, user)
            else:
                case = Case(endpoint=at or endpoint(first), first=first, second=second or first, once=once)
            outcome = self._ask(experiment, case)
        message = line(f"{case.endpoint}: {outcome.why}")
        if outcome.is_wrong:
            raise AssertionError(f"{message}\n\n{lanes(outcome.trace)}")
        if not outcome.holds:
            raise Unanswered(message)

    def _ask(self, experiment: str, case: Case) -> Outcome:
        try:
            return ask(self.stage, experiment, case)
        except Exception as error:
            why = self.stage.why_ended(error)
            if not why:
                raise
            self.close()  # the next experiment starts the application again
            self._stage = None
            raise Unanswered(f"{case.endpoint}: the run has ended early: {why}") from None

    def _found(self, at: str, user: str) -> Case:
        found = next((case for case in self.stage.cases if case.endpoint == at), None)
        if found is None:
            known = ", ".join(case.endpoint for case in self.stage.cases)
            raise Unanswered(line(f"{at}: no request can be made for it; available: {known or 'none'}"))
        return found.asked_by(user, self.stage.users[user]) if user in self.stage.users else found

    def close(self) -> None:
        if self._stage is not None:
            self._stage.close()


def lanes(trace: Trace | None) -> str:
    """The run as two columns of plain text, in the order in which things took effect."""
    if trace is None:
        return ""
    trace = visible(trace)
    names = [lane.name for lane in trace.lanes]
    width = 56
    heads = [f"{lane.name}: {lane.method} {lane.path} {lane.body}"[: width - 2] for lane in trace.lanes]
    rows = ["".join(head.ljust(width) for head in heads).rstrip()]
    for step in trace.steps:
        at = names.index(step.lane) if step.lane in names else 0
        rows.append((" " * width * at + ("‖ " if step.held else "  ") + step.words[: width - 4]).rstrip())
    return "\n".join(rows)


__all__ = ["Application", "Unanswered", "lanes", "varied"]
