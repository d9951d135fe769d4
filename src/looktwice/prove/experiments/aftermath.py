"""What a fault left behind, and what to call it: a table of endings, the first that fits is the answer.

Each ending is named by what must have been observed for it, and its sentence is filled in with what was observed.
Nothing is concluded from what was not looked at: an ending whose facts are missing does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from looktwice.core.trace import Verdict
from looktwice.prove.experiments.faults import FaultKind
from looktwice.prove.network.gate import Hang
from looktwice.prove.network.request import Request, Response
from looktwice.prove.network.success import describe, is_success
from looktwice.prove.oracle import Observation
from looktwice.prove.run.extent import Amount, Extent

_ANY = Request(method="POST", path="/")


class Seen(Struct, frozen=True, kw_only=True):
    """All that was looked at after one fault. `retried` is the state after the same request was sent once more and
    `again` its answer; `next_answer` is that of a later request, without fault, from the rows of before. `recovers`:
    whether that is answered well once the application is started again, None when it was not tried. `is_logged`: the
    application printed something meanwhile. `has_died`: its process ended. `is_met`: the operation that the fault
    waits for was really requested. `printed`: the line in which the application
    named an error meanwhile. `request`, `usual`: what was sent, and how it is answered without fault."""

    fault: FaultKind
    response: Response
    run: Observation
    retried: Observation | None = None
    again: Response | None = None
    next_answer: Response | None = None
    recovers: bool | None = None
    is_logged: bool = True
    has_died: bool = False
    is_met: bool = True
    printed: str = ""
    request: Request = _ANY
    usual: Response | None = None


class Word(Struct, frozen=True):
    """The classification. `verdict` is SERIAL when the application did well; `note` then says how, for a count of many.
    `code` is that of the pattern, "" when none is known."""

    name: str
    code: str = ""
    verdict: Verdict = Verdict.SERIAL
    why: str = ""
    note: str = ""

    @property
    def is_defect(self) -> bool:
        return self.verdict is not Verdict.SERIAL


Fact = Callable[[Seen, Extent], bool]


class Ending(Struct, frozen=True):
    """One way to end. It fits when every fact of `when` was observed. `says` names words of `_WORDS` in braces; `note`
    describes those that showed no defect, after their number."""

    name: str
    when: tuple[Fact, ...]
    code: str = ""
    verdict: Verdict = Verdict.SERIAL
    says: str = ""
    note: str = ""


# ---- facts


def never_came(seen: Seen, extent: Extent) -> bool:
    return not seen.is_met


def died(seen: Seen, extent: Extent) -> bool:
    return seen.has_died


def answered_in_time(seen: Seen, extent: Extent) -> bool:
    return seen.response.error != "timeout"


def kept_waiting(seen: Seen, extent: Extent) -> bool:
    """Whether the fault is one that never ends by itself. All others come back at once, as an error or an answer: then
    a time limit on the operation would change nothing."""
    return isinstance(seen.fault.action, Hang)


def reports_success(seen: Seen, extent: Extent) -> bool:
    return is_success(seen.request, seen.response, seen.usual)


def same_status(seen: Seen, extent: Extent) -> bool:
    return seen.usual is None or seen.response.status == seen.usual.status


def reports_the_same(seen: Seen, extent: Extent) -> bool:
    """Whether the client cannot know from the answer that anything was other than usual: the same status, fields and
    words ("paid", "queued"). Where the usual answer is not known, success is taken at its word."""
    return same_status(seen, extent) and (seen.usual is None or _says_alike(seen.response.content, seen.usual.content))


def sender_lied(seen: Seen, extent: Extent) -> bool:
    """A 2xx from outside that says nothing: whether its sender has done anything cannot be known."""
    return seen.fault.is_lie


def rows(*amounts: Amount) -> Fact:
    return lambda seen, extent: extent.rows(seen.run) in amounts


def calls(*amounts: Amount) -> Fact:
    return lambda seen, extent: extent.has_calls and extent.calls(seen.run) in amounts


def calls_complete(seen: Seen, extent: Extent) -> bool:
    return extent.calls(seen.run) is Amount.ALL


def left_something(seen: Seen, extent: Extent) -> bool:
    """Anything of what the request does without the fault: a note that it failed is something else."""
    return extent.shares(seen.run)


def retried(seen: Seen, extent: Extent) -> bool:
    return seen.retried is not None and seen.again is not None


def completed_by_retry(seen: Seen, extent: Extent) -> bool:
    """That is what idempotency keys and outboxes are for."""
    return seen.retried is not None and extent.is_complete(seen.retried)


def next_failed(seen: Seen, extent: Extent) -> bool:
    return seen.next_answer is not None and not is_success(seen.request, seen.next_answer, seen.usual)


def restart_heals(seen: Seen, extent: Extent) -> bool:
    """That it is the fault's doing: a fresh application answers well, this one does not."""
    return seen.recovers is not False


def logged(seen: Seen, extent: Extent) -> bool:
    return seen.is_logged


def no(fact: Fact) -> Fact:
    return lambda seen, extent: not fact(seen, extent)


# ---- words


