"""Language-independent facts about code: values by origin, control as a tree, effects, function summaries.

Every struct here is frozen and small enough to be cached by the thousand. Numbers are indexes into the tables of the
same summary: `Fact`s, `Effect`s and `CallSite`s by their position, values by their position in
`FunctionSummary.values`. A place is a path and two byte offsets; `Program.span` converts it to lines and columns.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from functools import cached_property
from typing import Any

from msgspec import Struct

from looktwice.code.syntax.nesting import Nesting

NONE = -1  # no such value, region or effect


class Maybe(IntEnum):
    """The answer to a question about something that may be absent."""

    NO = 0
    UNKNOWN = 1
    YES = 2


class Known(IntEnum):
    """How a name was resolved, from worst to best."""

    NONE = 0
    GUESSED = 1  # by its name only; never carries effects
    IMPLEMENTS = 2  # one of the classes that implement an interface
    TYPED = 3  # through an annotation
    EXACT = 4  # through imports and definitions


class Place(Struct, frozen=True, array_like=True, gc=False):
    """A range of a file: path relative to the audited root, byte offsets (end exclusive)."""

    path: str
    start: int
    end: int


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────
class OriginKind(IntEnum):
    UNKNOWN = 0
    REQUEST = 1  # chosen by the caller of a handler: path, query, body, headers, message
    PRINCIPAL = 2  # the caller, as established by authentication
    ROW = 3  # read from the store; ref: the effect
    COUNT = 4  # a number of rows (COUNT, EXISTS, affected rows); ref: the effect
    RESPONSE = 5  # returned by an external service; ref: the effect
    ERROR = 6  # a caught error; ref: the HANDLER region
    PARAM = 7  # ref: position of the parameter
    SELF = 8  # an attribute of the object; path says which
    CONST = 9  # ref: position in FunctionSummary.constants
    CONFIG = 10  # environment, settings
    FRESH = 11  # generated here, unguessable or unique: uuid, random
    CLOCK = 12
    RESULT = 13  # of a call that is not bound yet; ref: the call site
    FUNCTION = 14  # a function; ref: position of its name in FunctionSummary.constants
    ARGUMENT = 15  # of a callback; ref: the callback's region * 8 + position
    MODULE = 16  # a module-level object; ref: position of its name in FunctionSummary.constants
    HANDLE = 17  # a session, transaction or client opened here; ref: the effect (BEGIN, OPEN)
    INSTANCE = 18  # a new object, not stored yet; ref: position of its class in FunctionSummary.constants
    CALLBACK = 19  # an inline function; ref: its CALLBACK region


class Via(IntFlag):
    """The transformations that a value went through."""

    # Combinations are plain integers: IntFlag would look each one up, in Python, a million times in a large audit.
    __or__ = __ror__ = int.__or__  # type: ignore[assignment]
    __and__ = __rand__ = int.__and__  # type: ignore[assignment]
    __invert__ = int.__invert__  # type: ignore[assignment]

    ARITH = 1
    CONCAT = 2
    EXTREME = 4  # min, max, sorted first
    SPREAD = 8
    CAST = 16
    SCHEMA = 32  # validated
    ALLOWED = 64  # checked against, or looked up in, a closed set
    COMPARE = 128
    PARSE = 256  # became a number, UUID, date
    ELEMENT = 512  # one of many
    OPAQUE = 1024  # passed through a call of unknown effect
    QUOTED = 2048  # escaped for the language it is embedded in
    COUNTED = 4096  # its length, or its presence


class Origin(Struct, frozen=True, array_like=True, gc=False):
    """One origin of a value: serves taint, derivation, identity and authority alike."""

    kind: OriginKind
    ref: int = NONE
    path: tuple[str, ...] = ()  # at most 3: ("items", "*", "price")
    via: int = 0


Value = tuple[Origin, ...]  # at most 8


# ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class RegionKind(IntEnum):
    BODY = 0
    BRANCH = 1
    LOOP = 2
    TRY = 3
    HANDLER = 4
    FINALLY = 5
    SCOPE = 6  # with-block, transaction callback
    CALLBACK = 7
    PARALLEL = 8  # gather, Promise.all
    DEFERRED = 9  # runs later: background task, timer, task that is not awaited
    CALL = 10  # the body of a callee, after inlining


class Region(Struct, frozen=True, array_like=True, gc=False):
    """One node of the control tree; `if bad: return` opens a BRANCH that extends to the end of its block.

    value: what is tested (BRANCH), iterated (LOOP) or entered (SCOPE); the fact of the test is `fact`.
    choice: siblings of one choice share it and exclude each other. `holds`: the test is true (YES) or false (NO) here.
    detail: "transaction", "lock:…", "retry", "pages"; "after-return", "after-raise", "after-continue", "after-break"
    (the rest of a block after an early exit, named after that exit); the caught types of a HANDLER, separated by "|";
    "swallows" for a TRY with a handler after which the function continues. A CALLBACK's value is what it returns.
    order, last: of the first and the last item inside.
    """

    kind: RegionKind
    parent: int
    start: int
    end: int
    value: int = NONE
    fact: int = NONE
    choice: int = NONE
    holds: Maybe = Maybe.UNKNOWN
    detail: str = ""
    order: int = 0
    last: int = 0
    path: str = ""  # the file, after inlining across files


class FactKind(IntEnum):
    CALL = 0
    GET = 1
    SET = 2
    TEST = 3
    RETURN = 4
    RAISE = 5
    YIELD = 6
    EXIT = 7  # break, continue
    DECLARE = 8


class Op(IntEnum):
    EQ = 0
    NE = 1
    IN = 2
    LESS = 3  # < <=
    MORE = 4  # > >=
    NULL = 5  # is absent / falsy
    TRUE = 6  # is present / truthy
    MAYBE = 7  # a condition added on some paths only
    OPAQUE = 8  # a condition not understood
    LIKE = 9
    NOT_IN = 10


class Comparison(Struct, frozen=True, array_like=True, gc=False):
    """A comparison in a test: `left op right`. `right` is NONE for NULL and TRUE. `negated`: true if the test fails."""

    left: int
    op: Op
    right: int = NONE
    negated: bool = False


class Fact(Struct, frozen=True, array_like=True, gc=False):
    """One item in the source.

    name: the resolved callee or attribute, otherwise as written. `tests`: comparisons of a TEST. `result`: the value
    returned, raised, tested or produced by the call.
    """

    kind: FactKind
    start: int
    end: int
    region: int
    order: int
    name: str = ""
    known: Known = Known.NONE
    receiver: int = NONE
    args: tuple[tuple[str, int], ...] = ()
    result: int = NONE
    tests: tuple[Comparison, ...] = ()
    is_awaited: bool = False
    conjunctive: bool = True  # the comparisons of a TEST are joined by `and` (otherwise by `or`)
    path: str = ""  # the file, after inlining


# ── effects ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class TargetKind(IntEnum):
    NONE = 0
    ENTITY = 1
    CACHE = 2
    SERVICE = 3
    QUEUE = 4
    FILE = 5
    LOCK = 6
    MEMORY = 7
    PROCESS = 8


class Target(Struct, frozen=True, array_like=True, gc=False):
    """The target of an effect. `name` of an entity is its key once linked; `ref` a value that determines the entity."""

    kind: TargetKind
    name: str = ""
    ref: int = NONE


class Cond(Struct, frozen=True, array_like=True, gc=False):
    """One condition of a statement, joined by `and`: column op value."""

    column: str
    op: Op
    value: int = NONE


class Put(Struct, frozen=True, array_like=True, gc=False):
    """One written column; "*" is the whole row. `relative`: the store computes it from the column itself."""

    column: str
    value: int = NONE
    relative: bool = False


class EffectKind(IntFlag):
    """Flags, so that a set of kinds is one integer (`Effect.kind` has exactly one)."""

    __or__ = __ror__ = int.__or__  # type: ignore[assignment]
    __and__ = __rand__ = int.__and__  # type: ignore[assignment]
    __invert__ = int.__invert__  # type: ignore[assignment]

    READ = 1
    COUNT = 2
    EXISTS = 4
    CREATE = 8
    WRITE = 16
    DELETE = 32
    BEGIN = 64
    COMMIT = 128
    ROLLBACK = 256
    LOCK = 512
    SEND = 1024  # a request to an external service
    PUBLISH = 2048  # a message, a job
    CACHE_READ = 4096
    CACHE_WRITE = 8192
    CACHE_DELETE = 16384
    OPEN = 32768
    CLOSE = 65536
    BLOCK = 131072
    SPAWN = 262144
    RESPOND = 524288
    LOG = 1048576
    QUERY = 2097152  # SQL text that could not be parsed
    VERIFY = 4194304  # credentials, signature, token
    FLUSH = 8388608  # pending attribute writes reach the store, uncommitted


STORE_READS = EffectKind.READ | EffectKind.COUNT | EffectKind.EXISTS
STORE_WRITES = EffectKind.CREATE | EffectKind.WRITE | EffectKind.DELETE


class Rows(IntEnum):
    UNKNOWN = 0
    ONE = 1
    BOUNDED = 2
    MANY = 3


class Fails(IntEnum):
    """How a failure reaches the caller."""

    RAISES = 0
    STATUS = 1
    ERROR_FIELD = 2
    ROWCOUNT = 3
    NEVER = 4


class Trait(IntFlag):
    __or__ = __ror__ = int.__or__  # type: ignore[assignment]
    __and__ = __rand__ = int.__and__  # type: ignore[assignment]
    __invert__ = int.__invert__  # type: ignore[assignment]

    LOCKS_ROW = 1
    UPSERT = 2  # create or update in one statement; ON CONFLICT
    READ_ONLY = 4  # a SEND that changes nothing: GET, verify, search
    IDEMPOTENT = 8
    HAS_TIMEOUT = 16
    NO_TIMEOUT = 32  # known to have none: set neither by the call nor by the client nor by default
    BLOCKING = 64
    RUNS_HOOKS = 128
    ALL_COLUMNS = 256  # writes back columns that were not changed
    MONEY = 512
    LAZY = 1024  # a relation loaded on access
    BEST_EFFORT = 2048  # logs, metrics, analytics
    AUTOCOMMIT = 4096  # durable immediately when outside a transaction
    BULK = 8192  # one statement, many rows, no instance (bypasses ORM version checks)
    FRESH_READ = 16384  # populate_existing, refresh: not from an identity map
    UNIQUE_KEYED = 32768  # the conditions are on a unique key
    CONDITIONAL = 65536  # a write whose WHERE has more conditions than its key
    ATTRIBUTE = 131072  # an ORM attribute write, durable at the next flush
    BOUND = 262144  # SQL text with separate parameters
    RAW = 524288  # SQL text given as a string
    SCHEDULES = 1048576  # hands work to an in-process scheduler or queue
    MAIL = 2097152
    NOWAIT = 4194304  # FOR UPDATE NOWAIT / SKIP LOCKED
    NESTED = 8388608  # part of a larger statement (nested create)
    IN_MEMORY = 16777216
    TRACKED = 33554432  # rows are instances whose attribute writes reach the store


class Effect(Struct, frozen=True, array_like=True, gc=False):
    """An action of known effect.

    handle: the session, client or transaction it runs on. args: named values that questions need: "text" of a query,
    "url", "body", "timeout", "key", "idempotency_key". loads: eager relations. row: the value that is the row itself
    (an attribute write, `delete(obj)`). name: resolved callee.
    """

    kind: EffectKind
    start: int
    end: int
    region: int
    order: int
    target: Target
    where: tuple[Cond, ...] = ()
    puts: tuple[Put, ...] = ()
    handle: int = NONE
    rows: Rows = Rows.UNKNOWN
    loads: tuple[str, ...] = ()
    fails: Fails = Fails.RAISES
    traits: int = 0
    result: int = NONE
    row: int = NONE
    known: Known = Known.NONE
    name: str = ""
    args: tuple[tuple[str, int], ...] = ()
    path: str = ""  # the file, after inlining
    calls: tuple[Place, ...] = ()  # call sites from the root function down to it; () if it is in the root
    function: str = ""  # the function that contains it, after inlining


# ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────────
class Times(IntEnum):
    ONCE = 0
    EACH = 1
    RETRIED = 2
    LATER = 3


class Invoke(Struct, frozen=True, array_like=True, gc=False):
    """The function calls its parameter `param` with `args`, in `region`."""

    param: int
    args: tuple[int, ...]
    region: int
    order: int = 0
    times: Times = Times.ONCE
    result: int = NONE


class CallSite(Struct, frozen=True, array_like=True, gc=False):
    """A call of a project function. `candidates` are names of functions; several for an interface.

    args: (position or keyword, value); "self" is the receiver. `callbacks`: (argument, CALLBACK region lowered here).
    """

    start: int
    end: int
    region: int
    order: int
    candidates: tuple[str, ...]
    known: Known
    args: tuple[tuple[str, int], ...]
    result: int
    is_awaited: bool = True  # False: not awaited, so it may still be running when the next line starts
    callbacks: tuple[tuple[str, int], ...] = ()
    is_injected: bool = False  # made by the framework for a parameter; each function is called once per request


class Membership(IntEnum):
    """A function's use of transactions, as its caller sees it."""

    NONE = 0
    JOINS_HANDLE = 1
    JOINS_AMBIENT = 2
    OWNS = 3
    COMMITS_CALLERS = 4


