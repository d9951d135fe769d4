"""Serial runs, read once: what the judge and the gates compare a run with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from looktwice.prove.oracle.candidates import Order
from looktwice.prove.oracle.canonicalize import Signature, signature
from looktwice.prove.oracle.document import Document, documents, net_rows
from looktwice.prove.oracle.observation import Observation
from looktwice.prove.oracle.roles import Roles, calibrate
from looktwice.prove.servers.postgres.catalogue import Schema
from looktwice.prove.servers.postgres.net import NetRow


class Reading:
    """The serial runs of one set of requests.

    serial: order → its runs, at least one each; the orders of all lanes want three or more, perturbed (G1), for the
    roles of values are learnt from them. An order that was not run is not known to be impossible.
    schema: of the database at the snapshot.
    """

    def __init__(self, serial: Mapping[Order, Sequence[Observation]], schema: Schema) -> None:
        self.serial = {order: tuple(runs) for order, runs in serial.items() if runs}
        self.schema = schema
        self._signatures: dict[tuple[int, str, bool, tuple[str, ...]], tuple[Observation, Signature]] = {}

    @cached_property
    def lanes(self) -> tuple[str, ...]:
        return max(self.serial, key=lambda order: (len(order), tuple(reversed(order))), default=())

    @cached_property
    def roles(self) -> Roles:
        return calibrate(self.serial.values(), self.schema)

    def state(self, run: Observation, ordered: bool = True) -> Signature:
        """The canonical form of rows, keys and calls."""
        return self._signature(run, "state", ordered, ())

    def whole(self, run: Observation, ordered: bool = True, lanes: Sequence[str] | None = None) -> Signature:
        """The canonical form of everything, the answers of `lanes` (all when None) included."""
        chosen = tuple(answer.lane for answer in run.answers) if lanes is None else tuple(lanes)
        return self._signature(run, "whole", ordered, chosen)

    def documents(self, run: Observation) -> tuple[Document, ...]:
        return documents(run, self.schema)

    def rows(self, run: Observation) -> tuple[NetRow, ...]:
        return net_rows(run, self.schema)

    def _signature(self, run: Observation, part: str, ordered: bool, lanes: tuple[str, ...]) -> Signature:
        # Kept with the run itself, so that its identity is not given to another object meanwhile.
        key = (id(run), part, ordered, lanes)
        if key not in self._signatures:
            chosen = [
                document
                for document in self.documents(run)
                if document.part == "state" or (part == "whole" and document.label[1] in lanes)
            ]
            self._signatures[key] = (run, signature(chosen, run, self.roles, ordered))
        return self._signatures[key][1]