def _retry(seen: Seen, extent: Extent) -> str:
    """What became of the client's second try, when there was one."""
    if seen.retried is None or seen.again is None:
        return ""
    parts = [f"; the client tries again and gets {describe(seen.again)}"]
    if extent.rows(seen.retried) is not Amount.ALL:
        parts.append(f"then {extent.tell_rows(seen.retried)}")
    if extent.calls(seen.retried) is not Amount.ALL:
        parts.append(f"then {extent.tell_calls(seen.retried)}")
    return ", ".join(parts)


_WORDS: Mapping[str, Callable[[Seen, Extent], str]] = {
    "client": lambda seen, extent: f"the client gets {describe(seen.response)}",
    "seconds": lambda seen, extent: f"{seen.response.seconds:.0f} s",
    "rows": lambda seen, extent: extent.tell_rows(seen.run),
    "calls": lambda seen, extent: extent.tell_calls(seen.run),
    "retry": _retry,
    "next": lambda seen, extent: f"gets {describe(seen.next_answer)}" if seen.next_answer else "",
    "printed": lambda seen, extent: f"; it printed: {seen.printed}" if seen.printed else "",
    "healed": lambda seen, extent: ", until it is started again" if seen.recovers else "",
}


def _says_alike(one: object, other: object) -> bool:
    """Whether two bodies have the same fields and the same words in them. Numbers and identifiers are different each
    time."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_says_alike(value, other[name]) for name, value in one.items())
    if isinstance(one, bool) and isinstance(other, bool):
        return one == other
    return not (_is_word(one) and _is_word(other)) or one == other


def _is_word(content: object) -> bool:
    return isinstance(content, str) and content.isalpha() and len(content) <= 20


# ---- the table

_WRONG, _STATUS = Verdict.DATA_WRONG, Verdict.STATUS_WRONG
_DONE = "answered with success, and everything done"
_NOT_ALL = (Amount.NONE, Amount.PART, Amount.OTHER, Amount.MORE)

ENDINGS: tuple[Ending, ...] = (
    Ending("not met", (no(died), never_came), note="never applied, as their operation did not occur"),
    Ending("crash", (died,), "LT207", _STATUS, "the application's process ended{printed}"),
    Ending("hang", (no(answered_in_time), kept_waiting), "LT601", _STATUS, "there was no answer within {seconds}"),
    Ending(
        "no answer",
        (no(answered_in_time),),
        "",
        _STATUS,
        "the failure came back at once, and the application did not answer within {seconds}{printed}",
    ),
    # success is claimed
    Ending("recovered", (reports_success, sender_lied, rows(Amount.ALL)), note=_DONE),
    Ending(
        "wrong data stored",
        (reports_success, same_status, sender_lied, rows(Amount.OTHER)),
        "LT510",
        _WRONG,
        "{client}, and {rows}",
    ),
    Ending("double apply", (reports_success, calls(Amount.MORE)), "LT604", _WRONG, "{client}, and {calls}"),
    Ending(
        "lie-success",
        (reports_success, reports_the_same, no(sender_lied), rows(Amount.ALL), calls(Amount.NONE, Amount.PART)),
        "LT201",
        _WRONG,
        "{client} and {rows}, but {calls}",
    ),
    Ending(
        "lie-success",
        (reports_success, reports_the_same, rows(*_NOT_ALL)),
        "LT203",
        _WRONG,
        "{client} as without the fault, but {rows}",
    ),
    Ending("recovered", (reports_success, rows(Amount.ALL), calls_complete), note=_DONE),
    Ending("degraded", (reports_success,), note="answered with success, but not as usual"),
    # failure is reported, and something was done; a half that the client's retry completes is no defect
    Ending(
        "double apply",
        (left_something, no(completed_by_retry), rows(Amount.ALL), calls_complete),
        "LT607",
        _WRONG,
        "{client}, but all of it was done{retry}",
    ),
    Ending(
        "half",
        (left_something, no(completed_by_retry), calls(Amount.PART, Amount.ALL, Amount.MORE), rows(*_NOT_ALL)),
        "LT605",
        _WRONG,
        "{client}, but {calls} and {rows}{retry}",
    ),
    Ending(
        "half",
        (left_something, no(completed_by_retry), calls(*Amount), rows(Amount.ALL)),
        "LT605",
        _WRONG,
        "{client}, but {rows} and {calls}{retry}",
    ),
    Ending("half", (left_something, no(completed_by_retry)), "LT606", _WRONG, "{client}, but {rows}{retry}"),
    # nothing is left to complain of in the rows: what of the application?
    Ending(
        "poisoned",
        (next_failed, restart_heals),
        "LT208",
        _STATUS,
        "the next request, without any fault, {next}{healed}",
    ),
    Ending("opaque", (no(logged),), "LT206", _STATUS, "{client} and the application printed nothing"),
    Ending("honest", (left_something, retried, completed_by_retry), note="completed when the client tried again"),
    Ending("honest", (), note="not answered with success, and none of it done"),
)


def classify(seen: Seen, extent: Extent) -> Word:
    """The first ending of which every fact was observed."""
    for ending in ENDINGS:
        if all(fact(seen, extent) for fact in ending.when):
            words = {name: tell(seen, extent) for name, tell in _WORDS.items() if f"{{{name}}}" in ending.says}
            return Word(ending.name, ending.code, ending.verdict, ending.says.format_map(words), ending.note)
    raise AssertionError("the last ending has no condition")
