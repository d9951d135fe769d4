"""Record the board's traces: every order of two requests to a real application, played and judged by `prove`.

`python -m looktwice.learn.record examples/shop` writes `traces/lost_update.json`. The application is examples/shop, as
written and with each of the page's remedies applied to the faulty function. The board shows nothing that did not
happen in a run.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import msgspec
from msgspec import Struct

from looktwice.core import config
from looktwice.core.errors import LooktwiceError
from looktwice.core.trace import Outcome, StepKind, Trace, TraceSet, Verdict
from looktwice.learn.board_runs import board_trace
from looktwice.prove.network.request import Request
from looktwice.prove.network.wire.operation import OperationKind
from looktwice.prove.run.laboratory import Laboratory
from looktwice.prove.run.stage import Stage
from looktwice.prove.schedule.explorer import Place
from looktwice.prove.schedule.schedule import Point, Schedule, Turn

TRACES = Path(__file__).parent / "traces"
ENDPOINT = "POST /wallet/deposit"
TABLE = "wallets"

WALLET, MODELS, SEED = "shop/services/wallet.py", "shop/models.py", "seed.sql"
READ = "wallet = get_wallet(session, user_id)\n    wallet.balance"
WRITTEN = "    wallet.balance = wallet.balance + amount\n    session.commit()\n    return wallet\n"


class Edit(Struct, frozen=True):
    """One change to the application. The old text must occur exactly once."""

    path: str
    old: str
    new: str


class Variant(Struct, frozen=True):
    """A variant of the endpoint: the changes to the application, and the board's labels for its steps.

    `stop`: where a request is held between its two moves, before its first write or before its commit.
    """

    name: str
    title: str
    words: Mapping[StepKind, str]
    edits: tuple[Edit, ...] = ()
    stop: OperationKind = OperationKind.STATEMENT


ONE_HUNDRED = Edit(SEED, "(1, 10000), (2, 10000)", "(1, 100), (2, 10000)")

VARIANTS = (
    Variant(
        "written",
        "Read, compute, write back",
        {StepKind.READ: "reads the balance", StepKind.WRITE: "writes what it computed"},
    ),
    Variant(
        "fixed",
        "The row is locked before it is read",
        {StepKind.LOCK: "locks the row and reads it", StepKind.WRITE: "writes what it computed"},
        (
            Edit(
                WALLET,
                READ,
                "wallet = session.scalars(select(Wallet).where(Wallet.user_id == user_id).with_for_update()).one()\n"
                "    wallet.balance",
            ),
        ),
    ),
    Variant(
        "atomic",
        "The database does the arithmetic",
        {StepKind.WRITE: "adds in one statement"},
        (
            Edit(
                WALLET,
                f"    wallet = get_wallet(session, user_id)\n{WRITTEN}",
                "    added = update(Wallet).where(Wallet.user_id == user_id).values(balance=Wallet.balance + amount)\n"
                "    wallet = session.scalars(added.returning(Wallet)).one()\n"
                "    session.commit()\n"
                "    return wallet\n",
            ),
        ),
        stop=OperationKind.COMMIT,
    ),
    Variant(
        "version",
        "The write carries the version that was read",
        {StepKind.READ: "reads balance and version", StepKind.WRITE: "writes if the version is the same"},
        (
            Edit(WALLET, "from shop.errors", "from sqlalchemy.orm.exc import StaleDataError\n\nfrom shop.errors"),
            Edit(
                WALLET,
                WRITTEN,
                "    wallet.balance = wallet.balance + amount\n"
                "    try:\n"
                "        session.commit()\n"
                "    except StaleDataError:\n"
                '        raise Conflict("The wallet changed meanwhile: load it again") from None\n'
                "    return wallet\n",
            ),
            Edit(
                MODELS,
                "    balance: Mapped[int] = mapped_column(default=0)\n",
                "    balance: Mapped[int] = mapped_column(default=0)\n"
                '    version: Mapped[int] = mapped_column(server_default="1")\n'
                '    __mapper_args__ = {"version_id_col": version}\n',
            ),
        ),
    ),
)


def orders(moves: int) -> list[str]:
    """Every order of two lanes with `moves` moves each, alphabetically: AABB, ABAB, …"""
    every = range(2 * moves)
    chosen = (frozenset(taken) for taken in combinations(every, moves))
    return sorted("".join("A" if place in taken else "B" for place in every) for taken in chosen)


def record(application: Path, variants: Sequence[Variant] = VARIANTS) -> tuple[TraceSet, ...]:
    """Record every order of every variant of the application in the folder `application`, which is not modified.

    Raises LooktwiceError when an edit does not apply, when the application cannot be started, or when a run did not
    follow its schedule.
    """
    return tuple(_recorded(application, variant) for variant in variants)


def _recorded(application: Path, variant: Variant) -> TraceSet:
    with tempfile.TemporaryDirectory(prefix="looktwice-") as folder:
        copy = Path(folder) / application.name
        shutil.copytree(application, copy, ignore=shutil.ignore_patterns("__pycache__", "tests", ".looktwice"))
        Path(folder).chmod(0o755)  # the application runs as a user of its own
        for edit in (ONE_HUNDRED, *variant.edits):
            _apply(copy, edit)
        with Stage.open(copy, config.load(copy).prove) as stage:
            traces = _played(stage, variant)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return TraceSet(title=variant.title, pattern="lost-update", variant=variant.name, traces=traces, recorded=now)


def _apply(folder: Path, edit: Edit) -> None:
    path = folder / edit.path
    text = path.read_text(encoding="utf-8")
    if text.count(edit.old) != 1:
        raise LooktwiceError(
            f"cannot change {edit.path} for the recording",
            f"{edit.old.strip().splitlines()[0]!r} occurs {text.count(edit.old)} times, not once",
            "Update the variants in looktwice/learn/record.py to the application.",
        )
    path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def _played(stage: Stage, variant: Variant) -> tuple[Trace, ...]:
    case = next(case for case in stage.cases if case.endpoint == ENDPOINT)
    requests = {"A": case.first, "B": case.second}
    laboratory = stage.laboratory()
    baseline = laboratory.baseline(requests)
    if unreached := baseline.unreached():
        raise LooktwiceError(f"cannot record {variant.name}", unreached, "Check that the endpoint answers.")
    reading = laboratory.reading(baseline)
    with stage.server.connect() as connection:
        row = connection.execute("SHOW default_transaction_isolation").fetchone()
    traces = []
    for order in orders(2):
        trial = stage.trials.run(requests, _schedule(laboratory, requests, variant, order))
        if trial.play.unreached:
            raise LooktwiceError(f"cannot record {variant.name} {order}", trial.play.unreached, "Run it again.")
        trace = laboratory.tell(trial, laboratory.judged(trial, reading), baseline, variant.title)
        environment = trace.environment | {"isolation": str(row[0]) if row else ""}
        shown = board_trace(trace, order, TABLE, variant.words)
        traces.append(msgspec.structs.replace(shown, environment=environment, explanation=explanation(shown)))
    return tuple(traces)


def _schedule(laboratory: Laboratory, requests: Mapping[str, Request], variant: Variant, order: str) -> Schedule:
    """Each lane's first turn ends where the variant stops it, the second with its response."""
    baseline = laboratory.baseline(requests)
    steps: list[Turn] = []
    for at, lane in enumerate(order):
        is_first = lane not in order[:at]
        steps.append(Turn(lane, _stop(baseline.places[lane], variant.stop) if is_first else None))
    return tuple(steps)


