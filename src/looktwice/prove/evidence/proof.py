"""Proof files: made from what an experiment has shown, read back to be repeated."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from looktwice import __version__
from looktwice.core.errors import LooktwiceError
from looktwice.core.files import UnreadableError, read_bytes
from looktwice.core.proof import DIRECTORY, Breakage, Move, Proof, Sent
from looktwice.core.writing import write_inside
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.experiments.experiment import Shown
from looktwice.prove.network.request import Request
from looktwice.prove.schedule.breakpoints import Fault
from looktwice.prove.schedule.schedule import Pause, Turn

LARGEST = 50_000_000
"""Bytes of a proof file."""
Users = Mapping[str, Mapping[str, str]]


def of(shown: Shown, case: Case, users: Users) -> Proof:
    """The proof of a defect. users: name → headers; they are taken out of the requests and named instead."""
    differences = shown.judgement.differences
    return Proof(
        code=shown.code,
        experiment=shown.experiment,
        endpoint=shown.endpoint,
        verdict=shown.judgement.verdict.value,
        name=shown.judgement.name,
        summary=shown.judgement.explain(),
        expected=tuple(f"{d.place}: {order} {value}" for d in differences for order, value in d.serial),
        observed=tuple(f"{d.place} is {d.seen}" for d in differences),
        requests={lane: sent(request, users) for lane, request in shown.requests.items()},
        prelude=tuple(sent(request, users) for request in shown.prelude),
        once=case.once,
        is_found=case.is_found,
        schedule=tuple(_move(step) for step in shown.schedule),
        faults=tuple(_breakage(fault) for fault in shown.faults),
        trace=shown.trace,
        recorded=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        made_with=__version__,
    )


def save(proof: Proof, root: Path) -> Path:
    """Write the proof under `root`, over an earlier one of the same defect. Gives the path.

    Raises LooktwiceError when it cannot be written.
    """
    data = msgspec.json.format(msgspec.json.encode(proof), indent=1) + b"\n"
    return write_inside(root, f"{DIRECTORY}/{proof.file_name}", data)


def load(path: Path) -> Proof:
    """Read a proof file. Raises LooktwiceError when it is none."""
    try:
        content = read_bytes(path, LARGEST)
    except UnreadableError as error:
        raise LooktwiceError(f"cannot read {path}", error.why, f"Proofs are in {DIRECTORY}.") from None
    return parse(content, str(path))


def parse(content: bytes, name: str) -> Proof:
    """The proof in a file's content. name: what to call it in an error. Raises LooktwiceError."""
    try:
        found = msgspec.json.decode(content, type=Proof)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LooktwiceError(
            f"cannot read {name}", f"it is not a proof file: {error}", "Run `looktwice prove` to make one."
        ) from None
    if found.schema != Proof.__struct_defaults__[0] or not found.requests:
        raise LooktwiceError(
            f"cannot read {name}", f"its schema is {found.schema}, or it holds no request", "Prove it again."
        )
    return found


def sent(request: Request, users: Users) -> Sent:
    """The request for a file."""
    headers = dict(request.headers)
    user = next((name for name, mark in users.items() if mark and mark.items() <= headers.items()), "")
    rest = {name: value for name, value in headers.items() if name not in users.get(user, {})}
    return Sent(
        method=request.method,
        path=request.path,
        headers=rest,
        body=request.body.decode("utf-8", "surrogateescape"),
        user=user,
    )


def request(sent: Sent, users: Users) -> Request:
    """The request of a file, sent by its user with that user's present headers. Raises LooktwiceError."""
    if sent.user and sent.user not in users:
        known = ", ".join(users) or "none"
        raise LooktwiceError(
            "cannot replay the proof",
            f"its requests are sent as the user {sent.user}; available: {known}",
            "See [prove.users].",
        )
    headers = {**users.get(sent.user, {}), **sent.headers}
    return Request(
        method=sent.method,
        path=sent.path,
        headers=tuple(headers.items()),
        body=sent.body.encode("utf-8", "surrogateescape"),
    )


def case(proof: Proof, users: Users, present: Iterable[Case] = ()) -> Case:
    """The pair of requests of a proof.

    present: the cases of the application as it runs now. Requests that looktwice found are taken from there: the rows
    they name are created again with each start, under other identifiers.
    """
    found = next((one for one in present if proof.is_found and one.is_found and one.endpoint == proof.endpoint), None)
    if found is not None:
        user = proof.requests[min(proof.requests)].user
        return found if user in ("", found.user) else found.asked_by(user, dict(users.get(user, {})))
    lanes = sorted(proof.requests)
    first = request(proof.requests[lanes[0]], users)
    second = request(proof.requests[lanes[-1]], users)
    return Case(
        endpoint=proof.endpoint, first=first, second=second, once=proof.once, user=proof.requests[lanes[0]].user
    )


def _move(step: Turn | Pause) -> Move:
    if isinstance(step, Pause):
        return Move(pause=step.seconds)
    if step.until is None:
        return Move(lane=step.lane)
    return Move(lane=step.lane, before=step.until.fingerprint, occurrence=step.until.occurrence)


def _breakage(fault: Fault) -> Breakage:
    action = msgspec.to_builtins(fault.action)
    return Breakage(lane=fault.lane, before=fault.at.fingerprint, occurrence=fault.at.occurrence, action=action)
