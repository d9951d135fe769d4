"""The database of the application under test: a server of our own, or one named by its URL."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from looktwice.core.errors import LooktwiceError, MissingExtraError
from looktwice.core.files import UnreadableError, read_bytes
from looktwice.prove.guardian import leftovers
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.run import Child, Run
from looktwice.prove.servers.postgres import binaries as installation
from looktwice.prove.servers.postgres import template

if TYPE_CHECKING:
    import psycopg

# Row values are compared as text, in the oracle and in the restore, so the session decides how they are spelled.
_SPELLING = {
    "timezone": "UTC",
    "datestyle": "ISO,YMD",
    "intervalstyle": "iso_8601",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "xmloption": "content",
    "standard_conforming_strings": "on",
    "search_path": "pg_catalog",
}

_LIMITS = {"statement_timeout": "120s", "lock_timeout": "30s"}
"""For what we ask ourselves: nothing of it takes as long unless somebody keeps us from it."""

# fsync is off and synchronous_commit on: the other way round, decoding shows nothing until the WAL writer has woken.
# Shared memory that is made for a query lies in the data folder, and is removed with it; after the death of one of its
# processes the server does not start again by itself: a run during which that happened is over.
# Predicate locks must stay at the tuple: by default three in one page become one lock on the page.
_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = '64MB'
wal_level = logical
max_replication_slots = 8
fsync = off
full_page_writes = off
synchronous_commit = on
deadlock_timeout = '50ms'
autovacuum = off
jit = off
max_prepared_transactions = 20
max_pred_locks_per_transaction = 512
max_pred_locks_per_relation = 100000
max_pred_locks_per_page = 1000
dynamic_shared_memory_type = mmap
restart_after_crash = off
log_line_prefix = '%m [%p] '
"""
_ATTEMPTS = 5  # a port that was free a moment ago may be taken
_ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