class FunctionSummary(Struct, frozen=True, array_like=True, dict=True):
    """One function, lowered. Effects are its own; those of callees are inlined on demand by `Program.expand`.

    What is computed from it is kept beside the fields (`nesting`, `answers`) and is no part of the value.
    """

    name: str  # "app/wallet.py:Wallets.credit"
    path: str
    start: int
    end: int
    parameters: tuple[str, ...]
    values: tuple[Value, ...]
    constants: tuple[str | int | float | bool | None, ...]
    regions: tuple[Region, ...]
    facts: tuple[Fact, ...]
    effects: tuple[Effect, ...]
    calls: tuple[CallSite, ...]
    invokes: tuple[Invoke, ...] = ()
    returns: tuple[int, ...] = ()  # value of each return (of each yield, for a generator)
    fields: tuple[tuple[str, int], ...] = ()  # the attributes that a constructor sets
    raises: tuple[str, ...] = ()
    transaction: Membership = Membership.NONE
    never_returns: bool = False
    is_async: bool = False
    is_generator: bool = False
    complete: bool = True  # False: cut at a limit, or an unresolved call that could matter
    unresolved: tuple[int, ...] = ()  # facts: calls of unknown effect that are awaited or look like database calls
    truncated: int = 0

    @cached_property
    def nesting(self) -> Nesting:
        """What lies in what among the regions."""
        return Nesting([region.parent for region in self.regions])

    @cached_property
    def answers(self) -> dict[Any, Any]:
        """Answers of questions that were asked of this function, each computed once: see `questions.once`."""
        return {}


