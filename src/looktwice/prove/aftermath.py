"""What a fault left behind, and what to call it.

Asked in this order, first match: does it live? did it answer in time? is the answer true? are state and effects all or
nothing, or does the client's retry make them so? is the next request well? does the log know the cause?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from looktwice.core.trace import Verdict
from looktwice.prove.faults import Mishap
from looktwice.prove.oracle import Observation
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.request import Response
from looktwice.prove.wire.http import path_without_identifiers


class Seen(Struct, frozen=True, kw_only=True):
    """All that was looked at after one fault. `retried` is the state after the same request was sent once more and
    `again` its answer; `next_answer` is that of a later request, without fault. `is_logged`: the application printed
    something meanwhile. `has_died`: its process ended."""

    mishap: Mishap
    response: Response
    run: Observation
    retried: Observation | None = None
    again: Response | None = None
    next_answer: Response | None = None
    is_logged: bool = True
    has_died: bool = False


class Word(Struct, frozen=True):
    """The classification. `code` is empty when the application did well."""

    name: str
    code: str = ""
    verdict: Verdict = Verdict.SERIAL
    why: str = ""

    @property
    def is_defect(self) -> bool:
        return bool(self.code)


class Extent:
    """How much of what the request does was done, compared with a run without fault."""

    def __init__(self, full: Observation, reading: Reading) -> None:
        self._reading = reading
        self._writes = bool(full.changes or full.keys)
        self._rows = reading.state(replace(full, upstream=()))
        self._calls = _calls(full)
        self.has_calls = bool(self._calls)
        self._has_rows = bool(full.changes or full.keys)

    def rows(self, run: Observation) -> str:
        """One of "none", "all" or "some" of the rows and keys; "all" when there are none to write."""
        if not run.changes and not run.keys:
            return "none" if self._has_rows else "all"
        return "all" if self._reading.state(replace(run, upstream=())) == self._rows else "some"

    def calls(self, run: Observation) -> str:
        """One of "none", "all", "some" or "more" of the outside effects; "all" when there are none to have."""
        done = _calls(run)
        if done == self._calls:
            return "all"
        if not done:
            return "none"
        return "more" if any(done[call] > count for call, count in self._calls.items()) else "some"

    def is_whole(self, run: Observation) -> bool:
        return self.rows(run) == "all" and self.calls(run) == "all"

    def is_nothing(self, run: Observation) -> bool:
        return not run.changes and not run.keys and not run.upstream


def _calls(run: Observation) -> Counter[tuple[str, str]]:
    return Counter((call.method, path_without_identifiers(call.path)) for call in run.upstream)


def classify(seen: Seen, extent: Extent) -> Word:
    """The first question with an answer decides; "honest" or "recovered" when none has."""
    for question in _QUESTIONS:
        word = question(seen, extent)
        if word is not None:
            return word
    if seen.response.is_success:
        return Word("recovered")
    return Word("honest")


def _is_it_alive(seen: Seen, extent: Extent) -> Word | None:
    if not seen.has_died:
        return None
    why = "the application's process ended, and every other request with it"
    return Word("crash", "LT207", Verdict.STATUS_WRONG, why)


def _did_it_answer(seen: Seen, extent: Extent) -> Word | None:
    if seen.response.error != "timeout":
        return None
    seconds = f"{seen.response.seconds:.0f} s"
    return Word("hang", "LT601", Verdict.STATUS_WRONG, f"there was no answer within {seconds}")


def _was_rubbish_believed(seen: Seen, extent: Extent) -> Word | None:
    """A 2xx from outside that says nothing. Whether its sender has done anything nobody can know, so only the rows
    speak: they are as ever (the answer was not needed), or hold what the rubbish left in them."""
    if not seen.mishap.is_lie or not seen.response.is_success:
        return None
    if extent.rows(seen.run) == "all":
        return Word("recovered")
    why = f"{_answer(seen.response)}, and the rows hold what that answer left in them"
    return Word("wrong data stored", "LT510", Verdict.DATA_WRONG, why)


def _is_success_true(seen: Seen, extent: Extent) -> Word | None:
    if not seen.response.is_success or extent.is_whole(seen.run):
        return None
    rows, calls = extent.rows(seen.run), extent.calls(seen.run)
    if calls == "more":
        why = "the application tried again by itself, and the outside service did it twice"
        return Word("double apply", "LT604", Verdict.DATA_WRONG, why)
    said = f"the client is told {seen.response.status}"
    if rows == "all":
        why = f"{said} and the rows say so, but the outside service has done {_much(calls)} of it"
        return Word("lie-success", "LT201", Verdict.DATA_WRONG, why)
    why = f"{said}, but {_much(rows)} of the rows were written"
    return Word("lie-success", "LT203", Verdict.DATA_WRONG, why)


def _is_it_all_or_nothing(seen: Seen, extent: Extent) -> Word | None:
    """A half that the client's retry completes is no defect: that is what idempotency keys and outboxes are for."""
    if seen.response.is_success or extent.is_nothing(seen.run) or _heals(seen, extent):
        return None
    rows, calls = extent.rows(seen.run), extent.calls(seen.run)
    said = f"{_answer(seen.response)}, but"
    after = _after_retry(seen, extent)
    if rows == "all" and calls == "all":
        return Word("double apply", "LT607", Verdict.DATA_WRONG, f"{said} all of it was done{after}")
    if extent.has_calls and calls != "none" and rows != "all":
        why = (
            f"{said} the outside service has done {_much(calls)} of it and {_much(rows)} of the rows are written{after}"
        )
        return Word("half", "LT605", Verdict.DATA_WRONG, why)
    if extent.has_calls and rows == "all":
        why = f"{said} the rows are written and the outside service has done {_much(calls)} of it{after}"
        return Word("half", "LT605", Verdict.DATA_WRONG, why)
    return Word("half", "LT606", Verdict.DATA_WRONG, f"{said} some of the rows are written{after}")


def _heals(seen: Seen, extent: Extent) -> bool:
    return seen.retried is not None and extent.is_whole(seen.retried)


def _after_retry(seen: Seen, extent: Extent) -> str:
    if seen.retried is None or seen.again is None:
        return ""
    calls, rows = extent.calls(seen.retried), extent.rows(seen.retried)
    said = f"; the client tries again and is told {seen.again.status or seen.again.error}"
    if calls == "more":
        return f"{said}, and the outside service has done it twice"
    return f"{said}, and the rows are those of two requests" if rows == "some" else f"{said}, and it is still so"


def _is_the_next_request_well(seen: Seen, extent: Extent) -> Word | None:
    if seen.next_answer is None or seen.next_answer.is_success:
        return None
    why = f"the next request, without any fault, {_answer(seen.next_answer, 'gets')}"
    return Word("poisoned", "LT208", Verdict.STATUS_WRONG, why)


def _does_the_log_know(seen: Seen, extent: Extent) -> Word | None:
    if seen.is_logged or seen.response.is_success:
        return None
    return Word("opaque", "LT206", Verdict.STATUS_WRONG, f"{_answer(seen.response)} and nothing was logged")


def _much(extent: str) -> str:
    return {"none": "none", "some": "part", "all": "all", "more": "more than all"}[extent]


def _answer(response: Response, verb: str = "the client gets") -> str:
    return f"{verb} {response.status}" if response.status else f"{verb} no answer ({response.error})"


_QUESTIONS: tuple[Callable[[Seen, Extent], Word | None], ...] = (
    _is_it_alive,
    _did_it_answer,
    _was_rubbish_believed,
    _is_success_true,
    _is_it_all_or_nothing,
    _is_the_next_request_well,
    _does_the_log_know,
)