class Server:
    """A running PostgreSQL.

    `url` is for the application (an ordinary role that owns the database), `superuser_url` for us. `version` is
    `server_version_num` (180001). `may_configure` is True for servers of our own only: nobody else's is reconfigured.
    A context manager; `close` stops an embedded server and removes its data.
    """

    def __init__(
        self,
        url: str,
        superuser_url: str,
        version: int,
        child: Child | None,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self.url = url
        self.superuser_url = superuser_url
        self.version = version
        self._child, self._close = child, close
        parts = urlsplit(url)
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or 5432
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self.database = unquote(parts.path.lstrip("/")) or self.user

    @property
    def may_configure(self) -> bool:
        return self._child is not None

    @property
    def log(self) -> str:
        """The last lines of the server's own log; empty for a server by URL."""
        return self._child.output() if self._child else ""

    def connect(self, **options: str) -> psycopg.Connection[tuple[Any, ...]]:
        """A new autocommit connection as superuser, directly to the server (never through a proxy), that spells values
        in one fixed way. options: further settings of the session. Raises psycopg.OperationalError."""
        import psycopg

        settings = {**_SPELLING, **_LIMITS, **options}
        return psycopg.connect(
            self.superuser_url,
            autocommit=True,
            application_name="looktwice",
            connect_timeout=10,
            options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
        )

    def url_at(self, port: int, host: str = "127.0.0.1") -> str:
        """The application's URL with another address: that of a proxy in front of this server."""
        return f"postgresql://{quote(self.user)}:{quote(self.password)}@{host}:{port}/{quote(self.database)}"

    def close(self) -> None:
        self._close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start(
    extensions: Iterable[str] = (), binaries: installation.Binaries | None = None, run: Run | None = None
) -> Server:
    """Start a fresh server on a free loopback port, with an empty database `app` owned by the role `app`.

    extensions: names the application needs (`uuid-ossp`, `pgcrypto`); the system's PostgreSQL is taken when the
    embedded one lacks them. run: what it belongs to, a run of its own when left out. Takes well under a second, a
    little more the first time on a machine. Raises MissingExtraError, LooktwiceError.
    """
    _psycopg()
    own = Run() if run is None else None
    run = run or own
    assert run is not None
    try:
        account = Account()
        binaries = binaries or installation.find(extensions, account, run)
        for attempt in range(_ATTEMPTS):
            child, why, port, password = _launched(run, binaries, account)
            if why is None:
                return _prepare(port, password, binaries.version, child, own.close if own else child.close)
            taken = "could not create any TCP/IP sockets" in child.output()
            child.close()
            if not taken or attempt == _ATTEMPTS - 1:
                raise why
    except BaseException:
        if own is not None:
            own.close()
        raise
    raise AssertionError("unreachable")


def _launched(
    run: Run, binaries: installation.Binaries, account: Account
) -> tuple[Child, LooktwiceError | None, int, str]:
    """A server that was started, why it is not ready (None when it is), its port, and its superuser's password."""
    folder = run.folder(account, size=512 << 20)
    data = folder / "data"
    password = template.unpack(folder, binaries, account, run)
    port = free_port()
    with (data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(_SETTINGS.format(port=port))
    (data / "pg_hba.conf").write_text(_ACCESS, "ascii")
    scratch = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8"}
    words = [binaries.postgres, "-D", str(data)]
    try:
        child = run.start(words, folder, scratch, account, folder=folder, stop="QUIT", name="PostgreSQL")
    except OSError as error:
        raise LooktwiceError(f"cannot start {words[0]}", str(error), "Check that it may be executed.") from None
    try:
        _note_segment(run, _await_ready(child, data))
    except LooktwiceError as error:
        return child, error, port, password
    return child, None, port, password


def attach(url: str) -> Server:
    """Use the server at `url`, whose configuration stays unchanged. Raises LooktwiceError when it cannot be reached."""
    psycopg = _psycopg()
    try:
        with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
            return Server(url, url, connection.info.server_version, None)
    except psycopg.Error as error:
        raise LooktwiceError(
            f"cannot use the database at {_without_password(url)}",
            str(error).strip(),
            "Check that it runs and accepts the connection.",
        ) from None


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _prepare(port: int, cached_password: str, version: int, child: Child, close: Callable[[], object]) -> Server:
    """Replace the template's password by one of this server's own, and give the application's role one."""
    import psycopg
    from psycopg import sql

    secret, app_secret = secrets.token_hex(16), secrets.token_hex(16)
    with psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=template.SUPERUSER,
        password=cached_password,
        dbname=template.DATABASE,
        autocommit=True,
        connect_timeout=10,
    ) as connection:
        for role, password in ((template.SUPERUSER, secret), (template.ROLE, app_secret)):
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
    address = f"127.0.0.1:{port}/{template.DATABASE}"
    return Server(
        f"postgresql://{template.ROLE}:{app_secret}@{address}",
        f"postgresql://{template.SUPERUSER}:{secret}@{address}",
        version,
        child,
        close,
    )


def _await_ready(child: Child, data: Path, seconds: float = 20.0) -> list[str]:
    """Wait until the postmaster has written `ready` into its pid file; gives the lines of it. Nobody else has written
    in that folder yet: the application starts later, and what is in the file then is not believed."""
    status = data / "postmaster.pid"
    deadline, pause = time.monotonic() + seconds, 0.002
    while time.monotonic() < deadline:
        lines: list[str] = []
        with suppress(UnreadableError, UnicodeDecodeError):
            lines = read_bytes(status).decode("ascii").splitlines()
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return lines
        if child.status is not None:
            break
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    raise LooktwiceError("cannot start PostgreSQL", child.output() or "it did not become ready", "See its log above.")


def _note_segment(run: Run, lines: list[str]) -> None:
    """The seventh line of the pid file has key and id of the shared memory that stays when the postmaster is killed."""
    with suppress(ValueError, OSError):
        key, identifier = map(int, lines[6].split())
        leftovers.note_shared_memory(run.folders[0], key, identifier)


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError:
        raise MissingExtraError("prove", "prove", "psycopg") from None
    return psycopg


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":…@")
