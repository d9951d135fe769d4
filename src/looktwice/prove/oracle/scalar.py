"""Values as the oracle compares them: a number is a number however it is spelled, a time is a moment."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from msgspec import Struct

Kind = Literal["null", "bool", "number", "time", "text"]


class Scalar(Struct, frozen=True, order=True):
    """One value. `text` is its one spelling: numbers without trailing zeros, times as seconds since the epoch."""

    kind: Kind
    text: str = ""

    def __str__(self) -> str:
        return "null" if self.kind == "null" else self.text


NULL = Scalar("null")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|[+-]\d\d(:?\d\d)?)?")
# By magnitude a number of the years 2001 to 2286: seconds, milli-, micro-, nanoseconds.
_EPOCH_SCALES = ((1e9, 1.0), (1e12, 1e3), (1e15, 1e6), (1e18, 1e9))


def from_column(text: str | None, type_name: str, category: str) -> Scalar:
    """A column's text by its type. json is not for this (see `document`). category: pg_type.typcategory."""
    if text is None:
        return NULL
    if category == "B":
        return Scalar("bool", "true" if text in ("t", "true") else "false")
    if category == "N" and type_name not in ("money", "regclass", "regtype", "regproc"):
        return number(text, is_float=type_name in ("real", "double precision"))
    if type_name.startswith("timestamp"):
        moment = parse_moment(text)
        return Scalar("time", repr(moment)) if moment is not None else Scalar("text", text)
    return Scalar("text", text)


def from_json(value: object) -> Scalar:
    """A JSON scalar. Times in JSON are texts until calibration finds that they move with the clock."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return Scalar("bool", "true" if value else "false")
    if isinstance(value, int):
        return Scalar("number", str(value))
    if isinstance(value, float):
        return number(repr(value), is_float=True)
    if isinstance(value, Decimal):
        return number(str(value))
    return Scalar("text", value if isinstance(value, str) else repr(value))


def number(text: str, is_float: bool = False) -> Scalar:
    """A number from its text; floats agree to nine digits. Text that is none (NaN, Infinity) stays text."""
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return Scalar("text", text)
    if not exact.is_finite():
        return Scalar("text", text)
    if is_float and math.isfinite(float(exact)):
        # Seconds since the epoch keep their milliseconds: nine digits would make steps of ten seconds of them.
        is_moment = 1e9 <= float(exact) < 1e10
        exact = Decimal(f"{float(exact):.3f}") if is_moment else Decimal(f"{float(exact):.9g}")
    if exact == exact.to_integral_value() and abs(exact) < Decimal(10) ** 40:
        return Scalar("number", str(int(exact)))
    return Scalar("number", str(exact.normalize()))


def moment_of(value: Scalar) -> float | None:
    """The moment that a value may denote, seconds since the epoch; None when it cannot be one."""
    if value.kind == "time":
        return float(value.text)
    if value.kind == "text":
        return parse_moment(value.text)
    if value.kind == "number":
        quantity = float(value.text)
        for least, scale in _EPOCH_SCALES:
            if least <= quantity < least * 10:
                return quantity / scale
    return None


def parse_moment(text: str) -> float | None:
    """Seconds since the epoch of an ISO 8601 date and time; without a zone it is taken for UTC."""
    if not _MOMENT.fullmatch(text):
        return None
    spelled = text.strip().replace(" ", "T", 1).replace(" ", "")
    if re.search(r"[+-]\d\d$", spelled):
        spelled += ":00"
    try:
        moment = datetime.fromisoformat(spelled)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
