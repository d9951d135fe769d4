"""Effects: what is read, written, sent, locked, and how a failure shows."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from msgspec import Struct

from looktwice.code.ir.common import NONE, Known, Place
from looktwice.code.ir.control import Op


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
