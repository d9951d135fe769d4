"""What the application does without a request, learned by observation: tables, rows and Redis keys that no verdict
may rest on.

A table is set aside when it is written while no request is in flight, or only after the answer; the requests' own
writes count all the same. A row that both write is contested: nothing can be concluded about a pair that writes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from looktwice.prove.network.gate import Arrived
from looktwice.prove.network.request import Request
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.oracle.document import pattern
from looktwice.prove.run.ownership import MEANINGFUL, Owned, Owner, Work, sort
from looktwice.prove.schedule.explorer import writes
from looktwice.prove.schedule.scheduler import Play
from looktwice.prove.servers.key_value import KeyValue
from looktwice.prove.servers.postgres.change import RowChange

IDLE = "written while no request is sent"
AFTERWARDS = "written after the answer"
_MOSTLY = 0.7
_ENOUGH = 6  # runs of a request alone that tell what is its own: a job that happens by falls into few of them


class Habit(Struct):
    """What the runs of a request alone have in common, before its answer. Operations are distinguished with certainty,
    the rows that they wrote almost: a few runs may say otherwise."""

    runs: int = 0
    fingerprints: frozenset[str] = frozenset()
    written: Counter[str] = Counter()  # tables, by the number of runs
    mixed: frozenset[str] = frozenset()  # tables that it writes both before its answer and after it
    late: frozenset[str] = frozenset()  # tables that were written after an answer of its

    @property
    def is_known(self) -> bool:
        return self.runs >= _ENOUGH

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(table for table, count in self.written.items() if count >= _MOSTLY * self.runs)

    def see(self, fingerprints: frozenset[str], tables: frozenset[str]) -> None:
        self.fingerprints = self.fingerprints & fingerprints if self.runs else fingerprints
        self.written = self.written + Counter(tables)
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
        self._fingerprints: set[str] = set()  # of what was done while nothing was in flight there
        self._writing: set[str] = set()  # those among them that write, and were seen while no request was sent at all
        self._rows: set[tuple[str, tuple[str | None, ...]]] = set()
        self._habits: dict[tuple[str, str], Habit] = {}
        self._asked: tuple[Request, ...] = ()  # in the latest run

    @property
    def version(self) -> int:
        """Grows when something is set aside that was not before: what was judged until then may rest on it."""
        return len(self.tables) + len(self.keys)

    @property
    def everything(self) -> dict[str, str]:
        """Tables and keys together."""
        return {**self.tables, **self.keys}

    def runs_wanted(self, request: Request) -> int:
        """How often the request is to run alone before one can tell its own work from the background's."""
        if not (self._fingerprints or self.tables):
            return 0
        habit = self._habits.get(_of(request), Habit())
        return max(0, _ENOUGH - habit.runs)

    def is_ignored(self, table: str) -> bool:
        names = (table, table.rpartition(".")[2])
        return any(fnmatchcase(name, wanted) for wanted in self.ignored for name in names)

    def passes(self, operation: Operation, request: Request | None) -> bool:
        """Whether an operation is none of the request's, so that no schedule may hold it."""
        print_ = operation.fingerprint
        return print_ in self._writing or (print_ in self._fingerprints and not self._owns(request, print_))

    def __contains__(self, table: object) -> bool:
        """Whether the table is not judged, so that its rows need no explanation."""
        return isinstance(table, str) and (table in self.tables or self.is_ignored(table))

    def remarks(self) -> list[str]:
        """What was set aside, for the report."""
        own = {table for habit in self._habits.values() for table in habit.tables}
        texts = []
        for table, how in sorted(self.tables.items()):
            name = table.removeprefix("public.")
            texts.append(f"rows of {name} that are {how}" if table in own else f"{name}, which is {how}")
        texts += [f"the Redis key {name}, which is {how}" for name, how in sorted(self.keys.items())]
        return [f"set aside, never judged: {text}" for text in texts]

    # ---- learning

    def note(self, changes: Sequence[RowChange]) -> None:
        """Learn from changes that came between two runs."""
        self._learn(changes, AFTERWARDS)
        self._follow(_tables(changes))

    def watched(self, play: Play, changes: Sequence[RowChange], keys: Iterable[KeyValue]) -> None:
        """Learn from a period in which no request was sent, nor shortly before."""
        self._learn(changes, IDLE)
        self.tables.update(dict.fromkeys((t for t in _tables(changes) if not self.is_ignored(t)), IDLE))
        self.keys.update((pattern(item.key), IDLE) for item in keys)
        arrived = [moment.operation for moment in play.journal if isinstance(moment, Arrived)]
        self._fingerprints |= {operation.fingerprint for operation in arrived if operation.kind in MEANINGFUL}
        self._writing |= {operation.fingerprint for operation in arrived if writes(operation)}

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
        operation was written by another program, and else its reply may have been lost. succeeded: every request did.
        """
        owned = sort(play, changes, requests, lambda work: self._is_habit(work, requests))
        mine = owned.changes[Owner.REQUEST]
        if is_plain:
            self._learn((*owned.changes[Owner.NOBODY], *owned.changes[Owner.LATE]), AFTERWARDS)
            self._follow(_tables(owned.changes[Owner.NOBODY]))  # perhaps what the run before left to be done
            self._asked = tuple(requests.values()) or self._asked
            self._follow(_tables((*owned.changes[Owner.NOBODY], *owned.changes[Owner.LATE])))
            self._fingerprints |= {p for work in owned.works[Owner.NOBODY] for p in work.fingerprints}
            self._mix(requests, _tables(owned.changes[Owner.LATE]))
            if len(requests) == 1 and succeeded:
                own = frozenset(p for work in owned.works[Owner.REQUEST] for p in work.fingerprints)
                habit = self._habits.setdefault(_of(*requests.values()), Habit())
                habit.see(own, _tables(mine))
        else:
            mine = tuple(change for change in changes if self._is_judged(change.table, requests))
        left = tuple(change for change in mine if self._is_judged(change.table, requests))
        aside = _tables((*mine, *owned.changes[Owner.LATE])) - _tables(left)
        rows = {c.table for c in left if c.before is not None and (c.table, c.key) in self._rows}
        rows |= {table for habit in self._known(requests) for table in habit.mixed & _tables(left)}
        rows |= {table for table in _tables(mine) - _tables(left) if self._names(owned, table)}
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

    def _names(self, owned: Owned, table: str) -> bool:
        """Whether the requests' own statements speak of a table that is set aside for others' sake."""
        name = table.rpartition(".")[2].lower()
        prints = (print_ for work in owned.works[Owner.REQUEST] for print_ in work.fingerprints)
        return not self.is_ignored(table) and any(name in print_ for print_ in prints)

    def _mix(self, requests: Mapping[str, Request], late: frozenset[str]) -> None:
        for habit in self._known(requests):
            if habit.is_known:
                habit.mixed |= late & habit.tables

    def _follow(self, tables: frozenset[str]) -> None:
        """What was written after the latest requests may have been their doing."""
        for request in self._asked:
            self._habits.setdefault(_of(request), Habit()).late |= tables

    def late(self, request: Request) -> frozenset[str]:
        """The tables that the request may have written after its answer: never those that are written anyway."""
        found = self._habits.get(_of(request), Habit()).late
        return frozenset(table for table in found if self.tables.get(table) != IDLE)

    # ---- what is whose

    def _known(self, requests: Mapping[str, Request]) -> list[Habit]:
        return [habit for request in requests.values() if (habit := self._habits.get(_of(request))) is not None]

    def _is_habit(self, work: Work, requests: Mapping[str, Request]) -> bool:
        """Whether the instance does just this without any request. What it writes so is never taken for a request's,
        even if that does the same; what it reads so is a request's own when every run of that has it."""
        prints = work.fingerprints
        if not prints or not prints <= self._fingerprints:
            return False
        request = requests.get(work.lane)
        return bool(prints & self._writing) or not any(self._owns(request, print_) for print_ in prints)

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
        """The keys that the requests changed, and those among them that another program changes as well."""
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
                self.keys.setdefault(name, AFTERWARDS)
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
