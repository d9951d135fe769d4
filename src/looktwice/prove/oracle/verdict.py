"""The oracle's word on one run, which can say in a sentence why."""

from __future__ import annotations

from msgspec import Struct

from looktwice.core.trace import Verdict
from looktwice.prove.oracle.acceptance import Gate
from looktwice.prove.oracle.candidates import Order
from looktwice.prove.oracle.observation import Mechanism


class Difference(Struct, frozen=True):
    """One thing that no serial order leaves: a column of a row, rows too many or too few, calls too many or too few.

    `serial` gives, per order ("A then B"), what that order leaves in the same place.
    """

    table: str  # "" when it is not a row
    place: str  # "public.wallet (id 1) balance", "rows of public.orders", "calls of POST /charges"
    seen: str
    serial: tuple[tuple[str, str], ...] = ()
    further: tuple[str, ...] = ()  # other tables that `place` speaks of

    def explain(self) -> str:
        allowed = "; ".join(f"{order}: {value}" for order, value in self.serial)
        return f"{self.place} is {self.seen}" + (f", but {allowed}" if allowed else "")


class Judgement(Struct, frozen=True, kw_only=True):
    """What one run came to.

    `verdict` is core's word; `name` refines it ("lost update", "nobody won", "order only" …); `is_information` marks
    what is reported but never counted as a defect. `matched` are the serial orders whose state this run shares.
    `mechanism` is what protected, when something did. `sqlstate` is the database error behind a wrong status.
    """

    verdict: Verdict
    name: str = ""
    why: str = ""
    is_information: bool = False
    matched: tuple[Order, ...] = ()
    differences: tuple[Difference, ...] = ()
    mechanism: Mechanism | None = None
    sqlstate: str = ""
    gates: tuple[Gate, ...] = ()

    @property
    def is_defect(self) -> bool:
        """True for what fails a proof: wrong data, double success, wrong status, a cost that grows."""
        wrong = (Verdict.DATA_WRONG, Verdict.DOUBLE_SUCCESS, Verdict.STATUS_WRONG, Verdict.GROWS)
        return self.verdict in wrong and not self.is_information

    @property
    def is_proven(self) -> bool:
        """True for a defect that every gate let through."""
        return self.is_defect and bool(self.gates) and all(gate.passed for gate in self.gates)

    def explain(self) -> str:
        """The verdict in a sentence or two, for a person."""
        head = f"{self.verdict.value} ({self.name})" if self.name else self.verdict.value
        parts = [f"{head}: {self.why}" if self.why else head]
        parts += [difference.explain() for difference in self.differences[:3]]
        parts += [gate.explain() for gate in self.gates if gate.passed is not True]
        return ". ".join(part.rstrip(".") for part in parts) + "."


def spell(order: Order) -> str:
    """An order in words: "A then B", "only A", "neither"."""
    if not order:
        return "none of them"
    return " then ".join(order) if len(order) > 1 else f"only {order[0]}"
