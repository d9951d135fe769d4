"""PostgreSQL's logical replication messages (protocol version 1, text values): bytes in, row changes out.

The messages: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from msgspec import Struct

from looktwice.prove.servers.postgres.change import RowChange, Values

# Commit times count microseconds from 2000-01-01, in UTC.
_EPOCH = 946_684_800.0


class Relation(Struct, frozen=True):
    """A table as the stream announces it before its first change."""

    name: str
    columns: tuple[str, ...]


class Decoder:
    """Turns the messages of one slot, in order, into changes. Holds what the stream itself makes one hold: the
    relations announced and the transaction that is being read.

    primary_keys: qualified table name → columns. With REPLICA IDENTITY FULL the stream marks every column as a key, so
    it does not say which they are.
    """

    def __init__(self, primary_keys: dict[str, tuple[str, ...]]) -> None:
        self.primary_keys = primary_keys
        self._relations: dict[int, Relation] = {}
        self._xid = 0
        self._committed = 0.0
        self._readers: dict[bytes, Callable[[Reader], list[RowChange]]] = {
            b"B": self._begin,
            b"R": self._relation,
            b"I": self._insert,
            b"U": self._update,
            b"D": self._delete,
            b"T": self._truncate,
        }

    def decode(self, message: bytes) -> list[RowChange]:
        """The changes in one message: none for transaction marks and types, several for a truncate of several tables.

        Raises ValueError when the message is not of the protocol.
        """
        reader = Reader(message)
        handle = self._readers.get(reader.take(1))
        try:
            return handle(reader) if handle else []
        except (struct.error, KeyError, UnicodeDecodeError) as error:
            raise ValueError(f"not a logical replication message: {message[:40]!r} ({error})") from None

    def _begin(self, reader: Reader) -> list[RowChange]:
        _, microseconds, self._xid = reader.unpack(">QqI")
        self._committed = _EPOCH + microseconds / 1e6
        return []

    def _relation(self, reader: Reader) -> list[RowChange]:
        (oid,) = reader.unpack(">I")
        schema, name = reader.text(), reader.text()
        _, count = reader.unpack(">BH")
        columns = []
        for _ in range(count):
            reader.take(1)
            columns.append(reader.text())
            reader.unpack(">Ii")
        self._relations[oid] = Relation(f"{schema or 'pg_catalog'}.{name}", tuple(columns))
        return []

    def _insert(self, reader: Reader) -> list[RowChange]:
        relation = self._relations[reader.unpack(">I")[0]]
        reader.take(1)
        return [self._change(relation, "insert", None, reader.values(relation.columns, None))]

    def _update(self, reader: Reader) -> list[RowChange]:
        relation = self._relations[reader.unpack(">I")[0]]
        before = None
        if (mark := reader.take(1)) in (b"O", b"K"):
            before = reader.values(relation.columns, None)
            mark = reader.take(1)
        if mark != b"N":
            raise KeyError(f"tuple {mark!r}")
        return [self._change(relation, "update", before, reader.values(relation.columns, before))]

    def _delete(self, reader: Reader) -> list[RowChange]:
        relation = self._relations[reader.unpack(">I")[0]]
        reader.take(1)
        return [self._change(relation, "delete", reader.values(relation.columns, None), None)]

    def _truncate(self, reader: Reader) -> list[RowChange]:
        count, _ = reader.unpack(">IB")
        oids = [reader.unpack(">I")[0] for _ in range(count)]
        return [self._change(self._relations[oid], "truncate", None, None) for oid in oids]

    def _change(self, relation: Relation, kind: str, before: Values | None, after: Values | None) -> RowChange:
        row = after or before or {}
        key = tuple(row.get(name) for name in self.primary_keys.get(relation.name, ())) if row else ()
        return RowChange(self._xid, relation.name, kind, key, before, after, self._committed)  # type: ignore[arg-type]


class Reader:
    """A cursor over one message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, count: int) -> bytes:
        piece = self._data[self._position : self._position + count]
        if len(piece) < count:
            raise struct.error("the message ends early")
        self._position += count
        return piece

    def unpack(self, form: str) -> tuple[int, ...]:
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def text(self) -> str:
        end = self._data.find(b"\0", self._position)
        if end < 0:
            raise struct.error("a string without its end")
        piece = self._data[self._position : end]
        self._position = end + 1
        return piece.decode("utf-8")

    def values(self, columns: tuple[str, ...], before: Values | None) -> Values:
        """One row. A large value that the update left alone is not sent again: it is taken from `before`."""
        (count,) = self.unpack(">H")
        row: Values = {}
        for index in range(count):
            kind, name = self.take(1), columns[index] if index < len(columns) else str(index)
            if kind == b"n":
                row[name] = None
            elif kind == b"u":
                row[name] = (before or {}).get(name)
            else:
                (length,) = self.unpack(">I")
                row[name] = self.take(length).decode("utf-8")
        return row
