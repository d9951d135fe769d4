"""The database of the application under test: a server of our own, or one named by its URL."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from looktwice.core.errors import LooktwiceError, MissingExtraError
from looktwice.prove.child_process import Account, Supervised, private_directory, run
from looktwice.prove.postgres import binaries as installation
from looktwice.prove.postgres import template

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

# fsync is off and synchronous_commit on: the other way round, decoding shows nothing until the WAL writer has woken.
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
log_line_prefix = '%m [%p] '
"""
_ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


class Server:
    """A running PostgreSQL.

    `url` is for the application (an ordinary role that owns the database), `superuser_url` for us. `version` is
    `server_version_num` (180001). `may_configure` is True for servers of our own only: nobody else's is reconfigured.
    A context manager; `close` stops an embedded server and removes its data.
    """

    def __init__(self, url: str, superuser_url: str, version: int, child: Supervised | None) -> None:
        self.url = url
        self.superuser_url = superuser_url
        self.version = version
        self._child = child
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
        return self._child.tail() if self._child else ""

    def connect(self, **options: str) -> psycopg.Connection[tuple[Any, ...]]:
        """A new autocommit connection as superuser, directly to the server (never through a proxy), that spells values
        in one fixed way. options: further settings of the session. Raises psycopg.OperationalError."""
        import psycopg

        settings = {**_SPELLING, **options}
        return psycopg.connect(
            self.superuser_url,
            autocommit=True,
            application_name="looktwice",
            options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
        )

    def url_at(self, port: int, host: str = "127.0.0.1") -> str:
        """The application's URL with another address: that of a proxy in front of this server."""
        return f"postgresql://{quote(self.user)}:{quote(self.password)}@{host}:{port}/{quote(self.database)}"

    def close(self) -> None:
        if self._child is not None:
            self._child.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start(extensions: Iterable[str] = (), binaries: installation.Binaries | None = None) -> Server:
    """Start a fresh server on a free loopback port, with an empty database `app` owned by the role `app`.

    extensions: names the application needs (`uuid-ossp`, `pgcrypto`); the system's PostgreSQL is taken when the
    embedded one lacks them. Takes well under a second, a little more the first time on a machine.
    Raises MissingExtraError, LooktwiceError.
    """
    _psycopg()
    account = Account()
    binaries = binaries or installation.find(extensions, account)
    for attempt in range(5):
        directory = private_directory(account, size=512 << 20)
        child: Supervised | None = None
        try:
            data = directory / "data"
            password = template.unpack(directory, binaries, account)
            port = free_port()
            with (data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
                configuration.write(_SETTINGS.format(port=port))
            (data / "pg_hba.conf").write_text(_ACCESS, "ascii")
            child = run([binaries.postgres, "-D", str(data)], directory, account, stop="QUIT")
            _await_ready(child)
            return _prepare(port, password, binaries.version, child)
        except BaseException as error:
            taken = child is not None and "could not create any TCP/IP sockets" in child.tail()
            if child is not None:
                child.close()
            else:
                import shutil

                shutil.rmtree(directory, ignore_errors=True)
            if not (isinstance(error, LooktwiceError) and taken and attempt < 4):
                raise
    raise AssertionError("unreachable")


def attach(url: str) -> Server:
    """Use the server at `url`, which stays as it is configured. Raises LooktwiceError when it cannot be reached."""
    psycopg = _psycopg()
    try:
        with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
            return Server(url, url, connection.info.server_version, None)
    except psycopg.Error as error:
        raise LooktwiceError(
            f"cannot use the database at {_without_password(url)}",
            str(error).strip(),
            "See that it runs and lets us in.",
        ) from None


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _prepare(port: int, cached_password: str, version: int, child: Supervised) -> Server:
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
    ) as connection:
        for role, password in ((template.SUPERUSER, secret), (template.ROLE, app_secret)):
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
    address = f"127.0.0.1:{port}/{template.DATABASE}"
    return Server(
        f"postgresql://{template.ROLE}:{app_secret}@{address}",
        f"postgresql://{template.SUPERUSER}:{secret}@{address}",
        version,
        child,
    )


def _await_ready(child: Supervised, seconds: float = 20.0) -> None:
    """Wait until the postmaster has written `ready` into its pid file."""
    status = child.directory / "data" / "postmaster.pid"
    deadline, pause = time.monotonic() + seconds, 0.002
    while time.monotonic() < deadline:
        try:
            lines = status.read_text("ascii").splitlines()
        except OSError:
            lines = []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        if "FATAL" in child.tail():
            break
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    raise LooktwiceError("cannot start PostgreSQL", child.tail() or "it did not become ready", "See its log above.")


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
