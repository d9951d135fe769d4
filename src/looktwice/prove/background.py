"""What the application does without being asked, learned as it is seen: tables, rows and Redis keys that no verdict
may rest on.

A table is set aside when it is written while no request is in flight, or only after the answer; the requests' own
writes count all the same. A row that both write is contested: nothing can be said of a pair that writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from looktwice.prove.oracle.document import pattern
from looktwice.prove.oracle.observation import KeyValue
from looktwice.prove.ownership import Owned, Owner, Work, sort
from looktwice.prove.postgres.change import RowChange
from looktwice.prove.request import Request
from looktwice.prove.scheduler import Play
from looktwice.prove.wire.operation import Operation, OperationKind

UNASKED = "is written while no request is in flight"
AFTERWARDS = "is written after the answer"
_ENOUGH = 3  # runs of a request alone that tell what is its own


class Habit(Struct):
    """What every run of a request alone has in common, before its answer."""

    runs: int = 0
    fingerprints: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    mixed: frozenset[str] = frozenset()  # tables that it writes both before its answer and after it

    @property
    def is_known(self) -> bool:
        return self.runs >= _ENOUGH

    def see(self, fingerprints: frozenset[str], tables: frozenset[str]) -> None:
        self.fingerprints = self.fingerprints & fingerprints if self.runs else fingerprints
        self.tables = self.tables & tables if self.runs else tables
        self.runs += 1


class Judged(Struct, frozen=True, kw_only=True):
    """What is left of a run once others' doings are taken out. `aside` are tables and keys that its requests wrote as
    well and that are not judged, `contested` those in which a background writer wrote the same row."""

    play: Play
    changes: tuple[RowChange, ...]
    keys: tuple[KeyValue, ...] = ()
    aside: frozenset[str] = frozenset()
    contested: frozenset[str] = frozenset()
    silence: float = 0.0


class Background:
    """Everything known so far. `tables` and `keys` (patterns of Redis keys): name → how it is written.

    ignored: names of tables that the user wants set aside, `*` for any letters; without a schema, in any.
    """

    def __init__(self, ignored: Sequence[str] = ()) -> None:
        self.ignored = tuple(ignored)
        self.tables: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self._fingerprints: set[str] = set()
        self._rows: set[tuple[str, tuple[str | None, ...]]] = set()
        self._habits: dict[tuple[str, str], Habit] = {}

    @property
    def version(self) -> int:
        """Grows when something is set aside that was not before: what was judged until then may rest on it."""
        return len(self.tables) + len(self.keys)

    @property
    def everything(self) -> dict[str, str]:
        """Tables and keys together."""
        return {**self.tables, **self.keys}

    def is_ignored(self, table: str) -> bool:
        names = (table, table.rpartition(".")[2])
        return any(fnmatchcase(name, wanted) for wanted in self.ignored for name in names)

    def passes(self, operation: Operation, request: Request | None) -> bool:
        """Whether an operation is none of the request's, so that no schedule may hold it."""
        return operation.fingerprint in self._fingerprints and not self._owns(request, operation.fingerprint)

    def remarks(self) -> list[str]:
        """What was set aside, for the report."""
        told = [f"table {name.removeprefix('public.')} {how}" for name, how in sorted(self.tables.items())]
        told += [f"Redis key {name} {how}" for name, how in sorted(self.keys.items())]
        return [f"set aside, never judged: {text}" for text in told]

    # ---- learning

    def note(self, changes: Iterable[RowChange]) -> None:
        """Learn from changes that came while nothing was asked."""
        self._learn(changes, UNASKED)

    def see(
        self,
        play: Play,
        changes: Sequence[RowChange],
        keys: Sequence[KeyValue],
        requests: Mapping[str, Request],
        is_plain: bool,
        succeeded: bool,
    ) -> Judged:
        """Take out of a run what is not its requests' doing, and learn from it.

        requests: lane → request. is_plain: no fault, and nothing that was not understood: then what belongs to no
        operation was written by somebody else, and else its reply may have been lost. succeeded: every request did.
        """
        owned = sort(play, changes, requests, lambda work: self._is_habit(work, requests))
        mine = owned.changes[Owner.REQUEST]
        if is_plain:
            self._learn(owned.changes[Owner.NOBODY], UNASKED)
            self._learn(owned.changes[Owner.LATE], AFTERWARDS)
            self._fingerprints |= {p for work in owned.works[Owner.NOBODY] for p in work.fingerprints}
            if len(requests) == 1 and succeeded:
                own = frozenset(p for work in owned.works[Owner.REQUEST] for p in work.fingerprints)
                habit = self._habits.setdefault(_of(*requests.values()), Habit())
                habit.see(own, _tables(mine))
            self._mix(requests, _tables(owned.changes[Owner.LATE]))
        else:
            mine = tuple(change for change in changes if self._is_judged(change.table, requests))
        left = tuple(change for change in mine if self._is_judged(change.table, requests))
        aside = _tables((*mine, *owned.changes[Owner.LATE])) - _tables(left)
        rows = {c.table for c in left if c.before is not None and (c.table, c.key) in self._rows}
        rows |= {table for habit in self._known(requests) for table in habit.mixed & _tables(left)}
        kept, shared = self._sorted_keys(keys, owned, bool(requests))
        return Judged(
            play=owned.play,
            changes=left,
            keys=kept,
            aside=aside,
            contested=frozenset(rows | shared),
            silence=owned.silence,
        )

    def _learn(self, changes: Iterable[RowChange], how: str) -> None:
        for change in changes:
            if not self.is_ignored(change.table):
                self.tables.setdefault(change.table, how)
                if change.before is not None:
                    self._rows.add((change.table, change.key))

    def _mix(self, requests: Mapping[str, Request], late: frozenset[str]) -> None:
        for habit in self._known(requests):
            habit.mixed |= late & habit.tables

    # ---- what is whose

    def _known(self, requests: Mapping[str, Request]) -> list[Habit]:
        return [habit for request in requests.values() if (habit := self._habits.get(_of(request))) is not None]

    def _is_habit(self, work: Work, requests: Mapping[str, Request]) -> bool:
        request, prints = requests.get(work.lane), work.fingerprints
        return bool(prints) and all(
            print_ in self._fingerprints and not self._owns(request, print_) for print_ in prints
        )

    def _owns(self, request: Request | None, fingerprint: str) -> bool:
        """Whether every run of the request alone has it. Until that is known, it is believed."""
        if request is None:
            return False
        habit = self._habits.get(_of(request))
        return habit is None or not habit.is_known or fingerprint in habit.fingerprints

    def _is_judged(self, table: str, requests: Mapping[str, Request]) -> bool:
        if self.is_ignored(table):
            return False
        if table not in self.tables:
            return True
        habits = [self._habits.get(_of(request)) for request in requests.values()]
        if any(habit is None or not habit.is_known for habit in habits):
            return True
        return any(table in habit.tables for habit in habits if habit is not None)

    def _sorted_keys(
        self, keys: Sequence[KeyValue], owned: Owned, is_asked: bool
    ) -> tuple[tuple[KeyValue, ...], set[str]]:
        """The keys that the requests changed, and those among them that somebody else changes as well."""
        mine = _commands(owned, (Owner.REQUEST,))
        theirs = _commands(owned, (Owner.LATE, Owner.NOBODY))
        kept, shared = [], set()
        for item in keys:
            name, plain = pattern(item.key), _plain(item.key)
            is_mine = any(plain in text for text in mine)
            is_theirs = name in self.keys or any(plain in text for text in theirs)
            if is_mine or (is_asked and not is_theirs):
                kept.append(item)
                shared |= {name} if is_theirs else set()
            else:
                self.keys.setdefault(name, UNASKED)
        return tuple(kept), shared


def _of(request: Request) -> tuple[str, str]:
    """A request's habit is that of its endpoint: two bodies for one path do mostly the same."""
    return request.method, request.path.partition("?")[0]


def _tables(changes: Iterable[RowChange]) -> frozenset[str]:
    return frozenset(change.table for change in changes)


def _commands(owned: Owned, owners: Iterable[Owner]) -> list[str]:
    return [
        operation.text
        for owner in owners
        for work in owned.works[owner]
        for operation in work.operations
        if operation.kind is OperationKind.COMMAND
    ]


def _plain(key: str) -> str:
    """A key as commands spell it: without the number of a database other than 0."""
    number, _, rest = key.partition(":")
    return rest if number.isdigit() and rest else key