# ── the store ────────────────────────────────────────────────────────────────────────────────────────────────────────
class ColumnKind(IntEnum):
    FREE = 0
    MONEY = 1
    SECRET = 2
    STATUS = 3
    COUNTER = 4
    OWNER = 5
    TIME = 6
    KEY = 7


class Column(Struct, frozen=True, array_like=True, gc=False):
    """references: the entity or table (and ".column") of a foreign key. `field`: its name in the code, if different."""

    name: str
    type: str = ""
    nullable: Maybe = Maybe.UNKNOWN
    kind: ColumnKind = ColumnKind.FREE
    default: str = ""
    references: str = ""
    field: str = ""
    start: int = 0
    end: int = 0


class Unique(Struct, frozen=True, array_like=True, gc=False):
    """A unique or primary key over `columns`; `where` is the predicate of a partial index."""

    columns: tuple[str, ...]
    where: str = ""
    primary: bool = False


class Index(Struct, frozen=True, array_like=True, gc=False):
    columns: tuple[str, ...]
    where: str = ""


class Relation(Struct, frozen=True, array_like=True, gc=False):
    """An attribute that refers to another entity. `loading`: "" lazy (the default), "joined", "selectin", "none"."""

    name: str
    target: str
    many: bool = False
    loading: str = ""
    columns: tuple[str, ...] = ()  # the foreign key's columns on this side