def _stop(found: Sequence[Place], kind: OperationKind) -> Point:
    """The first operation of that kind; of statements, the first that writes the table at stake."""
    for place in found:
        operation = place.operation
        if operation.kind is kind and (kind is not OperationKind.STATEMENT or _writes(operation.fingerprint)):
            return place.point
    raise LooktwiceError("cannot record", f"no {kind} of {ENDPOINT} was seen", "Check that the endpoint writes.")


def _writes(fingerprint: str) -> bool:
    return fingerprint.startswith("update") and TABLE in fingerprint


def explanation(trace: Trace) -> str:
    """The result of the order, for the learner who has just played it."""
    refused = [lane.name for lane in trace.lanes if lane.outcome is Outcome.REFUSED]
    waited = next((step.lane for step in trace.steps if step.waits_for), "")
    if trace.verdict is Verdict.DATA_WRONG:
        end, should = trace.final[0].values["balance"], trace.serial[0][1][0].values["balance"]
        lost = next(step.lane for step in trace.steps if step.kind is StepKind.WRITE)
        return f"The row holds {end}; one request after the other gives {should}. The deposit of {lost} is lost."
    if refused:
        return f"{refused[0]} was refused with 409 and changed nothing."
    if waited:
        return f"{waited} waited until the other request had committed, then continued from the value it had written."
    return "The result is the same as when one request runs after the other."


def encoded(sets: Sequence[TraceSet]) -> bytes:
    """The file's bytes: JSON with one line per run, so that a new recording can be compared with the old one."""
    return b"[\n" + b",\n".join(_encoded(one) for one in sets) + b"\n]\n"


def _encoded(one: TraceSet) -> bytes:
    head = msgspec.json.encode(msgspec.structs.replace(one, traces=()))
    runs = b",\n".join(map(msgspec.json.encode, one.traces))
    return head.replace(b'"traces":[]', b'"traces":[\n' + runs + b"\n]")


def main() -> None:
    """Record the application named on the command line, and write the file that the package ships."""
    sets = record(Path(sys.argv[1] if len(sys.argv) > 1 else "examples/shop"))
    path = TRACES / "lost_update.json"
    path.write_bytes(encoded(sets))
    for one in sets:
        for trace in one.traces:
            sys.stdout.write(f"{one.variant:8} {trace.order} {trace.final[0].values} {trace.verdict}\n")


if __name__ == "__main__":
    main()
