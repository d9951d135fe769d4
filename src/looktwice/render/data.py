"""Values as JSON for the formats that programs read: data, and nothing in it that could act on a terminal."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from looktwice.core.visible import is_plain, is_shown


def encoded(value: Any, indent: int = 0) -> str:
    """The value as JSON, ended by a line break; on one line without `indent`.

    What cannot be seen is written as JSON's own escapes, so a reader gets the same text.
    """
    try:
        data = msgspec.json.encode(value)
        text = (msgspec.json.format(data, indent=indent) if indent else data).decode()
    except UnicodeEncodeError:  # a path that is no UTF-8 text: Python keeps its bytes as lone surrogates
        spacing = None if indent else (",", ":")
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=indent or None, separators=spacing)
    return f"{text if is_plain(text) else _escaped(text)}\n"


def decoded(text: bytes, kind: Any) -> Any:
    """What `encoded` wrote, as a value of the type `kind`. Raises msgspec.DecodeError when it is something else."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:  # lone surrogates
        try:
            return msgspec.convert(json.loads(text), kind)
        except ValueError as error:
            raise msgspec.DecodeError(str(error)) from None


def _escaped(text: str) -> str:
    """Line breaks outside of texts are the only control characters that JSON itself writes."""
    return "".join(it if it == "\n" or is_shown(it) else json.dumps(it)[1:-1] for it in text)