class Entity(Struct, frozen=True, array_like=True, gc=False):
    """A table, model or collection.

    key: unique in the program: "app/models.py:Wallet" for a class, "prisma/schema.prisma:User" for a Prisma model,
    "table:wallets" when only SQL is known. name: as in the code. complete: every column and constraint was read.
    """

    key: str
    name: str
    table: str
    path: str
    start: int
    end: int
    columns: tuple[Column, ...] = ()
    uniques: tuple[Unique, ...] = ()
    indexes: tuple[Index, ...] = ()
    relations: tuple[Relation, ...] = ()
    checks: tuple[str, ...] = ()  # CHECK constraints, as text
    version: str = ""  # the version column the ORM maintains
    policies: tuple[str, ...] = ()
    grows: Maybe = Maybe.UNKNOWN
    complete: bool = True

    def column(self, name: str) -> Column | None:
        """The column with that name in the store or in the code."""
        return next((each for each in self.columns if name in (each.name, each.field)), None)

    def relation(self, name: str) -> Relation | None:
        return next((each for each in self.relations if each.name == name), None)


# ── entry points ─────────────────────────────────────────────────────────────────────────────────────────────────────
class GuardRole(IntEnum):
    UNKNOWN = 0
    AUTHENTICATES = 1  # who the caller is
    AUTHORIZES = 2  # what the caller may do: role, permission
    VERIFIES = 3  # signature, shared secret
    VALIDATES = 4
    LIMITS = 5


