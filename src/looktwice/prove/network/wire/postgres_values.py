"""PostgreSQL values as text, from the text or the binary format of the wire."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

_LONGEST = 400  # characters kept of one value: enough to recognise it
_EPOCH = datetime(2000, 1, 1)
_INFINITE = {(1 << 63) - 1: "infinity", -(1 << 63): "-infinity"}


def _number(pattern: str) -> Callable[[bytes], str]:
    unpack = struct.Struct(pattern).unpack
    return lambda raw: str(unpack(raw)[0])


def _timestamp(raw: bytes) -> str:
    (microseconds,) = struct.unpack("!q", raw)
    return _INFINITE.get(microseconds) or str(_EPOCH + timedelta(microseconds=microseconds))


def _timestamp_with_zone(raw: bytes) -> str:
    (microseconds,) = struct.unpack("!q", raw)
    return _INFINITE.get(microseconds) or str(_EPOCH.replace(tzinfo=UTC) + timedelta(microseconds=microseconds))


def _date(raw: bytes) -> str:
    return str((_EPOCH + timedelta(days=struct.unpack("!i", raw)[0])).date())


def _numeric(raw: bytes) -> str:
    count, weight, sign, scale = struct.unpack_from("!hhHh", raw)
    if sign in (0xC000, 0xD000, 0xF000):
        return {0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}[sign]
    digits = struct.unpack_from(f"!{count}h", raw, 8)
    value = sum((Decimal(digit).scaleb(4 * (weight - place)) for place, digit in enumerate(digits)), start=Decimal(0))
    return f"{-value if sign else value:.{scale}f}"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


# Type OIDs are fixed in pg_type.dat.
_BINARY: dict[int, Callable[[bytes], str]] = {
    16: lambda raw: "true" if raw == b"\x01" else "false",
    18: _text,
    19: _text,
    20: _number("!q"),
    21: _number("!h"),
    23: _number("!i"),
    25: _text,
    26: _number("!I"),
    114: _text,
    700: _number("!f"),
    701: _number("!d"),
    1042: _text,
    1043: _text,
    1082: _date,
    1114: _timestamp,
    1184: _timestamp_with_zone,
    1700: _numeric,
    2950: lambda raw: str(UUID(bytes=raw)),
    3802: lambda raw: _text(raw[1:]),  # jsonb: one version byte first
}


def decode(raw: bytes | None, oid: int, binary: bool) -> str | None:
    """One value as text, at most 400 characters; NULL is None; an unknown binary type is shown as hexadecimal."""
    if raw is None:
        return None
    if not binary:
        return _text(raw[:_LONGEST])
    known = _BINARY.get(oid)
    if known is not None:
        try:
            return known(raw)[:_LONGEST]
        except (struct.error, ValueError, OverflowError, ArithmeticError):
            pass  # not what its type says: fall through to the bytes themselves
    return "\\x" + raw[: _LONGEST // 2].hex()


def decode_all(values: Sequence[bytes | None], oids: Sequence[int], formats: Sequence[int]) -> tuple[str | None, ...]:
    """A row or a list of parameters. `formats` follows the protocol: none = all text, one = for all, else one each."""
    every = formats[0] if len(formats) == 1 else 0
    return tuple(
        decode(
            value,
            oids[index] if index < len(oids) else 0,
            bool(formats[index] if len(formats) > 1 and index < len(formats) else every),
        )
        for index, value in enumerate(values)
    )
