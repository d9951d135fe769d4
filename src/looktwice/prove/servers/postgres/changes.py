"""What the application changed, read from the write-ahead log: nothing is added to its tables or statements."""

from __future__ import annotations

from typing import Any

from looktwice.core.errors import LooktwiceError
from looktwice.prove.servers.postgres import catalogue
from looktwice.prove.servers.postgres.catalogue import Schema, Table
from looktwice.prove.servers.postgres.change import RowChange
from looktwice.prove.servers.postgres.pgoutput import Decoder
from looktwice.prove.servers.postgres.server import Server

_NAME = "looktwice"
_READ = f"""
SELECT data FROM pg_logical_slot_get_binary_changes('{_NAME}', NULL, NULL,
       'proto_version', '1', 'publication_names', '{_NAME}')
"""


class Changes:
    """The stream of committed row changes of one server's database.

    `prepare` once the tables exist (and again after a migration), then `since` after every run. Making the slot waits
    for transactions that are open, so prepare before requests are held. Not for more than one thread at a time.
    """

    def __init__(self, server: Server) -> None:
        self._connection = server.connect(lock_timeout="5s")
        self._decoder = Decoder({})
        self._ours: set[int] = set()
        self.schema = Schema()

    def prepare(self) -> Schema:
        """Watch every logged table, so that each change carries its whole row before and after. Gives the schema.

        Raises LooktwiceError when the server does not decode (wal_level) or a table stays locked.
        """
        import psycopg

        self.schema = catalogue.read(self._connection)
        watched = [table for table in self.schema.tables.values() if table.is_decoded]
        try:
            for table in watched:
                if not table.identity_full:
                    self._connection.execute(f"ALTER TABLE {quoted(table)} REPLICA IDENTITY FULL")
            self._publish(watched)
            exists = "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND database = current_database()"
            if not self._connection.execute(exists, (_NAME,)).fetchone():
                self._connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (_NAME,))
        except psycopg.Error as error:
            raise LooktwiceError(
                "cannot read the changes of the database",
                str(error).strip(),
                "It needs wal_level=logical and a role that may replicate; looktwice's own server has both.",
            ) from None
        self._decoder = Decoder({name: table.primary_key for name, table in self.schema.tables.items()})
        self.since()
        return self.schema

    def since(self) -> list[RowChange]:
        """The row changes committed since the last call, in commit order, without our own."""
        rows = self._connection.execute(_READ, binary=True).fetchall()
        found = [change for (data,) in rows for change in self._decoder.decode(data)]
        if self._ours:
            found = [change for change in found if change.xid not in self._ours]
            self._ours.clear()
        return found

    def ignore(self, xid: int) -> None:
        """Leave the transaction `xid`, which is ours (a restore), out of the next `since`."""
        self._ours.add(xid)

    def close(self) -> None:
        """Remove slot and publication and leave; a slot left behind would keep a foreign server's log for ever."""
        import contextlib

        import psycopg

        with contextlib.suppress(psycopg.Error):
            self._connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", (_NAME,)
            )
            self._connection.execute(f"DROP PUBLICATION IF EXISTS {_NAME}")
        self._connection.close()

    def __enter__(self) -> Changes:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _publish(self, tables: list[Table]) -> None:
        """A list of tables, not FOR ALL TABLES: an UPDATE of a published table that has no identity is an error, and
        the application would get it on a table it makes while it runs."""
        self._connection.execute(f"DROP PUBLICATION IF EXISTS {_NAME}")
        listed = ", ".join(quoted(table) for table in tables)
        # From 18 on, a table whose identity holds an unpublished generated column refuses updates.
        options = " WITH (publish_generated_columns = stored)" if self._connection.info.server_version >= 180000 else ""
        scope = f" FOR TABLE {listed}" if listed else ""
        self._connection.execute(f"CREATE PUBLICATION {_NAME}{scope}{options}")  # type: ignore[call-overload]


def quoted(table: Table) -> str:
    """The table's name in SQL."""
    return f"{identifier(table.schema)}.{identifier(table.relation)}"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | None) -> str:
    """A value in SQL, of no type yet; for sessions with standard_conforming_strings."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"