class Scope(IntEnum):
    ROUTE = 0
    ROUTER = 1
    MOUNT = 2
    APP = 3
    INLINE = 4


class Guard(Struct, frozen=True, array_like=True, gc=False):
    """Code that runs before a handler and may refuse the request. `function` is set when it is project code."""

    name: str
    role: GuardRole
    scope: Scope
    place: Place
    known: Known
    function: str = ""


class HandlerKind(IntEnum):
    HTTP = 0
    ACTION = 1
    RPC = 2
    JOB = 3
    MESSAGE = 4
    WEBHOOK = 5
    SIGNAL = 6
    CLI = 7
    STARTUP = 8


class Handler(Struct, frozen=True, array_like=True, gc=False):
    """A function that the framework calls. `sources`: parameters that hold the caller's input."""

    function: str
    kind: HandlerKind
    method: str
    path: str
    place: Place
    sources: tuple[int, ...] = ()
    guards: tuple[Guard, ...] = ()
    redelivered: Maybe = Maybe.UNKNOWN
    public: Maybe = Maybe.UNKNOWN
    framework: str = ""

    @property
    def route(self) -> str:
        """ "POST /orders/{id}", or kind and name for handlers that are not HTTP routes."""
        return f"{self.method} {self.path}".strip() if self.path else self.function.rpartition(":")[2]
